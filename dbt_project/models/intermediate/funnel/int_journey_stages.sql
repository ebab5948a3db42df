-- One row per journey with what is observed of each stage: the first entry with a known time,
-- else one without. Per stage: has_ (there is evidence of its own), _at, _date,
-- is_..._date_only, is_..._time_known.
--
-- An entry without any time that comes before a dated stage tells no more than the dated one
-- implies: it is not kept as observed, and is inferred like any other skipped stage.
{% set main = main_stages() %}
{% set all = all_stages() %}
with journeys as (
    select * from {{ ref('int_journeys') }}
),

entries as (
    -- Where there is a deal, it tells of deal stages, and the lead's labels do not.
    select
        passes.journey_id,
        entries.stage_id,
        entries.entered_at,
        entries.entered_date,
        entries.is_date_only,
        entries.is_time_known
    from {{ ref('int_lead_stage_entries') }} as entries
    inner join {{ ref('int_journey_passes') }} as passes
        on entries.source_system = passes.source_system
        and entries.source_id = passes.source_id
        and entries.pass_number = passes.pass_number
    where not (passes.has_deal and entries.stage_id in ('opportunity', 'won', 'lost'))

    union all

    select
        journeys.journey_id,
        entries.stage_id,
        entries.entered_at,
        entries.entered_date,
        entries.is_date_only,
        entries.is_time_known
    from {{ ref('int_opportunity_stage_entries') }} as entries
    inner join journeys
        on entries.opportunity_id = journeys.opportunity_id
),

-- The smallest is the first with a known time. One aggregate per stage over one pass of the
-- entries: ranking them by journey and stage takes twice as long.
firsts as (
    select
        {%- for stage in all %}
        min(case when stage_id = '{{ stage }}' then {{ struct({
            "is_undated": "not is_time_known",
            "entered_at": "coalesce(entered_at, " ~ latest_time() ~ ")",
            "is_date_only": "is_date_only",
            "entered_date": "coalesce(entered_date, cast(" ~ latest_time() ~ " as date))",
        }) }} end) as {{ stage }}_first,
        {%- endfor %}
        journey_id
    from entries
    group by journey_id
),

pivoted as (
    select
        {%- for stage in all %}
        {{ stage }}_first is not null as has_{{ stage }}_evidence,
        nullif({{ stage }}_first.entered_at, {{ latest_time() }}) as {{ stage }}_at,
        nullif({{ stage }}_first.entered_date, cast({{ latest_time() }} as date)) as {{ stage }}_date,
        coalesce({{ stage }}_first.is_date_only, false) as is_{{ stage }}_date_only,
        coalesce(not {{ stage }}_first.is_undated, false) as is_{{ stage }}_time_known,
        {%- endfor %}
        journey_id
    from firsts
),

-- The time that a skipped stage is given: that of the next observed stage.
followed as (
    select
        {%- for stage in main[:-1] %}
        {%- set exits = ["lost"] if stage == "opportunity" else ["lost", "disqualified", "recycled"] %}
        {%- set later = main[loop.index:] + exits %}
        coalesce({% for next in later %}{{ next }}_at{{ ", " if not loop.last }}{% endfor %}) as after_{{ stage }}_at,
        case
            {%- for next in later %}
            when {{ next }}_at is not null then {{ next }}_date
            {%- endfor %}
        end as after_{{ stage }}_date,
        {%- endfor %}
        pivoted.*
    from pivoted
),

observed as (
    select
        {%- for stage in all %}
        {% if stage in main[:-1] -%}
        has_{{ stage }}_evidence and ({{ stage }}_at is not null or after_{{ stage }}_at is null)
        {%- else -%}
        has_{{ stage }}_evidence
        {%- endif %} as is_{{ stage }}_observed,
        {%- endfor %}
        followed.*
    from followed
),

-- The furthest place on the main path that the evidence implies, 0 to 6.
placed as (
    select
        observed.*,
        case
            {%- for stage in main | reverse %}
            when is_{{ stage }}_observed then {{ main | length - loop.index0 }}
            {%- endfor %}
            else 0
        end as furthest_observed
    from observed
)

select
    placed.*,
    greatest(
        furthest_observed,
        case
            when is_lost_observed then {{ main.index("opportunity") + 1 }}
            when is_disqualified_observed or is_recycled_observed then 1
            else 0
        end
    ) as furthest_reached,
    -- Some later stage of the main path, or the loss that ends it, has an earlier time.
    (
        {%- for earlier in main[:-1] %}
        {%- set outer = loop.index %}
        {%- for later in main[outer:] + ["lost"] %}
        (
            is_{{ earlier }}_time_known and is_{{ later }}_time_known
            and {{ is_after(earlier, later) }}
        ){{ " or" if not (outer == main | length - 1 and loop.last) }}
        {%- endfor %}
        {%- endfor %}
    ) as has_time_travel
from placed
