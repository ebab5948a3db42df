with reps as (
    select
        *,
        row_number() over (
            partition by source_system, source_id
            order by updated_at desc nulls last, _table asc nulls last
        ) as version
    from {{ ref('stg_generic__reps') }}
)

select
    cast(records.rep_id as string) as rep_id,
    cast(coalesce(reps.name, records.source_id) as string) as rep_name,
    cast(reps.team as string) as team,
    cast(reps.region as string) as region,
    cast({{ resolved('manager', 'rep_id') }} as string) as manager_rep_id,
    cast(coalesce(reps.is_active, true) as boolean) as is_active,
    cast(records.is_reference_only as boolean) as is_reference_only,
    cast(records.source_system as string) as source_system,
    cast(records.source_id as string) as source_id
from {{ ref('int_rep_records') }} as records
left join reps
    on records.source_system = reps.source_system
    and records.source_id = reps.source_id
    and reps.version = 1
{{ resolve_record('reps', 'manager_id', ref('int_rep_records'), 'manager') }}
