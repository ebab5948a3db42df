{# The periods that evidence is told by, each with its column of dim_date. #}
{% macro evidence_grains() %}
  {{ return({"week": "week_start", "month": "month_start", "quarter": "fiscal_quarter_start"}) }}
{% endmacro %}

{# The first day of the period of a grain that holds a day of dim_date. #}
{% macro period_of_day(grain, days) -%}
  case {{ grain }}
    {%- for name, column in evidence_grains().items() %}
    when '{{ name }}' then {{ days }}.{{ column }}
    {%- endfor %}
  end
{%- endmacro %}

{#
  Rows of a fact, once for each period (week, month, fiscal quarter) that holds their day and
  for their segment and the total of all: what the evidence marts count. Adds period_grain,
  period_start and slice_segment to the fact's own columns.
#}
{% macro evidence_rows(relation, day) -%}
  select
    rows_of_fact.*,
    grains.period_grain,
    {{ period_of_day("grains.period_grain", "days") }} as period_start,
    case when slices.is_total then '(all)' else coalesce(rows_of_fact.segment, '(none)') end as slice_segment
  from {{ relation }} as rows_of_fact
  inner join {{ ref('dim_date') }} as days
    on rows_of_fact.{{ day }} = days.date_day
  cross join (
    {%- for grain in evidence_grains() %}
    select '{{ grain }}' as period_grain{{ " union all" if not loop.last }}
    {%- endfor %}
  ) as grains
  cross join (select true as is_total union all select false as is_total) as slices
  where rows_of_fact.{{ day }} <= {{ as_of_date() }}
{%- endmacro %}

{# How much of a whole its largest members hold. `members` has the keys, an amount (a count, or a
   decimal) and a unique member per row. A query of the keys, top_share (the part of the largest
   tenth of the members, at least of one) and hhi (Herfindahl-Hirschman index: the sum of the
   squared shares, 0 to 1). #}
{% macro concentration(members, keys, amount, member) -%}
  select
    {{ keys | join(", ") }},
    {{ exact_sum("case when place <= greatest(ceil(member_count * 0.1), 1) then member_share else 0 end") }} as top_share,
    {{ exact_sum("member_share * member_share") }} as hhi
  from (
    select
      {{ keys | join(", ") }},
      {{ share(amount, "sum(" ~ amount ~ ") over (partition by " ~ (keys | join(", ")) ~ ")") }} as member_share,
      count(*) over (partition by {{ keys | join(", ") }}) as member_count,
      row_number() over (
        partition by {{ keys | join(", ") }}
        order by {{ amount }} desc nulls last, {{ member }} asc nulls last
      ) as place
    from {{ members }}
    where {{ amount }} > 0
  ) as ranked
  group by {{ keys | join(", ") }}
{%- endmacro %}

{# The grouping by every combination of the slices, each in single and as all of it; `keys` are
   grouped by always. `kpi_sliced` has the columns. #}
{% macro by_every_slice(keys, slices) -%}
  group by {{ keys | join(", ") }}, cube ({{ slices | join(", ") }})
{%- endmacro %}

{# The periods up to as_of as a query: period_grain, period_start, last_day (of those that
   as_of leaves). #}
{% macro evidence_periods() -%}
  {%- for grain, column in evidence_grains().items() %}
  select '{{ grain }}' as period_grain, {{ column }} as period_start, max(date_day) as last_day
  from {{ ref('dim_date') }}
  where date_day <= {{ as_of_date() }}
  group by {{ column }}
  {{ "union all" if not loop.last }}
  {%- endfor %}
{%- endmacro %}

{# What sales itself did, as a relation: no effort of sales is what reps of marketing do. #}
{% macro sales_activities() -%}
  (select * from {{ ref('fct_sales_activities') }} where team = 'sales')
{%- endmacro %}

{# The first day of which a relation knows anything; null if it is empty. Of what was before it
   nobody can say that nothing was done. #}
{% macro seen_since(relation, day) -%}
  (select min({{ day }}) from {{ relation }} as seen)
{%- endmacro %}

{# What somebody said, so that equal words are one: trimmed and in lower case. #}
{% macro voiced_topic(text) -%}
  {{ folded(text) }}
{%- endmacro %}
