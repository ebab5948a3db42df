"""Touches: where they come from, their channel, campaign and URLs. Answers worked by hand."""

from __future__ import annotations

from typing import Any

import pytest

from tests.fixtures.lake_builder import LakeBuilder, Warehouse, run_dbt

CHANNELS = [
    {"channel_id": "paid_search", "channel_name": "Paid search", "is_paid": "true", "position": 1},
    {"channel_id": "paid_social", "channel_name": "Paid social", "is_paid": "true", "position": 2},
    {"channel_id": "events", "channel_name": "Events", "is_paid": "false", "position": 3},
    {"channel_id": "email", "channel_name": "Email", "is_paid": "false", "position": 4},
    {"channel_id": "referral", "channel_name": "Referral", "is_paid": "false", "position": 5},
    {"channel_id": "direct", "channel_name": "Direct", "is_paid": "false", "position": 6},
    {"channel_id": "other", "channel_name": "Other", "is_paid": "false", "position": 7},
    {"channel_id": "unattributed", "channel_name": "None", "is_paid": "false", "position": 8},
]
RULES: list[dict[str, Any]] = [
    {"rule_order": 10, "channel_id": "paid_social", "utm_medium": "cpc|paid",
     "utm_source": "(linkedin|facebook|meta)([_ ]ads)?"},
    {"rule_order": 20, "channel_id": "paid_search", "utm_medium": "cpc|paid"},
    {"rule_order": 30, "channel_id": "paid_search", "click_id_type": "gclid",
     "utm_source": "(none)"},
    {"rule_order": 40, "channel_id": "email", "touch_type": "email_click"},
    {"rule_order": 50, "channel_id": "events", "channel_label": "it's on|webinars?"},
    {"rule_order": 52, "channel_id": "email", "channel_label": "email"},
    {"rule_order": 55, "channel_id": "events", "lead_source": ".*webinar.*"},
    {"rule_order": 60, "channel_id": "referral", "referrer": r"https?://([^/]*\.)?partner\.example/.*"},
]  # fmt: skip
PAGE = "https://www.site.example/start"


def touch(name: str, **columns: Any) -> dict[str, Any]:
    return {
        "source_id": name,
        "occurred_at": "2025-03-01 10:00",
        "touch_type": "web_session",
        **columns,
    }


TOUCHES = [
    touch("cpc", utm_source="google", utm_medium="CPC"),
    touch("first_rule", utm_source="LinkedIn", utm_medium="cpc"),
    touch("partial", utm_source="google", utm_medium="xcpc"),  # the whole value has to match
    touch("gclid", landing_page=f"{PAGE}?gclid=Cj0KC&utm_content=a+b%20c#top"),
    touch("gclid_and_source", utm_source="news", landing_page=f"{PAGE}?x=1&gclid=Cj0KC"),
    touch(
        "from_url",
        landing_page=f"{PAGE}?email=jane@example.com&utm_source=google&utm_medium=paid"
        "&utm_campaign=Spring%20Sale&sid=9",
    ),
    touch("column_wins", utm_medium="none", landing_page=f"{PAGE}?utm_medium=cpc"),
    touch("referrer", referrer="https://blog.partner.example/post?mail=jane@example.com"),
    touch("label", channel="It's on"),
    touch("nothing"),
    touch("nothing_form", touch_type="form_fill"),
    touch("by_id", campaign_id="W1"),
    touch("by_name", utm_campaign="spring sale"),
    touch("unknown_campaign", campaign_id="gone"),
    touch("address", utm_content="jane@example.com"),
    # Google and Meta both have a campaign "Sommer", and both use the id 77.
    touch("sommer_meta", utm_source="facebook", utm_medium="paid", utm_campaign="sommer"),
    touch("sommer_google", utm_source="google", utm_medium="cpc", utm_campaign="Sommer"),
    touch("sommer_mail", utm_source="mail", utm_campaign="Sommer"),
    touch("winter_meta", utm_source="facebook", utm_medium="paid", utm_campaign="77"),
    touch("shared_id", campaign_id="77"),
    touch("sole_id", campaign_id="88"),
    touch("sole_name", utm_source="mail", utm_campaign="only in ads"),
]
# The channel of each, by the first rule above that matches.
EXPECTED_CHANNELS = {
    "cpc": "paid_search",
    "first_rule": "paid_social",
    "partial": "other",
    "gclid": "paid_search",
    "gclid_and_source": "other",
    "from_url": "paid_search",
    "column_wins": "other",
    "referrer": "referral",
    "label": "events",
    "nothing": "direct",
    "nothing_form": "unattributed",
    "by_id": "events",  # its campaign's label
    "by_name": "other",
    "unknown_campaign": "direct",
    "address": "direct",  # utm_content is no evidence
    "sommer_meta": "paid_social",
    "sommer_google": "paid_search",
    "sommer_mail": "other",
    "winter_meta": "paid_social",
    "shared_id": "direct",
    "sole_id": "direct",
    "sole_name": "other",
    "click": "email",
    "member": "events",  # its campaign's type
    "mail_click": "email",
    "mail_answer": "email",  # its campaign's label
    "mail_answer_later": "email",
}


