{# One row per company. Its attributes are those of the record that survived all merges; what
   that one leaves empty is taken from the next record that stands. A company that is only
   known by the web domain of its people has a row too, if it is anybody's. #}
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

filled as (
    select
        {% for name in ['name', 'domain', 'industry', 'segment', 'region', 'country', 'employee_count'] -%}
        {{ value_at_max(name, ['-choice']) }} as {{ name }},
        {% endfor -%}
        account_id
    from records
    where choice = 1 or (not is_deleted and merged_into_id is null)
    group by account_id
),

keys as (
    select
        account_id,
        count(*) as record_count,
        min(case when is_reference_only then 1 else 0 end) = 1 as is_reference_only,
        min(match_confidence) as match_confidence,
        cast(null as string) as domain
    from {{ ref('int_account_records') }}
    group by account_id
    union all
    select distinct
        domains.account_id,
        0 as record_count,
        true as is_reference_only,
        1.0 as match_confidence,
        domains.domain
    from {{ ref('int_domain_accounts') }} as domains
    inner join {{ ref('int_person_accounts') }} as persons on domains.account_id = persons.account_id
    where domains.is_domain_only
)

select
    keys.account_id,
    coalesce(filled.name, keys.domain) as name,
    coalesce({{ domain_of('filled.domain') }}, keys.domain) as domain,
    filled.industry,
    {{ agreed_segment('filled.segment', 'segments') }} as segment,
    filled.region,
    filled.country,
    filled.employee_count,
    chosen.annual_revenue,
    chosen.currency,
    chosen.owner_id,
    chosen.parent_id,
    chosen.created_at,
    chosen.created_date,
    keys.record_count,
    keys.is_reference_only,
    keys.match_confidence,
    chosen.source_system,
    chosen.source_id
from keys
left join filled on keys.account_id = filled.account_id
left join records as chosen on keys.account_id = chosen.account_id and chosen.choice = 1
{{ join_segment('filled.segment', 'segments') }}
