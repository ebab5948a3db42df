{# The account that a person's own records name: that of the newest contact, else that of the
   newest converted lead. #}
with candidates as (
    select source_system, 'contact' as object_type, source_id, account_id, created_at, 1 as priority
    from {{ ref('stg_generic__contacts') }}
    where not is_deleted and merged_into_id is null and account_id is not null
    union all
    select
        source_system,
        'lead' as object_type,
        source_id,
        converted_account_id as account_id,
        coalesce(converted_at, created_at) as created_at,
        2 as priority
    from {{ ref('stg_generic__leads') }}
    where not is_deleted and merged_into_id is null and converted_account_id is not null
),

ranked as (
    select
        persons.person_id,
        {{ resolved('account', 'account_id') }} as account_id,
        row_number() over (
            partition by persons.person_id
            order by
                candidates.priority asc nulls last,
                candidates.created_at desc nulls last,
                candidates.source_system asc nulls last,
                candidates.source_id asc nulls last,
                candidates.account_id asc nulls last
        ) as choice
    from candidates
    inner join {{ ref('int_person_identifiers') }} as persons
        on candidates.source_system = persons.source_system
        and candidates.object_type = persons.object_type
        and candidates.source_id = persons.source_id
    {{ resolve_record('candidates', 'account_id', ref('int_account_records'), 'account') }}
)

select person_id, account_id
from ranked
where choice = 1
