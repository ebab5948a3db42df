select
    cast(campaigns.campaign_id as string) as campaign_id,
    cast(campaigns.name as string) as campaign_name,
    cast(campaigns.campaign_type as string) as campaign_type,
    cast(campaigns.platform as string) as platform,
    cast(channels.channel_id as string) as channel_id,
    cast(campaigns.status as string) as status,
    cast(campaigns.starts_on as date) as starts_on,
    cast(campaigns.ends_on as date) as ends_on,
    cast(campaigns.budget as decimal(18, 2)) as budget,
    cast(campaigns.currency as string) as currency,
    cast({{ resolved('rep', 'rep_id') }} as string) as owner_rep_id,
    cast({{ resolved('parent', 'campaign_id') }} as string) as parent_campaign_id,
    cast(campaigns.utm_campaign as string) as utm_campaign,
    cast(campaigns.segment as string) as segment,
    cast(campaigns.region as string) as region,
    cast(campaigns.is_deleted as boolean) as is_deleted,
    cast(campaigns.is_reference_only as boolean) as is_reference_only,
    cast(campaigns.source_system as string) as source_system,
    cast(campaigns.source_id as string) as source_id
from {{ ref('int_campaigns') }} as campaigns
left join {{ ref('int_record_channels') }} as channels
    on channels.object_type = 'campaign'
    and campaigns.campaign_id = channels.source_id
{{ resolve_record('campaigns', 'owner_id', ref('int_rep_records'), 'rep') }}
{{ resolve_record('campaigns', 'parent_id', ref('int_campaign_records'), 'parent') }}
