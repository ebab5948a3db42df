{# Names at one web domain that agree: one row per name and other name, both ways. Names agree where
   one begins with the whole other ("Alpha", "Alpha Sales") or is it but for a slip; a first word in
   common is not enough ("Hotel Adler", "Hotel Post"). With the name that the domain spells, another
   agrees in any order of words: at rioverde.example, "Rio Verde" is "Verde Rio" and "Grupo Rio Verde".
   `closeness` is 1 for a slip, 2 where the other name is the shorter, 3 where it is the longer. #}
with names as (
    select * from {{ ref('int_domain_names') }}
),

blocks as (
    {{ name_blocks('(select company_name, domain as country from names) as at_domains') }}
),

slips as (
    select distinct
        blocks.country as domain,
        blocks.company_name,
        others.company_name as other_name
    from blocks
    inner join blocks as others
        on blocks.country = others.country
        and blocks.block = others.block
        and blocks.company_name <> others.company_name
    where {{ is_slip('blocks', 'others') }}
),

beginnings as (
    {% for pattern in name_beginnings() %}
    select domain, company_name, {{ first_group('company_name', pattern) }} as beginning
    from names
    {{ "union" if not loop.last }}
    {% endfor %}
),

words as (
    select distinct domain, company_name, is_spelled, {{ text_parts('company_name', ' ') }} as word
    from names
),

counted_words as (
    select
        words.*,
        count(*) over (partition by domain, company_name) as word_count
    from words
),

same_words as (
    select
        words.domain,
        words.company_name,
        spelled.company_name as spelled_name
    from counted_words as words
    inner join counted_words as spelled
        on words.domain = spelled.domain
        and words.word = spelled.word
        and words.company_name <> spelled.company_name
    where spelled.is_spelled
    group by words.domain, words.company_name, spelled.company_name
    having count(*) = min(words.word_count) or count(*) = min(spelled.word_count)
),

longer_and_shorter as (
    select beginnings.domain, beginnings.company_name as longer, names.company_name as shorter
    from beginnings
    inner join names
        on beginnings.domain = names.domain
        and beginnings.beginning = names.company_name
    where beginnings.company_name <> names.company_name
    union
    select
        domain,
        case when length(company_name) > length(spelled_name) then company_name else spelled_name end as longer,
        case when length(company_name) > length(spelled_name) then spelled_name else company_name end as shorter
    from same_words
),

links as (
    select domain, company_name, other_name, 1 as closeness from slips
    union all
    select domain, longer as company_name, shorter as other_name, 2 as closeness from longer_and_shorter
    union all
    select domain, shorter as company_name, longer as other_name, 3 as closeness from longer_and_shorter
)

select domain, company_name, other_name, min(closeness) as closeness
from links
group by domain, company_name, other_name
