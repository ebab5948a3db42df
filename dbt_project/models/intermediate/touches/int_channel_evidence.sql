with evidence as (
    select evidence_key, {{ channel_evidence_columns() | join(', ') }}
    from {{ ref('int_touch_events') }}
    union
    select evidence_key, {{ channel_evidence_columns() | join(', ') }}
    from {{ ref('int_record_evidence') }}
)

select
    evidence_key,
    {{ channel_of_evidence() }} as channel_id
from evidence
-- depends_on: {{ ref('stg_agreement__channel_rules') }}
