"""Luck that is told in advance: what happens to somebody depends on the seed and on whom and what it is about, never on
what happened before. So two runs of one seed are the same, and two ways of matching meet the same people. Pure."""

import math
from collections.abc import Sequence
from hashlib import blake2b
from statistics import NormalDist
from typing import TypeVar

Thing = TypeVar("Thing")
_NORMAL = NormalDist()


class Luck:
    """:ivar seed: the run's."""

    def __init__(self, seed: int) -> None:
        self.seed = seed

    def uniform(self, *about: object) -> float:
        """From 0 to 1, both excluded."""
        digest = blake2b(repr((self.seed, about)).encode(), digest_size=8).digest()
        return (int.from_bytes(digest, "big") + 0.5) / 2**64

    def happens(self, chance: float, *about: object) -> bool:
        return self.uniform(*about) < chance

    def normal(self, *about: object) -> float:
        """Around 0 with a spread of 1."""
        return _NORMAL.inv_cdf(self.uniform(*about))

    def lasts(self, median: float, spread: float, *about: object) -> float:
        """A time that is half of the time below `median`; log-normal."""
        return median * math.exp(spread * self.normal(*about))

    def whole(self, low: int, high: int, *about: object) -> int:
        """Both included."""
        return low + int(self.uniform(*about) * (high - low + 1))

    def pick(self, things: Sequence[Thing], *about: object) -> Thing:
        return things[int(self.uniform(*about) * len(things))]

    def sample(self, things: Sequence[Thing], most: int, *about: object) -> list[Thing]:
        """At most so many different ones."""
        order = sorted(range(len(things)), key=lambda i: self.uniform(*about, i))
        return [things[i] for i in order[:most]]


def logistic(value: float) -> float:
    return 1 / (1 + math.exp(-value))
