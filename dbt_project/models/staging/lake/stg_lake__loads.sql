{{ config(materialized='view') }}

{# A snapshot replaces everything before it, also where a table's load mode was changed. #}
with newest as (
    select
        source,
        table_name,
        max(load_id) as newest_load_id,
        max(case when load_mode = 'snapshot' then load_id end) as newest_snapshot_id
    from {{ source('manifest', 'loads') }}
    where state = 'accepted'
    group by source, table_name
)

select
    loads.load_id,
    loads.source as source_system,
    loads.table_name,
    loads.window_start,
    loads.window_end,
    loads.rows_quarantined,
    loads.load_id = newest.newest_load_id as is_newest,
    loads.load_id = newest.newest_load_id and loads.load_mode = 'snapshot' as is_snapshot,
    loads.is_by_file,
    loads.amendment
from {{ source('manifest', 'loads') }} as loads
inner join newest
    on loads.source = newest.source and loads.table_name = newest.table_name
where
    loads.state = 'accepted'
    and loads.load_id >= coalesce(newest.newest_snapshot_id, loads.load_id)
