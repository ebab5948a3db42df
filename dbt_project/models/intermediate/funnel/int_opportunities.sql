-- One row per opportunity, and per conversion: a conversion is an opportunity created and won
-- at its time. Closing is settled here once: what a source says outright goes before what
-- its stage label means.
--
-- A record that several tables of its source have counts once: its newest row.
with opportunities as (
    select *
    from (
        select
            rows_of_tables.*,
            row_number() over (
                partition by source_system, source_id
                order by
                    updated_at desc nulls last,
                    _load_id desc nulls last,
                    _table asc nulls last
            ) as choice
        from {{ ref('stg_generic__opportunities') }} as rows_of_tables
        where not is_deleted
    ) as ranked
    where choice = 1
),

conversions as (
    select *
    from (
        select
            rows_of_tables.*,
            row_number() over (
                partition by source_system, source_id
                order by _load_id desc nulls last, _table asc nulls last
            ) as choice
        from {{ ref('stg_generic__conversions') }} as rows_of_tables
    ) as ranked
    where choice = 1
),

labels as (
    select * from {{ ref('int_stage_labels') }} where object_type = 'opportunity'
),

person_records as (
    select * from {{ ref('int_person_records') }}
),

account_records as (
    select * from {{ ref('int_account_records') }}
),

-- The history serves sources that keep one but no current stage or closing time. Of a closing it
-- tells the time only if that is where it ends: one that was undone is not that of the record.
label_changes as (
    select
        changes.source_system,
        changes.object_id,
        changes.to_stage,
        changes.changed_at,
        changes.changed_date,
        changes.is_changed_date_only,
        labels.stage_id,
        row_number() over (
            partition by changes.source_system, changes.object_id
            order by
                changes.changed_at desc nulls last,
                changes.source_id desc nulls last,
                changes._table desc nulls last
        ) as change_rank,
        row_number() over (
            partition by changes.source_system, changes.object_id, labels.stage_id is null
            order by
                changes.changed_at desc nulls last,
                changes.source_id desc nulls last,
                changes._table desc nulls last
        ) as known_change_rank
    from {{ ref('stg_generic__stage_changes') }} as changes
    left join labels
        on changes.source_system = labels.source_system
        and changes.to_stage = labels.label
    where changes.object_type = 'opportunity'
),

-- The contact an opportunity stands for, where it names none itself.
linked_contacts as (
    select
        source_system,
        opportunity_id,
        coalesce(
            min(case when is_primary then contact_id end),
            case when min(contact_id) = max(contact_id) then min(contact_id) end
        ) as contact_id
    from (
        select
            links.source_system,
            links.opportunity_id,
            links.is_primary,
            coalesce({{ resolved("contact", "survivor_id") }}, links.contact_id) as contact_id
        from {{ ref('stg_generic__opportunity_contacts') }} as links
        {{ resolve_record("links", "contact_id", "person_records", "contact", "contact") }}
    ) as surviving_links
    group by source_system, opportunity_id
),

labelled as (
    select
        opportunities.*,
        coalesce(opportunities.primary_contact_id, linked_contacts.contact_id) as contact_id,
        coalesce(nullif(trim(opportunities.stage), ''), last_change.to_stage) as stage_label,
        case
            when nullif(trim(opportunities.stage), '') is null then last_change.stage_id
            else labels.stage_id
        end as label_stage_id
    from opportunities
    left join labels
        on opportunities.source_system = labels.source_system
        and opportunities.stage = labels.label
    left join label_changes as last_change
        on opportunities.source_system = last_change.source_system
        and opportunities.source_id = last_change.object_id
        and last_change.change_rank = 1
    left join linked_contacts
        on opportunities.source_system = linked_contacts.source_system
        and opportunities.source_id = linked_contacts.opportunity_id
),

decided as (
    select
        labelled.*,
        coalesce(is_won, coalesce(label_stage_id = 'won', false)) as is_decided_won,
        coalesce(is_won, false)
        or coalesce(
            is_closed, coalesce(label_stage_id in {{ closing_stages() }}, false)
        ) as is_decided_closed
    from labelled
),

settled as (
    select
        decided.*,
        case
            when is_decided_won then 'won'
            when is_decided_closed and label_stage_id in ('disqualified', 'recycled')
                then label_stage_id
            when is_decided_closed then 'lost'
        end as closing_stage_id
    from decided
),

