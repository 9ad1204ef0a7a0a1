"""Orders to teams and slots, all at once and exactly: the plan's network. Pure.

Ways: order, (team, slot), (team, week), done; or order, done, unserved. Slots lie within weeks, so the capacities nest
and whole numbers come out. A team's week is a row of places, each dearer than the one before.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from qtxvol.matching.flow import Network
from qtxvol.matching.slots import week_of


@dataclass(frozen=True, slots=True)
class Option:
    """:ivar index: the order, by its place in the list. :ivar gain: points if it is served so, not below 0."""

    index: int
    team: int
    slot: int
    gain: int


@dataclass(frozen=True, slots=True)
class Allotment:
    """:ivar chosen: an option per order, or None. :ivar value: their gains less the costs of the weeks."""

    chosen: tuple[Option | None, ...]
    value: int


def allot(
    count: int,
    options: Sequence[Option],
    slot_room: Mapping[tuple[int, int], int],
    week_costs: Mapping[tuple[int, int], Sequence[int]],
) -> Allotment:
    """The allotment of the highest value; of equal ones always the same.

    :param count: number of orders.
    :param slot_room: services that (team, slot) can still take.
    :param week_costs: points that each further service costs (team, week), never falling; as many as it can still take.
    """
    ceiling = max((option.gain for option in options), default=0)
    network = Network(count)
    done = network.add_node()
    weeks = {week: _add_week(network, done, costs) for week, costs in week_costs.items()}
    slots = {slot: _add_slot(network, weeks[slot[0], week_of(slot[1])], room) for slot, room in slot_room.items()}
    arcs = [
        network.add_arc(option.index, slots[option.team, option.slot], 1, ceiling - option.gain) for option in options
    ]
    for index in range(count):
        # one point dearer than an order that gains nothing: between serving and not serving, serve
        network.add_arc(index, done, 1, ceiling + 1)
        network.push(index, done)
    chosen: list[Option | None] = [None] * count
    for option, arc in zip(options, arcs, strict=True):
        if network.flow_on(arc):
            chosen[option.index] = option
    return Allotment(tuple(chosen), worth_of(chosen, week_costs))


def worth_of(chosen: Sequence[Option | None], week_costs: Mapping[tuple[int, int], Sequence[int]]) -> int:
    """Gains of the chosen options less what their weeks cost."""
    taken: dict[tuple[int, int], int] = {}
    value = 0
    for option in chosen:
        if option:
            week = (option.team, week_of(option.slot))
            value += option.gain - week_costs[week][taken.get(week, 0)]
            taken[week] = taken.get(week, 0) + 1
    return value


def _add_week(network: Network, done: int, costs: Sequence[int]) -> int:
    node = network.add_node()
    for cost in costs:
        network.add_arc(node, done, 1, cost)
    return node


def _add_slot(network: Network, week: int, room: int) -> int:
    node = network.add_node()
    network.add_arc(node, week, room, 0)
    return node
