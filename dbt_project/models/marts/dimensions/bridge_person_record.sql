select
    cast(person_id as string) as person_id,
    cast(source_system as string) as source_system,
    cast(object_type as string) as object_type,
    cast(case when object_type = 'email' then 'hash:' || source_id else source_id end as string)
        as source_id
from {{ ref('int_person_records') }}
