"""The conformed entities: what every source maps to, whatever system it is.

Belongs here: names, column types, keys and descriptions of the entities. Does not belong
here: what a type is (`schema`), how a file is read (`extract`), how a column is cast (`mapping`),
what a row must satisfy (`expectations`).
"""

from __future__ import annotations

from orchestration.lib.schema import Column, Entity


def _id(description: str, required: bool = True) -> Column:
    return Column("source_id", "id", description, required)


def _columns(spec: str) -> tuple[Column, ...]:
    """Read `name kind[!] description` lines; `!` marks a required column.

    An enum's allowed values follow its kind in parentheses: `direction enum(in,out) …`.
    """
    columns = []
    for line in filter(str.strip, spec.splitlines()):
        name, kind, description = line.strip().split(maxsplit=2)
        required = kind.endswith("!")
        kind = kind.rstrip("!")
        allowed: tuple[str, ...] = ()
        if "(" in kind:
            kind, values = kind.rstrip(")").split("(")
            allowed = tuple(values.split(","))
        columns.append(Column(name, kind, description, required, allowed))
    return tuple(columns)


_UTM = """
utm_source    text  utm_source parameter
utm_medium    text  utm_medium parameter
utm_campaign  text  utm_campaign parameter
utm_term      text  utm_term parameter
utm_content   text  utm_content parameter
referrer      url   page the visitor came from
landing_page  url   first page seen, with its query string
"""

_TOUCH_TYPES = "web_session,web_event,form_fill,ad_click,email_click,event_attendance,other"

