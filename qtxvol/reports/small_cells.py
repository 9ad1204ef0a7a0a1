"""Counts of people that are too small to be published; pure.

In a village everybody knows who the one veterinarian is: a public table does not say "1". Small cells are put together
into one; if that is still small, or hides a single cell that the total would give away, the next smallest joins it.
Zero is nobody and stays. The office, which knows the people anyway, sees every cell.
"""

from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from typing import Generic, TypeVar

#: The smallest number of people that a public table shows.
LEAST = 3

Group = TypeVar("Group", bound=Hashable)


@dataclass(frozen=True, slots=True)
class Pooled(Generic[Group]):
    """A table that may be published: `cells` as they are, and the groups in `pooled` as one number.

    `people` is 0 when nothing had to be pooled. The sum of all is the sum of what came in.
    """

    cells: Mapping[Group, int]
    pooled: frozenset[Group]
    people: int


def pool_small(cells: Mapping[Group, int], least: int = LEAST) -> Pooled[Group]:
    """Put small cells together until none can be told from the others.

    With fewer than `least` people in all there is nothing to tell: they are one pooled number, never broken down.
    :param cells: group → people, at least 0.
    """
    rising = sorted((group for group, people in cells.items() if people), key=lambda group: cells[group])
    pooled: list[Group] = [group for group in rising if cells[group] < least]
    rest = rising[len(pooled) :]
    while pooled and rest and (len(pooled) < 2 or sum(cells[group] for group in pooled) < least):
        pooled.append(rest.pop(0))
    hidden = frozenset(pooled)
    return Pooled(
        {group: people for group, people in cells.items() if group not in hidden},
        hidden,
        sum(cells[group] for group in hidden),
    )
