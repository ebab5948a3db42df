{% set main = main_stages() %}
{# Per stage, what int_journey_stages calls its columns. #}
{% set observed = {} %}{% set times = {} %}{% set dates = {} %}{% set known = {} %}
{% for stage in all_stages() %}
{% set is_observed = "stages.is_" ~ stage ~ "_observed" %}
{% do observed.update({stage: is_observed}) %}
{% do known.update({stage: "stages.is_" ~ stage ~ "_time_known"}) %}
{% for part, columns in [("at", times), ("date", dates)] %}
{% set own = "stages." ~ stage ~ "_" ~ part %}
{% set next = "stages.after_" ~ stage ~ "_" ~ part %}
{% set either = "case when " ~ is_observed ~ " then " ~ own ~ " else " ~ next ~ " end" %}
{% do columns.update({stage: either if stage in main[:-1] else own}) %}
{% endfor %}
{% endfor %}
with stages as (
    select * from {{ ref('int_journey_stages') }}
),

stage_ids as (
    {{ stage_rows() }}
),

-- A stage is entered if it is observed, or lies on the main path before the furthest reached.
events as (
    select
        stages.journey_id,
        stage_ids.stage_id,
        {{ by_stage("stage_ids.stage_id", times) }} as entered_at,
        {{ by_stage("stage_ids.stage_id", dates) }} as entered_date,
        {{ by_stage("stage_ids.stage_id", observed) }} as is_observed,
        {{ by_stage("stage_ids.stage_id", known) }} as is_time_known,
        stage_ids.stage_rank <= {{ main | length }}
        and stage_ids.stage_rank <= stages.furthest_reached as is_implied
    from stages
    cross join stage_ids
)

select
    events.journey_id,
    funnel.person_id,
    funnel.account_id,
    funnel.opportunity_id,
    events.stage_id,
    events.entered_at,
    events.entered_date,
    not events.is_observed as is_inferred,
    events.is_observed and events.is_time_known as is_time_known,
    funnel.source_system,
    funnel.source_lead_id,
    funnel.source_opportunity_id,
    funnel.first_touch_channel_id as channel_id,
    funnel.segment,
    funnel.region,
    funnel.owner_id,
    funnel.opportunity_type
from events
inner join {{ ref('fct_funnel') }} as funnel
    on events.journey_id = funnel.journey_id
where events.is_observed or events.is_implied
