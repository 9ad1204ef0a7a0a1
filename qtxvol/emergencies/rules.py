"""What an emergency covers and what may be done about one, pure."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from qtxvol.accounts.actor import division_prefix
from qtxvol.orders.lifecycle import Label

#: What is written down of an emergency (`models.EmergencyEvent.deed`).
DEEDS: Mapping[str, Label] = {
    "open": Label("启动", "Opened"),
    "change": Label("调整", "Changed"),
    "close": Label("结束", "Closed"),
    "add_fact": Label("发布事实", "Fact published"),
    "correct_fact": Label("更正事实", "Fact corrected"),
    "withdraw_fact": Label("撤下事实", "Fact withdrawn"),
    "name_expert": Label("列入专家", "Expert named"),
    "drop_expert": Label("移出专家", "Expert removed"),
    "raise": Label("已有的单提级", "Order raised"),
    "mark": Label("归入本次应急", "Order marked"),
    "push": Label("送单", "Services pushed"),
    "lessons": Label("写经验教训", "Lessons written"),
}

#: An event may have begun so long before the office opened it, and be planned for so long.
EARLIEST_START = timedelta(days=30)
LONGEST = timedelta(days=366)

LONGEST_TITLE = 60
LONGEST_ADVICE = 600
LONGEST_HOTLINE = 40
LONGEST_FACT = 200
LONGEST_SOURCE = 80
LONGEST_CHECKER = 40
LONGEST_ROLE = 40
LONGEST_REASON = 200
LONGEST_WHY = 120
LONGEST_LESSONS = 4000


@dataclass(frozen=True, slots=True)
class Cover:
    """What an emergency is about.

    :ivar areas: division codes; everything below them counts too. :ivar themes: and `items`, codes of the menu.
    """

    areas: frozenset[str]
    themes: frozenset[str]
    items: frozenset[str]

    def has_place(self, division_code: str) -> bool:
        """The division is one of the areas, or lies in one."""
        return any(division_code.startswith(division_prefix(area)) for area in self.areas)

    def touches(self, division_code: str) -> bool:
        """The division lies in an area, or an area lies in it: whoever looks after it has to know."""
        own = division_prefix(division_code)
        return self.has_place(division_code) or any(area.startswith(own) for area in self.areas)

    def has_topic(self, item: str | None, theme: str | None) -> bool:
        """The item is named, or its theme is. A wish in free words has neither: staff look at it."""
        return (item is not None and item in self.items) or (theme is not None and theme in self.themes)


def find_span_fault(starts_at: datetime, planned_end_at: datetime, now: datetime) -> tuple[str, str] | None:
    """The field that is wrong, and what is: `in_future`, `too_early`, `ends_first`, `over`, `too_long`; or None."""
    if starts_at > now:
        return "starts_at", "in_future"
    if starts_at < now - EARLIEST_START:
        return "starts_at", "too_early"
    if planned_end_at <= starts_at:
        return "planned_end_at", "ends_first"
    if planned_end_at <= now:
        return "planned_end_at", "over"
    return ("planned_end_at", "too_long") if planned_end_at > starts_at + LONGEST else None


def without_parents(areas: Collection[str]) -> frozenset[str]:
    """Areas none of which lies in another: a town with one of its villages is the town."""
    return frozenset(
        each for each in areas if not any(other != each and each.startswith(division_prefix(other)) for other in areas)
    )


def spread(values: Sequence[int]) -> dict[str, int | None]:
    """How many, their median, the value that nine of ten don't exceed, and the largest; nearest rank, so that each is
    one that was measured. Without values: 0 and three times None."""
    ranked = sorted(values)
    if not ranked:
        return {"count": 0, "median": None, "p90": None, "max": None}
    return {
        "count": len(ranked),
        "median": ranked[(len(ranked) - 1) // 2],
        "p90": ranked[-(-len(ranked) * 9 // 10) - 1],
        "max": ranked[-1],
    }
