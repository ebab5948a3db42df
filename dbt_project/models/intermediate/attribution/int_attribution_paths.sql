-- One row per path that attribution learns from: each opportunity on each basis that it has
-- reached (`pipeline`: created, `revenue`: won), and each journey that was closed without. A
-- path counts in the month of its basis event: creation, winning, or the closing without.
{% set losses = ["lost", "disqualified", "recycled"] %}
{% set closed = {"at": {}, "date": {}, "only": {}} %}
{% for stage in losses %}
{% do closed["at"].update({stage: "stages." ~ stage ~ "_at"}) %}
{% do closed["date"].update({stage: "stages." ~ stage ~ "_date"}) %}
{% do closed["only"].update({stage: "stages.is_" ~ stage ~ "_date_only"}) %}
{% endfor %}
with journeys as (
    select
        journeys.journey_id,
        journeys.opportunity_id,
        journeys.person_id,
        attributes.account_id,
        journeys.outcome,
        {{ by_stage("journeys.outcome", closed["at"]) }} as lost_at,
        {{ by_stage("journeys.outcome", closed["date"]) }} as lost_date,
        {{ by_stage("journeys.outcome", closed["only"]) }} as is_lost_date_only,
        case when stages.is_lead_observed then stages.lead_at end as lead_at,
        case when stages.is_lead_observed then stages.lead_date end as lead_date,
        coalesce(stages.is_lead_observed and stages.is_lead_date_only, false) as is_lead_date_only,
        opportunities.created_at,
        opportunities.created_date,
        coalesce(opportunities.is_created_date_only, false) as is_created_date_only,
        opportunities.closing_stage_id = 'won' as is_won,
        opportunities.closed_at,
        opportunities.closed_date,
        opportunities.is_closed_date_only,
        amounts.amount_reporting
    from {{ ref('int_journeys') }} as journeys
    inner join {{ ref('int_journey_stages') }} as stages
        on journeys.journey_id = stages.journey_id
    inner join {{ ref('int_journey_attributes') }} as attributes
        on journeys.journey_id = attributes.journey_id
    left join {{ ref('int_opportunities') }} as opportunities
        on journeys.opportunity_id = opportunities.opportunity_id
    left join {{ ref('int_opportunity_amounts') }} as amounts
        on journeys.opportunity_id = amounts.opportunity_id
),

paths as (
    {% for basis, converted, moment in [
        ("pipeline", "created_at is not null", "created"),
        ("revenue", "is_won and closed_at is not null", "closed"),
        ("pipeline", none, "lost"),
        ("revenue", none, "lost"),
    ] %}
    select
        '{{ basis }}' as basis,
        {{ "true" if converted else "false" }} as is_converted,
        journey_id,
        opportunity_id,
        person_id,
        account_id,
        {{ moment }}_at as basis_at,
        {{ moment }}_date as basis_date,
        is_{{ moment }}_date_only as is_basis_date_only,
        lead_at,
        lead_date,
        is_lead_date_only,
        created_at,
        created_date,
        is_created_date_only,
        amount_reporting
    from journeys
    {% if converted %}
    where {{ converted }}
    {% else %}
    where lost_date is not null
        and outcome in {{ closing_stages() }}
        {{ "and opportunity_id is null" if basis == "pipeline" }}
    {% endif %}
    {{ "union all" if not loop.last }}
    {% endfor %}
)

select
    cast(row_number() over (
        order by basis asc nulls last, is_converted asc nulls last, journey_id asc nulls last
    ) as bigint) as path_number,
    cast({{ period_start("month", "basis_date") }} as date) as basis_month,
    paths.*
from paths
