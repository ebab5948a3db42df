-- The benchmark company as pure functions of a person's number and the time until which it is
-- seen. Whatever is asked for, the same number gives the same history, so that a company which
-- grew by a day is the company of the day before, and what happened since.
--
-- Variables: seed, start (first day), per_day (persons a day), until (what is known, exclusive).

-- A number in [0, 1) that depends on what is given and on nothing else.
create macro u(n, salt) as
    (hash(n, salt, getvariable('seed')) % 16777216) / 16777216.0;

create macro pick(items, n, salt) as
    items[cast(floor(u(n, salt) * len(items)) as bigint) + 1];

create macro later(moment, days) as
    moment + to_seconds(cast(round(days * 86400) as bigint));

create macro seen(moment) as
    case when moment < getvariable('until') then moment end;

create macro reps() as 100;

-- Each tenth is of marketing, and owns no lead.
create macro sales_rep(place) as
    'rep' || (place + place // 9);

create macro campaigns() as 200;

-- Persons first to last (exclusive), with the whole of what will ever happen to them. Each
-- twentieth is a contact that never was a lead, and the first of its account.
create macro people(first, last) as table
    select
        *,
        case when u(n, 12) < 0.95 then later(converted_at, 20 + u(n, 13) * 100) end as closed_at,
        u(n, 14) < 0.3 as wins,
    from (
        select *, case when u(n, 11) < 0.66 then later(sql_at, u(n, 10) * 4) end as converted_at,
        from (
            select *,
                case when u(n, 9) < 0.55 then later(sal_at, u(n, 8) * 5) end as sql_at,
                case when u(n, 9) >= 0.55 and u(n, 15) < 0.6
                    then later(sal_at, 5 + u(n, 8) * 10) end as recycled_at,
            from (
                select *,
                    case when u(n, 7) < 0.7 then later(mql_at, u(n, 6) * 2) end as sal_at,
                    case when u(n, 7) >= 0.7
                        then later(mql_at, 1 + u(n, 6) * 4) end as disqualified_at,
                from (
                    select *,
                        later(born_at, pow(u(n, 4), 2) * 20) as created_at,
                        case when is_lead and u(n, 5) < 0.45
                            then later(created_at, u(n, 3) * 3) end as mql_at,
                        'v' || md5('visitor' || n) as visitor_id,
                        case when u(n, 16) < 0.25
                            then 'person' || n || '@gmail.com'
                            else 'person' || n || '@company' || account || '.example' end as email,
                        sales_rep(cast(floor(u(n, 17) * reps() * 0.9) as bigint)) as owner_id,
                        pick(['DE', 'AT', 'CH', 'FR', 'GB', 'US'], account, 18) as country,
                    from (
                        select
                            n,
                            later(getvariable('start'), n / getvariable('per_day')) as born_at,
                            n % 20 <> 7 as is_lead,
                            case when n % 20 = 7 then n // 20
                                else cast(floor(u(n, 1) * (n // 20 + 1)) as bigint)
                            end as account,
                        from range(cast(first as bigint), cast(ceil(last) as bigint)) as numbers (n)
                    )
                )
            )
        )
    );

-- The CRM, from the table `persons`. `changed` keeps what changed since the variable `since`.
create macro changed(moment) as
    moment >= getvariable('since') and moment < getvariable('until');

create view accounts as
    select
        'account' || account as account_id, created_at, created_at as updated_at,
        'Company ' || account || ' GmbH' as name,
        'company' || account || '.example' as domain,
        pick(['Software', 'Retail', 'Machinery', 'Health', 'Logistics'], account, 20) as industry,
        case when country in ('DE', 'AT', 'CH') then 'DACH' else 'International' end as region,
        country,
        cast(round(5 + pow(u(account, 21), 4) * 5000) as bigint) as employees,
        owner_id,
    from persons
    where not is_lead and changed(created_at);

create view contacts as
    select
        'contact' || n as contact_id, known_at as created_at, known_at as updated_at, email,
        '+49 30 ' || (1000000 + n) as phone, 'First' || n % 9973 as first_name,
        'Last' || n % 99991 as last_name,
        pick(['Head of IT', 'CFO', 'Buyer', 'Engineer'], n, 22) as job_title,
        'account' || account as account_id, owner_id, country,
    from (select *, case when is_lead then converted_at else created_at end as known_at from persons)
    where changed(known_at);

create view leads as
    select
        'lead' || n as lead_id, created_at,
        greatest(
            created_at, seen(mql_at), seen(sal_at), seen(sql_at), seen(converted_at),
            seen(disqualified_at), seen(recycled_at)
        ) as updated_at,
        email, '+49 30 ' || (1000000 + n) as phone, 'First' || n % 9973 as first_name,
        'Last' || n % 99991 as last_name, 'Company ' || account as company,
        pick(['Head of IT', 'CFO', 'Buyer', 'Engineer'], n, 22) as job_title,
        pick(['Software', 'Retail', 'Machinery', 'Health', 'Logistics'], account, 20) as industry,
        case when country in ('DE', 'AT', 'CH') then 'DACH' else 'International' end as region,
        country,
        pick(['Paid Search', 'Paid Social', 'Organic Search', 'Referral', 'Newsletter'], n, 23)
            as lead_source,
        case
            when seen(converted_at) is not null then 'Converted'
            when seen(recycled_at) is not null then 'Recycled'
            when seen(disqualified_at) is not null then 'Disqualified'
            when seen(sql_at) is not null then 'SQL'
            when seen(sal_at) is not null then 'SAL'
            when seen(mql_at) is not null then 'MQL'
            else 'New'
        end as status,
        updated_at as status_changed_at,
        seen(mql_at) as mql_at, seen(sal_at) as sal_at, seen(sql_at) as sql_at,
        seen(disqualified_at) as disqualified_at, seen(recycled_at) as recycled_at,
        case when seen(disqualified_at) is not null
            then pick(['No budget', 'Bad fit', 'Unreachable', 'Duplicate'], n, 24) end
            as rejected_reason,
        owner_id,
        'campaign' || cast(floor(u(n, 25) * campaigns()) as bigint) as campaign_id,
        seen(converted_at) as converted_at,
        case when seen(converted_at) is not null then 'contact' || n end as contact_id,
        case when seen(converted_at) is not null then 'account' || account end as account_id,
        case when seen(converted_at) is not null then 'opportunity' || n end as opportunity_id,
    from persons
    where is_lead and created_at < getvariable('until')
        and updated_at >= getvariable('since');

-- The stages of a deal divide its life in three; one that stays open rests in the second.
create view deals as
    select
        *,
        later(converted_at, 5 + u(n, 30) * 10) as proposal_at,
        case when closed_at is not null then later(closed_at, -1 - u(n, 31) * 9) end
            as negotiation_at,
        cast(round(2000 * exp(3 * u(n, 32)), 2) as decimal(18, 2)) as amount,
        cast(round(amount / (1 - 0.25 * u(n, 33)), 2) as decimal(18, 2)) as list_amount,
        case when u(n, 34) < 0.2 then 'USD' else 'EUR' end as currency,
        cast(later(converted_at, 30 + u(n, 35) * 60) as date) as expected_close_date,
        case when not wins
            then pick(['Price', 'Competitor', 'No budget', 'Timing', 'No decision'], n, 36)
        end as lost_reason,
    from persons
    where converted_at < getvariable('until');

create view opportunities as
    select
        'opportunity' || n as opportunity_id, converted_at as created_at,
        greatest(converted_at, seen(proposal_at), seen(negotiation_at), seen(closed_at))
            as updated_at,
        'account' || account as account_id, 'contact' || n as contact_id, 'lead' || n as lead_id,
        owner_id, owner_id as created_by_id,
        case
            when seen(closed_at) is not null and wins then 'Closed Won'
            when seen(closed_at) is not null then 'Closed Lost'
            when seen(negotiation_at) is not null then 'Negotiation'
            when seen(proposal_at) is not null then 'Proposal'
            else 'Discovery'
        end as stage,
        updated_at as stage_changed_at,
        seen(closed_at) is not null and wins as is_won,
        seen(closed_at) is not null as is_closed,
        seen(closed_at) as closed_at, expected_close_date, amount, list_amount, currency,
        case when u(n, 37) < 0.7 then 'new' when u(n, 37) < 0.9 then 'expansion' else 'renewal' end
            as opportunity_type,
        case when is_closed then 'Closed' else pick(['Commit', 'Best Case', 'Pipeline'], n, 38) end
            as forecast_category,
        case when is_closed then lost_reason end as lost_reason,
    from deals
    where updated_at >= getvariable('since');

-- Beside the person who was converted, often the account's first contact.
create view opportunity_contacts as
    select
        'opportunity' || n || '-' || contact as link_id, 'opportunity' || n as opportunity_id,
        'contact' || contact as contact_id, converted_at as created_at,
        contact = n as is_primary,
        case when contact = n then 'Decision maker' else 'Influencer' end as role,
    from (
        select *, unnest(case when u(n, 40) < 0.4 then [n, account * 20 + 7] else [n] end) as contact
        from deals
    )
    where changed(converted_at);

create view opportunity_lines as
    select
        'opportunity' || n || '-' || line as line_id, 'opportunity' || n as opportunity_id,
        'product' || cast(floor(u(n * 2 + line, 41) * 20) as bigint) as product_id,
        1 as quantity, cast(round(list_amount / lines, 2) as decimal(18, 2)) as list_price,
        cast(round(amount / lines, 2) as decimal(18, 2)) as sold_price, currency,
        converted_at as created_at,
    from (
        select *, unnest(range(lines)) as line
        from (select *, case when u(n, 42) < 0.4 then 2 else 1 end as lines from deals)
    )
    where changed(converted_at);

create view stage_changes as
    select
        object_type || n || '-' || to_stage as change_id, object_type, object_type || n as object_id,
        from_stage, to_stage, changed_at, amount, expected_close_date, owner_id as changed_by_id,
    from (
        select n, owner_id, 'lead' as object_type, null as amount, null as expected_close_date,
            unnest(['New', 'MQL', 'SAL', 'SQL', 'MQL', 'SAL']) as from_stage,
            unnest(['MQL', 'SAL', 'SQL', 'Converted', 'Disqualified', 'Recycled']) as to_stage,
            unnest([mql_at, sal_at, sql_at, converted_at, disqualified_at, recycled_at])
                as changed_at,
        from persons
        where is_lead and mql_at is not null
        union all
        select n, owner_id, 'opportunity', amount, expected_close_date,
            unnest([null, 'Discovery', 'Proposal', 'Negotiation']),
            unnest([
                'Discovery', 'Proposal', 'Negotiation',
                case when wins then 'Closed Won' else 'Closed Lost' end
            ]),
            unnest([converted_at, proposal_at, negotiation_at, closed_at]),
        from deals
    )
    where changed(changed_at);

-- Sales answers a lead once to three times, and works on a deal six times.
create view activities as
    select
        'activity' || n || '-' || place as activity_id,
        pick(['call', 'email', 'meeting'], n * 10 + place, 50) as activity_type,
        case when u(n * 10 + place, 51) < 0.7 then 'outbound' else 'inbound' end as direction,
        pick(['Reached', 'No answer', 'Left message', 'Held'], n * 10 + place, 52) as outcome,
        occurred_at, owner_id as rep_id,
        case when place < 3 then 'lead' || n end as lead_id,
        case when place >= 3 then 'contact' || n end as contact_id,
        case when place >= 3 then 'opportunity' || n end as opportunity_id,
        cast(5 + round(u(n * 10 + place, 53) * 40) as bigint) as minutes,
    from (
        select n, owner_id, place,
            case when place < 3 then later(mql_at, 0.05 + place + pow(u(n * 10 + place, 54), 3))
                else later(converted_at, (place - 3) * 4 + u(n * 10 + place, 54) * 4)
            end as occurred_at,
        from (
            select *, unnest(range(case when converted_at is null then 3 else 9 end)) as place
            from persons
            where mql_at is not null
        )
        where place = 0 or place >= 3 or u(n * 10 + place, 55) < 0.6
    )
    where changed(occurred_at);

create view feedback as
    select
        'feedback' || n as feedback_id, later(converted_at, 3) as recorded_at, owner_id as rep_id,
        'opportunity' || n as opportunity_id,
        'product' || cast(floor(u(n * 2, 41) * 20) as bigint) as product_id,
        pick(['need', 'feature', 'price', 'competitor'], n, 60) as feedback_type,
        'topic ' || cast(floor(u(n, 61) * 40) as bigint) as topic,
    from persons
    where u(n, 62) < 0.3 and changed(later(converted_at, 3));

create view invoices as
    select
        'invoice' || n as invoice_id, 'account' || account as account_id,
        'opportunity' || n as opportunity_id, cast(closed_at as date) as issued_on, amount, currency,
    from deals
    where wins and changed(closed_at);

-- What never changes, or is read as a whole.
create view reps as
    select
        'rep' || n as rep_id, 'Rep ' || n as name, 'rep' || n || '@tandem.example' as email,
        case when n % 10 = 9 then 'Marketing' else 'Sales' end as team,
        pick(['DACH', 'International'], n, 70) as region, true as is_active,
    from range(reps()) as numbers (n);

create view quotas as
    select
        'rep' || n || '-' || quarter as quota_id, 'rep' || n as rep_id,
        cast(quarter as date) as quarter, 100000 + n * 1000 as quota,
    from range(reps()) as numbers (n),
        range(date_trunc('quarter', getvariable('start')), getvariable('until'),
            interval 3 months) as quarters (quarter);

create view products as
    select 'product' || n as product_id, 'Product ' || n as name, 'Family ' || n % 4 as family,
        cast(500 + n * 250 as decimal(18, 2)) as list_price,
    from range(20) as numbers (n);

create macro platform(campaign) as
    case campaign % 3 when 0 then 'google' when 1 then 'linkedin' else 'meta' end;

create view campaigns as
    select
        'campaign' || n as campaign_id, 'Campaign ' || n as name,
        case when n < 150 then 'Ads' else 'Email' end as campaign_type,
        case when n < 150 then platform(n) else 'mail tool' end as platform,
        cast(getvariable('start') as date) as starts_on, 10000 + n * 100 as budget,
        'utm-campaign-' || n as utm_campaign,
    from range(campaigns()) as numbers (n);

create view plan as
    select
        'campaign' || n || '-' || month as plan_id, 'campaign' || n as campaign_id,
        pick(['Enterprise', 'Mid market', 'Small business'], n, 71) as segment,
        cast(month as date) as starts_on, last_day(cast(month as date)) as ends_on,
        1000 + n * 10 as planned,
    from range(campaigns()) as numbers (n),
        range(date_trunc('month', getvariable('start')), getvariable('until'),
            interval 1 month) as months (month)
    where n % 10 = 0;

create view costs as
    select
        team || '-' || category || '-' || month as cost_id, cast(month as date) as month, team,
        category, 50000 + cast(round(u(month, 72) * 10000) as bigint) as amount,
    from (select unnest(['marketing', 'sales']) as team),
        (select unnest(['salaries', 'tools']) as category),
        range(date_trunc('month', getvariable('start')), getvariable('until'),
            interval 1 month) as months (month);

-- A day of an ad; the platforms correct the last days: what is seen later is a little more.
create view ad_reports as
    select
        report_date, platform(campaign) as platform, 'campaign' || campaign as campaign_id,
        'Campaign ' || campaign as campaign_name,
        'group' || ad % 40 as ad_group_id, 'ad' || ad as ad_id,
        cast(round(500 + u(k, 81) * 5000) as bigint) as impressions,
        cast(round(impressions * (0.005 + u(k, 82) * 0.03)) as bigint) as clicks,
        cast(round(clicks * (0.5 + u(k, 83)) * settled, 2) as decimal(18, 2)) as cost,
        cast(round(clicks * 0.02 * u(k, 84) * settled) as bigint) as conversions,
    from (
        select
            *, cast(day as date) as report_date, ad % 150 as campaign,
            hash(ad, cast(day as date)) as k,
            case when date_diff('day', day, getvariable('until')) > 14 then 1.0 else 0.98 end
                as settled,
        from range(getvariable('ads')) as numbers (ad),
            range(greatest(getvariable('since'), getvariable('start')), getvariable('until'),
                interval 1 day) as days (day)
    );

-- The web: sessions of persons, known by their forms, and of visitors who never fill one. Rows
-- come in the file of their day; one in a hundred a day late.
create macro arrived(moment, k) as
    cast(moment as date) + case when k % 100 = 0 then 1 else 0 end;

create macro is_new(day) as
    day >= cast(getvariable('since') as date) and day < cast(getvariable('until') as date);

create view sessions as
    with visits as (
        select n as visitor, visitor_id, email, place, hash(n, place, 'person') as k,
            case place when 0 then born_at when 1 then later(created_at, -0.0005)
                else later(born_at, 0.001 + pow(u(k, 90), 2) * 90) end as occurred_at,
            place = 1 and is_lead as is_form,
        from (
            select *, unnest(range(
                2 + cast(floor(-ln(1 - u(n, 91)) * case when converted_at is null then 4.9 else 9 end)
                as bigint)
            )) as place
            from persons
        )
        union all
        select n, 'v' || md5('anonymous' || n), null, place, hash(n, place, 'anonymous') as k,
            later(getvariable('start'), n / getvariable('visitors_per_day') + place * 9 * u(n, 92)),
            false,
        from (
            select n, unnest(range(1 + cast(floor(u(n, 93) * 3) as bigint))) as place,
            from range(
                cast(getvariable('first_visitor') as bigint),
                cast(ceil(getvariable('last_visitor')) as bigint)
            ) as numbers (n)
        )
    ),
    dated as (
        select *, arrived(occurred_at, k) as day, k % 200 as campaign, u(k, 94) as c
        from visits
    )
    select
        day, 'e' || md5(cast(k as varchar)) as event_id, occurred_at,
        case when is_form then 'generate_lead' else 'session_start' end as event_name,
        visitor_id,
        case when is_form then email end as email,
        case when c < 0.3 and k % 10 < 7 then md5('click' || k) end as click_id,
        case when c < 0.3 and k % 10 < 7 then 'gclid' end as click_id_type,
        case when c < 0.3 then 'google' when c < 0.45 then 'linkedin' when c < 0.55 then 'newsletter'
        end as utm_source,
        case when c < 0.3 then 'cpc' when c < 0.45 then 'paid-social' when c < 0.55 then 'email'
        end as utm_medium,
        case when c < 0.55 then 'utm-campaign-' || campaign end as utm_campaign,
        case when c < 0.3 or c between 0.55 and 0.75 then 'https://www.google.com/'
            when c between 0.75 and 0.85 then 'https://partner' || k % 50 || '.example/article'
            when c between 0.85 and 0.9 then 'https://www.linkedin.com/feed/'
        end as referrer,
        'https://www.tandem.example/page/' || k % 300
        || case when c < 0.55
            then '?utm_source=' || utm_source || '&utm_medium=' || utm_medium
                || '&utm_campaign=' || utm_campaign
            else '' end as landing_page,
    from dated
    where is_new(day);

-- The mail tool: every other person gets mails, and clicks on one in three that it opens.
create view emails as
    select day, 'm' || md5(cast(k as varchar)) as event_id, occurred_at,
        case when k % 3 = 0 then 'click' else 'open' end as event_name, email,
        'campaign' || 150 + k % 50 as campaign_id,
    from (
        select *, later(created_at, 1 + u(k, 95) * 90) as occurred_at,
            arrived(occurred_at, k) as day,
        from (
            select *, hash(n, place, 'mail') as k
            from (select *, unnest(range(4)) as place from persons where n % 2 = 0)
        )
    )
    where is_new(day);
