{# When a visitor id was seen together with a person: links that a source reports, the visitor
   id of a lead or contact, and every touch or conversion that names both. Ids are compared
   across systems: visitor ids are long random texts, and the system that links one is rarely
   the system that tracked it. #}
with evidence as (
    select source_system, anonymous_id, contact_id, lead_id, email_hash, observed_at
    from {{ ref('stg_generic__identity_links') }}
    union all
    select
        source_system,
        anonymous_id,
        cast(null as string) as contact_id,
        source_id as lead_id,
        cast(null as string) as email_hash,
        created_at as observed_at
    from {{ ref('stg_generic__leads') }}
    where not is_deleted or merged_into_id is not null
    union all
    select
        source_system,
        anonymous_id,
        source_id as contact_id,
        cast(null as string) as lead_id,
        cast(null as string) as email_hash,
        created_at as observed_at
    from {{ ref('stg_generic__contacts') }}
    where not is_deleted or merged_into_id is not null
    union all
    select source_system, anonymous_id, contact_id, lead_id, email_hash, occurred_at as observed_at
    from {{ ref('stg_generic__conversions') }}
    union all
    select source_system, anonymous_id, contact_id, lead_id, email_hash, occurred_at as observed_at
    from {{ ref('int_touch_events') }}
),

named as (
    select *
    from evidence
    where
        anonymous_id is not null
        and (contact_id is not null or lead_id is not null or email_hash is not null)
)

select distinct
    named.source_system,
    named.anonymous_id,
    {{ named_person() }} as person_id,
    named.observed_at
from named
{{ join_person('named') }}
where {{ named_person() }} is not null
