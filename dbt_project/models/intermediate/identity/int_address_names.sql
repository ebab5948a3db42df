{# The names that different subjects use with one address: one row per address, subject and
   name. Few addresses are here: only those that records with different names share. A subject
   is named by all its records, as one without a name may have been merged with one that has. #}
with subject_names as (
    select subject_id, min(person_name) as first_name, max(person_name) as last_name
    from {{ ref('int_person_evidence') }}
    where has_crm_evidence
    group by subject_id
),

suspects as (
    select evidence.email_hash, {{ any_true('evidence.is_role_mailbox') }} as is_role_mailbox
    from {{ ref('int_person_evidence') }} as evidence
    left join subject_names on evidence.subject_id = subject_names.subject_id
    where evidence.email_hash is not null
    group by evidence.email_hash
    having min(evidence.subject_id) <> max(evidence.subject_id)
        and min(coalesce(evidence.person_name, subject_names.first_name))
        <> max(coalesce(evidence.person_name, subject_names.last_name))
),

users as (
    select distinct suspects.email_hash, suspects.is_role_mailbox, evidence.subject_id
    from suspects
    inner join {{ ref('int_person_evidence') }} as evidence
        on suspects.email_hash = evidence.email_hash
),

given as (
    select distinct
        users.email_hash,
        users.is_role_mailbox,
        users.subject_id,
        {{ person_words('evidence.person_name') }} as person_name
    from users
    inner join {{ ref('int_person_evidence') }} as evidence
        on users.subject_id = evidence.subject_id
)

select distinct
    email_hash,
    is_role_mailbox,
    subject_id,
    case when person_name not in ('{{ no_names() | join("', '") }}') then person_name end as person_name
from given
