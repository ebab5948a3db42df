"""What a person reads in the terminal: a blocked run, a published one, the state.

Belongs here: words and layout. Does not belong here: decisions, how a run goes on
(`console_progress`).
"""

from __future__ import annotations

import csv
import sys
from collections import Counter
from collections.abc import Sequence
from typing import Any

from rich.console import Console, JustifyMethod
from rich.markup import escape
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from expectations.runner import masked
from orchestration.console_progress import WORDS, new_console
from orchestration.launch import PHASES, Outcome
from orchestration.lib.agreement_preview import Preview
from orchestration.lib.attribution.path_file import Credit
from orchestration.lib.company.agreement import read_agreement
from orchestration.lib.lake import quarantine
from orchestration.lib.lake.lake import Lake
from orchestration.lib.release import releases
from orchestration.report import Kpi, ReleaseReport, read_release
from orchestration.settings import Settings

out = new_console()
err = new_console(stderr=True)


def print_blocked(settings: Settings, outcome: Outcome) -> None:
    """A gate said no: which expectation, how many rows, examples, and what to do."""
    err.print("\n[bold red]Blocked by a gate.[/bold red] Nothing was published.")
    for result in outcome.blocked:
        failed, checked = result["failed_rows"], result["checked_rows"] or 0
        rows = f"  ({failed:,} of {checked:,})" if failed is not None and checked > 1 else ""
        err.print()
        _say(err, f"{result['asset']}: {result['expectation']}{rows}", 2, style="bold")
        _say(err, result["message"], 4)
        for example in result["examples"]:
            _say(err, f"e.g. {example}", 4)
    for message in outcome.errors:
        err.print()
        _say(err, message, 2)
    err.print()
    _print_rejected(settings, err)
    _say(err, f"Quarantined rows: `tandem quarantine list` ({settings.quarantine})")
    _print_standing(settings)


def print_errors(settings: Settings, outcome: Outcome) -> None:
    """The run failed: every cause, and that the old release still stands."""
    for message in outcome.errors or ["The run failed; its log says why."]:
        _say(err, f"error: {message}", style="red")
    _say(err, f"\nThe log of run {outcome.run_id} is in the UI: `tandem ui`.")
    _print_standing(settings)


def _say(console: Console, text: str, indent: int = 0, style: str = "") -> None:
    """A paragraph: indented as a whole in a terminal, one line in a log."""
    if console.is_terminal:
        console.print(Padding(Text(text, style), (0, 0, 0, indent)))
    else:
        console.print(" " * indent + text, markup=False, soft_wrap=True)


def _print_standing(settings: Settings) -> None:
    release = releases.current(settings)
    if release is None:
        err.print("No release is published yet.")
        return
    _say(
        err,
        f"Release {release.release_id} of {release.published_at:%Y-%m-%d %H:%M} UTC still stands"
        f" ({settings.published}).",
    )


def _print_rejected(settings: Settings, console: Console) -> None:
    for load in Lake(settings).newest_rejected():
        _say(
            console,
            f"Load {load.load_id} of {load.source}.{load.table_name} is rejected. Mend the input"
            f" and run again, or `tandem accept {load.load_id} --why …`.",
        )


def print_summary(settings: Settings, outcome: Outcome) -> None:
    """A published release: the funnel, both teams' KPIs and promises, the agenda, the gates."""
    report = read_release(settings.published / "tandem.duckdb")
    info = report.info
    signed = "signed by both teams" if info["is_signed"] else "provisional: not signed by both"
    out.print(
        f"\n[bold]Published {info['release_id']}[/bold], as of {info['as_of']:%Y-%m-%d %H:%M} UTC:"
        f" {report.table_count} tables, {report.row_count:,} rows"
    )
    out.print(f"Agreement {info['agreement_version']} ({signed})\n", soft_wrap=True)
    _print_table(_funnel_table(report.funnel))
    _print_kpis(report)
    _print_promises(report)
    _print_agenda(report)
    for note in report.notes:
        _say(out, f"{note}\n")
    for gate, tables, expectations, hold in report.gates:
        name = gate.replace("_", " ").capitalize()
        out.print(f"{name}: {hold:,} of {expectations:,} expectations hold, in {tables} tables")
    if report.warnings:
        _print_warnings(report.warnings)
    seconds = [f"{WORDS[phase].lower()} {outcome.seconds.get(phase, 0):.1f}" for phase in PHASES]
    out.print(f"{outcome.total_seconds:.1f} seconds: {', '.join(seconds)}\n")
    out.print("[bold]Next[/bold]")
    out.print(f"  duckdb -readonly {settings.published}/tandem.duckdb", soft_wrap=True)
    out.print("  tandem ui                the Dagster UI with this run")
    out.print("  tandem quarantine list   rows that were kept out, and why")
    if not info["is_signed"]:
        out.print("  tandem agreement sign    the agreement, once for each team")
    if settings.is_demo:
        out.print("  tandem init DIR          your own company: see docs/company-folder.md")


