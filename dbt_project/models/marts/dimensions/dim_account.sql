{# One row per company. Its attributes are those of the record that survived all merges. #}
with records as (
    select
        keys.account_id,
        accounts.*,
        row_number() over (
            partition by keys.account_id
            order by
                case when accounts.is_deleted then 1 else 0 end asc nulls last,
                case when accounts.merged_into_id is null then 0 else 1 end asc nulls last,
                accounts.updated_at desc nulls last,
                accounts.source_system asc nulls last,
                accounts.source_id asc nulls last,
                accounts._table asc nulls last
        ) as choice
    from {{ ref('stg_generic__accounts') }} as accounts
    inner join {{ ref('int_account_records') }} as keys
        on accounts.source_system = keys.source_system
        and accounts.source_id = keys.source_id
        and not keys.is_reference_only
),

keys as (
    select
        account_id,
        count(*) as record_count,
        min(case when is_reference_only then 1 else 0 end) = 1 as is_reference_only
    from {{ ref('int_account_records') }}
    group by account_id
)

select
    cast(keys.account_id as string) as account_id,
    cast(chosen.name as string) as account_name,
    cast({{ folded('chosen.domain') }} as string) as domain,
    cast(chosen.industry as string) as industry,
    cast(chosen.segment as string) as segment,
    cast(chosen.region as string) as region,
    cast(chosen.country as string) as country,
    cast(chosen.employee_count as bigint) as employee_count,
    cast(chosen.annual_revenue as decimal(18, 2)) as annual_revenue,
    cast(chosen.currency as string) as currency,
    cast({{ resolved('rep', 'rep_id') }} as string) as owner_rep_id,
    cast({{ resolved('parent', 'account_id') }} as string) as parent_account_id,
    cast(chosen.created_at as timestamp) as created_at,
    cast(chosen.created_date as date) as created_date,
    cast(keys.record_count as bigint) as record_count,
    cast(keys.is_reference_only as boolean) as is_reference_only,
    cast(chosen.source_system as string) as source_system,
    cast(chosen.source_id as string) as source_id
from keys
left join records as chosen on keys.account_id = chosen.account_id and chosen.choice = 1
{{ resolve_record('chosen', 'owner_id', ref('int_rep_records'), 'rep') }}
{{ resolve_record('chosen', 'parent_id', ref('int_account_records'), 'parent') }}
