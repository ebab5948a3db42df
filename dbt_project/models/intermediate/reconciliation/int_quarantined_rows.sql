-- One row per measure and source that newest loads hold quarantined rows for. Such a row has no
-- value that could be trusted, so no month either, and may be new or a newer version of a record
-- that counts; a table that feeds several entities counts
-- for each, as a row that was kept out does not say which it would have been.
{% set entities = {
    "leads": "stg_generic__leads", "opportunities": "stg_generic__opportunities",
    "activities": "stg_generic__activities", "touches": "stg_generic__touches",
    "conversions": "stg_generic__conversions",
} %}
with feeding as (
    {% for measure, model in entities.items() %}
    select distinct '{{ measure }}' as measure, source_system, _table
    from {{ ref(model) }}
    {{ "union all" if not loop.last }}
    {% endfor %}
)

select
    feeding.measure,
    feeding.source_system,
    sum(loads.rows_quarantined) as row_count
from feeding
inner join {{ ref('stg_lake__loads') }} as loads
    on feeding.source_system = loads.source_system
    and feeding._table = loads.table_name
    and loads.is_newest
    and loads.rows_quarantined > 0
group by feeding.measure, feeding.source_system
