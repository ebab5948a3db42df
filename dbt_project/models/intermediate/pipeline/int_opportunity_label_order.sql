-- One row per source and pair of stage labels of open deals where the first is the earlier one:
-- in more deals it was entered first than the other way round. A company's labels within one
-- stage have no other order that is known.
with first_entries as (
    select
        source_system,
        opportunity_id,
        stage_label,
        min(event_number) as event_number
    from {{ ref('int_opportunity_events') }}
    where is_open and stage_label is not null
    group by source_system, opportunity_id, stage_label
),

pairs as (
    select
        earlier.source_system,
        earlier.stage_label as earlier_label,
        later.stage_label as later_label,
        count(*) as deals
    from first_entries as earlier
    inner join first_entries as later
        on earlier.opportunity_id = later.opportunity_id
        and earlier.event_number < later.event_number
    group by earlier.source_system, earlier.stage_label, later.stage_label
)

select
    pairs.source_system,
    pairs.earlier_label,
    pairs.later_label
from pairs
left join pairs as reverse_pairs
    on pairs.source_system = reverse_pairs.source_system
    and pairs.earlier_label = reverse_pairs.later_label
    and pairs.later_label = reverse_pairs.earlier_label
where pairs.deals > coalesce(reverse_pairs.deals, 0)
