with records as (
    {{ records_and_references(ref('stg_generic__reps'), [
        [ref('stg_generic__reps'), 'manager_id', 'true'],
        [ref('stg_generic__rep_quotas'), 'rep_id', 'true'],
        [ref('stg_generic__leads'), 'owner_id', 'not is_deleted'],
        [ref('stg_generic__contacts'), 'owner_id', 'not is_deleted'],
        [ref('stg_generic__accounts'), 'owner_id', 'not is_deleted'],
        [ref('stg_generic__campaigns'), 'owner_id', 'not is_deleted'],
        [ref('stg_generic__opportunities'), 'owner_id', 'not is_deleted'],
        [ref('stg_generic__opportunities'), 'created_by_id', 'not is_deleted'],
        [ref('stg_generic__stage_changes'), 'changed_by_id', 'true'],
        [ref('stg_generic__activities'), 'rep_id', 'not is_deleted'],
        [ref('stg_generic__sales_feedback'), 'rep_id', 'true'],
    ]) }}
)

select
    source_system,
    source_id,
    {{ record_key('source_system', 'source_id') }} as rep_id,
    is_reference_only,
    is_sole_id
from records
