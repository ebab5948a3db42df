-- Every stage that an opportunity or conversion gives evidence of. Its record is evidence of
-- `opportunity`, dated or not; its closing of won, lost, disqualified or recycled, at the closing
-- time that int_opportunities settles or at none. Labels and the agreement's stage rules may also tell of the stages before: an opportunity that is still being qualified was so from
-- its creation on, so such a stage is entered no later than that.
with opportunities as (
    select * from {{ ref('int_opportunities') }}
),

labels as (
    select *
    from {{ ref('int_stage_labels') }}
    where object_type = 'opportunity' and stage_id in ('lead', 'mql', 'sal', 'sql', 'opportunity')
),

rule_matches as (
    {{ stage_rule_matches("opportunity", ref("stg_generic__opportunities")) }}
),

changes as (
    select
        opportunities.opportunity_id,
        opportunities.created_at,
        opportunities.created_date,
        opportunities.is_created_date_only,
        labels.stage_id,
        history.changed_at,
        history.changed_date,
        history.is_changed_date_only
    from {{ ref('stg_generic__stage_changes') }} as history
    inner join labels
        on history.source_system = labels.source_system
        and history.to_stage = labels.label
    inner join opportunities
        on history.source_system = opportunities.source_system
        and history.object_id = opportunities.source_id
        and opportunities.object_type = 'opportunity'
    where history.object_type = 'opportunity'

    union all

    select
        opportunity_id,
        created_at,
        created_date,
        is_created_date_only,
        label_stage_id as stage_id,
        stage_changed_at as changed_at,
        stage_changed_date as changed_date,
        is_stage_changed_date_only as is_changed_date_only
    from opportunities
    where label_stage_id in ('lead', 'mql', 'sal', 'sql', 'opportunity')
        and closing_stage_id is null

    union all

    select
        opportunities.opportunity_id,
        opportunities.created_at,
        opportunities.created_date,
        opportunities.is_created_date_only,
        rule_matches.rule_stage_id as stage_id,
        rule_matches.rule_at as changed_at,
        rule_matches.rule_date as changed_date,
        rule_matches.is_rule_date_only as is_changed_date_only
    from rule_matches
    inner join opportunities
        on rule_matches.source_system = opportunities.source_system
        and rule_matches.source_id = opportunities.source_id
        and opportunities.object_type = 'opportunity'
    where rule_matches.rule_stage_id in ('lead', 'mql', 'sal', 'sql', 'opportunity')
),

label_entries as (
    select
        opportunity_id,
        stage_id,
        case
            when changed_at is null or changed_at > created_at then created_at else changed_at
        end as entered_at,
        case
            when changed_at is null or changed_at > created_at then created_date
            else changed_date
        end as entered_date,
        case
            when changed_at is null or changed_at > created_at then is_created_date_only
            else is_changed_date_only
        end as is_date_only,
        changed_at is not null as is_time_known
    from changes
    -- The creation dates `opportunity`, wherever it is known.
    where stage_id <> 'opportunity' or created_at is null
)

select
    opportunity_id,
    'opportunity' as stage_id,
    created_at as entered_at,
    created_date as entered_date,
    is_created_date_only as is_date_only,
    created_at is not null as is_time_known
from opportunities

union all

select
    opportunity_id,
    closing_stage_id as stage_id,
    closed_at as entered_at,
    closed_date as entered_date,
    is_closed_date_only as is_date_only,
    closed_at is not null as is_time_known
from opportunities
where closing_stage_id is not null

union all

select * from label_entries
