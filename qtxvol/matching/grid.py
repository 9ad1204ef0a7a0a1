"""Homes by squares of the map, so that a search in a large city looks at its surroundings only. Pure."""

import math
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from typing import Generic, Protocol, TypeVar

from qtxvol.matching.profiles import Point

_SQUARE_KM = 4.0


class HasHome(Protocol):
    """A team or a person. `point` is None where nobody has measured it."""

    @property
    def id(self) -> int: ...

    @property
    def point(self) -> Point | None: ...


Who = TypeVar("Who", bound=HasHome)


class Grid(Generic[Who]):
    """Homes in squares of four kilometres; the unmeasured stand apart."""

    def __init__(self, everybody: Iterable[Who]) -> None:
        self.everybody = list(everybody)
        self._squares: dict[tuple[int, int], list[tuple[Point, Who]]] = defaultdict(list)
        for one in self.everybody:
            if one.point:
                self._squares[_square_of(one.point)].append((one.point, one))
        self._unmeasured = sorted((one for one in self.everybody if one.point is None), key=lambda one: one.id)

    def nearest(
        self, point: Point, most: int, is_wanted: Callable[[Who], bool], within_km: float = math.inf
    ) -> list[Who]:
        """The nearest who are wanted, as the crow flies; ties by id. Without a limit the unmeasured come last.

        Cost: the squares around `point` that hold enough, not the city.
        """
        found: list[tuple[float, int, Who]] = []
        seen, measured = 0, len(self.everybody) - len(self._unmeasured)
        for reach, ring in self._rings(point):
            seen += len(ring)
            found += [(_far(home, point), one.id, one) for home, one in ring if is_wanted(one)]
            has_enough = sum(distance <= reach for distance, _id, _one in found) >= most
            if has_enough or seen == measured or reach >= within_km:
                break
        found.sort(key=lambda each: each[:2])
        nearest = [one for distance, _id, one in found if distance <= within_km]
        if math.isinf(within_km):
            nearest += [one for one in self._unmeasured if is_wanted(one)]
        return nearest[:most]

    def _rings(self, point: Point) -> Iterator[tuple[float, list[tuple[Point, Who]]]]:
        """Rings of squares outwards, each with the distance within which nothing has been missed so far."""
        column, row = _square_of(point)
        insides = (point.x % _SQUARE_KM, point.y % _SQUARE_KM)
        inside = min(*insides, *(_SQUARE_KM - each for each in insides))
        ring = 0
        while True:
            squares = _ring_around(column, row, ring)
            yield ring * _SQUARE_KM + inside, [home for square in squares for home in self._squares.get(square, ())]
            ring += 1


def _far(one: Point, other: Point) -> float:
    return math.hypot(one.x - other.x, one.y - other.y)


def _square_of(point: Point) -> tuple[int, int]:
    return math.floor(point.x / _SQUARE_KM), math.floor(point.y / _SQUARE_KM)


def _ring_around(column: int, row: int, ring: int) -> Iterator[tuple[int, int]]:
    """The squares at exactly `ring` steps, diagonal steps allowed."""
    for x in range(column - ring, column + ring + 1):
        steps = (-ring, ring) if abs(x - column) < ring else range(-ring, ring + 1)
        for step in dict.fromkeys(steps):
            yield x, row + step
