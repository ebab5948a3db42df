"""The words of a message: what failed, whose it is, and which release still stands.

Belongs here: text. Does not belong here: when it is sent (`decisions`), how (`delivery`).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from orchestration.lib.alerts.decisions import Told, ToldAge
from orchestration.lib.release import releases
from orchestration.settings import Settings

_SHOWN_CAUSES = 10
_WHAT = {
    "published": "works again",
    "blocked": "was blocked by a gate",
    "failed": "failed",
    "not_started": "could not start",
}


@dataclass(frozen=True)
class Message:
    """A subject of one line, and a text of several."""

    subject: str
    text: str


def message_of(settings: Settings, told: Told) -> Message:
    """The message about a failure or a recovery, with the release as it is now."""
    end = told.end
    lines = [
        f"- {cause.text}. Accountable: {cause.owner}." for cause in told.causes[:_SHOWN_CAUSES]
    ]
    if len(told.causes) > _SHOWN_CAUSES:
        lines.append(f"- {len(told.causes) - _SHOWN_CAUSES} more.")
    if not told.causes:
        runs = "1 run" if told.failing.runs == 1 else f"{told.failing.runs} runs"
        lines.append(f"{runs} had failed since {told.failing.since:%Y-%m-%d %H:%M} UTC.")
    lines.append(_standing(settings))
    if told.causes:
        lines += _held(settings)
        run = f"run {end.run_id}; its log is in the UI" if end.run_id else "there is no run"
        lines.append(f"Job {end.job}, {run}. `tandem status` shows the state.")
    return Message(f"{name_of(settings)}: {end.job} {_WHAT[end.how]}", "\n".join(lines))


def message_of_age(settings: Settings, told: ToldAge) -> Message:
    """The message about a release that has grown late, or is no longer."""
    lines = [_standing(settings)]
    if told.is_late:
        days, allowed = (each / timedelta(days=1) for each in (told.age, told.allowed))
        lines.append(f"Nothing newer was published for {days:.1f} days; {allowed:g} are usual.")
        lines += [*_held(settings), "`tandem status` shows the state."]
    what = "the release is late" if told.is_late else "the release is no longer late"
    return Message(f"{name_of(settings)}: {what}", "\n".join(lines))


def test_message(settings: Settings) -> Message:
    """What `tandem alerts test` sends."""
    text = "Messages about failed runs come here. Nothing has failed: this one is a test."
    return Message(f"{name_of(settings)}: test message", f"{text}\n{_standing(settings)}")


def name_of(settings: Settings) -> str:
    """Whose installation it is: as the home says, else the company folder's name."""
    marker = settings.home / "company.txt"
    if marker.exists():
        return f"Tandem, {marker.read_text(encoding='utf-8').strip()}"
    return f"Tandem, {settings.company.name}"


def _held(settings: Settings) -> list[str]:
    hold = releases.read_hold(settings)
    if hold is None:
        return []
    return [f"Publishing is held since {hold.since}; `tandem resume` lifts the hold."]


def _standing(settings: Settings) -> str:
    release = releases.current(settings)
    if release is None:
        return "No release is published yet."
    return (
        f"Release {release.release_id}, as of {release.as_of:%Y-%m-%d %H:%M} UTC,"
        f" is the one that BI reads (published {release.published_at:%Y-%m-%d %H:%M} UTC)."
    )
