-- Deal d1 came about by two touches, d2 by one, d3 by none that is known. All models agree.
create table marts.fct_attribution_weights as
select
    opportunity_id, touch_id, basis, basis_date, date '2025-01-01' as basis_month, channel_id,
    'k1' as campaign_id, amount::decimal(18, 2) as amount, weight as first_weight,
    weight as last_weight, weight as last_non_direct_weight, weight as linear_weight,
    weight as time_decay_weight, weight as u_shaped_weight, weight as w_shaped_weight,
    weight as full_path_weight, weight as markov_weight, weight as shapley_weight
from (values
    ('d1', 't1', 'pipeline', date '2025-01-10', 'direct', 100, 0.5::double),
    ('d1', 't3', 'pipeline', date '2025-01-10', 'paid_search', 100, 0.5),
    ('d2', 't3', 'pipeline', date '2025-01-10', 'paid_search', 40, 1),
    ('d3', null, 'pipeline', date '2025-01-10', 'unattributed', 20, 1),
    ('d1', 't1', 'revenue', date '2025-01-20', 'direct', 100, 0.25),
    ('d1', 't3', 'revenue', date '2025-01-20', 'paid_search', 100, 0.75),
    ('d3', null, 'revenue', date '2025-01-20', 'unattributed', 20, 1)
) as t (opportunity_id, touch_id, basis, basis_date, channel_id, amount, weight);
create table marts.fct_attribution as
select
    model, basis, opportunity_id, touch_id, channel_id, campaign_id, basis_date, basis_month,
    linear_weight as weight, linear_weight * amount::double as credit
from marts.fct_attribution_weights
cross join (values ('first'), ('last'), ('last_non_direct'), ('linear'), ('time_decay'),
                   ('u_shaped'), ('w_shaped'), ('full_path'), ('markov'), ('shapley')) as m (model);
create table marts.attribution_by_channel as
select
    model, basis, basis_month, channel_id, sum(credit) as credit,
    case when model in ('markov', 'shapley') then sum(credit) end as credit_exact,
    case when model = 'markov' and channel_id <> 'unattributed' then 0.5 end as removal_effect,
    sum(weight) as conversions,
    case when channel_id = 'paid_search' then 20::decimal(18, 6) end as spend
from marts.fct_attribution
group by model, basis, basis_month, channel_id;
