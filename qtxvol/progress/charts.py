"""Geometry of the pictures, pure: ticks, scales, lines, a map, and labels that never lie on each other.

Lengths are SVG units, one CSS pixel at the width that a plan is made for; x runs right, y runs down. Words come in
translated and go out as they came. No numbers are counted here (`standing.py`, `weeks.py`) and nothing is drawn
(`templates/macros/charts.html`).
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from unicodedata import east_asian_width

#: Height of a line of text, and width of a Latin letter or digit, as parts of the letter's size: on the safe side.
LINE_HEIGHT = 1.25
LATIN_WIDTH = 0.6

#: One degree of latitude, in kilometres.
KM_PER_DEGREE = 111.2

Point = tuple[float, float]


# Scales


@dataclass(frozen=True, slots=True)
class Scale:
    """Values from `low` to `high` on the line from `start` to `end`. Values outside lie outside.

    Without any width (`low` equal to `high`) everything lies at `end`.
    """

    low: float
    high: float
    start: float
    end: float

    def __call__(self, value: float) -> float:
        if self.high == self.low:
            return self.end
        return round(self.start + (self.end - self.start) * (value - self.low) / (self.high - self.low), 1)


def nice_ticks(top: float, most: int = 5) -> list[int]:
    """Whole numbers from 0 in even steps of 1, 2 or 5 times a power of ten, the last not below `top`.

    :param most: so many steps above 0 at most, at least 1.
    :return: at least [0, 1], so that a scale over them has a width even where nothing was counted.
    """
    step = 1
    while step * most < top:
        step = _next_step(step)
    count = max(1, math.ceil(top / step))
    return [step * i for i in range(count + 1)]


def _next_step(step: int) -> int:
    """1, 2, 5, 10, 20, 50 ..."""
    return step * 5 // 2 if str(step).startswith("2") else step * 2


def radius(value: float, most: float, largest: float) -> float:
    """Of a circle whose area stands for `value` when that of radius `largest` stands for `most`."""
    return round(largest * math.sqrt(max(0.0, value) / most), 1) if most > 0 else 0.0


# Text


@dataclass(frozen=True, slots=True)
class Box:
    """An upright rectangle."""

    left: float
    top: float
    width: float
    height: float

    @property
    def right(self) -> float:
        return self.left + self.width

    @property
    def bottom(self) -> float:
        return self.top + self.height

    def overlaps(self, other: "Box", gap: float = 0) -> bool:
        """They share more than an edge, or come nearer than `gap`."""
        return (
            self.left < other.right + gap
            and other.left < self.right + gap
            and self.top < other.bottom + gap
            and other.top < self.bottom + gap
        )

    def contains(self, other: "Box") -> bool:
        """`other` lies inside, edges included."""
        return (
            self.left <= other.left
            and self.top <= other.top
            and other.right <= self.right
            and other.bottom <= self.bottom
        )

    def touches_circle(self, x: float, y: float, reach: float) -> bool:
        """The circle around (x, y) reaches into it."""
        aside = max(self.left - x, 0, x - self.right)
        above = max(self.top - y, 0, y - self.bottom)
        return aside * aside + above * above < reach * reach


def text_width(text: str, size: float) -> float:
    """How wide a line of text is at most; fonts differ, so it is a little generous."""
    return sum(size if east_asian_width(letter) in "WF" else size * LATIN_WIDTH for letter in text)


def text_size(lines: Sequence[str], size: float) -> Point:
    """Width and height of a block of lines."""
    return max((text_width(line, size) for line in lines), default=0.0), len(lines) * size * LINE_HEIGHT


# Labels beside circles


@dataclass(frozen=True, slots=True)
class Spot:
    """A circle that wants a label of one or more lines."""

    x: float
    y: float
    radius: float
    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Label:
    """Where a label stands; `leader` is a line from the circle to a label that had to stand further off."""

    box: Box
    lines: tuple[str, ...]
    leader: tuple[Point, Point] | None


#: Right, left, below and above first: that is where the eye looks; then what lies between, clockwise.
_ANGLES = (0, 180, 90, 270, 30, 330, 150, 210, 60, 300, 120, 240)
#: From the circle's edge to the label. Further than the second, and a line joins them.
_DISTANCES = (3.0, 7.0, 14.0, 24.0, 36.0, 50.0)
_RASTER = 6


def place_labels(spots: Sequence[Spot], within: Box, size: float, taken: Sequence[Box] = ()) -> list[Label | None]:
    """A place for each label: inside `within`, over no other label, no circle and nothing `taken`.

    The most crowded spot chooses first. One for which no room is left anywhere gets None: better in the table alone
    than unreadable.
    :param size: of the letters.
    :return: in the order of `spots`. Cost: n² times a few dozen candidates.
    """
    labels: list[Label | None] = [None] * len(spots)
    blocked = list(taken)
    for index in sorted(range(len(spots)), key=lambda i: (-_crowd(spots, i), i)):
        spot = spots[index]
        for box, leader in _candidates(spot, within, size):
            if not within.contains(box) or any(box.overlaps(other, 1) for other in blocked):
                continue
            if any(box.touches_circle(other.x, other.y, other.radius + 1) for other in spots):
                continue
            labels[index] = Label(box, spot.lines, leader)
            blocked.append(box)
            break
    return labels


def _crowd(spots: Sequence[Spot], index: int) -> float:
    """How near the others are."""
    me = spots[index]
    return sum(1 / (1 + math.hypot(me.x - other.x, me.y - other.y)) for i, other in enumerate(spots) if i != index)


def _candidates(spot: Spot, within: Box, size: float) -> Iterator[tuple[Box, tuple[Point, Point] | None]]:
    width, height = text_size(spot.lines, size)
    for distance in _DISTANCES:
        for angle in _ANGLES:
            across, down = math.cos(math.radians(angle)), math.sin(math.radians(angle))
            reach = spot.radius + distance
            left = spot.x + across * reach - width * (1 - across) / 2
            top = spot.y + down * reach - height * (1 - down) / 2
            yield _candidate(spot, Box(left, top, width, height), distance > _DISTANCES[1])
    free = [
        Box(left, top, width, height)
        for left in _steps(within.left, within.right - width)
        for top in _steps(within.top, within.bottom - height)
    ]
    for box in sorted(free, key=lambda box: math.hypot(box.left + width / 2 - spot.x, box.top + height / 2 - spot.y)):
        yield _candidate(spot, box, is_far=True)


def _steps(low: float, high: float) -> list[float]:
    return [low + _RASTER * i for i in range(int((high - low) // _RASTER) + 1)] if high >= low else []


def _candidate(spot: Spot, box: Box, is_far: bool) -> tuple[Box, tuple[Point, Point] | None]:
    box = Box(round(box.left, 1), round(box.top, 1), round(box.width, 1), round(box.height, 1))
    if not is_far:
        return box, None
    near = (min(max(spot.x, box.left), box.right), min(max(spot.y, box.top), box.bottom))
    away = math.hypot(near[0] - spot.x, near[1] - spot.y)
    if away <= spot.radius:
        return box, None
    edge = (
        round(spot.x + (near[0] - spot.x) * spot.radius / away, 1),
        round(spot.y + (near[1] - spot.y) * spot.radius / away, 1),
    )
    return box, (edge, near)


# Map


@dataclass(frozen=True, slots=True)
class Place:
    """A town with what it is to show. Degrees; None where the data has no coordinates.

    :ivar part: of `value`, shown as a ring.
    :ivar text: stands on the label instead of the value, where that is not told.
    """

    name: str
    lon: float | None
    lat: float | None
    value: int
    part: int = 0
    text: str = ""


@dataclass(frozen=True, slots=True)
class Mark:
    """A town on the map. `ring` is the length of the ring's part that stands for `place.part`, and its whole length."""

    place: Place
    x: float
    y: float
    radius: float
    ring: Point
    label: Label | None


