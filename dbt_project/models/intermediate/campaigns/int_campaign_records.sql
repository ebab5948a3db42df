{# Every way a row names a campaign: by the campaign's id, or by its name, written
   'name:<name>', as ad exports without ids do. What no campaign row has is a campaign too. #}
with campaign_keys as (
    select distinct source_system, source_id, source_id as campaign_source_id
    from {{ ref('stg_generic__campaigns') }}
    union all
    select source_system, 'name:' || name as source_id, min(source_id) as campaign_source_id
    from {{ ref('stg_generic__campaigns') }}
    where name is not null
    group by source_system, name
),

records as (
    {{ records_and_references('campaign_keys', [
        [ref('stg_generic__ad_reports'), campaign_reference(), 'true'],
        [ref('stg_generic__touches'), 'campaign_id', 'true'],
        [ref('stg_generic__leads'), 'campaign_id', 'not is_deleted'],
        [ref('stg_generic__opportunities'), 'campaign_id', 'not is_deleted'],
        [ref('stg_generic__campaign_members'), 'campaign_id', 'true'],
        [ref('stg_generic__email_events'), 'campaign_id', 'true'],
        [ref('stg_generic__marketing_plans'), 'campaign_id', 'true'],
        [ref('stg_generic__sales_feedback'), 'campaign_id', 'true'],
    ]) }}
)

select
    records.source_system,
    records.source_id,
    {{ record_key('records.source_system', 'coalesce(campaign_keys.campaign_source_id, records.source_id)') }}
        as campaign_id,
    coalesce(campaign_keys.campaign_source_id, records.source_id) as campaign_source_id,
    records.is_reference_only,
    records.is_sole_id
from records
left join campaign_keys
    on records.source_system = campaign_keys.source_system
    and records.source_id = campaign_keys.source_id
