select
    records.source_system,
    records.object_type,
    records.source_id,
    min(channels.channel_id) as channel_id
from {{ ref('int_record_evidence') }} as records
inner join {{ ref('int_channel_evidence') }} as channels
    on records.evidence_key = channels.evidence_key
group by records.source_system, records.object_type, records.source_id
