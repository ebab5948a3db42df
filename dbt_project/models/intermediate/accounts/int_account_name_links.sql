{# Companies that may be another by their name: one row per pair, with how sure that is. Only a
   record without a domain, and without a place in a hierarchy, is matched by its name: two
   companies with domains of their own stay two, whatever they are called. From 0.8 on the two
   are one account. #}
with loose as (
    select distinct company_id, company_name, place
    from {{ ref('int_account_names') }}
    where not has_domain and not is_in_hierarchy
),

same_name as (
    select
        loose.company_id,
        places.company_id as other_id,
        'same name' as reason,
        0.8 as confidence
    from loose
    inner join {{ ref('int_account_name_places') }} as places
        on loose.company_name = places.company_name
        and loose.place = places.place
    where places.company_id is not null
),

{# A name of many companies, such as that of a trade, is no lead to follow. #}
rare_names as (
    select company_name
    from {{ ref('int_account_names') }}
    group by company_name
    having count(distinct company_id) <= 10
),

same_name_of_several as (
    select
        loose.company_id,
        names.company_id as other_id,
        'same name, and several companies or countries' as reason,
        0.5 as confidence
    from loose
    inner join rare_names on loose.company_name = rare_names.company_name
    inner join {{ ref('int_account_names') }} as names on loose.company_name = names.company_name
),

{# A name that only records without a domain have may be a slip of exactly one other. #}
slips as (
    select
        slips.place,
        slips.company_name,
        slips.other_name,
        own.company_id,
        other.company_id as other_id,
        own.settled_count = 0 as is_loose,
        count(*) over (partition by slips.place, slips.company_name) as other_count,
        count(*) over (partition by slips.place, slips.other_name) as back_count,
        other.settled_count as other_settled_count
    from {{ ref('int_account_name_slips') }} as slips
    inner join {{ ref('int_account_name_places') }} as own
        on slips.place = own.place and slips.company_name = own.company_name
    inner join {{ ref('int_account_name_places') }} as other
        on slips.place = other.place and slips.other_name = other.company_name
),

same_but_for_a_slip as (
    select
        company_id,
        other_id,
        'same name but for a slip' as reason,
        case
            when other_count = 1 and (other_settled_count = 1 or back_count = 1) then 0.8 else 0.5
        end as confidence
    from slips
    where is_loose and other_id is not null
),

links as (
    select * from same_name
    union all
    select * from same_name_of_several
    union all
    select * from same_but_for_a_slip
),

pairs as (
    select
        company_id,
        other_id,
        max(confidence) as confidence,
        {{ value_at_max('reason', ['confidence', 'reason']) }} as reason
    from links
    where company_id <> other_id
    group by company_id, other_id
),

{# A record with two names must not make the two companies of those names one. #}
counted as (
    select
        pairs.*,
        sum(case when confidence >= 0.8 then 1 else 0 end) over (partition by company_id) as sure_count
    from pairs
)

select
    company_id,
    other_id,
    reason,
    cast(case when confidence >= 0.8 and sure_count > 1 then 0.5 else confidence end as double) as confidence
from counted
