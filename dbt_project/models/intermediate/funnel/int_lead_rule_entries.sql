-- Every stage that a lead entered by a rule of the agreement: by its own columns, or by those of
-- its activities. An activity that names no lead is that of its person's latest lead by then.
with leads as (
    select * from {{ ref('int_leads') }}
),

lead_matches as (
    {{ stage_rule_matches("lead", ref("stg_generic__leads")) }}
),

activity_matches as (
    {{ stage_rule_matches("activity", ref("stg_generic__activities")) }}
),

activities as (
    select
        activity_matches.source_system as activity_system,
        activity_matches._table as activity_table,
        activity_matches.source_id as activity_id,
        activity_matches.rule_stage_id,
        activity_matches.rule_at,
        activity_matches.rule_date,
        activity_matches.is_rule_date_only,
        {{ named_person() }} as person_id,
        {{ resolved("lead", "source_system") }} as source_system,
        {{ resolved("lead", "survivor_id") }} as source_id
    from activity_matches
    {{ join_person("activity_matches") }}
),

persons_leads as (
    select
        activities.*,
        leads.source_system as lead_system,
        leads.source_id as lead_id,
        row_number() over (
            partition by
                activities.activity_system,
                activities.activity_table,
                activities.activity_id,
                activities.rule_stage_id
            order by
                leads.created_at desc nulls last,
                leads.source_system asc nulls last,
                leads.source_id asc nulls last
        ) as choice
    from activities
    inner join leads
        on activities.person_id = leads.person_id
    where activities.source_id is null
        and (leads.created_at is null or leads.created_date <= activities.rule_date)
),

entries as (
    select
        records.source_system,
        records.survivor_id as source_id,
        lead_matches.rule_stage_id,
        lead_matches.rule_at,
        lead_matches.rule_date,
        lead_matches.is_rule_date_only
    from lead_matches
    inner join {{ ref('int_person_records') }} as records
        on lead_matches.source_system = records.source_system
        and records.object_type = 'lead'
        and lead_matches.source_id = records.source_id
    union
    select source_system, source_id, rule_stage_id, rule_at, rule_date, is_rule_date_only
    from activities
    where source_id is not null
    union
    select
        lead_system as source_system,
        lead_id as source_id,
        rule_stage_id,
        rule_at,
        rule_date,
        is_rule_date_only
    from persons_leads
    where choice = 1
)

select
    leads.source_system,
    leads.source_id,
    entries.rule_stage_id as stage_id,
    entries.rule_at as entered_at,
    entries.rule_date as entered_date,
    entries.is_rule_date_only as is_date_only,
    true as is_time_known
from entries
inner join leads
    on entries.source_system = leads.source_system
    and entries.source_id = leads.source_id
