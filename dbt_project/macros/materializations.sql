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
    {% if language == "python" and existing is not none %}
        {% call statement("drop_existing") -%} {{ drop_sql(existing) }} {%- endcall %}
        {# A Python model writes through a connection of its own. #}
        {{ adapter.commit() }}
    {% endif %}
    {% call statement("main", language=language) -%}
        {%- if language == "sql" and existing is not none %}{{ drop_sql(existing) }};{% endif -%}
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
    A table that is made in parts, a load or a month each, and of which only the parts are made
    anew that have changed.

    `parts` names the model that tells them: `part`, and a `fingerprint` of everything that the
    part's rows are made of besides the query itself. `part` is the expression that tells which
    part a row of the query belongs to. What the table was made of is kept beside it, so that it
    equals a table made at once, whatever happened in between.
-#}
{% materialization by_part, adapter="duckdb" %}
    {%- set target = this.incorporate(type="table") -%}
    {%- set existing = load_cached_relation(this) -%}
    {%- set kept = api.Relation.create(
        database=this.database, schema=generate_schema_name("build", model), identifier=this.identifier ~ "__parts", type="table"
    ) -%}
    {%- set parts = ref(config.require("parts")) -%}
    {%- set part = config.require("part") -%}
    {%- set query = local_md5(sql) -%}
    {%- set now -%}
        select cast(part as string) as part, md5('{{ query }}' || fingerprint) as fingerprint from {{ parts }}
    {%- endset -%}

    {{ run_hooks(pre_hooks, inside_transaction=True) }}
    {# As literals, which leave out the Parquet files and row groups of all other parts. #}
    {% set left_alone, old, new = [], [], [] %}
    {% if existing is not none and not should_full_refresh() and has_table(kept) %}
        {% call statement("compare", fetch_result=True) -%}
            select
                coalesce(was.part, now.part) as part,
                was.part is not null as is_there,
                now.part is not null as is_wanted,
                coalesce(was.fingerprint = now.fingerprint, false) as is_same
            from ({{ now }}) as now
            full outer join {{ kept }} as was on was.part = now.part
        {%- endcall %}
        {% for name, is_there, is_wanted, is_same in load_result("compare")["data"] %}
            {% if is_same %}
                {% do left_alone.append(name) %}
            {% else %}
                {% if is_there %}{% do old.append("'" ~ name ~ "'") %}{% endif %}
                {% if is_wanted %}{% do new.append("'" ~ name ~ "'") %}{% endif %}
            {% endif %}
        {% endfor %}
    {% endif %}
    {% if left_alone %}
        {% if old %}
            {% call statement("forget") -%}
                delete from {{ target }} where {{ part }} in ({{ old | join(", ") }})
            {%- endcall %}
        {% endif %}
        {% call statement("main") -%}
            insert into {{ target }} by name
            select * from ({{ sql }}) as parts where {{ part }} in ({{ new | join(", ") or "null" }})
        {%- endcall %}
    {% else %}
        {# No part stays, so the table may have other columns than before. #}
        {% call statement("main") -%}
            {%- if existing is not none %}{{ drop_sql(existing) }};{% endif %}
            {{ create_table_as(False, target, sql) }}
        {%- endcall %}
    {% endif %}
    {% call statement("keep_schema") -%} create schema if not exists {{ kept.without_identifier() }} {%- endcall %}
    {% call statement("keep") -%} create or replace table {{ kept }} as {{ now }} {%- endcall %}
    {{ run_hooks(post_hooks, inside_transaction=True) }}
    {% do persist_docs(target, model) %}
    {{ adapter.commit() }}

    {{ return({"relations": [target]}) }}
{% endmaterialization %}

{% macro has_table(relation) %}
    {% call statement("count_tables", fetch_result=True) -%}
        select count(*) from duckdb_tables()
        where database_name = '{{ relation.database }}' and schema_name = '{{ relation.schema }}'
            and table_name = '{{ relation.identifier }}'
    {%- endcall %}
    {{ return(load_result("count_tables")["data"][0][0] > 0) }}
{% endmacro %}

{% macro drop_sql(relation) -%}
    drop {{ relation.type }} if exists {{ relation }}
{%- endmacro %}

{#
    Comments as one statement: the adapter asks twice for the columns of each table, which the
    contract has just compared with the model's.
#}
{% macro duckdb__persist_docs(relation, model, for_relation, for_columns) %}
    {%- set comments = [] -%}
    {% if for_relation and config.persist_relation_docs() and model.description %}
        {% do comments.append(alter_relation_comment(relation, model.description)) %}
    {% endif %}
    {% if for_columns and config.persist_column_docs() %}
        {% for column in model.columns.values() %}
            {% do comments.append(
                "comment on column " ~ relation ~ "." ~ column.name ~ " is " ~ duckdb_escape_comment(column.description) ~ ";"
            ) %}
        {% endfor %}
    {% endif %}
    {% if comments %}
        {% call statement("comments") -%} {{ comments | join("\n") }} {%- endcall %}
    {% endif %}
{% endmacro %}

{#
    The contract, compared in one query by the engine. Where they differ the adapter says how,
    who otherwise asks for the types of each side and compares column by column.
#}
{% macro duckdb__get_assert_columns_equivalent(sql) %}
    {% call statement("contract", fetch_result=True) -%}
        select count(*)
        from (describe ({{ get_empty_subquery_sql(sql) }})) as has
        full outer join (describe ({{ get_empty_schema_sql(model.columns) }})) as promised
            on has.column_name = promised.column_name and has.column_type = promised.column_type
        where has.column_name is null or promised.column_name is null
    {%- endcall %}
    {% if load_result("contract")["data"][0][0] > 0 %}{{ assert_columns_equivalent(sql) }}{% endif %}
{% endmacro %}
