"""The words that the agreement is written with: stages, reasons, models, and what KPIs are made of.

Belongs here: lists of what a cell may say, with what each means. Does not belong here: which
table and column says it (`agreement_tables`).
"""

from __future__ import annotations

STAGE_IDS = (
    "lead",
    "mql",
    "sal",
    "sql",
    "opportunity",
    "won",
    "disqualified",
    "recycled",
    "lost",
)
PERIOD_GRAINS = ("day", "week", "month", "quarter", "year")
# Channels that classification itself gives; every channel list must name them.
FALLBACK_CHANNELS = {
    "direct": "a web session without any evidence",
    "other": "evidence that no rule matches",
    "unattributed": "no evidence at all",
}
REASONS = (
    "price",
    "competitor",
    "product",
    "budget",
    "timing",
    "no_decision",
    "no_need",
    "bad_fit",
    "unreachable",
    "duplicate",
    "other",
)
ATTRIBUTION_MODELS = (
    "first",
    "last",
    "last_non_direct",
    "linear",
    "time_decay",
    "u_shaped",
    "w_shaped",
    "full_path",
    "markov",
    "shapley",
)
# What the marts count per day, channel, segment and region; KPIs are sums and ratios of these.
COMPONENTS = {
    "leads": "leads created",
    "mqls": "journeys that entered mql",
    "sals": "journeys that entered sal",
    "sqls": "journeys that entered sql",
    "leads_handed": "leads handed to sales, by the day of handover",
    "leads_accepted": "of these, the leads that sales accepted",
    "leads_followed_up": "of these, the leads with an outbound activity",
    "follow_ups_due": "of these, the leads with one, or for which the promised time for it is over",
    "responses_due": "of these, the leads for which a promised response is due or was given",
    "responses_in_promise": "of these, the leads answered within the promise",
    "opportunities_created": "opportunities created",
    "wins": "opportunities won",
    "wins_new": "opportunities won, of new business or of unknown type",
    "wins_expansion": "opportunities won, of type expansion",
    "wins_renewal": "opportunities won, of type renewal",
    "wins_valued": "opportunities won whose amount is known",
    "wins_valued_new": "of these, those of new business or of unknown type",
    "losses": "opportunities lost",
    "closed": "opportunities won or lost",
    "closed_new": "opportunities won or lost, of new business or of unknown type",
    "closed_expansion": "opportunities won or lost, of type expansion",
    "closed_renewal": "opportunities won or lost, of type renewal",
    "pipeline_created": "value of the opportunities created, in the reporting currency",
    "sourced_pipeline_by_lead_source": "of this, where the lead source is marketing's",
    "sourced_pipeline_by_first_touch": "of this, where the first touch is marketing's",
    "sourced_pipeline_by_creator": "of this, where the creator is of the marketing team",
    "influenced_pipeline": "of this, where any touch came before the closing",
    "won_value": "value of the opportunities won, in the reporting currency",
    "won_value_new": "of this, that of new business or of unknown type",
    "closed_value": "value of the opportunities won or lost, in the reporting currency",
    "paid_won_value": "won value that the agreement's attribution model credits to paid channels",
    "list_value_won": "list value of the lines won that have both prices",
    "sold_value_won": "sold value of these lines",
    "discount_value_won": "list value of these lines less their sold value",
    "quota": "quotas of the reps, spread over the days of their periods",
    "spend": "ad spend, in the reporting currency",
    "acquisition_cost": "ad spend and costs of marketing and sales, spread over their periods",
}
# What there is on one day of a period; a KPI of kind stock is one of these.
STOCKS = {
    "pipeline_open": "value of the opportunities open at the period's end",
    "opportunities_open": "opportunities open at the period's end",
    "forecast": "value of those open at its beginning that are then expected to close within it",
}
# Values of single records; a KPI of kind percentile is taken from one of these.
SAMPLES = {
    "response_minutes": "business minutes from handover to the first response",
    "cycle_days": "days from opportunity to won",
}
# Numbers of company.csv that a derived KPI may use.
KPI_SETTINGS = ("gross_margin_share", "contract_months", "customer_lifetime_months")
# What a promise may measure beside KPIs: unit and meaning of the threshold, record by record.
RECORD_MEASURES = {
    "response_minutes": ("minutes", "at most so many from handover to the first response"),
    "decision_hours": ("hours", "at most so many from handover to acceptance or rejection"),
    "attempts": ("attempts", "at least so many before a lead is given up as unreachable"),
    "rejection_reason": ("reasons", "1: each rejected lead has a reason"),
    "stuck_days": ("days", "at most so many between activities of an open opportunity"),
}
# Of these, measured on the clock: working hours or all, as the promise's calendar says.
CLOCK_MEASURES = ("response_minutes", "decision_hours")
