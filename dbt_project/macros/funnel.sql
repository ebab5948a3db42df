{#
  The funnel's fixed words. What a company calls its stages, and who answers for them, is in
  its agreement; the ids and their order are the product's.
#}

{# The main path, in order. #}
{% macro main_stages() %}
  {{ return(["lead", "mql", "sal", "sql", "opportunity", "won"]) }}
{% endmacro %}

{# Every stage; the side exits follow the main path. #}
{% macro all_stages() %}
  {{ return(main_stages() + ["disqualified", "lost", "recycled"]) }}
{% endmacro %}

{# Stages that end a pass, or a journey, as a list for `in`. #}
{% macro closing_stages() -%}
  ('won', 'lost', 'disqualified', 'recycled')
{%- endmacro %}

{# The stages as rows, with their order: (stage_id, stage_rank). #}
{% macro stage_rows() -%}
  {% for stage in all_stages() %}
  select '{{ stage }}' as stage_id, {{ loop.index }} as stage_rank{{ " union all" if not loop.last }}
  {% endfor %}
{%- endmacro %}

{# The steps of the funnel: each stage to the next, and the whole way. As pairs, and as rows: (step,
   from_stage_id, to_stage_id). #}
{% macro funnel_steps() %}
  {%- set stages = main_stages() -%}
  {%- set steps = [] -%}
  {%- for stage in stages[:-1] -%}{%- do steps.append([stage, stages[loop.index]]) -%}{%- endfor -%}
  {{ return(steps + [["lead", "won"]]) }}
{% endmacro %}

{% macro funnel_step_rows() -%}
  {% for first, second in funnel_steps() %}
  select '{{ first }}_to_{{ second }}' as step, '{{ first }}' as from_stage_id, '{{ second }}' as to_stage_id
  {{ "union all" if not loop.last }}
  {% endfor %}
{%- endmacro %}

{# A stage column's value by the row's stage_id, for columns named after the stages. #}
{% macro by_stage(column, columns) -%}
  case {{ column }}
    {%- for stage, value in columns.items() %}
    when '{{ stage }}' then {{ value }}
    {%- endfor %}
  end
{%- endmacro %}

{#
  Timestamps that stand for "always before" and "always after" where an interval has no known
  start or end.
#}
{% macro earliest_time() -%} cast('0001-01-01 00:00:00' as timestamp) {%- endmacro %}
{% macro latest_time() -%} cast('9999-12-31 00:00:00' as timestamp) {%- endmacro %}

{# The last moment that a time may mean: the end of the day for a date without a time. #}
{% macro latest_moment(timestamp, is_date_only) -%}
  case
    when {{ is_date_only }} then {{ end_of_day(timestamp) }}
    else {{ timestamp }}
  end
{%- endmacro %}

{#
  True where the first of two times lies after the second. Where one of them is a date without
  a time, only the dates are compared. Each side names columns `<side>_at`, `<side>_date` and
  `is_<side>_date_only`; unknown times are never after anything.
#}
{% macro is_after(first, second) -%}
  coalesce(
    case
      when is_{{ first }}_date_only or is_{{ second }}_date_only
        then {{ first }}_date > {{ second }}_date
      else {{ first }}_at > {{ second }}_at
    end,
    false
  )
{%- endmacro %}

{#
  Days between two stages as double: whole and part days. Null unless both are observed with
  a known time. A date without a time is its midnight, so that a later time of the same day
  may seem earlier: that counts as 0.
#}
{% macro days_between_stages(first, second) -%}
  case
    when is_{{ first }}_time_known and is_{{ second }}_time_known and not has_time_travel
      then greatest(
        cast({{ microseconds_between(first ~ '_at', second ~ '_at') }} as double)
        / cast(86400000000 as double),
        cast(0 as double)
      )
  end
{%- endmacro %}

{#
  True where a touch is not later than a moment; a moment that is unknown bounds nothing.
  Where the moment is a date without a time, its whole day counts.
#}
{% macro is_by_moment(touches, moments, moment) -%}
  case
    when {{ moments }}.{{ moment }}_at is null then true
    when {{ moments }}.is_{{ moment }}_date_only
      then {{ touches }}.occurred_date <= {{ moments }}.{{ moment }}_date
    else {{ touches }}.occurred_at <= {{ moments }}.{{ moment }}_at
  end
{%- endmacro %}

{# A team as one of the two by the words of its name, null where they tell of neither. The
   words are documented in docs/company-folder.md. #}
{% macro funnel_team(team) -%}
  case
    when {{ matches_fully(team, "'.*market.*'") }} then 'marketing'
    when {{ matches_fully(team, "'.*(sales|vertrieb|verkauf|account (executive|manager)|inside|business dev|ventes|ventas|commercial|comercial).*|(.*[^a-z])?[sb]drs?([^a-z].*)?'") }}
      then 'sales'
    when {{ matches_fully(team, "'.*(demand gen|growth).*'") }} then 'marketing'
  end
{%- endmacro %}

{# The team whose effort an activity is: that of its rep, joined as rep_teams; without one that is
   known sales', who are the ones that record what they do. #}
{% macro activity_team() -%}
  coalesce(rep_teams.team, 'sales')
{%- endmacro %}

{# When a journey entered the first of several stages whose time is known, as one value with
   the fields entered_at, entered_date and is_date_only; null if none is. #}
{% macro first_known_entry(stages) -%}
  case
    {%- for stage in stages %}
    when is_{{ stage }}_time_known
      then {{ struct({
        "entered_at": stage ~ "_at",
        "entered_date": stage ~ "_date",
        "is_date_only": "is_" ~ stage ~ "_date_only",
      }) }}
    {%- endfor %}
  end
{%- endmacro %}

{#
  The columns that the agreement's stage rules may look at, by what they hold: every column of
  the entity that staging keeps. Names, addresses and phone numbers are not among them.
#}
{% macro stage_rule_fields(object_type) %}
  {{ return({
    "lead": {
      "text": [
        "source_id", "email_domain", "company", "company_domain", "job_title", "industry",
        "segment", "region", "country", "lead_source", "status", "rejected_reason", "owner_id",
        "campaign_id", "converted_contact_id", "converted_account_id",
        "converted_opportunity_id", "anonymous_id", "utm_source", "utm_medium", "utm_campaign",
        "utm_term", "utm_content", "referrer", "landing_page",
      ],
      "number": ["score"],
      "boolean": [],
      "date": [],
      "timestamp": [
        "created_at", "updated_at", "status_changed_at", "mql_at", "sal_at", "sql_at",
        "disqualified_at", "recycled_at", "converted_at",
      ],
    },
    "opportunity": {
      "text": [
        "source_id", "account_id", "primary_contact_id", "lead_id", "campaign_id", "owner_id",
        "created_by_id", "stage", "currency", "opportunity_type", "forecast_category",
        "lead_source", "lost_reason", "segment", "region", "product_id",
      ],
      "number": ["amount", "list_amount"],
      "boolean": ["is_won", "is_closed"],
      "date": ["expected_close_date"],
      "timestamp": ["created_at", "updated_at", "stage_changed_at", "closed_at"],
    },
    "activity": {
      "text": [
        "source_id", "activity_type", "direction", "outcome", "rep_id", "lead_id", "contact_id",
        "account_id", "opportunity_id", "email_domain",
      ],
      "number": ["duration_minutes"],
      "boolean": [],
      "date": [],
      "timestamp": ["occurred_at"],
    },
  }[object_type]) }}
{% endmacro %}

{#
  The records of an object for which a stage rule of the agreement holds, as a query: their
  columns, and of the entry rule_stage_id, rule_at, rule_date, is_rule_date_only; without a
  time where the rule's time column is empty. A value that is no number is never reached.
#}
{% macro stage_rule_matches(object_type, records) -%}
{%- set fields = stage_rule_fields(object_type) -%}
{%- set as_text = fields.boolean + fields.date + fields.timestamp -%}
select
    matches.*
from (
    select
        records.*,
        rules.stage_id as rule_stage_id,
        rules.operator as rule_operator,
        {{ folded("rules.value") }} as rule_key,
        rules.value as rule_pattern,
        case
            when {{ matches_fully("rules.value", "'-?[0-9]+([.][0-9]+)?'") }} then cast(rules.value as double)
        end as rule_number,
        case rules.field
            {%- for field in fields.text %}
            when '{{ field }}' then records.{{ field }}
            {%- endfor %}
            {%- for field in as_text %}
            when '{{ field }}' then cast(records.{{ field }} as string)
            {%- endfor %}
        end as field_text,
        case rules.field
            {%- for field in fields.number %}
            when '{{ field }}' then cast(records.{{ field }} as double)
            {%- endfor %}
        end as field_number,
        case rules.timestamp_field
            {%- for field in fields.timestamp %}
            when '{{ field }}' then records.{{ field }}
            {%- endfor %}
            {%- for field in fields.date %}
            when '{{ field }}' then cast(records.{{ field }} as timestamp)
            {%- endfor %}
        end as rule_at,
        case rules.timestamp_field
            {%- for field in fields.timestamp %}
            when '{{ field }}' then records.{{ field | replace("_at", "_date") }}
            {%- endfor %}
            {%- for field in fields.date %}
            when '{{ field }}' then records.{{ field }}
            {%- endfor %}
        end as rule_date,
        case rules.timestamp_field
            {%- for field in fields.timestamp %}
            when '{{ field }}' then records.is_{{ field | replace("_at", "_date_only") }}
            {%- endfor %}
            {%- for field in fields.date %}
            when '{{ field }}' then true
            {%- endfor %}
            else false
        end as is_rule_date_only
    from {{ ref('stg_agreement__stage_rules') }} as rules
    inner join {{ records }} as records
        on rules.object_type = '{{ object_type }}'
        and rules.source in (records.source_system, '*')
        and not records.is_deleted
) as matches
where
    -- The time is part of the evidence: a record without it does not enter.
    rule_at is not null
    and case rule_operator
        when 'equals' then coalesce({{ folded("field_text") }} = rule_key, field_number = rule_number)
        when 'matches' then {{ matches_fully("field_text", "rule_pattern") }}
        when 'at_least' then field_number >= rule_number
        when 'at_most' then field_number <= rule_number
        when 'is_given' then {{ folded("field_text") }} is not null or field_number is not null
    end
{%- endmacro %}
