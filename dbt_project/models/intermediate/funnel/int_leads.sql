-- One row per lead that exists, whatever number of tables of its source have it: the newest
-- row counts. A lead that was merged into another is no lead any more: its survivor stands for
-- both, and its own status would stay open for ever. With a deleted survivor both are gone.
with leads as (
    select existing.*, person_records.person_id
    from {{ ref('stg_generic__leads') }} as existing
    inner join {{ ref('int_person_records') }} as person_records
        on existing.source_system = person_records.source_system
        and person_records.object_type = 'lead'
        and existing.source_id = person_records.source_id
        and existing.source_id = person_records.survivor_id
    where not existing.is_deleted
),

-- Only what occurs more than once is ranked: sorting every lead costs more than all else here.
repeated as (
    select source_system, source_id
    from leads
    group by source_system, source_id
    having count(*) > 1
),

ranked as (
    select
        leads.source_system,
        leads.source_id,
        leads._table,
        row_number() over (
            partition by leads.source_system, leads.source_id
            order by
                leads.updated_at desc nulls last,
                leads._load_id desc nulls last,
                leads._table asc nulls last
        ) as choice
    from leads
    inner join repeated
        on leads.source_system = repeated.source_system
        and leads.source_id = repeated.source_id
)

select
    leads.source_system,
    leads.source_id,
    leads.person_id,
    leads.created_at,
    leads.created_date,
    leads.is_created_date_only,
    leads.status,
    leads.status_changed_at,
    leads.status_changed_date,
    leads.is_status_changed_date_only,
    {%- for stage in ["mql", "sal", "sql", "disqualified", "recycled"] %}
    leads.{{ stage }}_at,
    leads.{{ stage }}_date,
    leads.is_{{ stage }}_date_only,
    {%- endfor %}
    leads.lead_source,
    leads.segment,
    leads.region,
    leads.owner_id,
    leads.campaign_id,
    leads.rejected_reason,
    leads.converted_contact_id,
    leads.converted_account_id,
    leads.converted_opportunity_id
from leads
left join ranked
    on leads.source_system = ranked.source_system
    and leads.source_id = ranked.source_id
    and leads._table = ranked._table
where coalesce(ranked.choice, 1) = 1
