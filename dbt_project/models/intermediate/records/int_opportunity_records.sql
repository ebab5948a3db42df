with records as (
    select source_system, source_id, min(account_id) as account_source_id
    from {{ ref('stg_generic__opportunities') }}
    where not is_deleted
    group by source_system, source_id
),

systems as (
    select source_id, count(*) as system_count from records group by source_id
)

select
    records.source_system,
    records.source_id,
    {{ record_key('records.source_system', 'records.source_id') }} as opportunity_id,
    {{ resolved('account', 'account_id') }} as account_id,
    systems.system_count = 1 as is_sole_id
from records
inner join systems on records.source_id = systems.source_id
{{ resolve_record('records', 'account_source_id', ref('int_account_records'), 'account') }}