@dataclass(frozen=True, slots=True)
class MapPlan:
    """A map of places, north up, the same scale in both directions.

    :ivar bar: left end, height and length of the scale bar, which stands for `bar_km` kilometres; None when fewer than
        two places have coordinates.
    :ivar outside: places without coordinates, in a row of their own below `outside_top`.
    """

    width: float
    height: float
    size: float
    marks: tuple[Mark, ...]
    outside: tuple[Mark, ...]
    outside_top: float
    bar: tuple[float, float, float] | None
    bar_km: int


#: Smallest circle: a town where nothing was counted is still a town.
_DOT = 2.5
_MARGIN = 14.0


def plan_map(places: Sequence[Place], width: float, height: float, *, size: float, largest: float) -> MapPlan:
    """Where each place lies, how large its circle is, and where its label stands.

    Equal steps are equal kilometres; over one county the earth is flat enough (the error is below one per cent).
    :param height: of the map proper; places without coordinates add a strip below.
    :param size: of the letters.
    :param largest: radius of the largest circle.
    """
    unknown = [place for place in places if place.lon is None or place.lat is None]
    most = max((place.value for place in places), default=0)
    spots, per_km = _project(places, width, height, largest + _MARGIN)
    circles = [max(_DOT, radius(place.value, most, largest)) for place, _, _ in spots]
    bar_km = _bar_km(per_km, width / 4) if per_km else 0
    bar = (_MARGIN, height - 8, round(bar_km * per_km, 1)) if per_km else None
    taken = [Box(0, bar[1] - size * 1.6, max(bar[2], 8 * size) + 2 * _MARGIN, size * 1.6 + 12)] if bar else []
    labels = place_labels(
        [Spot(x, y, circle + 3, _words(place)) for (place, x, y), circle in zip(spots, circles, strict=True)],
        Box(2, 2, width - 4, height - 4),
        size,
        taken,
    )
    marks = [
        Mark(place, x, y, circle, _ring(circle, place), label)
        for (place, x, y), circle, label in zip(spots, circles, labels, strict=True)
    ]
    outside, bottom = _plan_outside(unknown, width, height, size, most, largest)
    marks.sort(key=lambda mark: -mark.radius)  # small circles lie on large ones
    return MapPlan(width, bottom, size, tuple(marks), tuple(outside), height, bar, bar_km)


