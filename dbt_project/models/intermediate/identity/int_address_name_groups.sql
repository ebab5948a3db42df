{# Names at one address that are one person's: one row per address and name.

   Where each two of them have a word in common, the address is one person's, who is written
   in several ways or has married. Where two have none in common, or the address is that of a
   function, several people share it: there a name belongs to the one fuller name that says all
   it says (A. Huber to Anna Huber), and to itself where there are none or several. So a name
   between two people (Huber beside Anna Huber and Peter Huber) never makes them one. #}
with names as (
    select
        email_hash,
        person_name,
        min(person_name) over (partition by email_hash) as first_name,
        count(*) over (partition by email_hash) as name_count,
        max(is_role_mailbox) over (partition by email_hash) as is_role_mailbox
    from (
        select
            email_hash,
            person_name,
            max(case when is_role_mailbox then 1 else 0 end) as is_role_mailbox
        from {{ ref('int_address_names') }}
        where person_name is not null
        group by email_hash, person_name
    ) as given
),

{# Addresses with two names that have nothing in common. #}
contradictions as (
    select email_hash
    from {{ ref('int_address_name_pairs') }}
    group by email_hash
    having min(case when has_common_word then 1 else 0 end) = 0
),

covered as (
    select distinct email_hash, person_name
    from {{ ref('int_address_name_pairs') }}
    where is_covered
),

owners as (
    select
        pairs.email_hash,
        pairs.person_name,
        min(pairs.fuller_name) as owner_name
    from {{ ref('int_address_name_pairs') }} as pairs
    left join covered as between_them
        on pairs.email_hash = between_them.email_hash
        and pairs.fuller_name = between_them.person_name
    where pairs.is_covered and between_them.email_hash is null
    group by pairs.email_hash, pairs.person_name
    having count(*) = 1
)

select
    names.email_hash,
    names.person_name,
    case
        when names.is_role_mailbox = 0 and names.name_count <= 100 and contradictions.email_hash is null
            then names.first_name
        else coalesce(owners.owner_name, names.person_name)
    end as group_name
from names
left join contradictions on names.email_hash = contradictions.email_hash
left join owners
    on names.email_hash = owners.email_hash and names.person_name = owners.person_name