_ALL = (
    Entity(
        "rep",
        "A person of the sales or marketing team.",
        _columns("""
        source_id   id!      the source's id of the rep
        name        text     name shown in reports
        email       email    work address
        team        text     team the rep belongs to
        region      text     region the rep covers
        manager_id  ref      source_id of the rep's manager
        is_active   boolean  false for reps who left
        updated_at  timestamp  when the record last changed
        """),
    ),
    Entity(
        "rep_quota",
        "What a rep shall win in a period.",
        _columns("""
        source_id     id      the source's id of the quota line
        rep_id        ref!    source_id of the rep
        period_start  date!   first day of the period
        period_grain  enum(month,quarter,year)  length of the period
        amount        money!  quota
        currency      currency  currency of the quota
        """),
        requires_id=False,
    ),
    Entity(
        "product",
        "Something that is sold.",
        _columns("""
        source_id   id!      the source's id of the product
        name        text     product name
        family      text     product family
        list_price  money    price of one unit on the price list
        currency    currency  currency of the list price
        is_active   boolean  false once it is no longer sold
        updated_at  timestamp  when the record last changed
        """),
    ),
    Entity(
        "campaign",
        "A marketing campaign, as the ad platform or the CRM names it.",
        _columns("""
        source_id      id!   the source's id of the campaign
        name           text  campaign name
        campaign_type  text  kind of campaign, in the company's words
        platform       text  ad platform or tool it runs on
        channel        text  the company's own channel label
        status         text  status in the source
        starts_on      date  first day
        ends_on        date  last day
        budget         money  budget
        currency       currency  currency of the budget
        owner_id       ref   source_id of the responsible rep
        parent_id      ref   source_id of the parent campaign
        utm_campaign   text  utm_campaign value that its links carry
        segment        text  segment it aims at
        region         text  region it aims at
        is_deleted     boolean  true once deleted upstream
        updated_at     timestamp  when the record last changed
        """),
    ),
    Entity(
        "campaign_member",
        "A lead or contact who is part of a campaign.",
        _columns("""
        source_id     id    the source's id of the membership
        campaign_id   ref!  source_id of the campaign
        lead_id       ref   source_id of the lead
        contact_id    ref   source_id of the contact
        email         email  address where no record is named
        status        text  member status in the source
        joined_at     timestamp  when the person was added
        responded_at  timestamp  when the person responded
        """),
        event_time="joined_at",
        requires_id=False,
    ),
    Entity(
        "marketing_plan",
        "What marketing plans: campaign, segment, dates, budget, accounts and reps affected.",
        _columns("""
        source_id       id    the source's id of the plan line
        campaign_id     ref   source_id of the campaign
        segment         text  segment it aims at
        region          text  region it aims at
        starts_on       date  first day
        ends_on         date  last day
        planned_budget  money  budget as planned
        actual_budget   money  budget as spent so far
        currency        currency  currency of the budgets
        accounts        text  source_ids of the accounts affected, separated by semicolons
        reps            text  source_ids of the reps affected, separated by semicolons
        """),
        requires_id=False,
    ),
    Entity(
        "lead",
        "A lead record: a person who showed interest, before or without an opportunity.",
        _columns(
            """
        source_id        id!        the source's id of the lead
        created_at       timestamp  when the lead was created
        updated_at       timestamp  when the record last changed
        email            email      address
        phone            phone      phone number
        name             text       full name
        first_name       text       first name
        last_name        text       last name
        company          text       company name as entered
        company_domain   text       web domain of the company
        job_title        text       position in the company
        industry         text       industry
        segment          text       segment
        region           text       region
        country          text       country
        lead_source      text       where the lead came from, in the company's words
        status           text       status label; the agreement maps it to a stage
        status_changed_at  timestamp  when the status last changed
        score            number     lead score
        mql_at           timestamp  when marketing qualified the lead
        sal_at           timestamp  when sales accepted the lead
        sql_at           timestamp  when sales qualified the lead
        disqualified_at  timestamp  when the lead was disqualified
        recycled_at      timestamp  when the lead was given back to marketing
        rejected_reason  text       why sales rejected or disqualified the lead
        owner_id         ref        source_id of the rep
        campaign_id      ref        source_id of the campaign that brought the lead
        converted_at     timestamp  when the lead was converted
        converted_contact_id      ref  source_id of the contact it became
        converted_account_id      ref  source_id of the account it became
        converted_opportunity_id  ref  source_id of the opportunity it became
        merged_into_id   ref        source_id of the lead that this one was merged into
        anonymous_id     ref        web visitor id known for the lead
        is_deleted       boolean    true once deleted upstream
        """
            + _UTM
        ),
        event_time="created_at",
    ),
    Entity(
        "contact",
        "A person at an account.",
        _columns("""
        source_id       id!        the source's id of the contact
        created_at      timestamp  when the contact was created
        updated_at      timestamp  when the record last changed
        email           email      address
        phone           phone      phone number
        name            text       full name
        first_name      text       first name
        last_name       text       last name
        job_title       text       position in the company
        account_id      ref        source_id of the account
        owner_id        ref        source_id of the rep
        lead_source     text       where the contact came from, in the company's words
        region          text       region
        country         text       country
        merged_into_id  ref        source_id of the contact that this one was merged into
        anonymous_id    ref        web visitor id known for the contact
        is_deleted      boolean    true once deleted upstream
        """),
        event_time="created_at",
    ),
    Entity(
        "account",
        "A company that buys or may buy.",
        _columns("""
        source_id       id!        the source's id of the account
        created_at      timestamp  when the account was created
        updated_at      timestamp  when the record last changed
        name            text       company name
        domain          text       web domain
        industry        text       industry
        segment         text       segment
        region          text       region
        country         text       country
        employee_count  integer    number of employees
        annual_revenue  money      yearly revenue of the company
        currency        currency   currency of the yearly revenue
        owner_id        ref        source_id of the rep
        parent_id       ref        source_id of the parent account
        merged_into_id  ref        source_id of the account that this one was merged into
        is_deleted      boolean    true once deleted upstream
        """),
        event_time="created_at",
    ),
    Entity(
        "opportunity",
        "A deal, open or closed.",
        _columns("""
        source_id           id!        the source's id of the opportunity
        created_at          timestamp  when the opportunity was created
        updated_at          timestamp  when the record last changed
        account_id          ref        source_id of the account
        primary_contact_id  ref        source_id of the primary contact
        lead_id             ref        source_id of the lead it came from
        campaign_id         ref        source_id of the campaign it is credited to in the source
        owner_id            ref        source_id of the rep
        created_by_id       ref        source_id of the rep who created it
        stage               text       stage label; the agreement maps it to a stage
        stage_changed_at    timestamp  when the stage last changed
        is_won              boolean    true if won
        is_closed           boolean    true if won or lost
        closed_at           timestamp  when it was won or lost
        expected_close_date date       expected close date
        amount              money      value of the deal
        list_amount         money      value of the deal at list prices
        currency            currency   currency of both amounts
        opportunity_type    enum(new,expansion,renewal)  new business, expansion or renewal
        forecast_category   text       forecast category in the source
        lead_source         text       where the deal came from, in the company's words
        lost_reason         text       why it was lost
        segment             text       segment
        region              text       region
        product_id          ref        source_id of the product, where there is but one
        is_deleted          boolean    true once deleted upstream
        """),
        event_time="created_at",
    ),
    Entity(
        "opportunity_contact",
        "A contact's part in an opportunity.",
        _columns("""
        source_id       id    the source's id of the link
        opportunity_id  ref!  source_id of the opportunity
        contact_id      ref!  source_id of the contact
        role            text  role in the buying group
        is_primary      boolean  true for the primary contact
        """),
        requires_id=False,
    ),
    Entity(
        "opportunity_line",
        "A product sold in an opportunity.",
        _columns("""
        source_id       id      the source's id of the line
        opportunity_id  ref!    source_id of the opportunity
        product_id      ref     source_id of the product
        quantity        number  units
        list_price      money   price of one unit on the price list
        sold_price      money   price of one unit as sold or offered
        currency        currency  currency of both prices
        """),
        requires_id=False,
    ),
    Entity(
        "stage_change",
        "A lead or opportunity that entered a stage.",
        _columns("""
        source_id    id         the source's id of the change
        object_type  enum(lead,opportunity)!  what changed
        object_id    ref!       source_id of the lead or opportunity
        from_stage   text       label before
        to_stage     text!      label after; the agreement maps it to a stage
        changed_at   timestamp!  when it changed
        amount       money      value of the opportunity after the change
        expected_close_date  date  expected close date after the change
        changed_by_id  ref      source_id of the rep who changed it
        reason       text       reason given
        """),
        event_time="changed_at",
        requires_id=False,
    ),
    Entity(
        "activity",
        "What a rep did: a call, an email, a meeting, a task.",
        _columns("""
        source_id       id         the source's id of the activity
        activity_type   enum(call,email,meeting,task,other)!  kind of activity
        direction       enum(inbound,outbound)  who reached out
        outcome         text       outcome in the source's words
        occurred_at     timestamp!  when it happened
        rep_id          ref        source_id of the rep
        lead_id         ref        source_id of the lead
        contact_id      ref        source_id of the contact
        account_id      ref        source_id of the account
        opportunity_id  ref        source_id of the opportunity
        email           email      the other party's address
        duration_minutes  number   length in minutes
        is_deleted      boolean    true once deleted upstream
        """),
        event_time="occurred_at",
        requires_id=False,
    ),
    Entity(
        "touch",
        "A dated marketing contact of a person, known or not yet known.",
        _columns(
            f"""
        source_id     id         the source's id of the touch
        occurred_at   timestamp!  when it happened
        touch_type    enum({_TOUCH_TYPES})!  kind of touch
        anonymous_id  ref        web visitor id
        email         email      address, where known
        lead_id       ref        source_id of the lead, where known
        contact_id    ref        source_id of the contact, where known
        campaign_id   ref        source_id of the campaign
        channel       text       the company's own channel label
        click_id      text       gclid, fbclid, msclkid or li_fat_id value
        click_id_type  text      which of them
        """
            + _UTM
        ),
        event_time="occurred_at",
        requires_id=False,
    ),
    Entity(
        "identity_link",
        "A web visitor id seen together with an address or a record.",
        _columns("""
        source_id     id         the source's id of the link
        anonymous_id  ref!       web visitor id
        email         email      address
        lead_id       ref        source_id of the lead
        contact_id    ref        source_id of the contact
        observed_at   timestamp  when the two were seen together
        """),
        event_time="observed_at",
        requires_id=False,
    ),
    Entity(
        "ad_report",
        "A day of an ad, as the ad platform reports it, in the ad account's timezone.",
        _columns("""
        report_date    date!     day, in the ad account's timezone
        platform       text      ad platform
        ad_account_id  ref       ad account
        campaign_id    ref       source_id of the campaign
        campaign_name  text      name of the campaign
        ad_group_id    ref       ad group or ad set
        ad_group_name  text      name of the ad group
        ad_id          ref       ad
        ad_name        text      name of the ad
        impressions    integer   times shown
        clicks         integer   clicks
        cost           money!    spend
        currency       currency  currency of spend and claimed value
        platform_conversions       number  conversions the platform claims
        platform_conversion_value  money   value the platform claims
        segment        text      segment it aims at
        region         text      region it aims at
        """),
        event_time="report_date",
        requires_id=False,
        is_windowed=True,
    ),
    Entity(
        "email_event",
        "Something that happened to a marketing email.",
        _columns("""
        source_id    id         the source's id of the event
        occurred_at  timestamp!  when it happened
        event_type   enum(sent,delivered,open,click,bounce,unsubscribe)!  what happened
        email        email      address
        lead_id      ref        source_id of the lead
        contact_id   ref        source_id of the contact
        campaign_id  ref        source_id of the campaign
        url          url        link that was clicked
        """),
        event_time="occurred_at",
        requires_id=False,
    ),
    Entity(
        "conversion",
        "A purchase or sign-up, for companies without a CRM: created and won at its time.",
        _columns(
            """
        source_id     id         the source's id of the conversion
        occurred_at   timestamp!  when it happened
        conversion_type  text    kind of conversion
        anonymous_id  ref        web visitor id
        email         email      address
        lead_id       ref        source_id of the lead
        contact_id    ref        source_id of the contact
        amount        money      value
        currency      currency   currency of the value
        segment       text       segment
        region        text       region
        lead_source   text       where the customer came from, in the company's words
        """
            + _UTM
        ),
        event_time="occurred_at",
        requires_id=False,
    ),
    Entity(
        "invoice",
        "An invoice to an account.",
        _columns("""
        source_id       id!    the source's id of the invoice
        account_id      ref    source_id of the account
        opportunity_id  ref    source_id of the opportunity
        issued_on       date!  day of issue
        amount          money!  amount
        currency        currency  currency
        status          text   status in the source
        """),
        event_time="issued_on",
    ),
    Entity(
        "cost",
        "Salaries, tools and other costs of marketing and sales, for CAC.",
        _columns("""
        source_id     id      the source's id of the cost line
        period_start  date!   first day of the period
        period_grain  enum(day,month,quarter,year)  length of the period
        team          text    marketing or sales; empty counts for CAC too, another team does not
        category      text    salaries, tools, agencies
        amount        money!  amount
        currency      currency  currency
        """),
        requires_id=False,
    ),
    Entity(
        "sales_feedback",
        "What a rep heard from a lead or customer.",
        _columns("""
        source_id       id         the source's id of the feedback
        recorded_at     timestamp!  when it was recorded
        rep_id          ref        source_id of the rep
        lead_id         ref        source_id of the lead
        opportunity_id  ref        source_id of the opportunity
        campaign_id     ref        source_id of the campaign
        product_id      ref        source_id of the product
        feedback_type   enum(need,feature,price,competitor,other)!  what it is about
        topic           text       the need, feature or competitor named
        comment         text       the rep's words; never leaves the lake
        """),
        event_time="recorded_at",
        requires_id=False,
    ),
    Entity(
        "fx_rate",
        "What one unit of a currency is worth in the reporting currency, from a day on.",
        _columns("""
        rate_date  date!      first day the rate applies
        currency   currency!  currency
        rate       rate!      reporting currency per one unit of it
        """),
        requires_id=False,
    ),
    Entity(
        "target",
        "A target of a KPI for a period.",
        _columns("""
        kpi_id        text!  KPI
        period_grain  enum(day,week,month,quarter,year)!  length of the period
        period_start  date!  first day of the period
        segment       text   segment; empty for all
        channel_id    text   channel; empty for all
        region        text   region; empty for all
        target_value  number!  target
        """),
        requires_id=False,
    ),
)


def _with_id(entity: Entity) -> Entity:
    """Give every entity a `source_id`, so that each row can be named."""
    if "source_id" in entity.column_names:
        return entity
    column = _id("derived from the row's content", required=False)
    return Entity(
        entity.name,
        entity.description,
        (column, *entity.columns),
        entity.event_time,
        entity.requires_id,
        entity.is_windowed,
    )


ENTITIES: dict[str, Entity] = {entity.name: _with_id(entity) for entity in _ALL}