def _project(
    places: Sequence[Place], width: float, height: float, room: float
) -> tuple[list[tuple[Place, float, float]], float]:
    """Places with coordinates on the paper, and SVG units per kilometre; 0 when that can't be said.

    :param room: to keep free on all four sides.
    """
    known = [(place, place.lon, place.lat) for place in places if place.lon is not None and place.lat is not None]
    if not known:
        return [], 0
    narrowing = math.cos(math.radians(sum(lat for _, _, lat in known) / len(known)))
    flat = [(place, lon * narrowing, lat) for place, lon, lat in known]
    west, east = min(x for _, x, _ in flat), max(x for _, x, _ in flat)
    south, north = min(y for _, _, y in flat), max(y for _, _, y in flat)
    if east == west and north == south:
        return [(place, width / 2, height / 2) for place, _, _ in flat], 0
    scale = min(
        (width - 2 * room) / (east - west) if east > west else math.inf,
        (height - 2 * room) / (north - south) if north > south else math.inf,
    )
    left, top = (width - (east - west) * scale) / 2, (height - (north - south) * scale) / 2
    spots = [(place, round(left + (x - west) * scale, 1), round(top + (north - y) * scale, 1)) for place, x, y in flat]
    return spots, scale / KM_PER_DEGREE


def _words(place: Place) -> tuple[str, str]:
    return place.name, place.text or f"{place.value:,}"


def _ring(circle: float, place: Place) -> Point:
    whole = 2 * math.pi * (circle + 2)
    return round(whole * place.part / place.value, 1) if place.value else 0.0, round(whole, 1)


def _bar_km(per_km: float, longest: float) -> int:
    """The longest round number of kilometres that fits."""
    return max((km for km in (1, 2, 5, 10, 20, 50) if km * per_km <= longest), default=1)


def _plan_outside(
    places: Sequence[Place], width: float, top: float, size: float, most: float, largest: float
) -> tuple[list[Mark], float]:
    """A strip of circles side by side with a heading above; how far down it reaches. As many rows as it takes."""
    if not places:
        return [], top
    marks = []
    circles = [max(_DOT, radius(place.value, most, largest)) for place in places]
    row = max(2 * max(circles) + 8, 2 * size * LINE_HEIGHT + 8)
    x, y = _MARGIN, top + size * 2.2 + row / 2
    for place, circle in zip(places, circles, strict=True):
        lines = _words(place)
        wide, high = text_size(lines, size)
        if x > _MARGIN and x + 2 * circle + 10 + wide > width - 4:
            x, y = _MARGIN, y + row
        box = Box(round(x + 2 * circle + 10, 1), round(y - high / 2, 1), round(wide, 1), round(high, 1))
        marks.append(
            Mark(place, round(x + circle + 4, 1), round(y, 1), circle, _ring(circle, place), Label(box, lines, None))
        )
        x = box.right + 2 * size
    return marks, round(y + row / 2, 1)


