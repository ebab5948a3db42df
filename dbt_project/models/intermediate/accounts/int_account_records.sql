select
    nodes.source_system,
    nodes.source_id,
    {{ surrogate_key(["'account'", 'coalesce(components.component_id, nodes.node_id)']) }} as account_id,
    nodes.is_reference_only,
    nodes.is_sole_id
from {{ ref('int_account_nodes') }} as nodes
left join {{ ref('int_account_components') }} as components on nodes.node_id = components.node_id
