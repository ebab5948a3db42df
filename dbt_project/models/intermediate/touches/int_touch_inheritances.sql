-- One row per touch that tells of no channel itself, and came in a session that does: a form
-- that was filled in has the channel that brought the visitor. The session is the last one
-- before it within 30 minutes or on its day, else the first after it on its day.
with mute as (
    select
        touches.touch_id,
        touches.anonymous_id,
        touches.occurred_at,
        touches.occurred_date,
        touches.is_occurred_date_only
    from {{ ref('int_touch_events') }} as touches
    inner join {{ ref('int_channel_evidence') }} as evidence
        on touches.evidence_key = evidence.evidence_key
    where evidence.channel_id = 'unattributed' and touches.anonymous_id is not null
),

visitors as (
    select distinct anonymous_id from mute
),

sessions as (
    select
        touches.touch_id,
        touches.anonymous_id,
        touches.occurred_at,
        touches.occurred_date,
        evidence.channel_id
    from {{ ref('int_touch_events') }} as touches
    inner join visitors
        on touches.anonymous_id = visitors.anonymous_id
    inner join {{ ref('int_channel_evidence') }} as evidence
        on touches.evidence_key = evidence.evidence_key
    where touches.touch_type in ('web_session', 'ad_click')
        and evidence.channel_id <> 'unattributed'
),

-- A session of the evening before may reach over midnight.
sessions_by_day as (
    select *, occurred_date as day, true as is_same_day
    from sessions
    union all
    select *, {{ add_days("occurred_date", 1) }} as day, false as is_same_day
    from sessions
),

distances as (
    select
        mute.touch_id,
        sessions.touch_id as session_id,
        sessions.channel_id,
        sessions.is_same_day,
        mute.is_occurred_date_only,
        {{ microseconds_between("sessions.occurred_at", "mute.occurred_at") }} as microseconds
    from mute
    inner join sessions_by_day as sessions
        on mute.anonymous_id = sessions.anonymous_id
        and mute.occurred_date = sessions.day
),

ranked as (
    select
        touch_id,
        channel_id,
        row_number() over (
            partition by touch_id
            order by
                case when microseconds >= 0 then 0 else 1 end asc nulls last,
                abs(microseconds) asc nulls last,
                session_id asc nulls last
        ) as choice
    from distances
    where is_same_day
        or (not is_occurred_date_only and microseconds between 0 and 1800000000)
)

select touch_id, channel_id
from ranked
where choice = 1
