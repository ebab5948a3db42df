{# The key of the account whose component is named by a node. A node is a record of a source,
   `crm|A1`, or a web domain, `~example.com`: that sorts after every record, so that a record
   names the account where there is one. #}
{% macro account_key(node) -%}
  {{ surrogate_key(["'account'", node]) }}
{%- endmacro %}
