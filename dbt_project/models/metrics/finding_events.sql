{# One row per family of events, week in which they are judged, week since which they count as
   gone wrong (empty: they did not), and subject: how many there are. What looks at a week sees
   only what was known by its end.

   - lost_on_price: deals that were lost for a known reason; wrong: on price
   - slow_response: leads handed to sales that were to be answered by then; wrong: they were not
   - rejected_leads: leads handed to sales 14 days before; wrong: rejected, from then on
   - closed_deals: closed deals of new business; what counts as "wrong" is that they were won #}
{% set subjects = {
    "segment": "segment", "region": "region", "channel": "channel_id", "campaign": "campaign_id", "owner": "owner_id"
} %}
{% set decision_days = 14 %}
with deals as (
    select
        deals.segment,
        deals.region,
        nullif(deals.channel_id, 'unattributed') as channel_id,
        funnel.campaign_id,
        deals.owner_id,
        deals.closed_date,
        deals.is_won,
        coalesce(deals.opportunity_type, 'new') = 'new' as is_new_business,
        deals.amount_reporting,
        reasons.reason
    from {{ ref('fct_opportunities') }} as deals
    inner join {{ ref('fct_funnel') }} as funnel
        on deals.journey_id = funnel.journey_id
    left join {{ ref('int_reasons') }} as reasons
        on reasons.object_type = 'lost'
        and {{ folded("deals.lost_reason") }} = reasons.reason_label
    where deals.is_closed and deals.closed_date is not null
),

-- Sources whose leads name their campaigns.
naming_sources as (
    select distinct lead_source_system
    from {{ ref('int_handovers') }}
    where campaign_id is not null
),

-- A lead's campaign is the one it names; that of its first touch only where leads name none. It
-- is judged by the rep who had it as a lead: a deal's owner only has those that were accepted.
handed as (
    select
        leads.segment,
        leads.region,
        nullif(leads.channel_id, 'unattributed') as channel_id,
        case
            when naming_sources.lead_source_system is not null then handovers.campaign_id
            else leads.campaign_id
        end as campaign_id,
        coalesce({{ resolved("rep", "rep_id") }}, leads.owner_id) as owner_id,
        leads.handed_date,
        cast({{ utc_to_local('leads.due_at', '(select timezone from ' ~ ref('stg_agreement__company') ~ ')') }} as date) as due_date,
        leads.within_promise,
        leads.rejected_date
    from {{ ref('fct_lead_response') }} as leads
    inner join {{ ref('int_handovers') }} as handovers
        on leads.journey_id = handovers.journey_id
    left join naming_sources
        on handovers.lead_source_system = naming_sources.lead_source_system
    left join {{ ref('int_leads') }} as records
        on handovers.lead_source_system = records.source_system
        and handovers.source_lead_id = records.source_id
    {{ resolve_record("records", "owner_id", ref("int_rep_records"), "rep") }}
),

judged as (
    select
        'lost_on_price' as family,
        {{ subjects.values() | join(", ") }},
        closed_date as judged_date,
        case when reason = 'price' then closed_date end as bad_date,
        amount_reporting
    from deals
    where not is_won and reason is not null

    union all

    select
        'slow_response' as family,
        {{ subjects.values() | join(", ") }},
        due_date as judged_date,
        case when not within_promise then due_date end as bad_date,
        cast(null as decimal(18, 2)) as amount_reporting
    from handed
    where within_promise is not null

    union all

    select
        'rejected_leads' as family,
        {{ subjects.values() | join(", ") }},
        {{ add_days("handed_date", decision_days) }} as judged_date,
        case
            when rejected_date is not null
                then greatest({{ add_days("handed_date", decision_days) }}, rejected_date)
        end as bad_date,
        cast(null as decimal(18, 2)) as amount_reporting
    from handed

    union all

    select
        'closed_deals' as family,
        {{ subjects.values() | join(", ") }},
        closed_date as judged_date,
        case when is_won then closed_date end as bad_date,
        amount_reporting
    from deals
    where is_new_business
)

select
    cast(family as string) as family,
    {{ period_start("week", "judged_date") }} as judged_week,
    {{ period_start("week", "bad_date") }} as bad_week,
    {% for name, column in subjects.items() -%}
    cast({{ column }} as string) as {{ name }},
    {% endfor -%}
    cast(count(*) as bigint) as event_count,
    cast(sum(case when bad_date is not null then amount_reporting else 0 end) as double) as bad_amount,
    cast(count(case when bad_date is not null then amount_reporting end) as bigint) as bad_amount_count
from judged
-- As far back as the first reviewed week looks: a year.
where judged_date > {{ add_days(as_of_date(), -79 * 7) }}
    and judged_date <= {{ as_of_date() }}
group by
    family, {{ period_start("week", "judged_date") }}, {{ period_start("week", "bad_date") }},
    {{ subjects.values() | join(", ") }}
