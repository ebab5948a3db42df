{% macro agenda_findings() %}
with named as (
    select
        found.*,
        {{ add_days("found.week_start", 6) }} as week_end,
        {{ add_days("found.week_start", "-7 * (found.window_weeks - 1)") }} as first_day,
        {{ without_addresses("coalesce(campaigns.campaign_name, channels.channel_name, reps.rep_name, found.subject_id)") }} as subject_name,
        case found.subject_type
            when 'segment' then 'segment ' when 'region' then 'region ' when 'channel' then 'channel '
            when 'campaign' then 'campaign ' else 'rep '
        end as kind_of_subject,
        promises.promise_id
    from {{ ref('finding_subjects') }} as found
    left join {{ ref('dim_campaign') }} as campaigns
        on found.subject_type = 'campaign'
        and found.subject_id = campaigns.campaign_id
    left join {{ ref('dim_channel') }} as channels
        on found.subject_type = 'channel'
        and found.subject_id = channels.channel_id
    left join {{ ref('dim_rep') }} as reps
        on found.subject_type = 'owner'
        and found.subject_id = reps.rep_id
    left join (
        select min(promise_id) as promise_id from {{ ref('dim_promise') }} where measure = 'response_minutes'
    ) as promises
        on found.finding = 'slow_response'
),

worded as (
    select
        named.*,
        kind_of_subject || coalesce(subject_name, '') as subject,
        case finding when 'budget_without_wins' then 1 - share else share end as told_share,
        case finding when 'budget_without_wins' then 1 - peers_share else peers_share end as told_peers_share,
        case finding
            when 'budget_without_wins' then {{ whole_number("event_count - bad_count") }}
            else {{ whole_number("bad_count") }}
        end || ' of ' || {{ whole_number("event_count") }} as told_counts,
        case finding
            when 'budget_without_wins' then {{ whole_number("peer_count - peer_bad_count") }}
            else {{ whole_number("peer_bad_count") }}
        end || ' of ' || {{ whole_number("peer_count") }} as told_peer_counts,
        case finding when 'budget_without_wins' then 1 - interval_high else interval_low end as told_low,
        case finding when 'budget_without_wins' then 1 - interval_low else interval_high end as told_high
    from named
)

select {{ agenda_row({
    "week_start": "week_start", "item_id": "item_id", "item_kind": "'finding'", "finding": "finding",
    "subject_type": "subject_type", "subject_id": "subject_id", "subject_name": "subject_name",
    "promise_id": "promise_id",
    "segment": "case subject_type when 'segment' then subject_id end",
    "region": "case subject_type when 'region' then subject_id end",
    "channel_id": "case subject_type when 'channel' then subject_id end",
    "campaign_id": "case subject_type when 'campaign' then subject_id end",
    "priority": "1", "score": "value_at_stake",
    "title": "case finding
        when 'lost_on_price' then 'Deals of ' || subject || ' are lost on price more often than others: '
          || " ~ percent("told_share") ~ " || ' of its lost deals, elsewhere ' || " ~ percent("told_peers_share") ~ " || '.'
        when 'slow_response' then 'Leads of ' || subject || ' wait longer than promised: '
          || " ~ percent("told_share") ~ " || ' are not answered in time, elsewhere ' || " ~ percent("told_peers_share") ~ " || '.'
        when 'rejected_leads' then 'Leads of ' || subject || ' do not fit what sales needs: '
          || " ~ percent("told_share") ~ " || ' are turned down, elsewhere ' || " ~ percent("told_peers_share") ~ " || '.'
        when 'wins_without_budget' then 'Deals of ' || subject || ' are won often, with little budget behind them: '
          || " ~ percent("told_share") ~ " || ' won, elsewhere ' || " ~ percent("told_peers_share") ~ " || '; '
          || " ~ percent("budget_share") ~ " || ' of the ad spend for ' || " ~ percent("pipeline_share") ~ " || ' of the new pipeline.'
        else 'Deals of ' || subject || ' get much budget and are seldom won: '
          || " ~ percent("told_share") ~ " || ' won, elsewhere ' || " ~ percent("told_peers_share") ~ " || '; '
          || " ~ percent("budget_share") ~ " || ' of the ad spend for ' || " ~ percent("pipeline_share") ~ " || ' of the new pipeline.'
      end",
    "evidence": "told_counts || case finding
        when 'lost_on_price' then ' deals lost for a known reason were lost on price'
        when 'slow_response' then ' leads that were due had no answer in the promised time'
        when 'rejected_leads' then ' leads handed over were turned down'
        else ' closed deals of new business were won'
      end || ' (' || " ~ percent("told_share") ~ " || '; 95 % interval ' || " ~ percent("told_low") ~ " || ' to ' || " ~ percent("told_high") ~ "
      || '). All others: ' || told_peer_counts || ' (' || " ~ percent("told_peers_share") ~ " || '). In the '
      || cast(window_weeks as string) || ' weeks to ' || " ~ spoken_day("week_end") ~ " || '. Surely '
      || cast(cast(sure_difference * 100 as decimal(18, 1)) as string) || ' points apart, though '
      || cast(test_count as string) || ' groups were compared at once. At stake: '
      || " ~ spoken_amount("value_at_stake") ~ " || ' a quarter.'",
    "measured": "told_share", "expected": "told_peers_share", "interval_low": "told_low", "interval_high": "told_high",
    "sample_size": "event_count", "value_at_stake": "value_at_stake",
    "answerable_type": "case finding when 'slow_response' then 'promise' when 'lost_on_price' then 'stage' when 'rejected_leads' then 'stage' else 'kpi' end",
    "answerable_id": "case finding when 'slow_response' then promise_id when 'lost_on_price' then 'lost' when 'rejected_leads' then 'mql' else 'spend' end",
    "news_since": "week_start",
    "source_mart": "case finding when 'slow_response' then 'fct_lead_response' when 'rejected_leads' then 'fct_lead_response' else 'fct_opportunities' end",
    "source_filter": "case subject_type
        when 'segment' then 'segment' when 'region' then 'region' when 'channel' then 'channel_id'
        when 'campaign' then 'campaign_id' else 'owner_id'
      end || ' = ' || " ~ in_quotes("subject_id") ~ " || ' and ' || case finding
        when 'slow_response' then 'not within_promise and ' || " ~ days_filter("cast(due_at as date)", "first_day", "week_end") ~ "
        when 'rejected_leads' then 'decision = ''rejected'' and ' || " ~ days_filter("handed_date", add_days("first_day", -14), add_days("week_end", -14)) ~ "
        when 'lost_on_price' then 'is_closed and not is_won and ' || " ~ days_filter("closed_date", "first_day", "week_end") ~ "
        else 'is_closed and ' || " ~ days_filter("closed_date", "first_day", "week_end") ~ "
      end",
}) }}
from worded
{% endmacro %}
