select
    cast('{{ env_var("TANDEM_BUILD_ID", "unnamed") }}' as string) as build_id,
    {{ as_of() }} as as_of,
    cast('{{ env_var("TANDEM_AGREEMENT_VERSION", "unknown") }}' as string) as agreement_version
