"""How evenly something is spread, and what lies in the middle of it: the arithmetic of the fairness figures. Pure."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise


def gini(values: Sequence[float]) -> float | None:
    """0 when everybody has the same, near 1 when one has everything.

    Half the mean distance between any two, over the mean; every value counts, zeros included, each pair both ways and
    each with itself. Read from the sorted values, in n log n.
    :param values: none below 0. :return: None when there is nobody, or nothing to share.
    """
    total = sum(values)
    if not values or not total:
        return None
    n = len(values)
    weighted = sum(rank * value for rank, value in enumerate(sorted(values), 1))
    return max(0.0, (2 * weighted - (n + 1) * total) / (n * total))


def percentile(values: Sequence[float], share: float) -> float | None:
    """The smallest of the values that at least `share` of them don't exceed (nearest rank): always one that was there.

    :param share: above 0, at most 1; .5 for the median. :return: None without values.
    """
    if not values:
        return None
    # the share as it is written: .9 of 10 is the ninth, whatever a float makes of it
    rank = math.ceil(Fraction(str(share)) * len(values))
    return sorted(values)[max(1, rank) - 1]


def part_of(part: int, whole: int) -> float | None:
    """A share from 0 to 1; None of nothing."""
    return part / whole if whole else None


@dataclass(frozen=True, slots=True)
class Spread:
    """How something is spread over many: `counts` says how many have how much.

    :ivar counts: amount and number of those who have it, rising.
    """

    counts: tuple[tuple[int, int], ...]

    @property
    def people(self) -> int:
        return sum(n for _amount, n in self.counts)

    @property
    def total(self) -> int:
        return sum(amount * n for amount, n in self.counts)

    @property
    def gini(self) -> float | None:
        return gini([amount for amount, n in self.counts for _ in range(n)])

    @property
    def idle(self) -> int:
        """Those who have nothing."""
        return sum(n for amount, n in self.counts if not amount)


def spread_of(amounts: Sequence[int], idle: int = 0) -> Spread:
    """:param amounts: of those who have any. :param idle: how many others there are, with nothing."""
    found: dict[int, int] = {0: idle} if idle else {}
    for amount in amounts:
        found[amount] = found.get(amount, 0) + 1
    return Spread(tuple(sorted(found.items())))


def lorenz(spread: Spread) -> list[tuple[float, float]]:
    """From (0, 0) to (1, 1): the share of all that the idlest share of them carries. Straight when all carry the same.

    :return: [(0, 0)] when there is nobody or nothing.
    """
    people, total = spread.people, spread.total
    points = [(0.0, 0.0)]
    if not people or not total:
        return points
    seen = carried = 0
    for amount, n in spread.counts:
        seen, carried = seen + n, carried + amount * n
        points.append((seen / people, carried / total))
    return points


def carried_by(spread: Spread, busiest: float) -> float | None:
    """The share of all that the busiest share of them carries, e.g. .1 for the busiest tenth; read off the line of
    `lorenz`."""
    points = lorenz(spread)
    if len(points) < 2:
        return None
    at = 1 - busiest
    for (left, low), (right, high) in pairwise(points):
        if left <= at <= right:
            share = low if right == left else low + (high - low) * (at - left) / (right - left)
            return 1 - share
    return None
