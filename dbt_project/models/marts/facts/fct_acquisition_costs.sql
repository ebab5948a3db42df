-- What winning customers costs: ad spend beside the other costs of marketing and sales, one row
-- per day, team and category. A cost without a team is theirs; one of another team is not.
with costs as (
    select cost_date, team, category, amount_reporting
    from {{ ref('fct_costs') }}
    where team is null or team in ('marketing', 'sales')
    union all
    select
        spend_date as cost_date, 'marketing' as team, 'ad_spend' as category,
        spend_reporting as amount_reporting
    from {{ ref('fct_ad_spend') }}
)

select
    cast(cost_date as date) as cost_date,
    cast(coalesce(team, '(none)') as string) as team,
    cast(coalesce(category, '(none)') as string) as category,
    cast(sum(amount_reporting) as decimal(38, 6)) as amount_reporting
from costs
group by cost_date, coalesce(team, '(none)'), coalesce(category, '(none)')
