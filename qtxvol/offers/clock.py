"""The city's hours as matching counts them: minutes and slots, and residents' windows as slots. No database."""

import math
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta

from qtxvol.base import CITY_TIME
from qtxvol.matching.slots import MINUTES_PER_DAY, PART_STARTS, PARTS_PER_DAY
from qtxvol.orders.windows import Window

#: Minute 0 of matching: a Monday. The city's clock has not changed its hours since.
EPOCH = datetime(2024, 1, 1, tzinfo=CITY_TIME)
#: Where each part of the day begins on the clock, and the last ends, in minutes after midnight.
PART_BOUNDS = (0, 12 * 60, 18 * 60, MINUTES_PER_DAY)
#: A service that takes so much of another part of the day fills it too.
SPILL_MINUTES = 60
#: A start that is put off because it is close is put off to the next tenth minute.
_ROUND = 10


def minute_of(moment: datetime) -> float:
    """Minutes since `EPOCH`."""
    return (moment - EPOCH).total_seconds() / 60


def moment_of(minute: float) -> datetime:
    """The other way round; aware, on the city's clock."""
    return EPOCH + timedelta(minutes=minute)


def slot_of(moment: datetime) -> int:
    """The day and part of the day that the moment lies in."""
    return _slot_at(minute_of(moment))


def slots_of(window: Window) -> tuple[int, ...]:
    """Every slot that a service at this time fills: that of its start, and others it takes an hour or more of."""
    first, last = minute_of(window.starts_at), minute_of(window.ends_at)
    start = _slot_at(first)
    return (start, *(slot for slot, low, high in _parts(first, last) if slot != start and high - low >= SPILL_MINUTES))


def fit_slots(windows: Iterable[Window], minutes: int, now: datetime, notice: float = 0.0) -> list[tuple[int, Window]]:
    """Slots that the windows leave room for, each with the service's own time in it; by slot, each once.

    A window gives one slot for each part of the day in which the service fits; where it fits in none (the window is
    short, or lies across noon), the part in which it begins. A start that is too close to `now` is put off within the
    part as far as it still fits. Of two windows in one slot the one that leaves more notice counts, else the earlier.

    :param minutes: how long the service takes. :param notice: minutes between now and the earliest start.
    """
    earliest = minute_of(now) + notice
    found: dict[int, tuple[float, float]] = {}
    for window in sorted(windows):
        first, last = minute_of(window.starts_at), minute_of(window.ends_at)
        fitting = [
            (slot, _start_in(slot, low, high, minutes, earliest, begins_here=low == first), float(minutes))
            for slot, low, high in _parts(first, last)
            if high - low >= minutes
        ]
        for slot, start, length in fitting or [(_slot_at(first), first, min(float(minutes), last - first))]:
            if slot not in found or found[slot][0] < earliest <= start:
                found[slot] = (start, length)
    return [(slot, Window(_utc(start), _utc(start + length))) for slot, (start, length) in sorted(found.items())]


def _slot_at(minute: float) -> int:
    day, rest = divmod(minute, MINUTES_PER_DAY)
    part = sum(rest >= bound for bound in PART_BOUNDS[1:PARTS_PER_DAY])
    return int(day) * PARTS_PER_DAY + part


def _parts(first: float, last: float) -> Iterator[tuple[int, float, float]]:
    """Slots that [first, last) touches, each with the part of it that lies inside."""
    slot = _slot_at(first)
    while True:
        day, part = divmod(slot, PARTS_PER_DAY)
        low, high = (day * MINUTES_PER_DAY + bound for bound in PART_BOUNDS[part : part + 2])
        if low >= last:
            return
        yield slot, max(low, first), min(high, last)
        slot += 1


def _start_in(slot: int, low: float, high: float, minutes: int, earliest: float, *, begins_here: bool) -> float:
    """When the service begins: as the window says where it begins in this part of the day, else at the usual hour."""
    day, part = divmod(slot, PARTS_PER_DAY)
    usual = day * MINUTES_PER_DAY + PART_STARTS[part]
    start = low if begins_here or usual + minutes > high else usual
    put_off = math.ceil(earliest / _ROUND) * _ROUND
    return put_off if start < earliest and put_off + minutes <= high else start


def _utc(minute: float) -> datetime:
    return moment_of(minute).astimezone(UTC)
