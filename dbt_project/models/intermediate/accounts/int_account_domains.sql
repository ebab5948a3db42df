{# The domain of each account subject that has one: one row per subject and domain.
   `is_kept_apart` marks those that the system keeps apart from another with that domain, as its
   child or its sibling: they are companies of their own. #}
with uses as (
    select distinct subject_id, domain, parent_subject_id
    from {{ ref('int_account_evidence') }}
    where domain is not null
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
    {{ any_true('parents.subject_id is not null or siblings.domain is not null') }} as is_kept_apart
from uses
left join uses as parents
    on uses.domain = parents.domain and uses.parent_subject_id = parents.subject_id
left join siblings
    on uses.domain = siblings.domain and uses.parent_subject_id = siblings.parent_subject_id
group by uses.subject_id, uses.domain
