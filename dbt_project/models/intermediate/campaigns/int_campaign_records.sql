{# Which campaign an id means. What no campaign row has is a campaign too, be it that ad reports
   have it or that anything else names it. An id that several platforms of a source use, and no
   campaign row has, means none of them. #}
with known_ids as (
    select distinct
        source_system,
        source_id,
        {{ record_key('source_system', 'source_id') }} as campaign_id,
        false as is_reference_only
    from {{ ref('stg_generic__campaigns') }}
    union all
    select
        campaign_system as source_system,
        campaign_source_id as source_id,
        case when min(campaign_id) = max(campaign_id) then min(campaign_id) end as campaign_id,
        true as is_reference_only
    from {{ ref('int_ad_campaigns') }}
    where not is_declared and campaign_id is not null
    group by campaign_system, campaign_source_id
),

records as (
    {{ records_and_references('known_ids', [
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
    case
        when records.is_reference_only
            then {{ record_key('records.source_system', 'records.source_id') }}
        else known_ids.campaign_id
    end as campaign_id,
    records.is_reference_only or known_ids.is_reference_only as is_reference_only,
    records.is_sole_id
from records
left join known_ids
    on records.source_system = known_ids.source_system
    and records.source_id = known_ids.source_id
