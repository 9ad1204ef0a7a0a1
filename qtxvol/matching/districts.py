"""A large plan piece by piece: what one district takes is not there for the next, and then each may think again. Pure.

One network for the whole city grows dearer than its orders are many; pieces cost the same each. The first sweep gives
the early districts too much, so further sweeps let every district choose anew among what the others leave. No sweep
lowers the value of the whole.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from qtxvol.matching.allotment import Allotment, Option, allot, worth_of
from qtxvol.matching.slots import week_of

Room = Mapping[tuple[int, int], int]
Costs = Mapping[tuple[int, int], Sequence[int]]


def allot_in_pieces(
    pieces: Sequence[Sequence[int]],
    options: Sequence[Option],
    slot_room: Room,
    week_costs: Costs,
    sweeps: int,
    earlier: Sequence[Option | None] = (),
    after_each: Callable[[], None] = lambda: None,
) -> Allotment:
    """As `allot`, but only exact when there is one piece.

    :param pieces: orders by their place in the list; each in one piece.
    :param sweeps: how often each piece is allotted, at least 1; one piece is allotted once.
    :param earlier: what was chosen when there were more options; then only pieces that lost a choice choose anew.
    :param after_each: called after every piece; what it raises ends the allotting.
    """
    mine: dict[int, list[Option]] = defaultdict(list)
    for option in options:
        mine[option.index].append(option)
    taken = _Taken(slot_room, week_costs)
    taken.take([option for option in earlier if option and option in mine[option.index]])
    lost = {option.index for option in earlier if option and option.index not in taken.by_order}
    for _sweep in range(1 if earlier or len(pieces) == 1 else sweeps):
        for piece in pieces:
            if earlier and lost.isdisjoint(piece):
                continue
            taken.give_back(piece)
            taken.take(_allot_piece(piece, [option for index in piece for option in mine[index]], taken))
            after_each()
    chosen = tuple(taken.by_order.get(index) for index in range(sum(len(piece) for piece in pieces)))
    return Allotment(chosen, worth_of(chosen, week_costs))


@dataclass(slots=True)
class _Taken:
    """What the orders of all pieces have taken so far, and so what is left."""

    slot_room: Room
    week_costs: Costs
    by_order: dict[int, Option] = field(default_factory=dict)
    slots: Counter[tuple[int, int]] = field(default_factory=Counter)
    weeks: Counter[tuple[int, int]] = field(default_factory=Counter)

    def take(self, options: Sequence[Option]) -> None:
        for option in options:
            self.by_order[option.index] = option
            self._count(option, 1)

    def give_back(self, piece: Sequence[int]) -> None:
        for index in piece:
            option = self.by_order.pop(index, None)
            if option:
                self._count(option, -1)

    def _count(self, option: Option, by: int) -> None:
        self.slots[option.team, option.slot] += by
        self.weeks[option.team, week_of(option.slot)] += by


def _allot_piece(piece: Sequence[int], options: Sequence[Option], taken: _Taken) -> list[Option]:
    """The best that one piece can choose among what the others have left."""
    places = {index: place for place, index in enumerate(piece)}
    slots = dict.fromkeys((option.team, option.slot) for option in options)
    room = {slot: taken.slot_room[slot] - taken.slots[slot] for slot in slots}
    weeks = dict.fromkeys((team, week_of(slot)) for team, slot in slots)
    left = {week: taken.week_costs[week][taken.weeks[week] :] for week in weeks}
    local = [Option(places[option.index], option.team, option.slot, option.gain) for option in options]
    chosen = allot(len(piece), local, room, left).chosen
    return [Option(piece[option.index], option.team, option.slot, option.gain) for option in chosen if option]
