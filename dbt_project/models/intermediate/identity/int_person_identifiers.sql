with records as (
    select
        nodes.source_system,
        nodes.object_type,
        nodes.source_id,
        nodes.survivor_id,
        nodes.is_sole_id,
        coalesce(components.component_id, nodes.node_id) as component_id
    from {{ ref('int_person_nodes') }} as nodes
    left join {{ ref('int_person_components') }} as components
        on nodes.node_id = components.node_id
),

addresses as (
    select email_hash from {{ ref('int_person_evidence') }}
    union
    select email_hash from {{ ref('stg_generic__identity_links') }}
    union
    select email_hash from {{ ref('stg_generic__conversions') }}
    union
    select email_hash from {{ ref('stg_generic__activities') }} where not is_deleted
    union
    select email_hash from {{ ref('int_touch_events') }}
),

known_addresses as (
    select email_hash, {{ person_node('email', none, 'email_hash') }} as node_id
    from addresses
    where email_hash is not null
)

select
    source_system,
    object_type,
    source_id,
    survivor_id,
    {{ person_key('component_id') }} as person_id,
    is_sole_id
from records
union all
{# An address belongs to no system. #}
select
    '(all)' as source_system,
    'email' as object_type,
    known_addresses.email_hash as source_id,
    known_addresses.email_hash as survivor_id,
    {{ person_key('coalesce(components.component_id, known_addresses.node_id)') }} as person_id,
    true as is_sole_id
from known_addresses
left join {{ ref('int_person_components') }} as components
    on known_addresses.node_id = components.node_id
