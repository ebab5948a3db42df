{#-
    A table replaced in one transaction, under its own name.

    The adapter's own materialization builds under a second name, renames twice, drops, and asks
    the catalog for indexes and foreign keys at each step. No model here has either, and the
    warehouse has no reader but the pipeline, so what a crash must not leave half done is the
    transaction's matter alone. With some two hundred small models this was a third of the
    transform.
-#}
{% materialization table, adapter="duckdb", supported_languages=["sql", "python"] %}
    {%- set language = model["language"] -%}
    {%- set target = this.incorporate(type="table") -%}
    {%- set existing = load_cached_relation(this) -%}

    {{ run_hooks(pre_hooks, inside_transaction=False) }}
    {{ run_hooks(pre_hooks, inside_transaction=True) }}
    {% if existing is not none %}
        {% call statement("drop_existing") -%}
            drop {{ existing.type }} if exists {{ existing }}
        {%- endcall %}
        {# A Python model writes through a connection of its own. #}
        {% if language == "python" %}{{ adapter.commit() }}{% endif %}
    {% endif %}
    {% call statement("main", language=language) -%}
        {{ create_table_as(False, target, compiled_code, language) }}
    {%- endcall %}
    {% do adapter.ensure_transaction() %}
    {{ run_hooks(post_hooks, inside_transaction=True) }}
    {% do persist_docs(target, model) %}
    {{ adapter.commit() }}
    {{ run_hooks(post_hooks, inside_transaction=False) }}

    {{ return({"relations": [target]}) }}
{% endmaterialization %}

{#
    A table that holds what each row of the lake tells by itself, with the row's `_load_id`.

    A load never changes, so that only those are read that the table does not hold yet; loads
    that no longer count leave it. The query must ask nothing but the row and the agreement. When
    the query or the agreement has changed, the table is made anew: its comment says of which
    ones it is. Whatever rewrites a load in the lake removes the warehouse.
-#}
{% materialization by_load, adapter="duckdb" %}
    {%- set target = this.incorporate(type="table") -%}
    {%- set existing = load_cached_relation(this) -%}
    {%- set made_of = local_md5(sql ~ env_var("TANDEM_AGREEMENT_VERSION", "")) -%}

    {{ run_hooks(pre_hooks, inside_transaction=True) }}
    {% if existing is none or should_full_refresh() or table_comment(target) != made_of %}
        {% if existing is not none %}
            {% call statement("drop_existing") -%} drop {{ existing.type }} {{ existing }} {%- endcall %}
        {% endif %}
        {% set counting = "select load_id from " ~ ref("stg_lake__loads") %}
        {% call statement("main") -%}
            {{ create_table_as(False, target, "select * from (" ~ sql ~ ") as lake_rows where _load_id in (" ~ counting ~ ")") }}
        {%- endcall %}
        {% call statement("comment") -%} comment on table {{ target }} is '{{ made_of }}' {%- endcall %}
    {% else %}
        {% call statement("forget") -%}
            delete from {{ target }} where _load_id not in (select load_id from {{ ref("stg_lake__loads") }})
        {%- endcall %}
        {# As numbers, which leave out the Parquet files of all other loads. #}
        {% call statement("unread", fetch_result=True) -%}
            select load_id from {{ ref("stg_lake__loads") }}
            where load_id not in (select distinct _load_id from {{ target }})
        {%- endcall %}
        {% set unread = load_result("unread")["data"] | map(attribute=0) | join(", ") %}
        {% call statement("main") -%}
            insert into {{ target }} by name
            select * from ({{ sql }}) as lake_rows where _load_id in ({{ unread or "null" }})
        {%- endcall %}
    {% endif %}
    {{ run_hooks(post_hooks, inside_transaction=True) }}
    {{ adapter.commit() }}

    {{ return({"relations": [target]}) }}
{% endmaterialization %}

{# A table's comment; '' without one. #}
{% macro table_comment(relation) %}
    {% call statement("comment_of_table", fetch_result=True) -%}
        select coalesce(max(comment), '') from duckdb_tables()
        where database_name = '{{ relation.database }}' and schema_name = '{{ relation.schema }}'
            and table_name = '{{ relation.identifier }}'
    {%- endcall %}
    {{ return(load_result("comment_of_table")["data"][0][0]) }}
{% endmacro %}
