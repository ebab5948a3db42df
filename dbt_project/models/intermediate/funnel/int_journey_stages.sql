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

-- Where there is a deal, it tells of deal stages, and the lead's labels do not.
lead_entries as (
    select
        journeys.journey_id,
        entries.stage_id,
        entries.entered_at,
        entries.entered_date,
        entries.is_date_only,
        entries.is_time_known
    from {{ ref('int_lead_stage_entries') }} as entries
    inner join {{ ref('int_lead_passes_linked') }} as passes
        on entries.source_system = passes.source_system
        and entries.source_id = passes.source_id
        and entries.pass_number = passes.pass_number
    inner join journeys
        on passes.opportunity_id = journeys.opportunity_id
    where entries.stage_id not in ('opportunity', 'won', 'lost')

    union all

    select
        journeys.journey_id,
        entries.stage_id,
        entries.entered_at,
        entries.entered_date,
        entries.is_date_only,
        entries.is_time_known
    from {{ ref('int_lead_stage_entries') }} as entries
    inner join {{ ref('int_lead_passes_linked') }} as passes
        on entries.source_system = passes.source_system
        and entries.source_id = passes.source_id
        and entries.pass_number = passes.pass_number
    inner join journeys
        on passes.person_id = journeys.person_id
        and passes.island_number = journeys.island_number
),

deal_entries as (
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

entries as (
    select * from lead_entries
    union all
    select * from deal_entries
),

-- Rows that tie in every column of this order are alike.
ranked as (
    select
        entries.*,
        row_number() over (
            partition by journey_id, stage_id
            order by
                is_time_known desc nulls last,
                entered_at asc nulls last,
                is_date_only asc nulls last,
                entered_date asc nulls last
        ) as entry_rank
    from entries
),

pivoted as (
    select
        journey_id
        {%- for stage in all %},
        {{ any_true("stage_id = '" ~ stage ~ "'") }} as has_{{ stage }}_evidence,
        max(case when stage_id = '{{ stage }}' then entered_at end) as {{ stage }}_at,
        max(case when stage_id = '{{ stage }}' then entered_date end) as {{ stage }}_date,
        {{ any_true("stage_id = '" ~ stage ~ "' and is_date_only") }} as is_{{ stage }}_date_only,
        {{ any_true("stage_id = '" ~ stage ~ "' and is_time_known") }} as is_{{ stage }}_time_known
        {%- endfor %}
    from ranked
    where entry_rank = 1
    group by journey_id
),

-- The time that a skipped stage is given: that of the next observed stage.
followed as (
    select
        pivoted.*
        {%- for stage in main[:-1] %}
        {%- set later = main[loop.index:] + (["lost"] if stage == "opportunity" else ["lost", "disqualified", "recycled"]) %},
        coalesce({% for next in later %}{{ next }}_at{{ ", " if not loop.last }}{% endfor %}) as after_{{ stage }}_at,
        case
            {%- for next in later %}
            when {{ next }}_at is not null then {{ next }}_date
            {%- endfor %}
        end as after_{{ stage }}_date
        {%- endfor %}
    from pivoted
),

observed as (
    select
        followed.*
        {%- for stage in all %},
        {% if stage in main[:-1] -%}
        has_{{ stage }}_evidence and ({{ stage }}_at is not null or after_{{ stage }}_at is null)
        {%- else -%}
        has_{{ stage }}_evidence
        {%- endif %} as is_{{ stage }}_observed
        {%- endfor %}
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
    -- Some later stage of the main path has an earlier time.
    (
        {%- for earlier in main[:-1] %}
        {%- set outer = loop.index %}
        {%- for later in main[outer:] %}
        (
            is_{{ earlier }}_time_known and is_{{ later }}_time_known
            and {{ is_after(earlier, later) }}
        ){{ " or" if not (outer == main | length - 1 and loop.last) }}
        {%- endfor %}
        {%- endfor %}
    ) as has_time_travel
from placed
