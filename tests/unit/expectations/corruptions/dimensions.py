"""Corruptions for the suites of `expectations/suites/dimensions.py`."""

from __future__ import annotations

from tests.unit.expectations.corruptions.words import put, repeat

CORRUPTIONS: dict[tuple[str, str], str] = {
    ("dim_date", "date_day_is_unique"): repeat("dim_date"),
    ("dim_date", "has_no_gaps"): "delete from marts.dim_date where date_day = '2025-01-09'",
    ("dim_account", "account_id_is_unique"): repeat("dim_account"),
    ("dim_account", "owner_rep_id_is_in_dim_rep"): put("dim_account", "owner_rep_id", "'x'"),
    ("dim_account", "match_is_sure_enough"): put("dim_account", "match_confidence", "0.5"),
    ("dim_account", "records_are_those_of_the_bridge"): put("dim_account", "record_count", "3"),
    ("dim_person", "person_id_is_unique"): put("dim_person", "person_id", "null"),
    ("dim_person", "account_id_is_in_dim_account"): put("dim_person", "account_id", "'x'"),
    ("dim_person", "has_no_personal_column"): "alter table marts.dim_person add column email text",
    ("dim_campaign", "campaign_id_is_unique"): repeat("dim_campaign"),
    ("dim_campaign", "channel_id_is_in_dim_channel"): put("dim_campaign", "channel_id", "'x'"),
    ("dim_channel", "channel_id_is_unique"): repeat("dim_channel"),
    ("dim_channel", "has_every_channel_id"): "delete from marts.dim_channel"
    " where channel_id = 'other'",
    ("dim_rep", "rep_id_is_unique"): repeat("dim_rep"),
    ("dim_product", "product_id_is_unique"): repeat("dim_product"),
    ("dim_stage", "stage_id_is_unique"): repeat("dim_stage"),
    ("dim_stage", "position_is_unique"): put("dim_stage", "position", "2"),
    ("dim_stage", "stage_id_is_known"): put("dim_stage", "stage_id", "'prospect'"),
    ("dim_stage", "has_every_stage_id"): "delete from marts.dim_stage where stage_id = 'sal'",
    ("dim_stage", "accountable_team_is_known"): put("dim_stage", "accountable_team", "'it'"),
    ("dim_kpi", "kpi_id_is_unique"): repeat("dim_kpi"),
    ("dim_kpi", "kind_is_known"): put("dim_kpi", "kind", "'mean'"),
    ("dim_kpi", "owner_team_is_known"): put("dim_kpi", "owner_team", "null"),
    ("dim_kpi", "kpi_name_is_given"): put("dim_kpi", "kpi_name", "null"),
    ("dim_kpi", "formula_is_given"): put("dim_kpi", "formula", "null"),
    ("dim_kpi", "drills_to_a_fact"): put("dim_kpi", "numerator_fact", "null"),
    ("bridge_person_record", "source_system_object_type_source_id_is_unique"): repeat(
        "bridge_person_record"
    ),
    ("bridge_person_record", "person_id_is_in_dim_person"): put(
        "bridge_person_record", "person_id", "null"
    ),
    ("bridge_person_record", "no_address_is_shown"): put(
        "bridge_person_record", "source_id", "'jane.roe@example.com'"
    ),
    ("bridge_account_record", "source_system_source_id_is_unique"): repeat("bridge_account_record"),
    ("bridge_account_record", "account_id_is_in_dim_account"): put(
        "bridge_account_record", "account_id", "null"
    ),
    ("bridge_account_record", "match_type_is_known"): put(
        "bridge_account_record", "match_type", "'guess'"
    ),
    ("bridge_account_record", "confidence_is_that_of_the_match"): put(
        "bridge_account_record", "match_confidence", "0.9"
    ),
}
