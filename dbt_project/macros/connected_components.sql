{#
  Materialization `connected_components`: the model's SQL gives edges (node_a, node_b) between
  text nodes; the table that is built gives every node that has an edge its component
  (node_id, component_id), named by the component's smallest node. The order of the input
  cannot change the result.

  Rounds of three statements until no edge is left: every node hooks to its smallest
  neighbour below it, pointer jumping takes it to the end of that chain of hooks, and the
  edges are drawn again between the ends. A chain of n nodes needs a number of rounds and
  jumps in the order of log n. Nodes are numbered first, so that the loop joins integers.
#}
{% materialization connected_components, default %}
  {%- set target_relation = this.incorporate(type='table') -%}
  {{ run_hooks(pre_hooks) }}

  {%- set numbers = components_work_table('numbers') -%}
  {% do components_build(numbers, components_numbers_sql(sql)) %}

  {%- set state = namespace(
    edges=components_work_table('edges_0'), labels=components_work_table('labels_0'), done=false
  ) -%}
  {% do components_build(state.edges, components_numbered_edges_sql(sql, numbers)) %}
  {% do components_build(state.labels, 'select node_number, node_number as label from ' ~ numbers) %}

  {% for round in range(1, 100) if not state.done %}
    {% if components_count(state.edges) == 0 %}
      {% set state.done = true %}
    {% else %}
      {%- set hooks = components_hooks(state.edges, round) -%}
      {%- set labels = components_work_table('labels_' ~ round) -%}
      {%- set edges = components_work_table('edges_' ~ round) -%}
      {% do components_build(labels, components_relabel_sql(state.labels, hooks)) %}
      {% do components_build(edges, components_redraw_sql(state.edges, hooks)) %}
      {% do components_drop([state.labels, state.edges, hooks]) %}
      {% set state.labels = labels %}
      {% set state.edges = edges %}
    {% endif %}
  {% endfor %}
  {% if not state.done %}
    {% do exceptions.raise_compiler_error('Components of ' ~ this ~ ' did not settle.') %}
  {% endif %}

  {%- set existing = load_cached_relation(this) -%}
  {% if existing is not none %}{% do components_drop([existing]) %}{% endif %}
  {% call statement('main') -%}
    {{ create_table_as(False, target_relation, components_result_sql(numbers, state.labels)) }}
  {%- endcall %}
  {% do components_drop([numbers, state.labels, state.edges]) %}

  {{ run_hooks(post_hooks) }}
  {% do persist_docs(target_relation, model) %}
  {{ adapter.commit() }}
  {{ return({'relations': [target_relation]}) }}
{% endmaterialization %}

{% macro components_work_table(name) %}
  {{ return(this.incorporate(path={'identifier': this.identifier ~ '__' ~ name}, type='table')) }}
{% endmacro %}

{% macro components_build(relation, query) %}
  {% do components_drop([relation]) %}
  {% call statement('components') -%}
    {{ create_table_as(False, relation, query) }}
  {%- endcall %}
{% endmacro %}

{# Not by the adapter, which builds a context of all macros for each table that it drops. #}
{% macro components_drop(relations) %}
  {% for relation in relations %}
    {% call statement('components') -%} drop {{ relation.type }} if exists {{ relation }} {%- endcall %}
  {% endfor %}
{% endmacro %}

{% macro components_count(relation) %}
  {{ return(run_query('select count(*) as row_count from ' ~ relation).columns[0].values()[0] | int) }}
{% endmacro %}

{% macro components_numbers_sql(edges) -%}
  select node_id, row_number() over (order by node_id asc nulls last) as node_number
  from (
    select node_a as node_id from ({{ edges }}) as first_ends
    union
    select node_b as node_id from ({{ edges }}) as second_ends
  ) as nodes
  where node_id is not null
{%- endmacro %}

{# Loops are left out by their own two ends: a condition between the two numbers would be taken
   for a way to join them, node by node. #}
{% macro components_numbered_edges_sql(edges, numbers) -%}
  select distinct
    least(a.node_number, b.node_number) as low,
    greatest(a.node_number, b.node_number) as high
  from ({{ edges }}) as edges
  inner join {{ numbers }} as a on edges.node_a = a.node_id
  inner join {{ numbers }} as b on edges.node_b = b.node_id
  where edges.node_a <> edges.node_b
{%- endmacro %}

{# Each node's way down: (node_number, parent), where no parent has a hook of its own. #}
{% macro components_hooks(edges, round) %}
  {%- set state = namespace(hooks=components_work_table('hooks_' ~ round ~ '_0'), done=false) -%}
  {% do components_build(
    state.hooks, 'select high as node_number, min(low) as parent from ' ~ edges ~ ' group by high'
  ) %}
  {% for jump in range(1, 100) if not state.done %}
    {%- set jumped = components_work_table('hooks_' ~ round ~ '_' ~ jump) -%}
    {% do components_build(jumped, components_jump_sql(state.hooks)) %}
    {% set moved = run_query('select count(*) as row_count from ' ~ jumped ~ ' where has_moved') %}
    {% do components_drop([state.hooks]) %}
    {% set state.hooks = jumped %}
    {% set state.done = moved.columns[0].values()[0] | int == 0 %}
  {% endfor %}
  {{ return(state.hooks) }}
{% endmacro %}

{% macro components_jump_sql(hooks) -%}
  select
    near.node_number,
    coalesce(far.parent, near.parent) as parent,
    far.parent is not null as has_moved
  from {{ hooks }} as near
  left join {{ hooks }} as far on near.parent = far.node_number
{%- endmacro %}

{% macro components_relabel_sql(labels, hooks) -%}
  select labels.node_number, coalesce(hooks.parent, labels.label) as label
  from {{ labels }} as labels
  left join {{ hooks }} as hooks on labels.label = hooks.node_number
{%- endmacro %}

{% macro components_redraw_sql(edges, hooks) -%}
  select distinct least(a, b) as low, greatest(a, b) as high
  from (
    select
      coalesce(low_hooks.parent, edges.low) as a,
      coalesce(high_hooks.parent, edges.high) as b
    from {{ edges }} as edges
    left join {{ hooks }} as low_hooks on edges.low = low_hooks.node_number
    left join {{ hooks }} as high_hooks on edges.high = high_hooks.node_number
  ) as redrawn
  where a <> b
{%- endmacro %}

{% macro components_result_sql(numbers, labels) -%}
  select members.node_id, smallest.node_id as component_id
  from {{ labels }} as labels
  inner join {{ numbers }} as members on labels.node_number = members.node_number
  inner join {{ numbers }} as smallest on labels.label = smallest.node_number
{%- endmacro %}
