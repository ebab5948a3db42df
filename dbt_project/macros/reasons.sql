{#
  What a reason of a lost deal (`lost`) or a rejected lead (`rejected`) means. Write it among
  the joins; `reasons.reason` is null without a reason.
#}
{% macro join_reason(object_type, label) %}
left join {{ ref('int_reasons') }} as reasons
  on reasons.object_type = '{{ object_type }}'
  and {{ folded(label) }} = reasons.reason_label
{% endmacro %}
