-- One row per journey that marketing handed to sales: with an mql of its own evidence and a
-- known time. It is accepted by an observed sal or any later stage, else rejected by being
-- disqualified or recycled, else open. A journey that seems to end before its handover has no
-- end: nothing could be a response to it.
with stages as (
    select stages.*, journeys.outcome
    from {{ ref('int_journey_stages') }} as stages
    inner join {{ ref('int_journeys') }} as journeys
        on stages.journey_id = journeys.journey_id
    where stages.is_mql_observed and stages.is_mql_time_known
),

decided as (
    select
        journey_id,
        mql_at as handed_at,
        mql_date as handed_date,
        is_mql_date_only as is_handed_date_only,
        case
            when
                is_sal_observed or is_sql_observed or is_opportunity_observed
                or is_won_observed or is_lost_observed
                then 'accepted'
            when is_disqualified_observed or is_recycled_observed then 'rejected'
            else 'open'
        end as decision,
        {{ first_known_entry(["sal", "sql", "opportunity", "won", "lost"]) }} as acceptance,
        case
            when is_recycled_time_known and recycled_at < disqualified_at
                then {{ first_known_entry(["recycled"]) }}
            else {{ first_known_entry(["disqualified", "recycled"]) }}
        end as rejection,
        {{ by_stage("outcome", {
            "won": first_known_entry(["won"]),
            "lost": first_known_entry(["lost"]),
            "disqualified": first_known_entry(["disqualified"]),
            "recycled": first_known_entry(["recycled"]),
        }) }} as ending
    from stages
),

timed as (
    select
        decided.*,
        case decision when 'accepted' then acceptance when 'rejected' then rejection end as decided,
        ending.entered_at as ended_at,
        ending.entered_date as ended_date,
        coalesce(ending.is_date_only, false) as is_ended_date_only
    from decided
),

settled as (
    select
        timed.*,
        not {{ is_after("handed", "ended") }} as has_end
    from timed
)

select
    settled.journey_id,
    journeys.person_id,
    journeys.opportunity_id,
    journeys.lead_source_system,
    journeys.source_lead_id,
    settled.handed_at,
    settled.handed_date,
    settled.is_handed_date_only,
    settled.decision,
    settled.decided.entered_at as decided_at,
    settled.decided.entered_date as decided_date,
    coalesce(settled.decided.is_date_only, false) as is_decided_date_only,
    case when settled.decision = 'rejected' then leads.rejected_reason end as rejected_reason,
    case when settled.has_end then settled.ended_at end as ended_at,
    case when settled.has_end then settled.ended_date end as ended_date,
    settled.is_ended_date_only,
    lead(settled.handed_at) over (
        partition by journeys.person_id
        order by settled.handed_at asc nulls last, settled.journey_id asc nulls last
    ) as next_handed_at,
    {{ resolved("campaign", "campaign_id") }} as campaign_id
from settled
inner join {{ ref('int_journeys') }} as journeys
    on settled.journey_id = journeys.journey_id
left join {{ ref('int_leads') }} as leads
    on journeys.lead_source_system = leads.source_system
    and journeys.source_lead_id = leads.source_id
{{ resolve_record("leads", "campaign_id", ref("int_campaign_records"), "campaign") }}
