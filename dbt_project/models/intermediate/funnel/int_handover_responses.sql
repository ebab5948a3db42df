-- One row per handover that sales followed up: the first time a rep reached out, and how often
-- before the decision. What names the handover's lead or deal belongs to it; what names only a
-- person belongs to the person's handovers until the next one. It counts from the handover to
-- the journey's end; where one of two times is only a date, the dates are compared.
with handovers as (
    select * from {{ ref('int_handovers') }}
),

-- All leads of the journey: a duplicate that was called was called.
handed_leads as (
    select distinct handovers.journey_id, passes.source_system, passes.source_id
    from handovers
    inner join {{ ref('int_journey_passes') }} as passes
        on handovers.journey_id = passes.journey_id
),

named_leads as (
    select distinct source_system, source_id from handed_leads
),

handed_deals as (
    select distinct opportunity_id
    from handovers
    where opportunity_id is not null
),

outreach as (
    select
        outreach.*,
        named_leads.source_id is not null or handed_deals.opportunity_id is not null as is_named
    from {{ ref('int_outreach') }} as outreach
    left join named_leads
        on outreach.lead_source_system = named_leads.source_system
        and outreach.source_lead_id = named_leads.source_id
    left join handed_deals
        on outreach.opportunity_id = handed_deals.opportunity_id
),

matches as (
    select handed_leads.journey_id, outreach.activity_id
    from handed_leads
    inner join outreach
        on handed_leads.source_system = outreach.lead_source_system
        and handed_leads.source_id = outreach.source_lead_id
    union
    select handovers.journey_id, outreach.activity_id
    from handovers
    inner join outreach
        on handovers.opportunity_id = outreach.opportunity_id
    union
    select handovers.journey_id, outreach.activity_id
    from handovers
    inner join outreach
        on handovers.person_id = outreach.person_id
    where not outreach.is_named
        and (handovers.next_handed_at is null or outreach.occurred_at < handovers.next_handed_at)
),

timed as (
    select
        handovers.*,
        outreach.activity_id,
        outreach.occurred_at,
        outreach.occurred_date,
        outreach.is_occurred_date_only
    from matches
    inner join handovers
        on matches.journey_id = handovers.journey_id
    inner join outreach
        on matches.activity_id = outreach.activity_id
),

firsts as (
    select
        journey_id,
        min({{ struct({
            "occurred_at": "occurred_at",
            "activity_id": "activity_id",
            "occurred_date": "occurred_date",
            "is_date_only": "is_occurred_date_only",
        }) }}) as response,
        sum(case when {{ is_after("occurred", "decided") }} then 0 else 1 end) as attempts
    from timed
    where not {{ is_after("handed", "occurred") }}
        and not {{ is_after("occurred", "ended") }}
    group by journey_id
)

select
    journey_id,
    response.activity_id as first_response_activity_id,
    response.occurred_at as first_response_at,
    response.occurred_date as first_response_date,
    response.is_date_only as is_first_response_date_only,
    cast(attempts as bigint) as attempts
from firsts
