{# The domain of each account subject that has one: one row per subject and domain. Not here: the
   domain that is another company's, going by the names at it; such a subject goes by its name.
   `is_kept_apart` marks those that the system keeps apart from another with that domain, as its
   child or its sibling. #}
with companies as (
    select distinct domain from {{ ref('int_company_domains') }}
),

subjects as (
    select evidence.subject_id, evidence.domain
    from {{ ref('int_account_evidence') }} as evidence
    inner join companies on evidence.domain = companies.domain
    left join {{ ref('int_domain_owners') }} as owners
        on evidence.domain = owners.domain
        and evidence.company_name = owners.company_name
    group by evidence.subject_id, evidence.domain
    having {{ any_true('owners.is_owner') }} or not {{ any_true('not owners.is_owner') }}
),

uses as (
    select distinct
        subjects.subject_id,
        subjects.domain,
        evidence.parent_subject_id
    from subjects
    inner join {{ ref('int_account_evidence') }} as evidence
        on subjects.subject_id = evidence.subject_id
        and subjects.domain = evidence.domain
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
