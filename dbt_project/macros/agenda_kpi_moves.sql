{#
  KPIs that surely miss or beat their target, with what explains the newest period that has ended
  and has a target, or else the newest month (`kpi_drivers`): the member of each dimension that
  did most in the direction of the miss.
#}
{% macro agenda_kpi_moves() %}
with moves as (
    select
        found.*,
        {{ add_days("found.week_start", 6) }} as week_end,
        kpis.kpi_name,
        kpis.kind,
        kpis.direction,
        kpis.unit,
        case when found.measured > found.target then 1 else -1 end as side
    from {{ ref('finding_kpi_moves') }} as found
    inner join {{ ref('dim_kpi') }} as kpis
        on found.kpi_id = kpis.kpi_id
),

newest_periods as (
    select
        weeks.week_start,
        periods.period_grain,
        max(periods.period_start) as period_start
    from {{ ref('finding_weeks') }} as weeks
    inner join {{ ref('kpi_periods') }} as periods
        on periods.period_grain in ('week', 'month', 'quarter')
        and periods.period_end <= weeks.week_end
    group by weeks.week_start, periods.period_grain
),

drivers as (
    select
        moves.week_start,
        moves.kpi_id,
        moves.kind,
        moves.unit,
        moves.side,
        drivers.period_grain,
        drivers.period_start,
        drivers.comparison,
        drivers.dimension,
        drivers.member,
        drivers.rate_effect,
        drivers.mix_effect,
        drivers.total_effect,
        -- Its target explains a miss. Where it has none for a single period of its own, the month
        -- before does.
        dense_rank() over (
            partition by moves.week_start, moves.kpi_id
            order by
                drivers.comparison desc nulls last,
                case drivers.period_grain when 'month' then 1 when 'quarter' then 2 else 3 end asc nulls last
        ) as choice
    from moves
    inner join newest_periods
        on moves.week_start = newest_periods.week_start
    inner join {{ ref('kpi_drivers') }} as drivers
        on moves.kpi_id = drivers.kpi_id
        and newest_periods.period_grain = drivers.period_grain
        and newest_periods.period_start = drivers.period_start
        and drivers.dimension in ('segment', 'channel_id')
        and (drivers.comparison = 'target' or (drivers.comparison = 'previous' and drivers.period_grain = 'month'))
    where moves.segment = '(all)'
),

ranked as (
    select
        drivers.*,
        {{ exact_sum("total_effect", over="partition by week_start, kpi_id, dimension") }} as whole_move,
        {{ spoken_value("total_effect", "unit") }}
        || case
            when kind = 'ratio'
                then ': rate ' || {{ spoken_value("rate_effect", "unit") }} || ', mix ' || {{ spoken_value("mix_effect", "unit") }}
            else ''
        end as told_effect,
        row_number() over (
            partition by week_start, kpi_id, dimension
            order by
                case member when '(rest)' then 1 else 0 end asc nulls last,
                total_effect * side desc nulls last,
                member asc nulls last
        ) as place
    from drivers
    where choice = 1
),

explained as (
    select
        week_start,
        kpi_id,
        ' In the ' || min(period_grain) || ' from ' || min({{ spoken_day("period_start") }}) || ' it '
        || case min(comparison) when 'target' then 'was ' else 'moved by ' end
        || max(case when dimension = 'segment' then {{ spoken_value("whole_move", "unit") }} else '' end)
        || case min(comparison) when 'target' then ' from its target' else ' against the month before' end
        || '; most of it by '
        || max(case when dimension = 'segment' then 'segment ' || member || ' (' || told_effect || ')' else '' end)
        || max(case when dimension = 'channel_id' then ' and channel ' || member || ' (' || told_effect || ')' else '' end)
        || '.' as explanation
    from ranked
    where place = 1
    group by week_start, kpi_id
)

select {{ agenda_row({
    "week_start": "moves.week_start",
    "item_id": surrogate_key(["'kpi_move'", "moves.kpi_id", "moves.segment"]),
    "item_kind": "'kpi_move'",
    "subject_type": "'kpi'", "subject_id": "moves.kpi_id", "subject_name": "moves.kpi_name",
    "kpi_id": "moves.kpi_id", "segment": "case when moves.segment <> '(all)' then moves.segment end",
    "priority": "3", "score": "abs(moves.measured / nullif(moves.target, 0) - 1)",
    "title": "moves.kpi_name || case when moves.segment <> '(all)' then ' of segment ' || moves.segment else '' end
      || case when moves.side > 0 then ' is above its target: ' else ' is below its target: ' end
      || " ~ spoken_value("moves.measured", "moves.unit") ~ " || ' in 13 weeks, against '
      || " ~ spoken_value("moves.target", "moves.unit") ~ " || '.'",
    "evidence": "'In the 13 weeks to ' || " ~ spoken_day("moves.week_end") ~ " || '; as its weeks vary, between '
      || " ~ spoken_value("moves.interval_low", "moves.unit") ~ " || ' and '
      || " ~ spoken_value("moves.interval_high", "moves.unit") ~ " || ', though ' || cast(moves.test_count as string)
      || ' targets were looked at.' || coalesce(explained.explanation, '')",
    "measured": "moves.measured", "expected": "moves.target",
    "interval_low": "moves.interval_low", "interval_high": "moves.interval_high", "sample_size": "moves.sample_size",
    "value_at_stake": "case when moves.unit = 'currency' then abs(moves.measured - moves.target) end",
    "answerable_type": "'kpi'", "answerable_id": "moves.kpi_id",
    "news_since": add_days("moves.week_start", -84),
    "source_mart": "'kpi_scorecard'",
    "source_filter": "'kpi_id = ' || " ~ in_quotes("moves.kpi_id") ~ " || ' and period_grain = ''week'' and segment = '
      || " ~ in_quotes("moves.segment") ~ " || ' and channel_id = ''(all)'' and region = ''(all)'' and '
      || " ~ days_filter("period_start", add_days("moves.week_start", -84), "moves.week_start"),
}) }}
from moves
left join explained
    on moves.week_start = explained.week_start
    and moves.kpi_id = explained.kpi_id
    and moves.segment = '(all)'
{% endmacro %}