# Lines


@dataclass(frozen=True, slots=True)
class LinePlan:
    """A line over time with its axes.

    :ivar y_ticks: height and value of each grid line.
    :ivar x_ticks: place and text of each mark on the time axis; `anchor` as SVG has it.
    :ivar dots: the points that have a value, in order.
    :ivar path: what the line does; broken where a value is missing.
    """

    width: float
    height: float
    left: float
    right: float
    top: float
    bottom: float
    x: Scale
    y: Scale
    y_ticks: tuple[tuple[float, int], ...]
    x_ticks: tuple[tuple[float, str, str], ...]
    dots: tuple[Point, ...]
    path: str

    @property
    def last(self) -> Point | None:
        """The newest point that has a value."""
        return self.dots[-1] if self.dots else None


def plan_line(
    points: Sequence[tuple[float, float | None]],
    ticks: Sequence[tuple[float, str]],
    *,
    width: float,
    height: float,
    size: float,
    top: float = 0,
    until: float | None = None,
) -> LinePlan:
    """Axes from zero, the line, and as many marks on the time axis as have room.

    :param points: when (any number that grows) and how much; None is a gap, never a zero.
    :param ticks: when and what to write there; the last is kept, others give way.
    :param top: the scale reaches at least so high, e.g. to a target, or so that several pictures can be compared.
    :param until: the axis runs on to here, for what is not yet.
    """
    values = [value for _, value in points if value is not None]
    steps = nice_ticks(max([top, *values]))
    left = text_width(f"{steps[-1]:,}", size) + 8
    right, upper, lower = width - size * 0.8, size * 1.4, height - size * 1.9
    start = points[0][0] if points else 0
    x = Scale(start, until if until is not None else (points[-1][0] if points else 1), left + 4, right)
    y = Scale(0, steps[-1], lower, upper)
    dots = [(x(when), y(value)) if value is not None else None for when, value in points]
    return LinePlan(
        width=width,
        height=height,
        left=round(left, 1),
        right=round(right, 1),
        top=round(upper, 1),
        bottom=round(lower, 1),
        x=x,
        y=y,
        y_ticks=tuple((y(step), step) for step in steps),
        x_ticks=tuple(_thin([(x(when), text) for when, text in ticks], width, size)),
        dots=tuple(dot for dot in dots if dot is not None),
        path=path_of(dots),
    )


def path_of(points: Sequence[Point | None]) -> str:
    """The `d` of a line through the points, lifted at every None."""
    words = []
    is_down = False
    for point in points:
        if point is not None:
            words.append(f"{'L' if is_down else 'M'}{point[0]:g},{point[1]:g}")
        is_down = point is not None
    return " ".join(words)


def _thin(ticks: Sequence[tuple[float, str]], width: float, size: float) -> list[tuple[float, str, str]]:
    """From the newest backwards, those that have room; each turned inwards where it would stick out."""
    kept: list[tuple[float, str, str]] = []
    free = width
    for at, text in reversed(ticks):
        wide = text_width(text, size)
        anchor, low = "middle", at - wide / 2
        if at + wide / 2 > width:
            anchor, low = "end", at - wide
        elif low < 0:
            anchor, low = "start", at
        high = low + wide
        if high > free or low < 0:
            continue
        kept.append((round(at, 1), text, anchor))
        free = low - size * 0.8
    return kept[::-1]


def wedge(start: Point, target: float, quick: float, slow: float, until: float) -> tuple[tuple[float, float], ...]:
    """The corners of what may come: from `start` upwards between two paces, cut off at `target` and at `until`.

    :param start: when and how much; `until` is a later when.
    :param quick: pace per unit of time, not below `slow`. A negative pace falls, and is drawn so.
    """
    when, value = start

    def end(pace: float) -> Point:
        reached = when + (target - value) / pace if pace > 0 else math.inf
        return (reached, target) if reached <= until else (until, max(0.0, value + pace * (until - when)))

    high, low = end(quick), end(slow)
    corner = ((until, target),) if high[1] == target and low[1] != target else ()
    return (start, high, *corner, low)
