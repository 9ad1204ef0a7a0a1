"""How likely a captain or a volunteer says yes, learned from every answer. Pure.

A logistic model with shared weights and, on top, a leaning of each person. Every weight starts at what is generally
known and carries how sure we are of it; an answer moves it by the surprise over that sureness (an online Laplace
approximation), so early answers teach much and late ones little. A silence counts as no once it has lasted.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

_STEEP = 35.0


@dataclass(slots=True)
class Belief:
    """A weight and how sure we are of it (inverse variance)."""

    value: float
    sureness: float


@dataclass(frozen=True, slots=True)
class Clue:
    """What is known at the moment of asking: shared features, and whose leanings speak here.

    :ivar features: one number for each shared weight.
    :ivar leanings: keys such as a person, a team, a team on a topic; unseen keys lean nowhere.
    """

    features: tuple[float, ...]
    leanings: tuple[str, ...]


@dataclass(slots=True)
class Likelihood:
    """Chance of a yes, given a clue.

    :ivar shared: one belief per feature.
    :ivar leaning_sureness: how sure we are at first that each leaning is nought, in the order of `Clue.leanings`.
    """

    shared: list[Belief]
    leaning_sureness: Sequence[float]
    _leanings: dict[str, Belief] = field(default_factory=dict)

    @property
    def leanings(self) -> dict[str, Belief]:
        """What was learned of each person and team, by key; whoever remembers them puts them back here."""
        return self._leanings

    def chance(self, clue: Clue) -> float:
        """From 0.0 to 1.0, both excluded in practice."""
        total = sum(belief.value * feature for belief, feature in zip(self.shared, clue.features, strict=True))
        for key in clue.leanings:
            belief = self._leanings.get(key)
            if belief:
                total += belief.value
        return logistic(total)

    def learn(self, clue: Clue, has_agreed: bool) -> None:
        """Move every weight that spoke, and grow surer of it."""
        chance = self.chance(clue)
        surprise = float(has_agreed) - chance
        information = chance * (1 - chance)
        for belief, feature in zip(self.shared, clue.features, strict=True):
            _move(belief, feature, surprise, information)
        for key, sureness in zip(clue.leanings, self.leaning_sureness, strict=True):
            _move(self._leanings.setdefault(key, Belief(0.0, sureness)), 1.0, surprise, information)


def logistic(total: float) -> float:
    """1 / (1 + e^-x), without an overflow far out."""
    return 1 / (1 + math.exp(-max(-_STEEP, min(_STEEP, total))))


def _move(belief: Belief, feature: float, surprise: float, information: float) -> None:
    belief.sureness += information * feature * feature
    belief.value += surprise * feature / belief.sureness
