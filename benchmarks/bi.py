"""BI readers: what dashboards ask of the KPI and alignment marts, and how long they wait.

Belongs here: the readers. Called as a program it is their process, which reads until it is told to
stop: 8 readers, each with a connection per query, as a BI server without a pool has, and a pause
after each answer, as a person looks at it.
"""

from __future__ import annotations

import json
import sys
import threading
import time
from pathlib import Path

import duckdb

READERS = 8
PAUSE_SECONDS = 0.5
QUERIES = (
    "select kpi_id, value, target, previous_value from marts.kpi_scorecard where period_grain ="
    " 'month' and period_start = (select max(period_start) from marts.kpi_scorecard where"
    " period_grain = 'month') and segment = '(all)' and channel_id = '(all)' and region = '(all)'",
    "select period_start, value from marts.kpi_scorecard where kpi_id = 'pipeline_created' and"
    " period_grain = 'week' and segment = '(all)' and channel_id = '(all)' and region = '(all)'"
    " order by period_start",
    "select channel_id, value from marts.kpi_scorecard where kpi_id = 'cost_per_lead' and"
    " period_grain = 'quarter' and segment = '(all)' and region = '(all)'",
    "select date_trunc('month', component_date) as month, channel_id, sum(value) as value"
    " from marts.kpi_components where component_id = 'spend' group by all order by all",
    "select promised_by, promise_name, period_start, promised, delivered, status from"
    " marts.sla_ledger order by period_start desc limit 50",
    "select promise_id, date_trunc('month', started_at) as month, count(*) as breaches"
    " from marts.sla_breaches group by all",
    "select step, sum(entered) as entered, sum(converted) as converted from"
    " marts.funnel_conversion where cohort_grain = 'month' group by all",
    "select segment, period_start, calls, follow_up_rate from marts.sales_effort where"
    " period_grain = 'month'",
    "select segment, price_loss_share, price_realization from marts.price_evidence where"
    " period_grain = 'quarter' order by period_start desc limit 100",
    "select topic, sum(mentions) as mentions from marts.customer_voice where period_grain ="
    " 'month' group by topic order by mentions desc limit 20",
    "select segment, region, known_share, customer_share from marts.market_coverage where"
    " period_grain = 'quarter'",
    "select week_start, sum(spend) as spend, sum(leads) as leads, sum(pipeline) as pipeline from"
    " marts.plan_and_pipeline group by week_start order by week_start",
    "select * from marts.review_agenda order by week_start desc, rank limit 20",
    "select * from marts.release_info",
)


def read(file: Path, seconds: list[tuple[float, float]], errors: list[str], stop: Path) -> None:
    """One reader: (when, how long) of each answer, until the file `stop` is there."""
    number = 0
    while not stop.exists():
        began, asked_at = time.monotonic(), time.time()
        try:
            with duckdb.connect(file, read_only=True) as connection:
                connection.execute(QUERIES[number % len(QUERIES)]).fetchall()
        except duckdb.Error as error:
            errors.append(str(error))
        seconds.append((asked_at, time.monotonic() - began))
        number += 1
        time.sleep(PAUSE_SECONDS)


def main() -> None:
    """Read `file` until `stop` is there, then write the times and the errors to `result`."""
    file, stop, result = (Path(name) for name in sys.argv[1:])
    seconds: list[tuple[float, float]] = []
    errors: list[str] = []
    readers = [
        threading.Thread(target=read, args=(file, seconds, errors, stop)) for _ in range(READERS)
    ]
    for reader in readers:
        reader.start()
    for reader in readers:
        reader.join()
    result.write_text(json.dumps({"seconds": seconds, "errors": errors}))


if __name__ == "__main__":
    main()
