{# The agreed segment of an account whose records name none: the first whose conditions it
   meets. A segment without conditions is nobody's by them. #}
select
    accounts.account_id,
    min({{ struct({'position': 'agreed.position', 'segment': 'agreed.segment'}) }}).segment as segment
from {{ ref('int_accounts') }} as accounts
inner join {{ ref('stg_agreement__segments') }} as agreed
    on accounts.segment is null
    and coalesce(
        cast(agreed.min_employees as string), cast(agreed.max_employees as string), agreed.industry, agreed.country
    ) is not null
    and (agreed.min_employees is null or accounts.employee_count >= agreed.min_employees)
    and (agreed.max_employees is null or accounts.employee_count <= agreed.max_employees)
    and (agreed.industry is null or {{ matches_fully('trim(accounts.industry)', 'agreed.industry') }})
    and (agreed.country is null or {{ matches_fully('trim(accounts.country)', 'agreed.country') }})
group by accounts.account_id
