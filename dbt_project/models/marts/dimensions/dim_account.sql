select
    cast(accounts.account_id as string) as account_id,
    cast(accounts.name as string) as account_name,
    cast(accounts.domain as string) as domain,
    cast(accounts.industry as string) as industry,
    cast(coalesce(accounts.segment, derived.segment) as string) as segment,
    cast(accounts.region as string) as region,
    cast(accounts.country as string) as country,
    cast(accounts.employee_count as bigint) as employee_count,
    cast(accounts.annual_revenue as decimal(18, 2)) as annual_revenue,
    cast(accounts.currency as string) as currency,
    cast({{ resolved('rep', 'rep_id') }} as string) as owner_rep_id,
    cast(
        case when {{ resolved('parent', 'account_id') }} <> accounts.account_id then {{ resolved('parent', 'account_id') }} end
        as string
    ) as parent_account_id,
    cast(accounts.created_at as timestamp) as created_at,
    cast(accounts.created_date as date) as created_date,
    cast(accounts.record_count as bigint) as record_count,
    cast(accounts.is_reference_only as boolean) as is_reference_only,
    cast(accounts.match_confidence as double) as match_confidence,
    cast(accounts.source_system as string) as source_system,
    cast(accounts.source_id as string) as source_id
from {{ ref('int_accounts') }} as accounts
left join {{ ref('int_account_segments') }} as derived on accounts.account_id = derived.account_id
{{ resolve_record('accounts', 'owner_id', ref('int_rep_records'), 'rep') }}
{{ resolve_record('accounts', 'parent_id', ref('int_account_records'), 'parent') }}