def _funnel_table(funnel: list[tuple[Any, ...]]) -> Table:
    """Stages side by side, or below each other in a narrow terminal."""
    counts = [(stage, f"{observed:,}", f"{total:,}") for stage, observed, total in funnel]
    lines = [("Funnel", "observed", "with inferred"), *counts]
    if out.width < _WIDE:
        return _table(None, lines[0], lines[1:])
    stages, observed, total = zip(*lines, strict=True)
    table = _table(None, stages, [observed, total])
    for column in table.columns:
        column.no_wrap = " " not in str(column.header)
    return table


# How many KPIs of each the summary shows: those with a target first, then as the agreement orders.
_SHOWN_KPIS = {"both": 8, "marketing": 8, "sales": 8}
_SHOWN_ITEMS, _SHOWN_WARNINGS = 5, 4
# From this width on, the two teams and the stages are side by side.
_WIDE = 96


def _print_kpis(report: ReleaseReport) -> None:
    if report.month is None:
        out.print("[bold]KPIs[/bold]: no complete month yet\n")
        return
    told = [kpi for kpi in report.kpis if kpi.value is not None]
    shown = {team: _first(told, team, count) for team, count in _SHOWN_KPIS.items()}
    out.print(f"[bold]KPIs, {report.month:%B %Y}[/bold]")
    if shown["both"]:
        _print_table(_kpi_table("Both teams", shown["both"]))
    teams = [_kpi_table(team.capitalize(), shown[team]) for team in ("marketing", "sales")]
    if out.width >= _WIDE:
        side_by_side = Table.grid(padding=(0, 3, 0, 0))
        side_by_side.add_row(*teams)
        _print_table(side_by_side)
    else:
        for table in teams:
            _print_table(table)
    more = len(told) - sum(map(len, shown.values()))
    if more:
        out.print(f"{more} more, and each by segment, channel and region: marts.kpi_scorecard")
    missing = Counter((kpi.null_reason or "").partition(":")[0] for kpi in report.kpis)
    del missing[""]
    if missing:
        reasons = ", ".join(f"{why.replace('_', ' ')} ({count})" for why, count in missing.items())
        _say(out, f"{missing.total()} have no value: {reasons}; null_reason says what is missing")
    out.print()


def _first(kpis: Sequence[Kpi], team: str, count: int) -> list[Kpi]:
    own = [kpi for kpi in kpis if kpi.team == team]
    first = sorted(own, key=lambda kpi: kpi.target is None)[:count]
    return [kpi for kpi in own if kpi in first]


def _kpi_table(title: str, kpis: Sequence[Kpi]) -> Table:
    rows = [
        (
            kpi.name,
            _value(kpi.value, kpi.unit),
            "" if kpi.attainment is None else f"{kpi.attainment:.0%}",
            _value(kpi.previous, kpi.unit),
        )
        for kpi in kpis
    ]
    table = _table(None, (title, "value", "of target", "before"), rows)
    table.columns[0].no_wrap = False
    return table


def _print_promises(report: ReleaseReport) -> None:
    if not report.promises:
        return
    judged = Counter(of.team for of in report.promises if of.status != "no_data")
    kept = Counter(of.team for of in report.promises if of.status == "kept")
    teams = ", ".join(f"{team} kept {kept[team]} of {judged[team]}" for team in judged)
    rows = [
        (
            of.team,
            f"{of.name} ({of.place})" if of.place else of.name,
            _value(of.promised, of.unit),
            _value(of.delivered, of.unit),
            f"{of.kept:,} of {of.due:,}" if of.due else "",
            of.status.replace("_", " "),
        )
        for of in report.promises
    ]
    columns = ("by", "promise", "promised", "delivered", "records", "")
    table = _table(f"Promises, {report.month:%B %Y}: {teams or 'no data'}", columns, rows)
    table.columns[1].justify = "left"
    _print_table(table)


