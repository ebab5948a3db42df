{# What an account record says of its company: one row per record and table. `subject_id` is
   shared by the records that the systems merged. #}
with records as (
    select
        nodes.node_id,
        coalesce(merged.component_id, nodes.node_id) as subject_id,
        domains.domain,
        {{ company_words('accounts.name') }} as company_name,
        {{ country_words('accounts.country') }} as country,
        {{ resolved('parent', 'node_id') }} as parent_node_id
    from {{ ref('stg_generic__accounts') }} as accounts
    inner join {{ ref('int_account_nodes') }} as nodes
        on accounts.source_system = nodes.source_system
        and accounts.source_id = nodes.source_id
    left join {{ ref('int_account_merge_components') }} as merged on nodes.node_id = merged.node_id
    left join {{ ref('int_web_domains') }} as domains on accounts.domain = domains.raw_domain
    {{ resolve_record('accounts', 'parent_id', ref('int_account_nodes'), 'parent') }}
    where not nodes.is_reference_only
)

select
    records.node_id,
    records.subject_id,
    records.domain,
    case
        when records.company_name not in ('{{ no_names() | join("', '") }}') then records.company_name
    end as company_name,
    records.country,
    case
        when coalesce(merged.component_id, records.parent_node_id) <> records.subject_id
            then coalesce(merged.component_id, records.parent_node_id)
    end as parent_subject_id
from records
left join {{ ref('int_account_merge_components') }} as merged on records.parent_node_id = merged.node_id
