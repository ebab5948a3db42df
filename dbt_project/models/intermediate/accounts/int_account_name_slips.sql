{# Names of one place that are one with a slip of the finger: one row per pair, both ways. #}
with blocks as (
    {{ name_blocks('(select distinct company_name, place as country from ' ~ ref('int_account_names') ~ " where place <> '(any)') as places") }}
)

select distinct
    names.country as place,
    names.company_name,
    others.company_name as other_name
from blocks as names
inner join blocks as others
    on names.country = others.country
    and names.block = others.block
    and names.company_name <> others.company_name
where {{ is_slip('names', 'others') }}
