-- One row per model, basis, month and channel that has credit or spend in that month. Markov
-- may also give to a channel that only lost journeys passed, on their way to one that won others.
--
-- Opportunities of which nothing is known are outside of any estimate: theirs is exact. A channel
-- whose opportunities all lack an amount has no credit; one without opportunities has 0.
with credits as (
    select
        basis,
        basis_month,
        channel_id,
        {%- for model in attribution_models() %}
        {{ exact_sum(model ~ "_weight * cast(amount as double)") }} as {{ model }}_credit,
        {{ exact_sum(model ~ "_weight") }} as {{ model }}_conversions,
        {%- endfor %}
        count(*) as weight_count
    from {{ ref('fct_attribution_weights') }}
    group by basis, basis_month, channel_id
),

bases as (
    select 'pipeline' as basis
    union all
    select 'revenue' as basis
),

spends as (
    select
        bases.basis,
        spending.spend_month,
        spending.channel_id,
        sum(spending.spend_reporting) as spend
    from (
        select
            {{ period_start("month", "spend_date") }} as spend_month,
            channel_id,
            spend_reporting
        from {{ ref('fct_ad_spend') }}
    ) as spending
    cross join bases
    group by bases.basis, spending.spend_month, spending.channel_id
),

places as (
    select
        basis,
        basis_month,
        channel_id
    from credits
    union
    select
        basis,
        spend_month as basis_month,
        channel_id
    from spends
    union
    select
        basis,
        basis_month,
        channel_id
    from {{ ref('int_attribution_estimates') }}
),

joined as (
    select
        places.basis as place_basis,
        places.basis_month as place_month,
        places.channel_id as place_channel_id,
        credits.*,
        count(credits.linear_credit) over (
            partition by places.basis, places.basis_month
        ) as month_credits,
        spends.spend,
        estimates.markov_value,
        estimates.shapley_value,
        estimates.markov_removal_effect
    from places
    left join credits
        on places.basis = credits.basis
        and places.basis_month = credits.basis_month
        and places.channel_id = credits.channel_id
    left join spends
        on places.basis = spends.basis
        and places.basis_month = spends.spend_month
        and places.channel_id = spends.channel_id
    left join {{ ref('int_attribution_estimates') }} as estimates
        on places.basis = estimates.basis
        and places.basis_month = estimates.basis_month
        and places.channel_id = estimates.channel_id
),

by_model as (
    {% for model in attribution_models() %}
    select
        '{{ model }}' as model,
        place_basis as basis,
        place_month as basis_month,
        place_channel_id as channel_id,
        case when weight_count is null then 0 else {{ model }}_credit end as credit,
        {% if model in ('markov', 'shapley') -%}
        case
            when month_credits = 0 and weight_count is not null then null
            when weight_count is null or place_channel_id <> 'unattributed'
                then coalesce({{ model }}_value, 0)
            else {{ model }}_credit
        end
        {%- else -%}
        cast(null as double)
        {%- endif %} as credit_exact,
        {{ "markov_removal_effect" if model == "markov" else "cast(null as double)" }} as removal_effect,
        coalesce({{ model }}_conversions, 0) as conversions,
        spend
    from joined
    {{ "union all" if not loop.last }}
    {% endfor %}
)

select
    cast(model as string) as model,
    cast(basis as string) as basis,
    cast(basis_month as date) as basis_month,
    cast(channel_id as string) as channel_id,
    cast(credit as double) as credit,
    cast(credit_exact as double) as credit_exact,
    cast(removal_effect as double) as removal_effect,
    cast(conversions as double) as conversions,
    cast(spend as decimal(18, 6)) as spend,
    cast(credit / nullif(cast(spend as double), 0) as double) as roas
from by_model