@pytest.fixture(scope="module")
def warehouse(tmp_path_factory: pytest.TempPathFactory) -> Warehouse:
    lake = LakeBuilder(
        tmp_path_factory.mktemp("touches"),
        company={"timezone": "America/New_York"},
        agreement={
            "channels": CHANNELS,
            "channel_rules": RULES,
            "fx_rates": [
                {"rate_date": "2025-01-01", "currency": "USD", "rate": "0.9"},
                {"rate_date": "2025-03-02", "currency": "USD", "rate": "0.8"},
            ],
        },
    )
    lake.load("web", "events", {"touch": TOUCHES}, mode="append")
    campaigns = [
        {"source_id": "W1", "name": "Webinar", "channel": "Webinars"},
        {"source_id": "W2", "name": "Fair", "campaign_type": "Big webinar"},
        {"source_id": "E1", "name": "Tips", "campaign_type": "Email", "channel": "Email"},
        {"source_id": "S1", "name": "Spring Sale", "utm_campaign": "spring_2025"},
        {"source_id": "S2", "name": "Other", "utm_campaign": "Spring Sale"},
    ]
    lake.load("crm", "campaigns", {"campaign": campaigns})
    leads = [
        {"source_id": "L1", "created_at": "2025-03-01", "lead_source": "My webinar"},
        {"source_id": "L2", "created_at": "2025-03-01", "campaign_id": "W1"},
        {"source_id": "L3", "created_at": "2025-03-01", "campaign_id": "W1", "lead_source": "?"},
        {"source_id": "L4", "created_at": "2025-03-01"},
    ]
    lake.load("crm", "leads", {"lead": leads})
    members: list[dict[str, Any]] = [
        {"source_id": "member", "campaign_id": "W2", "lead_id": "L1", "responded_at": "2025-02-28"},
        {"source_id": "mail_answer", "campaign_id": "E1", "lead_id": "L1",
         "responded_at": "2025-03-05 15:00"},
        {"source_id": "mail_answer_later", "campaign_id": "E1", "lead_id": "L1",
         "responded_at": "2025-03-07 15:00"},
        {"source_id": "silent", "campaign_id": "W2", "lead_id": "L1", "joined_at": "2025-02-28"},
    ]  # fmt: skip
    lake.load("crm", "members", {"campaign_member": members})
    clicks = [
        {"source_id": "mail_click", "event_type": "click", "occurred_at": "2025-03-05 14:00",
         "lead_id": "L1", "campaign_id": "E1"},
    ]  # fmt: skip
    lake.load("crm", "clicks", {"email_event": clicks}, mode="append")
    emails = [
        {"source_id": "click", "event_type": "click", "occurred_at": "2025-03-02 04:30"},
        {"source_id": "open", "event_type": "open", "occurred_at": "2025-03-02 04:30"},
    ]
    lake.load("mail", "events", {"email_event": emails}, mode="append")
    report = {
        "report_date": "2025-03-01",
        "platform": "linkedin_ads",
        "ad_id": "a1",
        "currency": "USD",
    }
    spend: list[dict[str, Any]] = [
        {**report, "campaign_name": "Only in ads", "cost": "100.10", "clicks": 3},
        {**report, "campaign_name": "Only in ads", "cost": "0.05", "report_date": "2025-03-02"},
        {**report, "campaign_name": "Spring Sale", "cost": "1", "currency": "EUR"},
        {**report, "campaign_name": "Spring Sale", "cost": "2", "currency": "GBP"},
    ]
    lake.load("ads", "report", {"ad_report": spend})
    day = {"report_date": "2025-06-01", "currency": "EUR", "cost": 1}
    platforms: list[dict[str, Any]] = [
        {**day, "platform": "google_ads", "campaign_name": "Sommer", "cost": 10, "clicks": 0},
        {**day, "platform": "meta", "campaign_name": "Sommer", "cost": 20},
        {**day, "platform": "google_ads", "campaign_id": "77", "campaign_name": "Winter G"},
        {**day, "platform": "meta", "campaign_id": "77", "campaign_name": "Winter M"},
        {**day, "platform": "meta", "campaign_id": "88", "campaign_name": "Autumn"},
        {**day, "platform": "google_ads", "campaign_id": "D1"},
        {**day, "platform": "meta", "campaign_id": "D1"},
        {**day, "platform": "Google ads", "campaign_name": "Declared twice"},
        {**day, "platform": "meta", "campaign_name": "Declared twice"},
        {**day, "platform": "meta"},
    ]
    lake.load("exports", "report", {"ad_report": platforms})
    declared = [
        {"source_id": "D1", "name": "On both"},
        {"source_id": "D2", "name": "Declared twice", "platform": "google ads"},
        {"source_id": "D3", "name": "Declared twice", "platform": "Meta"},
    ]
    lake.load("exports", "campaigns", {"campaign": declared})
    regions: list[dict[str, Any]] = [
        *({**day, "campaign_id": "C8", "ad_id": f"a{n}", "cost": 10} for n in range(9)),
        {**day, "campaign_id": "C8", "cost": 10, "region": "North", "segment": "Large"},
        {**day, "campaign_id": "C9", "cost": 100, "region": "North"},
        {**day, "campaign_id": "C9", "cost": 40, "region": "South"},
        {**day, "campaign_id": "C9", "cost": 60},
        {**day, "campaign_id": "R1", "cost": 5},
        {**day, "campaign_id": "R1", "cost": 7, "region": "South"},
    ]
    lake.load("regions", "report", {"ad_report": regions})
    own = [{"source_id": "R1", "name": "Of a region", "region": "East", "segment": "Small"}]
    lake.load("regions", "campaigns", {"campaign": own})
    lake.finish()
    marts = ("+fct_touchpoints", "+fct_ad_spend", "+int_record_channels", "+dim_date")
    return run_dbt(lake.home, "2025-12-31 00:00:00", select=marts)


