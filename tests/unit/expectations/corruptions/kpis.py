"""Corruptions for the suites of `expectations/suites/kpis.py`."""

from __future__ import annotations

from tests.unit.expectations.corruptions.words import put, repeat

CORRUPTIONS: dict[tuple[str, str], str] = {
    ("fct_acquisition_costs", "cost_date_team_category_is_unique"): repeat("fct_acquisition_costs"),
    ("fct_acquisition_costs", "team_is_known"): put("fct_acquisition_costs", "team", "'it'"),
    ("fct_acquisition_costs", "amount_has_a_rate"): put(
        "fct_acquisition_costs", "amount_reporting", "null"
    ),
    ("fct_acquisition_costs", "costs_are_those_of_their_facts"): put(
        "fct_acquisition_costs", "category", "'ad_spend'"
    ),
    (
        "kpi_components",
        "component_date_component_id_segment_channel_id_region_is_unique",
    ): repeat("kpi_components"),
    ("kpi_components", "component_id_is_known"): put("kpi_components", "component_id", "'visits'"),
    ("kpi_components", "value_is_given"): put("kpi_components", "value", "null"),
    ("kpi_components", "channel_id_is_in_dim_channel"): put("kpi_components", "channel_id", "'x'"),
    ("kpi_components", "components_are_sums_of_the_facts"): put("kpi_components", "value", "5"),
    (
        "kpi_scorecard",
        "period_grain_period_start_kpi_id_segment_channel_id_region_is_unique",
    ): repeat("kpi_scorecard"),
    ("kpi_scorecard", "kpi_id_is_in_dim_kpi"): put("kpi_scorecard", "kpi_id", "'x'"),
    ("kpi_scorecard", "period_grain_is_known"): put("kpi_scorecard", "period_grain", "'hour'"),
    ("kpi_scorecard", "null_has_a_reason"): put("kpi_scorecard", "value", "null"),
    (
        "kpi_scorecard",
        "every_period_has_a_total",
    ): "delete from marts.kpi_scorecard where kpi_id = 'wins' and period_grain = 'month'"
    " and segment = '(all)' and channel_id = '(all)' and region = '(all)'",
    (
        "kpi_scorecard",
        "numerators_are_sums_of_the_components",
    ): "update marts.kpi_scorecard set numerator = numerator + 1 where kpi_id = 'spend'",
    (
        "kpi_scorecard",
        "denominators_are_sums_of_the_components",
    ): "update marts.kpi_components set value = value + 1 where component_id = 'quota'",
    (
        "kpi_scorecard",
        "open_pipeline_is_that_of_its_days",
    ): "delete from marts.fct_opportunity_daily where opportunity_id = 'd1'",
    **{
        ("kpi_scorecard", f"{name}_slices_add_up"): "delete from marts.kpi_scorecard"
        f" where {name} <> '(all)' and kpi_id = 'leads' and period_start = '2025-01-15'"
        for name in ("segment", "channel_id", "region")
    },
}
