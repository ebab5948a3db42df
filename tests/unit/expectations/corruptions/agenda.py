"""Corruptions for the suite of `expectations/suites/agenda.py`."""

from __future__ import annotations

from tests.unit.expectations.corruptions.words import put, repeat

_AGENDA = "review_agenda"


def _finding(column: str, value: str) -> str:
    return f"update marts.{_AGENDA} set {column} = {value} where item_kind = 'finding'"


CORRUPTIONS: dict[tuple[str, str], str] = {
    (_AGENDA, "week_start_item_id_is_unique"): repeat(_AGENDA),
    (_AGENDA, "week_start_rank_is_unique"): f"update marts.{_AGENDA} set rank = 1",
    (_AGENDA, "ranks_have_no_gap"): f"update marts.{_AGENDA} set rank = rank + 1",
    (_AGENDA, "item_kind_is_known"): put(_AGENDA, "item_kind", "'gossip'"),
    (_AGENDA, "finding_is_known"): put(_AGENDA, "finding", "'price_loss'"),
    (_AGENDA, "status_is_known"): put(_AGENDA, "status", "'forgotten'"),
    (_AGENDA, "accountable_team_is_known"): put(_AGENDA, "accountable_team", "'nobody'"),
    **{
        (_AGENDA, f"{name}_is_given"): put(_AGENDA, name, "null")
        for name in ("title", "first_week", "weeks_open")
    },
    (_AGENDA, "kpi_id_is_in_dim_kpi"): put(_AGENDA, "kpi_id", "'x'"),
    (_AGENDA, "promise_id_is_in_dim_promise"): put(_AGENDA, "promise_id", "'x'"),
    (_AGENDA, "channel_id_is_in_dim_channel"): put(_AGENDA, "channel_id", "'x'"),
    (_AGENDA, "campaign_id_is_in_dim_campaign"): put(_AGENDA, "campaign_id", "'x'"),
    **{
        (_AGENDA, f"{name}_is_not_negative"): put(_AGENDA, name, "-1")
        for name in ("sample_size", "value_at_stake")
    },
    (_AGENDA, "measured_is_in_its_interval"): _finding("measured", "0.9"),
    (_AGENDA, "findings_differ_from_the_others"): _finding("expected", "measured"),
    (_AGENDA, "weeks_are_counted_from_the_first"): put(_AGENDA, "weeks_open", "9"),
    (_AGENDA, "closed_items_have_an_end"): put(_AGENDA, "status", "'closed'"),
    (_AGENDA, "texts_have_no_address"): put(_AGENDA, "decision", "'ask jane@doe.test'"),
}
