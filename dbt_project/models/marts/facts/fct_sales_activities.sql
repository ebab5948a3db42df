{# One row per activity of a rep, in the slice of its deal, else of its account, else of its person. #}
with activities as (
    select
        cast({{ surrogate_key(["'activity'", 'activities.source_system', 'activities._table', 'activities.source_id']) }} as string)
            as activity_id,
        cast({{ resolved('rep', 'rep_id') }} as string) as rep_id,
        cast({{ activity_team() }} as string) as team,
        cast({{ named_person() }} as string) as person_id,
        cast(coalesce(
            {{ resolved('account', 'account_id') }},
            {{ resolved('opportunity', 'account_id') }},
            person_accounts.account_id
        ) as string) as account_id,
        cast({{ resolved('opportunity', 'opportunity_id') }} as string) as opportunity_id,
        cast(activities.activity_type as string) as activity_type,
        cast(activities.direction as string) as direction,
        cast(activities.outcome as string) as outcome,
        cast(activities.occurred_at as timestamp) as occurred_at,
        cast(activities.occurred_date as date) as occurred_date,
        cast(activities.is_occurred_date_only as boolean) as is_occurred_date_only,
        cast(activities.duration_minutes as decimal(18, 2)) as duration_minutes,
        cast(activities.source_system as string) as source_system,
        cast(activities.source_id as string) as source_activity_id
    from {{ ref('stg_generic__activities') }} as activities
    {{ join_person('activities') }}
    left join {{ ref('int_person_accounts') }} as person_accounts
        on {{ named_person() }} = person_accounts.person_id
    {{ resolve_record('activities', 'rep_id', ref('int_rep_records'), 'rep') }}
    left join {{ ref('int_rep_teams') }} as rep_teams
        on {{ resolved('rep', 'rep_id') }} = rep_teams.rep_id
    {{ resolve_record('activities', 'account_id', ref('int_account_records'), 'account') }}
    {{ resolve_record('activities', 'opportunity_id', ref('int_opportunity_records'), 'opportunity') }}
    where not activities.is_deleted
)

select
    activities.activity_id,
    activities.rep_id,
    activities.team,
    activities.person_id,
    activities.account_id,
    activities.opportunity_id,
    activities.activity_type,
    activities.direction,
    activities.outcome,
    activities.occurred_at,
    activities.occurred_date,
    activities.is_occurred_date_only,
    activities.duration_minutes,
    activities.source_system,
    activities.source_activity_id,
    cast(coalesce(deals.segment, accounts.segment, persons.segment) as string) as segment,
    cast(coalesce(deals.region, accounts.region, persons.region) as string) as region
from activities
left join {{ ref('int_rep_teams') }} as rep_teams
    on activities.rep_id = rep_teams.rep_id
left join {{ ref('fct_opportunities') }} as deals
    on activities.opportunity_id = deals.opportunity_id
left join {{ ref('dim_account') }} as accounts
    on activities.account_id = accounts.account_id
left join {{ ref('dim_person') }} as persons
    on activities.person_id = persons.person_id
