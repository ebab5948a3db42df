{# One row per human, without anything that names one. An attribute is that of the newest
   record that has it, else of the person's account. #}
with records as (
    select
        source_system,
        'lead' as object_type,
        source_id,
        created_at,
        created_date,
        coalesce(updated_at, created_at, cast('0001-01-01 00:00:00' as timestamp)) as known_at,
        segment,
        region,
        country,
        industry
    from {{ ref('stg_generic__leads') }}
    where not is_deleted and merged_into_id is null
    union all
    select
        source_system,
        'contact' as object_type,
        source_id,
        created_at,
        created_date,
        coalesce(updated_at, created_at, cast('0001-01-01 00:00:00' as timestamp)) as known_at,
        cast(null as string) as segment,
        region,
        country,
        cast(null as string) as industry
    from {{ ref('stg_generic__contacts') }}
    where not is_deleted and merged_into_id is null
    union all
    select
        source_system,
        'conversion' as object_type,
        source_id,
        occurred_at as created_at,
        occurred_date as created_date,
        occurred_at as known_at,
        segment,
        region,
        cast(null as string) as country,
        cast(null as string) as industry
    from {{ ref('stg_generic__conversions') }}
),

attributes as (
    select
        keys.person_id,
        {% for name in ['segment', 'region', 'country', 'industry'] -%}
        {{ value_at_max('records.' ~ name, [
            'records.known_at', 'records.object_type', 'records.source_system', 'records.source_id', 'records.' ~ name
        ]) }} as {{ name }},
        {% endfor %}
        min(records.created_at) as first_seen_at,
        min(records.created_date) as first_seen_date
    from records
    inner join {{ ref('int_person_records') }} as keys
        on records.source_system = keys.source_system
        and records.object_type = keys.object_type
        and records.source_id = keys.source_id
    group by keys.person_id
),

touches as (
    select
        person_id,
        min(occurred_at) as first_seen_at,
        min(occurred_date) as first_seen_date,
        count(*) as touch_count
    from {{ ref('int_touches') }}
    where person_id is not null
    group by person_id
),

persons as (
    select
        person_id,
        sum(case when object_type = 'lead' then 1 else 0 end) as lead_count,
        sum(case when object_type = 'contact' then 1 else 0 end) as contact_count,
        sum(case when object_type = 'email' then 1 else 0 end) as address_count,
        sum(case when object_type = 'conversion' then 1 else 0 end) as conversion_count
    from {{ ref('int_person_records') }}
    group by person_id
)

select
    cast(persons.person_id as string) as person_id,
    cast(person_accounts.account_id as string) as account_id,
    cast(least(
        coalesce(attributes.first_seen_at, touches.first_seen_at),
        coalesce(touches.first_seen_at, attributes.first_seen_at)
    ) as timestamp) as first_seen_at,
    cast(least(
        coalesce(attributes.first_seen_date, touches.first_seen_date),
        coalesce(touches.first_seen_date, attributes.first_seen_date)
    ) as date) as first_seen_date,
    cast(
        persons.lead_count + persons.contact_count + persons.address_count > 0 as boolean
    ) as is_known,
    cast(coalesce({{ agreed_segment('attributes.segment', 'segments') }}, accounts.segment) as string) as segment,
    cast(coalesce(attributes.region, accounts.region) as string) as region,
    cast(coalesce(attributes.country, accounts.country) as string) as country,
    cast(coalesce(attributes.industry, accounts.industry) as string) as industry,
    cast(persons.lead_count as bigint) as lead_count,
    cast(persons.contact_count as bigint) as contact_count,
    cast(persons.address_count as bigint) as address_count,
    cast(persons.conversion_count as bigint) as conversion_count,
    cast(coalesce(touches.touch_count, 0) as bigint) as touch_count
from persons
left join attributes on persons.person_id = attributes.person_id
{{ join_segment('attributes.segment', 'segments') }}
left join touches on persons.person_id = touches.person_id
left join {{ ref('int_person_accounts') }} as person_accounts
    on persons.person_id = person_accounts.person_id
left join {{ ref('dim_account') }} as accounts
    on person_accounts.account_id = accounts.account_id
