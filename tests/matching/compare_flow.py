"""Compares the flow with OR-tools on a thousand random networks, where that is installed.

    pip install ortools        # in an environment of its own, with the product
    python -m tests.matching.compare_flow [NETWORKS]

Not part of the test run: with what it pulls in (numpy, pandas, protobuf …) it is some 250 MB, for what `test_flow.py`
finds out with thirty lines of Bellman-Ford. Prints how many costs differ, and exits 1 if any does.
"""

import sys
from random import Random

from qtxvol.matching.flow import Network
from tests.matching.test_flow import random_network


def main() -> int:
    from ortools.graph.python import min_cost_flow  # type: ignore[import-not-found]  # not among our dependencies

    count = int(sys.argv[1]) if len(sys.argv) > 1 else 1000
    draw, different, units = Random(1), 0, 0
    for _ in range(count):
        nodes, arcs, sources = random_network(draw)
        # from one common source: who of several sources is sent first would matter otherwise
        sink, common = nodes - 1, nodes
        arcs += [(common, source, sources.count(source), 0) for source in sorted(set(sources))]
        network = Network(nodes + 1)
        laid = [network.add_arc(*arc) for arc in arcs]
        sent = 0
        while network.push(common, sink):
            sent += 1
        cost = sum(network.flow_on(number) * arc[3] for number, arc in zip(laid, arcs, strict=True))
        other = min_cost_flow.SimpleMinCostFlow()
        for tail, head, room, price in arcs:
            other.add_arc_with_capacity_and_unit_cost(tail, head, room, price)
        other.set_node_supply(common, len(sources))
        other.set_node_supply(sink, -len(sources))
        other.solve_max_flow_with_min_cost()
        different += (sent, cost) != (other.maximum_flow(), other.optimal_cost())
        units += sent
    print(f"{count} networks, {units} units sent, {different} costs differ")
    return min(different, 1)


if __name__ == "__main__":
    sys.exit(main())
