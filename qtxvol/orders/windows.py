"""Windows of time that a resident wishes for or a team agrees to. Pure; half-open [start, end), aware UTC."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

#: A resident may offer so many; a team asks for no more than it can read.
MOST_WINDOWS = 12
#: Nobody plans a lecture further ahead, and a slip of the finger in the year is caught.
FURTHEST = timedelta(days=400)
#: A service that lasts longer is a slip of the finger too.
LONGEST = timedelta(hours=12)


@dataclass(frozen=True, slots=True, order=True)
class Window:
    """From `starts_at` until just before `ends_at`."""

    starts_at: datetime
    ends_at: datetime

    def overlaps(self, other: "Window") -> bool:
        return self.starts_at < other.ends_at and other.starts_at < self.ends_at


def find_window_fault(window: Window, now: datetime) -> str | None:
    """What is wrong with one window: `ends_first`, `in_past`, `too_far`, `too_long`; None when it will do."""
    if window.ends_at <= window.starts_at:
        return "ends_first"
    if window.starts_at <= now:
        return "in_past"
    if window.starts_at > now + FURTHEST:
        return "too_far"
    if window.ends_at - window.starts_at > LONGEST:
        return "too_long"
    return None


def find_fault(windows: Sequence[Window], now: datetime) -> tuple[int, str] | None:
    """The first faulty window and what is wrong with it; also `repeated` when two are the same.

    :return: (index, code), or None when all will do. An empty sequence is (0, `none`).
    """
    if not windows:
        return 0, "none"
    seen: set[Window] = set()
    for index, window in enumerate(windows):
        if fault := find_window_fault(window, now):
            return index, fault
        if window in seen:
            return index, "repeated"
        seen.add(window)
    return None
