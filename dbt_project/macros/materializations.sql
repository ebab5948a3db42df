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
