{# The records that stand for a person, each with the record that stands for it now: itself, or
   the survivor at the end of its chain of merges. A merged record stays, so that what names it
   finds the survivor; a deleted one does not. Where the survivor is deleted, the human is: the
   records that were merged into it go with it, whatever their own flag says. Where no record
   of a chain is unmerged (its survivor was never seen, or it runs in a circle), its first one
   survives.

   Node ids sort contacts before leads, and after addresses: a component is named by its
   smallest node. #}
with records as (
    {% for object_type in ['contact', 'lead'] %}
    select
        source_system,
        '{{ object_type }}' as object_type,
        source_id,
        {{ person_node(object_type, 'source_system', 'source_id') }} as node_id,
        min(case when is_deleted then 1 else 0 end) as is_deleted,
        max(case when merged_into_id <> source_id then 1 else 0 end) as is_merged
    from {{ ref('stg_generic__' ~ object_type ~ 's') }}
    group by source_system, source_id
    {{ 'union all' if not loop.last }}
    {% endfor %}
),

survivors as (
    select
        components.component_id,
        min({{ struct({
            'is_merged': 'records.is_merged',
            'is_deleted': 'records.is_deleted',
            'node_id': 'records.node_id',
            'source_id': 'records.source_id',
        }) }}) as survivor
    from records
    inner join {{ ref('int_merge_components') }} as components
        on records.node_id = components.node_id
    group by components.component_id
),

standing as (
    select
        records.source_system,
        records.object_type,
        records.source_id,
        records.node_id,
        coalesce(survivors.survivor.source_id, records.source_id) as survivor_id
    from records
    left join {{ ref('int_merge_components') }} as components
        on records.node_id = components.node_id
    left join survivors
        on components.component_id = survivors.component_id
    where (records.is_deleted = 0 or records.is_merged = 1)
        and coalesce(survivors.survivor.is_merged = 1 or survivors.survivor.is_deleted = 0, true)
),

systems as (
    select object_type, source_id, count(*) as system_count
    from standing
    group by object_type, source_id
)

select
    standing.source_system,
    standing.object_type,
    standing.source_id,
    standing.survivor_id,
    standing.node_id,
    systems.system_count = 1 as is_sole_id
from standing
inner join systems
    on standing.object_type = systems.object_type and standing.source_id = systems.source_id
