{# What a lead or contact says of its person: one row per record and address. `subject_id` is
   shared by the records that the systems themselves say are one person. #}
with records as (
    {% for object_type in ['contact', 'lead'] %}
    {#- An id that is the hash of an address is an address too. #}
    {% for address in ['email_hash', hash_of_id('source_id')] %}
    select
        source_system,
        '{{ object_type }}' as object_type,
        source_id,
        {{ address }} as email_hash,
        person_name,
        is_role_mailbox
    from {{ ref('stg_generic__' ~ object_type ~ 's') }}
    where (not is_deleted or merged_into_id is not null)
        {{ 'and ' ~ hash_of_id('source_id') ~ ' is not null' if not loop.first }}
    {{ 'union all' if not loop.last }}
    {% endfor %}
    {{ 'union all' if not loop.last }}
    {% endfor %}
)

select
    nodes.node_id,
    coalesce(components.component_id, nodes.node_id) as subject_id,
    components.component_id is not null as has_crm_evidence,
    records.email_hash,
    records.person_name,
    records.is_role_mailbox
from records
inner join {{ ref('int_person_nodes') }} as nodes
    on records.source_system = nodes.source_system
    and records.object_type = nodes.object_type
    and records.source_id = nodes.source_id
left join {{ ref('int_crm_components') }} as components on nodes.node_id = components.node_id
