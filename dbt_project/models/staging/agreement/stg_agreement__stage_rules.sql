select
    cast(rule_id as string) as rule_id,
    cast(stage_id as string) as stage_id,
    cast(source as string) as source,
    cast(object_type as string) as object_type,
    cast(field as string) as field,
    cast(operator as string) as operator,
    cast(value as string) as value,
    cast(timestamp_field as string) as timestamp_field
from {{ current_agreement('stage_rules') }}
