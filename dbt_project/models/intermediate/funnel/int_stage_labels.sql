-- What every label that occurs means. Joined on the label as the source writes it, so that
-- the trimming and the case folding happen once per label and not once per record.
with labels as (
    select source_system, 'lead' as object_type, status as label
    from {{ ref('stg_generic__leads') }}
    union
    select source_system, 'opportunity' as object_type, stage as label
    from {{ ref('stg_generic__opportunities') }}
    union
    select source_system, object_type, to_stage as label
    from {{ ref('stg_generic__stage_changes') }}
),

meanings as (
    select
        source,
        object_type,
        {{ folded('label') }} as label_key,
        min(stage_id) as stage_id
    from {{ ref('stg_agreement__stage_labels') }}
    group by source, object_type, {{ folded('label') }}
)

select
    labels.source_system,
    labels.object_type,
    labels.label,
    coalesce(own_meanings.stage_id, shared_meanings.stage_id) as stage_id
from labels
left join meanings as own_meanings
    on labels.source_system = own_meanings.source
    and labels.object_type = own_meanings.object_type
    and {{ folded('labels.label') }} = own_meanings.label_key
left join meanings as shared_meanings
    on shared_meanings.source = '*'
    and labels.object_type = shared_meanings.object_type
    and {{ folded('labels.label') }} = shared_meanings.label_key
where {{ folded('labels.label') }} is not null
