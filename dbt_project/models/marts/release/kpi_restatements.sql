-- Filled when a release is published: the warehouse holds only its shape.
select
    cast(null as string) as release_id,
    cast(null as timestamp) as published_at,
    cast(null as string) as kpi_id,
    cast(null as string) as period_grain,
    cast(null as date) as period_start,
    cast(null as string) as segment,
    cast(null as string) as channel_id,
    cast(null as string) as region,
    cast(null as double) as first_value,
    cast(null as string) as first_release_id,
    cast(null as timestamp) as first_published_at,
    cast(null as double) as previous_value,
    cast(null as double) as value,
    cast(null as string) as cause,
    cast(null as string) as agreement_version,
    cast(null as string) as previous_agreement_version,
    cast(null as string) as details
where false
