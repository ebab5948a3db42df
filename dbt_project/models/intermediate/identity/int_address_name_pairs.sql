{# Names at one address, two and two, the fuller one as `fuller_name`: whether they have a word
   in common, of at least three letters and perhaps in its short form, or of any length beside
   another that agrees (A. Li and Anna Li); and whether the fuller one says all that the other
   says. An address of more than
   a hundred names is not compared: it is shared, whatever they are. #}
with names as (
    select
        email_hash,
        person_name,
        count(*) over (partition by email_hash) as name_count
    from (
        select distinct email_hash, person_name
        from {{ ref('int_address_names') }}
        where person_name is not null
    ) as given
),

words as (
    select distinct
        email_hash,
        person_name,
        {{ text_parts('person_name', ' ') }} as word
    from names
    where name_count between 2 and 100
),

sizes as (
    select email_hash, person_name, count(*) as word_count
    from words
    group by email_hash, person_name
),

pairs as (
    select
        names.email_hash,
        names.person_name,
        names.word_count,
        fuller.person_name as fuller_name
    from sizes as names
    inner join sizes as fuller
        on names.email_hash = fuller.email_hash
        and names.person_name <> fuller.person_name
    where names.word_count < fuller.word_count
        or (names.word_count = fuller.word_count and length(names.person_name) < length(fuller.person_name))
        or (
            names.word_count = fuller.word_count
            and length(names.person_name) = length(fuller.person_name)
            and names.person_name < fuller.person_name
        )
),

compared as (
    select
        pairs.email_hash,
        pairs.person_name,
        pairs.fuller_name,
        words.word,
        {{ any_true(
            'length(words.word) >= 3 and length(others.word) >= 3 and (' ~ same_word('words.word', 'others.word') ~ ')'
        ) }} as is_common,
        {{ any_true('words.word = others.word') }} as is_equal,
        {{ any_true(same_word('words.word', 'others.word')) }} as is_said
    from pairs
    inner join words
        on pairs.email_hash = words.email_hash and pairs.person_name = words.person_name
    inner join words as others
        on pairs.email_hash = others.email_hash and pairs.fuller_name = others.person_name
    group by pairs.email_hash, pairs.person_name, pairs.fuller_name, words.word
)

select
    email_hash,
    person_name,
    fuller_name,
    {{ any_true('is_common') }}
    or ({{ any_true('is_equal') }} and sum(case when is_said then 1 else 0 end) >= 2) as has_common_word,
    min(case when is_said then 1 else 0 end) = 1 as is_covered
from compared
group by email_hash, person_name, fuller_name
