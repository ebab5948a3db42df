"""How often the agenda finds what a demo company has, and what it has not.

Builds the agenda of twenty seeds with planted stories and of twenty without, through the real
lake and models, and counts: companies whose four stories are the first four items of the newest
week, and findings a week over 26 weeks where nothing was planted. A seed takes half a minute.

    python -m benchmarks.stories
    python -m benchmarks.stories --first 2000 --count 40
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

from tests.end_to_end.stories import WEEKS, agenda_of


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--first", type=int, default=1)
    parser.add_argument("--count", type=int, default=20)
    parser.add_argument("--scale", type=float, default=1.0)
    arguments = parser.parse_args()
    found, false_by_seed = 0, []
    with tempfile.TemporaryDirectory() as folder:
        for seed in range(arguments.first, arguments.first + arguments.count):
            agenda = agenda_of(Path(folder) / "home", seed, True, arguments.scale)
            found += agenda.is_found
            missing = sorted(agenda.planted - set(agenda.newest[: len(agenda.planted)]))
            none = agenda_of(Path(folder) / "home", seed, False, arguments.scale)
            false_by_seed.append(sum(none.findings_by_week) / WEEKS)
            print(
                f"seed {seed:<6} stories {'found' if agenda.is_found else f'missed {missing}'};"
                f" without stories {false_by_seed[-1]:.2f} findings a week",
                flush=True,
            )
    mean = sum(false_by_seed) / len(false_by_seed)
    print(f"stories  {found} of {arguments.count} companies have them in the first four places")
    print(f"none     {mean:.2f} false findings a week on average, {max(false_by_seed):.2f} at most")


if __name__ == "__main__":
    main()
