{#
  One row per week and item: what the two teams have to talk about, in order. A week shows what
  is found at its end, as known then, and what was found in an earlier week and is still open.

  An item stays until actions.csv closes it; the week of its closing is its last. Only leads that
  wait and problems of the data are off as soon as they are gone, unless somebody has decided on
  them. What has been found again by what happened since is a new item, under the old id and with
  the old decision.
  Actions about what was not found in any of the weeks are in the newest one until they are done.
#}
{% set of_action = {"item_kind": "'action'", "title": "'Still to be done: ' || actions.decision"} %}
{% set kinds = ["findings", "breaches", "kpi_moves", "uncalled_leads", "data_problems"] %}
{% set columns = agenda_columns().keys() | list %}
{% set carried = columns | reject("in", ["week_start", "item_id"]) | list %}
{% set last_group = 6 %}
with

findings as (
    {{ agenda_findings() }}
),

breaches as (
    {{ agenda_breaches() }}
),

kpi_moves as (
    {{ agenda_kpi_moves() }}
),

uncalled_leads as (
    {{ agenda_uncalled_leads() }}
),

data_problems as (
    {{ agenda_data_problems() }}
),

all_found as (
    {% for kind in kinds %}
    select {{ columns | join(", ") }} from {{ kind }} where week_start is not null
    {{ "union all" if not loop.last }}
    {% endfor %}
),

actions as (
    select
        item_id,
        decision,
        owner,
        due,
        closed_at,
        {{ period_start("week", "closed_at") }} as closed_week
    from {{ ref('stg_agreement__actions') }}
),

-- What was found until an item was closed, and what was found again since.
found as (
    select
        all_found.*,
        actions.closed_week,
        coalesce(all_found.week_start > actions.closed_week, false) as is_again,
        all_found.item_kind not in ('opportunity', 'data') or actions.item_id is not null as stays
    from all_found
    left join actions
        on all_found.item_id = actions.item_id
    where actions.closed_week is null
        or all_found.week_start <= actions.closed_week
        or all_found.news_since > actions.closed_at
),

spells as (
    select
        item_id,
        is_again,
        max(closed_week) as closed_week,
        min(week_start) as first_week
    from found
    group by item_id, is_again
),

-- Each week of an item, with the newest week in which it was found.
item_weeks as (
    select
        weeks.week_start,
        weeks.week_end,
        spells.item_id,
        spells.is_again,
        spells.first_week,
        coalesce(weeks.week_start = spells.closed_week, false) as is_closed,
        max(found.week_start) as found_week
    from spells
    inner join {{ ref('finding_weeks') }} as weeks
        on spells.first_week <= weeks.week_start
        and (spells.is_again or spells.closed_week is null or weeks.week_start <= spells.closed_week)
    inner join found
        on spells.item_id = found.item_id
        and spells.is_again = found.is_again
        and found.week_start <= weeks.week_start
    group by
        weeks.week_start, weeks.week_end, spells.item_id, spells.is_again, spells.first_week,
        coalesce(weeks.week_start = spells.closed_week, false)
),

newest_week as (
    select max(week_start) as week_start, max(week_end) as week_end from {{ ref('finding_weeks') }}
),

known_items as (
    select distinct item_id from all_found
),

items as (
    select
        item_weeks.week_start,
        item_weeks.week_end,
        item_weeks.item_id,
        item_weeks.first_week,
        item_weeks.found_week,
        item_weeks.is_closed,
        {{ carried | join(", ") }},
        item_weeks.is_closed or item_weeks.found_week < item_weeks.week_start as is_carried
    from item_weeks
    inner join found
        on item_weeks.item_id = found.item_id
        and item_weeks.is_again = found.is_again
        and item_weeks.found_week = found.week_start
    where found.stays or item_weeks.found_week = item_weeks.week_start

    union all

    -- Actions whose item was not found in any of these weeks.
    select
        weeks.week_start,
        weeks.week_end,
        actions.item_id,
        weeks.week_start as first_week,
        cast(null as date) as found_week,
        false as is_closed,
        {%- for name in carried %}
        cast({{ of_action.get(name, "null") }} as {{ agenda_columns()[name] }}) as {{ name }},
        {%- endfor %}
        true as is_carried
    from actions
    inner join newest_week as weeks
        on weeks.week_start is not null
    left join known_items
        on actions.item_id = known_items.item_id
    where known_items.item_id is null and actions.closed_at is null
),

accountables as (
    select subject_type, subject_id, max(team) as team
    from {{ ref('dim_responsibility') }}
    where role = 'accountable'
    group by subject_type, subject_id
),

described as (
    select
        items.*,
        case when items.is_carried then {{ last_group }} else items.priority end as place_of_kind,
        coalesce(
            accountables.team,
            case when items.item_kind = 'data' then 'data' when items.item_kind <> 'action' then 'sales' end
        ) as accountable_team,
        actions.decision,
        actions.owner,
        actions.due,
        actions.closed_at
    from items
    left join accountables
        on items.answerable_type = accountables.subject_type
        and items.answerable_id = accountables.subject_id
    left join actions
        on items.item_id = actions.item_id
)

select
    cast(week_start as date) as week_start,
    cast(item_id as string) as item_id,
    cast(
        row_number() over (
            partition by week_start
            order by place_of_kind asc nulls last, score desc nulls last, item_id asc nulls last
        ) as bigint
    ) as rank,
    cast(case when is_carried and not is_closed then 'action' else item_kind end as string) as item_kind,
    cast(finding as string) as finding,
    cast(
        case when is_closed then 'closed' when week_start = first_week and item_kind <> 'action' then 'new' else 'open' end
        as string
    ) as status,
    cast({{ without_addresses("title") }} as string) as title,
    cast(
        {{ without_addresses("evidence") }}
        || case
            when is_carried and not is_closed then ' Last found in the week of ' || {{ spoken_day("found_week") }} || '.'
            else ''
        end as string
    ) as evidence,
    cast(subject_type as string) as subject_type,
    cast({{ without_addresses("subject_id") }} as string) as subject_id,
    cast({{ without_addresses("subject_name") }} as string) as subject_name,
    cast(kpi_id as string) as kpi_id,
    cast(promise_id as string) as promise_id,
    cast(segment as string) as segment,
    cast(region as string) as region,
    cast(channel_id as string) as channel_id,
    cast(campaign_id as string) as campaign_id,
    cast(score as double) as score,
    cast(measured as double) as measured,
    cast(expected as double) as expected,
    cast(interval_low as double) as interval_low,
    cast(interval_high as double) as interval_high,
    cast(sample_size as bigint) as sample_size,
    cast(value_at_stake as decimal(18, 2)) as value_at_stake,
    cast(accountable_team as string) as accountable_team,
    cast(first_week as date) as first_week,
    cast({{ days_between("first_week", "week_start") }} / 7 + 1 as bigint) as weeks_open,
    cast({{ without_addresses("decision") }} as string) as decision,
    cast({{ without_addresses("owner") }} as string) as owner,
    cast(due as date) as due,
    cast(closed_at as date) as closed_at,
    cast(coalesce(due < week_end, false) and not is_closed as boolean) as is_overdue,
    cast(source_mart as string) as source_mart,
    cast({{ without_addresses("source_filter") }} as string) as source_filter
from described
