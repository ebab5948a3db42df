select
    cast(subject_type as string) as subject_type,
    cast(subject_id as string) as subject_id,
    cast(role as string) as role,
    cast(team as string) as team,
    cast(function as string) as function
from {{ current_agreement('roles') }}
