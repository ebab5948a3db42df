-- One row per quota line and day of its period: the line spread evenly. A line without a
-- period's length is that of a month.
with lines as (
    select
        {{ surrogate_key(["'rep_quota'", "quotas.source_system", "quotas._table", "quotas.source_id"]) }} as quota_id,
        {{ resolved("rep", "rep_id") }} as rep_id,
        quotas.source_system,
        quotas.amount,
        quotas.currency,
        quotas.period_start,
        {{ days_between("quotas.period_start", period_end("coalesce(quotas.period_grain, 'month')", "quotas.period_start")) }} as days
    from {{ ref('stg_generic__rep_quotas') }} as quotas
    {{ resolve_record("quotas", "rep_id", ref("int_rep_records"), "rep") }}
),

day_numbers as (
    {{ period_day_rows() }}
)

select
    lines.quota_id,
    {{ add_days("lines.period_start", "day_numbers.day_number - 1") }} as quota_date,
    lines.rep_id,
    lines.source_system,
    lines.currency,
    {{ part_of_day("lines.amount", "day_numbers.day_number", "lines.days") }} as amount
from lines
inner join day_numbers
    on day_numbers.day_number <= lines.days