def _print_agenda(report: ReleaseReport) -> None:
    if not report.agenda:
        return
    out.print(f"[bold]Agenda of the week from {report.agenda[0].week}[/bold]")
    for number, item in enumerate(report.agenda[:_SHOWN_ITEMS], start=1):
        team = f"{item.team.capitalize()}: " if item.team else ""
        stake = f" At stake: {item.at_stake:,.0f} a quarter." if item.at_stake else ""
        _say(out, f"{number}. {team}{item.title}{stake}", 2)
    more = len(report.agenda) - _SHOWN_ITEMS
    if more > 0:
        out.print(f"  {more} more: marts.review_agenda")
    out.print()


def _print_warnings(warnings: list[tuple[Any, ...]]) -> None:
    _print_table(_table(None, ("Warnings", ""), warnings[:_SHOWN_WARNINGS], right=False), end="")
    more = len(warnings) - _SHOWN_WARNINGS
    if more > 0:
        out.print(f"{more} more: marts.data_quality")


_UNITS = {"minutes": " min", "hours": " h", "days": " days", "months": " months"}


def _value(value: Any, unit: str) -> str:
    if value is None:
        return ""
    if value == 0:
        return "0"
    if unit == "share":
        return f"{value:.1%}"
    if unit in _UNITS:
        # A tenth of a minute tells something of three minutes, and nothing of sixty.
        digits = 0 if abs(value) >= (10 if unit == "minutes" else 100) else 1
        return f"{value:,.{digits}f}{_UNITS[unit]}"
    return f"{value:,.0f}" if unit == "count" or abs(value) >= 1000 else f"{value:,.2f}"


def _table(
    title: str | None, columns: Sequence[str], rows: Sequence[Sequence[str]], *, right: bool = True
) -> Table:
    """A table without lines; all columns but the first are to the `right`, as numbers are."""
    table = Table(
        title=title,
        title_justify="left",
        title_style="bold",
        box=None,
        padding=(0, 1, 0, 0),
        pad_edge=False,
    )
    for position, column in enumerate(columns):
        justify: JustifyMethod = "right" if position and right else "left"
        table.add_column(column, justify=justify, no_wrap=not position)
    for row in rows:
        table.add_row(*map(escape, row))
    return table


def _print_table(table: Table, end: str = "\n") -> None:
    out.print(table)
    out.print(end=end)


def print_status(settings: Settings) -> None:
    """The release, a hold, rejected loads, and the newest load of each table."""
    release = releases.current(settings)
    if release is None:
        out.print("No release is published yet. `tandem run` publishes the first one.")
    else:
        out.print(
            f"Release {release.release_id}, published {release.published_at:%Y-%m-%d %H:%M} UTC,"
            f" as of {release.as_of:%Y-%m-%d %H:%M} UTC"
        )
        if release.erased_at is not None:
            out.print(f"A person was erased from it on {release.erased_at:%Y-%m-%d %H:%M} UTC")
        state = "signed by both teams" if release.is_signed else "provisional: not signed by both"
        out.print(f"Agreement {release.agreement_version} ({state})")
        _print_changed_agreement(settings, release)
    hold = releases.read_hold(settings)
    if hold is not None:
        _say(out, f"{hold.told} `tandem resume` lifts the hold.")
    loads = Lake(settings).newest_loads()
    if not loads:
        return
    out.print()
    _print_table(
        _table(
            "Newest loads",
            ("table", "load", "state", "rows", "quarantined", "extracted (UTC)"),
            [
                (
                    f"{load.source}.{load.table_name}",
                    str(load.load_id),
                    load.state,
                    f"{load.rows:,}",
                    f"{load.rows_quarantined:,}",
                    f"{load.extracted_at:%Y-%m-%d %H:%M}",
                )
                for load in loads
            ],
        )
    )
    _print_rejected(settings, out)


def _print_changed_agreement(settings: Settings, release: releases.Release) -> None:
    """Where the company folder's agreement is not what was published, and what to do."""
    files = read_agreement(settings.company)
    if files.all_problems:
        _say(out, "The folder's agreement has problems: `tandem check`.")
        return
    agreement = files.build()
    if agreement.version != release.agreement_version:
        teams = " and ".join(sorted(agreement.signed_by)) or "no team"
        _say(
            out,
            f"The folder's agreement is {agreement.version}, signed by {teams}:"
            " `tandem agreement diff`.",
        )
    elif agreement.is_signed and not release.is_signed:
        out.print("Both teams have signed it since: the next `tandem run` publishes it as signed.")


