{# The domain of each account subject that has one: one row per subject and domain.
   `is_kept_apart` marks those that are companies of their own: which the system keeps apart from
   another with that domain, as its child or its sibling, or whose names are none of the company's
   whose domain it is. #}
with uses as (
    select
        evidence.subject_id,
        evidence.domain,
        evidence.parent_subject_id,
        {{ any_true('names.is_owner') }} or not {{ any_true('not names.is_owner') }} as has_name_of_owner
    from {{ ref('int_account_evidence') }} as evidence
    left join {{ ref('int_domain_names') }} as names
        on evidence.domain = names.domain
        and evidence.company_name = names.company_name
    where evidence.domain is not null
    group by evidence.subject_id, evidence.domain, evidence.parent_subject_id
),

siblings as (
    select domain, parent_subject_id
    from uses
    where parent_subject_id is not null
    group by domain, parent_subject_id
    having count(distinct subject_id) > 1
)

select
    uses.subject_id,
    uses.domain,
    '~' || uses.domain as node_id,
    {{ any_true('parents.subject_id is not null or siblings.domain is not null') }}
    or not {{ any_true('uses.has_name_of_owner') }} as is_kept_apart
from uses
left join uses as parents
    on uses.domain = parents.domain and uses.parent_subject_id = parents.subject_id
left join siblings
    on uses.domain = siblings.domain and uses.parent_subject_id = siblings.parent_subject_id
group by uses.subject_id, uses.domain
