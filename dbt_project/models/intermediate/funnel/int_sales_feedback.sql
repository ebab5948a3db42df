-- One row per feedback: the journey it is about, which is that of the deal it names, else of
-- the lead it names: of several the latest that began by then, else the first.
with feedback as (
    select
        {{ surrogate_key(["'sales_feedback'", "given.source_system", "given._table", "given.source_id"]) }} as feedback_id,
        given.source_system,
        given.recorded_at,
        given.recorded_date,
        given.feedback_type,
        given.topic,
        {{ resolved("rep", "rep_id") }} as rep_id,
        {{ resolved("opportunity", "opportunity_id") }} as opportunity_id,
        {{ resolved("campaign", "campaign_id") }} as campaign_id,
        {{ resolved("product", "product_id") }} as product_id,
        {{ resolved("lead", "person_id") }} as lead_person_id,
        {{ resolved("lead", "source_system") }} as lead_source_system,
        {{ resolved("lead", "survivor_id") }} as source_lead_id
    from {{ ref('stg_generic__sales_feedback') }} as given
    {{ resolve_record("given", "rep_id", ref("int_rep_records"), "rep") }}
    {{ resolve_record("given", "opportunity_id", ref("int_opportunity_records"), "opportunity") }}
    {{ resolve_record("given", "campaign_id", ref("int_campaign_records"), "campaign") }}
    {{ resolve_record("given", "product_id", ref("int_product_records"), "product") }}
    {{ resolve_record("given", "lead_id", ref("int_person_records"), "lead", "lead") }}
),

pass_journeys as (
    select
        feedback.feedback_id,
        passes.journey_id,
        row_number() over (
            partition by feedback.feedback_id
            order by
                case when passes.begins_at <= feedback.recorded_at then 0 else 1 end asc nulls last,
                case when passes.begins_at <= feedback.recorded_at then passes.begins_at end desc nulls last,
                passes.begins_at asc nulls last,
                passes.pass_number asc nulls last,
                passes.journey_id asc nulls last
        ) as choice
    from feedback
    inner join {{ ref('int_journey_passes') }} as passes
        on feedback.lead_source_system = passes.source_system
        and feedback.source_lead_id = passes.source_id
    where feedback.opportunity_id is null
)

select
    feedback.feedback_id,
    feedback.source_system,
    feedback.recorded_at,
    feedback.recorded_date,
    feedback.feedback_type,
    feedback.topic,
    feedback.rep_id,
    feedback.opportunity_id,
    feedback.campaign_id,
    feedback.product_id,
    feedback.lead_person_id,
    coalesce(deal_journeys.journey_id, pass_journeys.journey_id) as journey_id
from feedback
left join {{ ref('int_journeys') }} as deal_journeys
    on feedback.opportunity_id = deal_journeys.opportunity_id
left join pass_journeys
    on feedback.feedback_id = pass_journeys.feedback_id
    and pass_journeys.choice = 1
