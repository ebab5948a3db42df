{# Which campaign an ad report means by its platform's id or name. One that a source declares:
   of that id, else of that name on that platform, else of that name without a platform, else
   the only one of that name where only one platform reports it; of the report's own source,
   else of the one other source that has any. Else the platform's campaign is one of its own.
   What is reported of a platform as a whole is of no campaign. #}
with spellings as (
    select
        source_system,
        platform,
        campaign_id,
        campaign_name,
        max(report_date) as report_date
    from {{ ref('stg_generic__ad_reports') }}
    group by source_system, platform, campaign_id, campaign_name
),

reported as (
    select
        source_system,
        {{ campaign_reference() }} as campaign_reference,
        {{ reported_campaign_id() }} as source_id,
        {{ folded('platform') }} as platform_key,
        max(platform) as platform,
        campaign_id as named_id,
        case when campaign_id is null then campaign_name end as named_name,
        {{ value_at_max('campaign_name', ['report_date', 'campaign_name']) }} as name
    from spellings
    where {{ campaign_reference() }} <> ''
    group by
        source_system,
        {{ campaign_reference() }},
        {{ reported_campaign_id() }},
        {{ folded('platform') }},
        campaign_id,
        case when campaign_id is null then campaign_name end
),

named as (
    select
        reported.*,
        count(*) over (partition by source_system, named_name) as name_platforms
    from reported
),

declared as (
    select distinct source_system, source_id, name, {{ folded('platform') }} as platform_key
    from {{ ref('stg_generic__campaigns') }}
),

named_declared as (
    select
        declared.*,
        count(*) over (partition by source_system, name) as name_campaigns
    from declared
    where name is not null
),

matches as (
    select
        named.source_system,
        named.campaign_reference,
        declared.source_system as declared_system,
        declared.source_id as declared_id,
        1 as closeness
    from named
    inner join declared
        on named.named_id = declared.source_id
    union all
    select
        named.source_system,
        named.campaign_reference,
        named_declared.source_system as declared_system,
        named_declared.source_id as declared_id,
        case
            when named_declared.platform_key = named.platform_key then 1
            when named_declared.platform_key is null or named.platform_key is null then 2
            when named.name_platforms = 1 and named_declared.name_campaigns = 1 then 3
        end as closeness
    from named
    inner join named_declared
        on named.named_name = named_declared.name
),

ranked as (
    select
        matches.*,
        source_system = declared_system as is_own,
        min(declared_system) over (partition by source_system, campaign_reference)
        = max(declared_system) over (partition by source_system, campaign_reference) as is_sole_system,
        row_number() over (
            partition by source_system, campaign_reference
            order by
                case when source_system = declared_system then 0 else 1 end asc nulls last,
                closeness asc nulls last,
                declared_system asc nulls last,
                declared_id asc nulls last
        ) as choice
    from matches
    where closeness is not null
),

chosen as (
    select source_system, campaign_reference, declared_system, declared_id
    from ranked
    where choice = 1 and (is_own or is_sole_system)
)

select
    named.source_system,
    named.campaign_reference,
    case
        when named.source_id is null then null
        when chosen.declared_id is null
            then {{ record_key('named.source_system', 'named.campaign_reference') }}
        else {{ record_key('chosen.declared_system', 'chosen.declared_id') }}
    end as campaign_id,
    chosen.declared_id is not null as is_declared,
    coalesce(chosen.declared_system, named.source_system) as campaign_system,
    coalesce(chosen.declared_id, named.source_id) as campaign_source_id,
    named.platform,
    named.name
from named
left join chosen
    on named.source_system = chosen.source_system
    and named.campaign_reference = chosen.campaign_reference