@pytest.fixture(scope="module")
def touches(warehouse: Warehouse) -> dict[str, dict[str, Any]]:
    """Touches by the id of their source."""
    rows = warehouse.dicts(
        """
        select fct_touchpoints.*, events.source_id, dim_campaign.campaign_name,
            cast(fct_touchpoints.occurred_date as text) as day
        from marts.fct_touchpoints
        join intermediate.int_touch_events as events using (touch_id)
        left join marts.dim_campaign on fct_touchpoints.campaign_id = dim_campaign.campaign_id
        """
    )
    return {row["source_id"]: row for row in rows}


def test_channels_by_the_first_matching_rule(touches: dict[str, dict[str, Any]]) -> None:
    assert {name: row["channel_id"] for name, row in touches.items()} == EXPECTED_CHANNELS
    paid = {name for name, row in touches.items() if row["is_paid"]}
    assert paid == {
        "cpc", "first_rule", "gclid", "from_url", "sommer_meta", "sommer_google", "winter_meta"
    }  # fmt: skip


def test_campaigns_by_id_then_utm_then_name(touches: dict[str, dict[str, Any]]) -> None:
    named = {name: row["campaign_name"] for name, row in touches.items() if row["campaign_id"]}
    assert named == {
        "by_id": "Webinar",  # the only system with that id
        "from_url": "Other",  # declares the value, before the campaign of that name
        "by_name": "Other",
        "unknown_campaign": "gone",
        "member": "Fair",
        "mail_click": "Tips",
        "mail_answer": "Tips",
        "mail_answer_later": "Tips",
        "sommer_meta": "Sommer",
        "sommer_google": "Sommer",
        "winter_meta": "Winter M",
        "sole_id": "Autumn",
        "sole_name": "Only in ads",  # whatever its channel
    }


