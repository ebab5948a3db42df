-- One row per lead that exists, whatever number of tables of its source have it: the newest
-- row counts. A lead that was merged into another is no lead any more: its survivor stands for
-- both, and its own status would stay open for ever.
with existing as (
    select * from {{ ref('stg_generic__leads') }} where not is_deleted
),

merged as (
    select distinct existing.source_system, existing.source_id
    from existing
    inner join existing as survivors
        on existing.source_system = survivors.source_system
        and existing.merged_into_id = survivors.source_id
    where existing.merged_into_id <> existing.source_id
),

leads as (
    select existing.*
    from existing
    left join merged
        on existing.source_system = merged.source_system
        and existing.source_id = merged.source_id
    where merged.source_id is null
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
    person_records.person_id,
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
inner join {{ ref('int_person_records') }} as person_records
    on leads.source_system = person_records.source_system
    and person_records.object_type = 'lead'
    and leads.source_id = person_records.source_id
where coalesce(ranked.choice, 1) = 1
