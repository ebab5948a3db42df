-- One row per lead that exists, whatever number of tables of its source have it: the newest
-- row counts.
with ranked as (
    select
        leads.*,
        row_number() over (
            partition by source_system, source_id
            order by
                updated_at desc nulls last,
                _load_id desc nulls last,
                _table asc nulls last
        ) as choice
    from {{ ref('stg_generic__leads') }} as leads
    where not is_deleted
)

select
    ranked.source_system,
    ranked.source_id,
    person_records.person_id,
    ranked.created_at,
    ranked.created_date,
    ranked.is_created_date_only,
    ranked.status,
    ranked.status_changed_at,
    ranked.status_changed_date,
    ranked.is_status_changed_date_only,
    {%- for stage in ["mql", "sal", "sql", "disqualified", "recycled"] %}
    ranked.{{ stage }}_at,
    ranked.{{ stage }}_date,
    ranked.is_{{ stage }}_date_only,
    {%- endfor %}
    ranked.lead_source,
    ranked.segment,
    ranked.region,
    ranked.owner_id,
    ranked.campaign_id,
    ranked.rejected_reason,
    ranked.converted_contact_id,
    ranked.converted_account_id,
    ranked.converted_opportunity_id
from ranked
inner join {{ ref('int_person_records') }} as person_records
    on ranked.source_system = person_records.source_system
    and person_records.object_type = 'lead'
    and ranked.source_id = person_records.source_id
where ranked.choice = 1
