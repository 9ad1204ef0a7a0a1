"""Cheapest flow through a network with whole capacities: the arithmetic behind the morning plan. Pure.

Method: successive cheapest paths. Every push finds the cheapest way for one unit by Dijkstra's algorithm on costs
reduced by node prices, and stops as soon as the sink is reached. Prices change only at nodes that were passed, so one
push costs what its neighbourhood costs, however large the city. Whole numbers throughout: equal input, equal output.
Source: Ahuja, Magnanti, Orlin, "Network Flows" (1993), chapter 9.
"""

from heapq import heappop, heappush


class Network:
    """Nodes 0 … n-1 and arcs with room and cost; arc `a` and its way back are `a` and `a ^ 1`."""

    def __init__(self, nodes: int) -> None:
        #: Arcs with room, by the node they leave; a dict because its order is fixed and taking out is cheap.
        self._leaving: list[dict[int, None]] = [{} for _ in range(nodes)]
        self._head: list[int] = []
        self._room: list[int] = []
        self._cost: list[int] = []
        self._price = [0] * nodes

    def add_node(self) -> int:
        self._leaving.append({})
        self._price.append(0)
        return len(self._leaving) - 1

    def add_arc(self, tail: int, head: int, room: int, cost: int) -> int:
        """A way from `tail` to `head`; to be laid before the first push.

        :param cost: per unit, not below 0.
        :return: the arc, for `flow_on`.
        :raise ValueError: a negative cost, for which the method is not made.
        """
        if cost < 0:
            raise ValueError(f"cost {cost} is negative")
        arc = len(self._head)
        for end, start, space, price in ((head, tail, room, cost), (tail, head, 0, -cost)):
            if space:
                self._leaving[start][len(self._head)] = None
            self._head.append(end)
            self._room.append(space)
            self._cost.append(price)
        return arc

    def flow_on(self, arc: int) -> int:
        """Units that take the arc now."""
        return self._room[arc ^ 1]

    def push(self, source: int, sink: int) -> bool:
        """Send one more unit the cheapest way, rerouting earlier units where that is cheaper for all together.

        :return: False when there is no way left; nothing is changed then.
        """
        arrived_by, settled = self._search(source, sink)
        if sink not in settled:
            return False
        far = settled[sink]
        for node, distance in settled.items():
            self._price[node] += distance - far
        node = sink
        while node != source:
            arc = arrived_by[node]
            tail = self._head[arc ^ 1]
            self._room[arc] -= 1
            if not self._room[arc]:
                del self._leaving[tail][arc]
            self._room[arc ^ 1] += 1
            self._leaving[node][arc ^ 1] = None
            node = tail
        return True

    def _search(self, source: int, sink: int) -> tuple[dict[int, int], dict[int, int]]:
        """Arcs by which nodes were reached, and reduced distances of the nodes that are settled; ends at the sink."""
        head, cost, price = self._head, self._cost, self._price
        best, arrived_by, settled = {source: 0}, {}, {}
        heap = [(0, source)]
        while heap:
            distance, node = heappop(heap)
            if node in settled:
                continue
            settled[node] = distance
            if node == sink:
                break
            here = distance + price[node]
            for arc in self._leaving[node]:
                there = head[arc]
                found = here + cost[arc] - price[there]
                if there not in best or found < best[there]:
                    best[there] = found
                    arrived_by[there] = arc
                    heappush(heap, (found, there))
        return arrived_by, settled
