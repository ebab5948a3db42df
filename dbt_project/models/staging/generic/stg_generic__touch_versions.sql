-- depends_on: {{ ref('stg_lake__parts') }}
{# Taking URLs apart costs more than all that follows, so each row of the lake has it done once. #}
{{ config(materialized='by_part', parts='stg_lake__parts', part='_load_id') }}

select
    {{ surrogate_key(["'touch'", 'source_system', '_table', 'source_id']) }} as touch_id,
    source_system,
    source_id,
    occurred_at,
    {{ report_date('occurred_at') }} as occurred_date,
    {{ is_date_only('occurred_at') }} as is_occurred_date_only,
    touch_type,
    anonymous_id,
    email_hash,
    email_domain,
    lead_id,
    contact_id,
    campaign_id,
    channel,
    {{ touch_texts() }},
    _table,
    _load_id,
    _file,
    _line
from {{ source('lake', 'touch') }}
where _load_id in (select loads.load_id from {{ ref('stg_lake__loads') }} as loads)
