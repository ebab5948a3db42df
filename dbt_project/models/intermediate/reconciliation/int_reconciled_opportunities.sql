{#
  One row per measure and opportunity or conversion as its source counts it, beside what counts
  here, with the cause where the two differ.
#}
{# measure, value of the source, our value, whose day it counts on #}
{% set measures = [
    ("opportunities", "1", "1", "created"),
    ("opportunity_amount", "source_amount", "our_amount", "created"),
    ("wins", "case when is_won_in_source then 1 end", "case when is_won_here then 1 end", "closed"),
    ("won_amount", "case when is_won_in_source then source_amount end", "case when is_won_here then our_amount end", "closed"),
] %}
with labels as (
    select * from {{ ref('int_stage_labels') }} where object_type = 'opportunity'
),

all_rows as (
    select
        deals.source_system,
        'opportunity' as object_type,
        deals.source_id,
        deals.created_date,
        deals.closed_date,
        deals.amount,
        deals.currency,
        coalesce(deals.is_won, coalesce(labels.stage_id = 'won', false)) as is_won,
        deals.is_deleted,
        deals.updated_at,
        deals._load_id,
        deals._table
    from {{ ref('stg_generic__opportunities') }} as deals
    left join labels
        on deals.source_system = labels.source_system
        and deals.stage = labels.label

    union all

    select
        source_system,
        'conversion' as object_type,
        source_id,
        occurred_date as created_date,
        occurred_date as closed_date,
        amount,
        currency,
        true as is_won,
        false as is_deleted,
        cast(null as timestamp) as updated_at,
        _load_id,
        _table
    from {{ ref('stg_generic__conversions') }}
),

source_rows as (
    select
        all_rows.*,
        row_number() over (
            partition by source_system, object_type, source_id
            order by
                is_deleted asc nulls first,
                updated_at desc nulls last,
                _load_id desc nulls last,
                _table asc nulls last
        ) as row_rank
    from all_rows
),

paired as (
    select
        source_rows.source_system,
        source_rows.object_type,
        source_rows.source_id,
        source_rows.is_deleted,
        source_rows.row_rank,
        source_rows.currency,
        source_rows.created_date as source_created_date,
        source_rows.closed_date as source_closed_date,
        source_rows.is_won as is_won_in_source,
        source_rows.amount as source_amount,
        ours.opportunity_id is not null as is_here,
        ours.created_date as our_created_date,
        ours.closed_date as our_closed_date,
        -- A win counts on its closing day, and nowhere without one.
        coalesce(ours.closing_stage_id = 'won' and ours.closed_date is not null, false) as is_won_here,
        coalesce(ours.closing_stage_id = 'won' and ours.closed_date is null, false) as is_undated_win,
        amounts.amount as our_amount
    from source_rows
    left join {{ ref('int_opportunities') }} as ours
        on source_rows.source_system = ours.source_system
        and source_rows.object_type = ours.object_type
        and source_rows.source_id = ours.source_id
        and source_rows.row_rank = 1
        and not source_rows.is_deleted
    left join {{ ref('int_opportunity_amounts') }} as amounts
        on ours.opportunity_id = amounts.opportunity_id
),

measured as (
    {% for measure, source_value, our_value, day in measures %}
    select
        case
            when object_type = 'conversion'
                then '{{ "conversion_amount" if "amount" in measure else "conversions" }}'
            else '{{ measure }}'
        end as measure,
        source_system,
        source_id,
        {{ "currency" if "amount" in measure else "cast(null as string)" }} as currency,
        source_{{ day }}_date as source_date,
        cast({{ source_value }} as decimal(38, 6)) as source_value,
        our_{{ day }}_date as our_date,
        cast(case when is_here then {{ our_value }} end as decimal(38, 6)) as our_value,
        is_deleted,
        row_rank,
        is_undated_win
    from paired
    {%- if day == "closed" %}
    where object_type = 'opportunity'
    {%- endif %}
    {{ "union all" if not loop.last }}
    {% endfor %}
)

select
    measure,
    source_system,
    source_id,
    currency,
    source_date,
    source_value,
    our_date,
    our_value,
    case
        when is_deleted then 'deleted upstream'
        when row_rank > 1 then 'repeated in another table'
        when is_undated_win and our_value is null then 'no closing date'
        when source_value is null or our_value is null then 'stage known from the history'
        when source_date is null then 'closing day known from the history'
        when abs(source_value - our_value) < 0.01 then 'rounded to cents'
        else 'unexplained'
    end as cause
from measured
where source_value is not null or our_value is not null
