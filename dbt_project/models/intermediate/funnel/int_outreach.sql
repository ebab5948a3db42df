-- One row per call, email or meeting by which a rep reached out: about whom, and which lead and
-- deal it names. What the source calls inbound, what a rep of marketing does, and what is planned
-- for after `as_of`, is none.
select
    {{ surrogate_key(["'activity'", "activities.source_system", "activities._table", "activities.source_id"]) }}
        as activity_id,
    {{ named_person() }} as person_id,
    {{ resolved("lead", "source_system") }} as lead_source_system,
    {{ resolved("lead", "survivor_id") }} as source_lead_id,
    {{ resolved("opportunity", "opportunity_id") }} as opportunity_id,
    activities.occurred_at,
    activities.occurred_date,
    activities.is_occurred_date_only
from {{ ref('stg_generic__activities') }} as activities
{{ join_person("activities") }}
{{ resolve_record("activities", "opportunity_id", ref("int_opportunity_records"), "opportunity") }}
{{ resolve_record("activities", "rep_id", ref("int_rep_records"), "rep") }}
left join {{ ref('int_rep_teams') }} as rep_teams
    on {{ resolved("rep", "rep_id") }} = rep_teams.rep_id
where not activities.is_deleted
    and activities.activity_type in ('call', 'email', 'meeting')
    and coalesce(activities.direction, 'outbound') = 'outbound'
    and {{ activity_team() }} = 'sales'
    and activities.occurred_at <= {{ as_of() }}
