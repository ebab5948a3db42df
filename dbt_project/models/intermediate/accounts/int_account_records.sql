{# Which account each record or reference is, and how it came to it. #}
with subjects as (
    select
        nodes.source_system,
        nodes.source_id,
        nodes.node_id,
        coalesce(merged.component_id, nodes.node_id) as subject_id,
        merged.component_id is not null as is_merged,
        coalesce(components.component_id, nodes.node_id) as component_id,
        nodes.is_reference_only,
        nodes.is_sole_id
    from {{ ref('int_account_nodes') }} as nodes
    left join {{ ref('int_account_merge_components') }} as merged on nodes.node_id = merged.node_id
    left join {{ ref('int_account_components') }} as components on nodes.node_id = components.node_id
),

shared_domains as (
    select domain
    from {{ ref('int_account_domains') }}
    where not is_kept_apart
    group by domain
    having count(*) > 1
),

by_domain as (
    select distinct domains.subject_id
    from {{ ref('int_account_domains') }} as domains
    inner join shared_domains on domains.domain = shared_domains.domain
    where not domains.is_kept_apart
),

by_name as (
    select distinct company_id as subject_id
    from {{ ref('int_account_name_links') }}
    where confidence >= 0.8
),

matched as (
    select
        subjects.*,
        case
            when by_name.subject_id is not null then 'name'
            when by_domain.subject_id is not null then 'domain'
            when subjects.is_merged then 'crm_merge'
            else 'sole'
        end as match_type
    from subjects
    left join by_domain on subjects.subject_id = by_domain.subject_id
    left join by_name on subjects.subject_id = by_name.subject_id
)

select
    source_system,
    source_id,
    {{ account_key('component_id') }} as account_id,
    is_reference_only,
    is_sole_id,
    match_type,
    case match_type when 'name' then 0.8 when 'domain' then 0.95 else 1.0 end as match_confidence
from matched
