"""Intervals of shares and of the difference of two shares.

Belongs here: formulas over counts, element by element. Does not belong here: what is counted.
"""

from __future__ import annotations

from statistics import NormalDist
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Floats: TypeAlias = NDArray[np.float64]
Numbers: TypeAlias = "Floats | np.float64 | float"  # element by element

# One false alarm in a hundred looks at a family, before it is shared among its subjects.
ALPHA = 0.01
Z_95 = NormalDist().inv_cdf(0.975)


def strict_z(tests: int, sides: int = 1) -> float:
    """The normal quantile for `tests` looks at once: Bonferroni shares ALPHA among them.

    C. Bonferroni (1936), O. J. Dunn, Multiple comparisons among means, JASA 56 (1961): with the
    level ALPHA / tests for each, the chance of any false alarm is at most ALPHA.
    """
    return NormalDist().inv_cdf(1 - ALPHA / sides / max(tests, 1))


def wilson(successes: Numbers, trials: Numbers, z: float) -> tuple[Floats, Floats]:
    """Lower and upper end of the score interval of a share; 0 and 1 without trials.

    E. B. Wilson, Probable inference, JASA 22 (1927). `successes` need not be whole numbers.
    """
    trials = np.asarray(trials, np.float64)
    n = np.where(trials > 0, trials, 1.0)
    share = np.asarray(successes, np.float64) / n
    scale = 1 + z * z / n
    middle = share + z * z / (2 * n)
    half = z * np.sqrt(np.maximum(share * (1 - share) / n + z * z / (4 * n * n), 0))
    low = np.where(trials > 0, np.maximum((middle - half) / scale, 0), 0.0)
    high = np.where(trials > 0, np.minimum((middle + half) / scale, 1), 1.0)
    return low, high


def difference_low(
    bad: Numbers, trials: Numbers, other_share: Numbers, other_trials: Numbers, z: float
) -> Floats:
    """Lower end of the interval of a share minus that of the others: at least so much more.

    R. G. Newcombe, Interval estimation for the difference between independent proportions,
    Statistics in Medicine 17 (1998), method 10: with p in (l, u) and q in (l', u') by Wilson it
    is p - q - sqrt((p - l)^2 + (u' - q)^2).
    """
    share = np.asarray(bad) / np.maximum(trials, 1)
    low, _ = wilson(bad, trials, z)
    _, other_high = wilson(np.asarray(other_share) * other_trials, other_trials, z)
    return np.asarray(share - other_share) - np.sqrt(
        (share - low) ** 2 + (other_high - other_share) ** 2
    )