def test_of_campaigns_with_one_name_a_touch_means_that_of_its_channel(
    touches: dict[str, dict[str, Any]], warehouse: Warehouse
) -> None:
    sommer = dict(
        warehouse.rows(
            "select platform, campaign_id from marts.dim_campaign where campaign_name = 'Sommer'"
        )
    )
    assert touches["sommer_meta"]["campaign_id"] == sommer["meta"]
    assert touches["sommer_google"]["campaign_id"] == sommer["google_ads"]
    assert touches["sommer_mail"]["campaign_id"] is None  # neither is of its channel


def test_campaigns_of_two_platforms_stay_apart(warehouse: Warehouse) -> None:
    rows = warehouse.rows(
        """
        select coalesce(campaign_name, ''), lower(spend.platform), spend.channel_id,
               campaigns.source_id, cast(spend as int)
        from marts.fct_ad_spend as spend left join marts.dim_campaign as campaigns
            using (campaign_id)
        where spend.source_system = 'exports' order by all
        """
    )
    assert rows == [
        ("", "meta", "paid_social", None, 1),  # of the platform as a whole
        ("Autumn", "meta", "paid_social", "88", 1),
        ("Declared twice", "google ads", "paid_search", "D2", 1),
        ("Declared twice", "meta", "paid_social", "D3", 1),
        ("On both", "google_ads", "paid_search", "D1", 1),  # one campaign, by its record's word
        ("On both", "meta", "paid_social", "D1", 1),
        ("Sommer", "google_ads", "paid_search", "name:Sommer", 10),
        ("Sommer", "meta", "paid_social", "name:Sommer", 20),
        ("Winter G", "google_ads", "paid_search", "77", 1),
        ("Winter M", "meta", "paid_social", "77", 1),
    ]


def test_spend_has_its_own_region_or_that_of_its_campaigns_record(warehouse: Warehouse) -> None:
    rows = warehouse.rows(
        """
        select campaigns.source_id, campaigns.segment, campaigns.region,
               spend.segment, spend.region, cast(sum(spend) as int)
        from marts.fct_ad_spend as spend join marts.dim_campaign as campaigns using (campaign_id)
        where spend.source_system = 'regions' group by all order by all
        """
    )
    # What some ads of a campaign name is not that of the others, be it one region or two.
    assert rows == [
        ("C8", None, None, "Large", "North", 10),
        ("C8", None, None, None, None, 90),
        ("C9", None, None, None, "North", 100),
        ("C9", None, None, None, "South", 40),
        ("C9", None, None, None, None, 60),
        ("R1", "Small", "East", "Small", "East", 5),
        ("R1", "Small", "East", "Small", "South", 7),
    ]


