-- One row per journey: whose it is, and what its deal and its lead say of the slices it counts
-- in. Nothing is taken from duplicates that merely joined the journey.
with journeys as (
    select * from {{ ref('int_journeys') }}
),

described as (
    select
        journeys.journey_id,
        journeys.opportunity_id,
        journeys.lead_source_system,
        journeys.source_lead_id,
        opportunities.source_system as opportunity_source_system,
        opportunities.object_type,
        opportunities.source_id as opportunity_source_id,
        coalesce(
            opportunities.account_id,
            {{ resolved("account", "account_id") }},
            person_accounts.account_id
        ) as account_id,
        {{ agreed_segment("opportunities.segment", "opportunity_segments") }} as opportunity_segment,
        {{ agreed_segment("leads.segment", "lead_segments") }} as lead_segment,
        opportunities.region as opportunity_region,
        leads.region as lead_region,
        coalesce(leads.lead_source, opportunities.lead_source) as lead_source,
        opportunities.opportunity_type,
        coalesce(
            {{ resolved("lead_campaign", "campaign_id") }}, {{ resolved("deal_campaign", "campaign_id") }}
        ) as record_campaign_id,
        case
            when opportunities.owner_id is not null then opportunities.source_system
            else leads.source_system
        end as owner_source_system,
        coalesce(opportunities.owner_id, leads.owner_id) as owner_id
    from journeys
    left join {{ ref('int_opportunities') }} as opportunities
        on journeys.opportunity_id = opportunities.opportunity_id
    left join {{ ref('int_leads') }} as leads
        on journeys.lead_source_system = leads.source_system
        and journeys.source_lead_id = leads.source_id
    left join {{ ref('int_person_accounts') }} as person_accounts
        on journeys.person_id = person_accounts.person_id
    {{ join_segment("opportunities.segment", "opportunity_segments") }}
    {{ join_segment("leads.segment", "lead_segments") }}
    {{ resolve_record("leads", "converted_account_id", ref("int_account_records"), "account") }}
    {{ resolve_record("leads", "campaign_id", ref("int_campaign_records"), "lead_campaign") }}
    {{ resolve_record("opportunities", "source_campaign_id", ref("int_campaign_records"), "deal_campaign") }}
),

owned as (
    select
        described.*,
        owner_source_system as source_system
    from described
)

select
    owned.journey_id,
    owned.account_id,
    owned.opportunity_segment,
    owned.lead_segment,
    coalesce(owned.opportunity_region, accounts.region, owned.lead_region) as region,
    {{ resolved("owner", "rep_id") }} as owner_id,
    owned.lead_source,
    owned.opportunity_type,
    owned.record_campaign_id,
    -- The channel that the records themselves tell of, where no touch does.
    coalesce(
        nullif(lead_channels.channel_id, 'unattributed'),
        nullif(deal_channels.channel_id, 'unattributed'),
        'unattributed'
    ) as record_channel_id
from owned
left join {{ ref('int_accounts') }} as accounts
    on owned.account_id = accounts.account_id
left join {{ ref('int_record_channels') }} as lead_channels
    on owned.lead_source_system = lead_channels.source_system
    and lead_channels.object_type = 'lead'
    and owned.source_lead_id = lead_channels.source_id
left join {{ ref('int_record_channels') }} as deal_channels
    on owned.opportunity_source_system = deal_channels.source_system
    and owned.object_type = deal_channels.object_type
    and owned.opportunity_source_id = deal_channels.source_id
{{ resolve_record("owned", "owner_id", ref("int_rep_records"), "owner") }}
