-- One row per stage, KPI or promise and who has which role in it: the agreement's lines, then
-- what follows where it has none.
with subjects as (
    select
        'stage' as subject_type,
        stage_id as subject_id,
        accountable_team as own_team
    from {{ ref('stg_agreement__stages') }}
    union all
    select
        'kpi' as subject_type,
        kpi_id as subject_id,
        owner_team as own_team
    from {{ ref('stg_agreement__kpis') }}
    union all
    select
        'promise' as subject_type,
        promise_id as subject_id,
        max(promised_by) as own_team
    from {{ ref('stg_agreement__promises') }}
    group by promise_id
),

-- The lines in roles.csv go before the team that the subject itself names.
accountables as (
    select
        subjects.subject_type,
        subjects.subject_id,
        coalesce(named.team, subjects.own_team) as team,
        named.team is null as is_default
    from subjects
    left join {{ ref('stg_agreement__roles') }} as named
        on subjects.subject_type = named.subject_type
        and subjects.subject_id = named.subject_id
        and named.role = 'accountable'
),

-- Nobody is left uninformed: the other team of each subject, where no line names it.
uninformed as (
    select
        accountables.subject_type,
        accountables.subject_id,
        {{ other_team('accountables.team') }} as team
    from accountables
    left join {{ ref('stg_agreement__roles') }} as named
        on accountables.subject_type = named.subject_type
        and accountables.subject_id = named.subject_id
        and accountables.team <> named.team
    where named.team is null
),

responsibilities as (
    select
        named.subject_type,
        named.subject_id,
        named.role,
        named.team,
        named.function,
        false as is_default
    from {{ ref('stg_agreement__roles') }} as named
    inner join subjects
        on named.subject_type = subjects.subject_type
        and named.subject_id = subjects.subject_id
    union all
    select
        subject_type,
        subject_id,
        'accountable' as role,
        team,
        cast(null as string) as function,
        true as is_default
    from accountables
    where is_default
    union all
    select
        subject_type,
        subject_id,
        'informed' as role,
        team,
        cast(null as string) as function,
        true as is_default
    from uninformed
)

select
    cast(
        {{ surrogate_key(['subject_type', 'subject_id', 'role', 'team', 'function']) }} as string
    ) as responsibility_id,
    cast(subject_type as string) as subject_type,
    cast(subject_id as string) as subject_id,
    cast(role as string) as role,
    cast(team as string) as team,
    cast(function as string) as function,
    cast(is_default as boolean) as is_default
from responsibilities