def test_an_unknown_number_is_not_zero(warehouse: Warehouse) -> None:
    rows = warehouse.rows(
        "select clicks, impressions, platform_conversions from marts.fct_ad_spend"
        " where source_system = 'exports' and spend in (10, 20)"
        " order by spend"
    )
    assert rows == [(0, None, None), (None, None, None)]


def test_urls_lose_everything_but_utm_parameters(touches: dict[str, dict[str, Any]]) -> None:
    assert touches["gclid"]["landing_page"] == f"{PAGE}?utm_content=a+b%20c"
    assert touches["gclid"]["utm_content"] == "a b c"
    assert touches["gclid"]["click_id_type"] == "gclid"
    assert touches["gclid"]["click_id_hash"] == touches["gclid_and_source"]["click_id_hash"]
    assert "Cj0KC" not in str(touches)
    assert touches["from_url"]["landing_page"] == (
        f"{PAGE}?utm_source=google&utm_medium=paid&utm_campaign=Spring%20Sale"
    )
    assert touches["from_url"]["utm_campaign"] == "Spring Sale"
    assert touches["column_wins"]["utm_medium"] == "none"
    assert touches["referrer"]["referrer"] == "https://blog.partner.example/post"
    assert touches["address"]["utm_content"] == "(address)"


def test_report_days_and_kinds(touches: dict[str, dict[str, Any]]) -> None:
    assert touches["click"]["touch_type"] == "email_click"
    assert touches["click"]["day"] == "2025-03-01"  # half past eleven at night in New York
    assert touches["member"]["touch_type"] == "event_attendance"
    assert touches["member"]["day"] == "2025-02-28"  # a date does not shift
    assert touches["member"]["person_id"] is not None


def test_an_answer_to_an_email_is_no_attendance_and_counts_once(
    touches: dict[str, dict[str, Any]], warehouse: Warehouse
) -> None:
    duplicates = warehouse.rows(
        "select touch_id from marts.fct_touchpoints where is_duplicate order by all"
    )
    assert {touches[name]["touch_type"] for name in ("mail_answer", "mail_answer_later")} == {
        "other"
    }
    # The click of that day is the same deed; two days later it is another.
    assert duplicates == [(touches["mail_answer"]["touch_id"],)]


def test_records_get_channels_too(warehouse: Warehouse) -> None:
    rows = warehouse.rows(
        """
        select source_id, channel_id from intermediate.int_record_channels
        where object_type = 'lead'
        """
    )
    assert dict(rows) == {
        "L1": "events",
        "L2": "events",  # nothing of its own: its campaign's
        "L3": "other",  # its own words, that no rule knows
        "L4": "unattributed",
    }


def test_spend_is_converted_by_day_and_never_by_guess(warehouse: Warehouse) -> None:
    rows = warehouse.rows(
        """
        select cast(spend_date as text), campaign_name, fct_ad_spend.channel_id,
               cast(spend as text), fct_ad_spend.currency, cast(spend_reporting as text), clicks
        from marts.fct_ad_spend left join marts.dim_campaign using (campaign_id)
        where fct_ad_spend.source_system = 'ads'
        order by spend_date, spend desc
        """
    )
    assert rows == [
        ("2025-03-01", "Only in ads", "paid_social", "100.100000", "USD", "90.090000", 3),
        ("2025-03-01", "Spring Sale", "paid_social", "2.000000", "GBP", None, None),
        ("2025-03-01", "Spring Sale", "paid_social", "1.000000", "EUR", "1.000000", None),
        ("2025-03-02", "Only in ads", "paid_social", "0.050000", "USD", "0.040000", None),
    ]


def test_calendar_covers_all_facts(warehouse: Warehouse) -> None:
    rows = warehouse.rows(
        "select cast(min(date_day) as text), cast(max(date_day) as text), count(*)"
        " from marts.dim_date"
    )
    assert rows == [("2015-01-01", "2025-12-31", 4018)]
