-- One row per reason as a source writes it (trimmed, in lower case) and what it was given for:
-- a lost deal or a rejected lead. With what the agreement says it means; the first line that
-- matches, else `other`. There are few distinct reasons, so patterns are read from rows.
with given as (
    select 'lost' as object_type, {{ folded("lost_reason") }} as reason_label
    from {{ ref('stg_generic__opportunities') }}
    union
    select 'rejected' as object_type, {{ folded("rejected_reason") }} as reason_label
    from {{ ref('stg_generic__leads') }}
),

matched as (
    select
        given.object_type,
        given.reason_label,
        min({{ struct({
            "reason_order": "rules.reason_order",
            "reason": "rules.reason",
        }) }}) as first_rule
    from given
    inner join {{ ref('stg_agreement__reasons') }} as rules
        on rules.object_type in (given.object_type, 'both')
        and {{ matches_fully("given.reason_label", "rules.pattern") }}
    group by given.object_type, given.reason_label
)

select
    cast(given.object_type as string) as object_type,
    cast(given.reason_label as string) as reason_label,
    cast(coalesce(matched.first_rule.reason, 'other') as string) as reason
from given
left join matched
    on given.object_type = matched.object_type
    and given.reason_label = matched.reason_label
where given.reason_label is not null and given.reason_label <> ''