def print_releases(settings: Settings) -> None:
    """The releases that are kept, the current one marked."""
    kept = releases.list_releases(settings)
    if not kept:
        out.print("No release is published yet. `tandem run` publishes the first one.")
        return
    rows = [
        (
            f"{'*' if release.is_current else ' '} {release.release_id}",
            f"{release.published_at:%Y-%m-%d %H:%M}",
            f"{release.as_of:%Y-%m-%d %H:%M}",
            release.agreement_version,
            "signed" if release.is_signed else "provisional",
            f"{release.erased_at:%Y-%m-%d %H:%M}" if release.erased_at else "",
            f"{sum(release.rows.values()):,}",
        )
        for release in kept
    ]
    columns = (
        *("release", "published (UTC)", "as of (UTC)", "agreement", "state"),
        *("erased (UTC)", "rows"),
    )
    out.print(_table("Releases (* is current)", columns, rows))


def print_credits(credits: Sequence[Credit], is_csv: bool) -> None:
    """Credit by model and channel: a table to read, or CSV with every digit."""
    columns = ("model", "channel", "conversions", "value")
    if is_csv:
        writer = csv.writer(sys.stdout, lineterminator="\n")
        writer.writerow(columns)
        writer.writerows((of.model, of.channel, of.conversions, of.value) for of in credits)
        return
    rows = [(of.model, of.channel, f"{of.conversions:.6f}", f"{of.value:.6f}") for of in credits]
    table = _table("Credit by model and channel", columns, rows)
    table.columns[1].justify, table.columns[1].no_wrap = "left", True
    _print_table(table)


def print_quarantine(settings: Settings, source: str | None, limit: int) -> None:
    """Where each quarantined row stands and which rule it broke; values are masked."""
    rows = quarantine.list_rows(settings, source, limit=limit)
    if not rows:
        out.print("No row is in quarantine.")
        return
    for row in rows:
        place = row.file if row.line is None else f"{row.file}:{row.line}"
        released = "  (released)" if row.is_released else ""
        _say(
            out,
            f"{row.quarantine_id}  {row.source}.{row.table_name}  {place}{released}",
            style="bold",
        )
        _say(out, f"{row.rule}: {masked(row.message)}", 2)
    _say(out, f"\nThe raw records are in {settings.quarantine} (private).")
    _say(out, "Mend the source, or let a row in: `tandem quarantine release ID --why …`.")


def print_preview(preview: Preview, limit: int) -> None:
    """What an agreement would change: KPIs by period and segment, then promises."""
    out.print(
        f"\nAgreement {preview.version_after} against {preview.version_before}, on the data of"
        f" release {preview.release_id}, as of {preview.as_of:%Y-%m-%d %H:%M} UTC:"
        f" {len(preview.moves):,} of {len(preview.moves) + preview.unchanged:,} values of months,"
        " quarters and years would change.\n",
        soft_wrap=True,
    )
    if preview.moves:
        rows = [
            (
                move.kpi_id,
                f"{move.period_grain} {move.period_start}",
                move.segment,
                _value(move.before, move.unit) or "none",
                _value(move.after, move.unit) or "none",
                _change(move.before, move.after),
            )
            for move in preview.moves[:limit]
        ]
        columns = ("KPI", "period", "segment", "before", "after", "change")
        _print_table(_table("KPIs that would move", columns, rows))
    if len(preview.moves) > limit:
        out.print(f"… and {len(preview.moves) - limit:,} more: `--limit` shows them.\n")
    if preview.promises:
        promised = [
            (
                move.promise_id,
                f"{move.period_grain} {move.period_start}",
                " ".join(filter(None, (move.segment, move.region))) or "(all)",
                move.before or "not judged",
                move.after or "not judged",
            )
            for move in preview.promises[:limit]
        ]
        names = ("promise", "period", "segment, region", "before", "after")
        _print_table(_table("Promises judged otherwise", names, promised))
    elif preview.promises_unchanged:
        out.print(f"All {preview.promises_unchanged:,} verdicts on promises stay as they are.")


def _change(before: float | None, after: float | None) -> str:
    if before is None or after is None:
        return ""
    return f"{after - before:+,.2f}" if before == 0 else f"{(after - before) / abs(before):+.1%}"
