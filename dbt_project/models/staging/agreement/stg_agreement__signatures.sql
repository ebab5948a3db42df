select
    cast(team as string) as team,
    cast(agreement_version as string) as agreement_version,
    cast(signed_on as date) as signed_on
from {{ current_agreement('signatures') }}
