{# A merged account stays, so that what names it finds the survivor; a deleted one does not,
   unless something that still exists names it. #}
with records as (
    {{ records_and_references(ref('stg_generic__accounts'), [
        [ref('stg_generic__accounts'), 'merged_into_id', 'true'],
        [ref('stg_generic__contacts'), 'account_id', 'not is_deleted'],
        [ref('stg_generic__opportunities'), 'account_id', 'not is_deleted'],
        [ref('stg_generic__leads'), 'converted_account_id', 'not is_deleted'],
        [ref('stg_generic__activities'), 'account_id', 'not is_deleted'],
        [ref('stg_generic__invoices'), 'account_id', 'true'],
    ], condition='not is_deleted or merged_into_id is not null') }}
)

select
    source_system,
    source_id,
    source_system || '|' || source_id as node_id,
    is_reference_only,
    is_sole_id
from records
