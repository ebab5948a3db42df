-- Filled when a release is published: the warehouse holds only its shape.
select
    cast(null as string) as release_id,
    cast(null as timestamp) as published_at,
    cast(null as timestamp) as as_of,
    cast(null as string) as agreement_version,
    cast(null as boolean) as is_signed,
    cast(null as string) as git_revision,
    cast(null as string) as tandem_version
where false