from_opportunities as (
    select
        settled.source_system,
        'opportunity' as object_type,
        settled.source_id,
        settled.lead_id,
        settled.contact_id,
        settled.account_id as source_account_id,
        settled.owner_id,
        settled.created_by_id,
        settled.campaign_id as source_campaign_id,
        settled.product_id as source_product_id,
        settled.created_at,
        settled.created_date,
        settled.is_created_date_only,
        settled.closing_stage_id,
        -- The closing time the record gives, else that of its history, else its last change.
        case
            when settled.closing_stage_id is null then null
            when settled.closed_at is not null then settled.closed_at
            when closing_change.changed_at is not null then closing_change.changed_at
            when settled.label_stage_id = settled.closing_stage_id then settled.stage_changed_at
        end as closed_at,
        case
            when settled.closing_stage_id is null then null
            when settled.closed_at is not null then settled.closed_date
            when closing_change.changed_at is not null then closing_change.changed_date
            when settled.label_stage_id = settled.closing_stage_id then settled.stage_changed_date
        end as closed_date,
        case
            when settled.closing_stage_id is null then false
            when settled.closed_at is not null then settled.is_closed_date_only
            when closing_change.changed_at is not null then closing_change.is_changed_date_only
            else settled.is_stage_changed_date_only
        end as is_closed_date_only,
        settled.expected_close_date,
        settled.stage_label,
        settled.label_stage_id,
        settled.stage_changed_at,
        settled.stage_changed_date,
        settled.is_stage_changed_date_only,
        settled.updated_date,
        settled.amount,
        settled.list_amount,
        settled.currency,
        settled.opportunity_type,
        settled.forecast_category,
        settled.lead_source,
        settled.lost_reason,
        settled.segment,
        settled.region
    from settled
    left join label_changes as closing_change
        on settled.source_system = closing_change.source_system
        and settled.source_id = closing_change.object_id
        and settled.closing_stage_id = closing_change.stage_id
        and closing_change.known_change_rank = 1
),

from_conversions as (
    select
        source_system,
        'conversion' as object_type,
        source_id,
        lead_id,
        contact_id,
        cast(null as string) as source_account_id,
        cast(null as string) as owner_id,
        cast(null as string) as created_by_id,
        cast(null as string) as source_campaign_id,
        cast(null as string) as source_product_id,
        occurred_at as created_at,
        occurred_date as created_date,
        is_occurred_date_only as is_created_date_only,
        'won' as closing_stage_id,
        occurred_at as closed_at,
        occurred_date as closed_date,
        is_occurred_date_only as is_closed_date_only,
        cast(null as date) as expected_close_date,
        conversion_type as stage_label,
        'won' as label_stage_id,
        cast(null as timestamp) as stage_changed_at,
        cast(null as date) as stage_changed_date,
        false as is_stage_changed_date_only,
        cast(null as date) as updated_date,
        amount,
        cast(null as decimal(18, 6)) as list_amount,
        currency,
        cast(null as string) as opportunity_type,
        cast(null as string) as forecast_category,
        lead_source,
        cast(null as string) as lost_reason,
        segment,
        region
    from conversions
),

combined as (
    select * from from_opportunities
    union all
    select * from from_conversions
),

identified as (
    select
        case
            when combined.object_type = 'opportunity'
                then {{ record_key("combined.source_system", "combined.source_id") }}
            else {{ surrogate_key([
                "combined.source_system", "'conversion'", "combined.source_id"
            ]) }}
        end as opportunity_id,
        combined.*,
        -- From when to when it may have been opened and closed, for matching with leads.
        coalesce(combined.created_at, combined.closed_at) as opened_at,
        case
            when combined.created_at is not null
                then {{ latest_moment("combined.created_at", "combined.is_created_date_only") }}
            else {{ latest_moment("combined.closed_at", "combined.is_closed_date_only") }}
        end as opened_by,
        {{ latest_moment("combined.closed_at", "combined.is_closed_date_only") }} as closed_by,
        coalesce(
            own_record.person_id,
            {{ resolved("contact", "person_id") }},
            {{ resolved("lead", "person_id") }}
        ) as person_id,
        {{ resolved("account", "account_id") }} as named_account_id,
        {{ resolved("lead", "source_system") }} as lead_source_system,
        {{ resolved("lead", "survivor_id") }} as source_lead_id,
        {{ resolved("contact", "source_system") }} as contact_source_system,
        {{ resolved("contact", "survivor_id") }} as source_contact_id
    from combined
    left join person_records as own_record
        on combined.source_system = own_record.source_system
        and combined.object_type = own_record.object_type
        and combined.source_id = own_record.source_id
    {{ resolve_record("combined", "contact_id", "person_records", "contact", "contact") }}
    {{ resolve_record("combined", "lead_id", "person_records", "lead", "lead") }}
    {{ resolve_record("combined", "source_account_id", "account_records", "account") }}
)

select
    identified.*,
    coalesce(identified.named_account_id, person_accounts.account_id) as account_id
from identified
left join {{ ref('int_person_accounts') }} as person_accounts
    on identified.person_id = person_accounts.person_id
