"""The flow against an independent solver and against trying everything."""

from itertools import product
from random import Random

import pytest

from qtxvol.matching.allotment import Option, allot, worth_of
from qtxvol.matching.flow import Network
from qtxvol.matching.slots import week_of

Arc = tuple[int, int, int, int]


def cheapest_by_bellman_ford(nodes: int, arcs: list[Arc], sources: list[int], sink: int) -> tuple[int, int]:
    """Units sent and their cost, by textbook Bellman-Ford on the residual network; slow and plain."""
    residual = [[tail, head, room, cost] for tail, head, room, cost in arcs]
    residual += [[head, tail, 0, -cost] for tail, head, _room, cost in arcs]
    twin = [(k + len(arcs)) % len(residual) for k in range(len(residual))]
    units = total = 0
    for source in sources:
        distance: dict[int, int] = {source: 0}
        by: dict[int, int] = {}
        for _ in range(nodes):
            for k, (tail, head, room, cost) in enumerate(residual):
                if room and tail in distance and distance[tail] + cost < distance.get(head, 10**9):
                    distance[head], by[head] = distance[tail] + cost, k
        if sink not in distance:
            continue
        units, total, node = units + 1, total + distance[sink], sink
        while node != source:
            residual[by[node]][2] -= 1
            residual[twin[by[node]]][2] += 1
            node = residual[by[node]][0]
    return units, total


def random_network(draw: Random) -> tuple[int, list[Arc], list[int]]:
    """Sources first, sink last; arcs anywhere between, parallel ones and circles included."""
    nodes = draw.randint(3, 9)
    arcs = [
        (draw.randrange(nodes - 1), draw.randrange(nodes), draw.randint(0, 3), draw.randint(0, 20))
        for _ in range(draw.randint(2, 24))
    ]
    return nodes, [arc for arc in arcs if arc[0] != arc[1]], [draw.randrange(2) for _ in range(draw.randint(1, 6))]


def test_a_thousand_random_networks_cost_what_bellman_ford_finds():
    draw = Random(1)
    sent = 0
    for _ in range(1000):
        nodes, arcs, sources = random_network(draw)
        network = Network(nodes)
        laid = [network.add_arc(*arc) for arc in arcs]
        units = sum(network.push(source, nodes - 1) for source in sources)
        cost = sum(network.flow_on(number) * arc[3] for number, arc in zip(laid, arcs, strict=True))
        assert (units, cost) == cheapest_by_bellman_ford(nodes, arcs, sources, nodes - 1)
        sent += units
    assert sent > 1000


def test_flow_keeps_to_the_room_and_loses_nothing_on_the_way():
    draw = Random(2)
    for _ in range(200):
        nodes, arcs, sources = random_network(draw)
        network = Network(nodes)
        laid = [network.add_arc(*arc) for arc in arcs]
        sent = [source for source in sources if network.push(source, nodes - 1)]
        surplus = [0] * nodes
        for number, (tail, head, room, _cost) in zip(laid, arcs, strict=True):
            assert 0 <= network.flow_on(number) <= room
            surplus[tail] -= network.flow_on(number)
            surplus[head] += network.flow_on(number)
        assert surplus[:-1] == [-sent.count(node) for node in range(nodes - 1)]


def test_a_negative_cost_is_refused():
    with pytest.raises(ValueError, match="negative"):
        Network(2).add_arc(0, 1, 1, -1)


def random_orders(draw: Random) -> tuple[int, list[Option], dict, dict]:
    """A few orders, teams with two slots in each of two weeks, rising costs; small enough to try everything."""
    count = draw.randint(1, 5)
    keys = [(team, slot) for team in range(2) for slot in (0, 4, 21, 25)]
    options = [
        Option(index, *key, draw.randint(0, 30))
        for index in range(count)
        for key in draw.sample(keys, draw.randint(0, 3))
    ]
    costs = {
        (team, week): sorted(draw.choices(range(30), k=draw.randint(0, 3))) for team in range(2) for week in (0, 1)
    }
    return count, options, {key: draw.randint(0, 2) for key in keys}, costs


def is_allowed(chosen: list[Option], room: dict, costs: dict) -> bool:
    slots = [(option.team, option.slot) for option in chosen]
    weeks = [(option.team, week_of(option.slot)) for option in chosen]
    return all(slots.count(key) <= room[key] for key in slots) and all(
        weeks.count(key) <= len(costs[key]) for key in weeks
    )


def best_by_trying_everything(count: int, options: list[Option], room: dict, costs: dict, price: int) -> int:
    """The highest value less `price` for each order left unserved."""
    choices = [[None, *(option for option in options if option.index == index)] for index in range(count)]
    return max(
        worth_of(chosen, costs) - price * chosen.count(None)
        for chosen in product(*choices)
        if is_allowed([option for option in chosen if option], room, costs)
    )


def test_three_hundred_random_allotments_are_worth_what_trying_everything_finds():
    draw = Random(3)
    for _ in range(300):
        count, options, room, costs = random_orders(draw)
        allotment = allot(count, options, room, costs)
        assert is_allowed([option for option in allotment.chosen if option], room, costs)
        # a tie between serving and not serving is decided for serving: one point per order
        price = 1
        found = allotment.value - price * allotment.chosen.count(None)
        assert found == best_by_trying_everything(count, options, room, costs, price)


def test_allotment_doesnt_depend_on_when_it_is_made():
    draw = Random(4)
    for _ in range(50):
        count, options, room, costs = random_orders(draw)
        assert allot(count, options, room, costs) == allot(count, list(options), dict(room), dict(costs))
