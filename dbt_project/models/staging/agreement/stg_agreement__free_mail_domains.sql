select
    cast(domain as string) as domain
from {{ current_agreement('free_mail_domains') }}
