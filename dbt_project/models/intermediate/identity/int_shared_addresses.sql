{# The users of addresses that several people share: one row per address and subject, with the
   subject that stands for all of one person. Without a name a subject is the mailbox itself:
   nobody can say which of the people it is. #}
with users as (
    select distinct
        names.email_hash,
        names.subject_id,
        components.component_id
    from {{ ref('int_address_names') }} as names
    left join {{ ref('int_mailbox_components') }} as components
        on names.email_hash || '|subject|' || names.subject_id = components.node_id
),

people as (
    select
        email_hash,
        subject_id,
        component_id,
        min(component_id) over (partition by email_hash) as first_component_id,
        max(component_id) over (partition by email_hash) as last_component_id,
        min(subject_id) over (partition by email_hash, component_id) as first_subject_id
    from users
)

select
    email_hash,
    subject_id,
    case
        when component_id is null then {{ person_node('email', none, 'email_hash') }}
        else first_subject_id
    end as person_node_id
from people
where first_component_id <> last_component_id
