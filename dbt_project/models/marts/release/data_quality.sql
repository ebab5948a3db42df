-- Filled when a release is published: the warehouse holds only its shape.
select
    cast(null as string) as gate,
    cast(null as string) as asset,
    cast(null as string) as expectation,
    cast(null as string) as severity,
    cast(null as boolean) as passed,
    cast(null as bigint) as failed_rows,
    cast(null as bigint) as checked_rows,
    cast(null as string) as message,
    cast(null as timestamp) as checked_at
where false
