"""When in the week somebody can serve: seven days, three parts each. Pure."""

from collections.abc import Iterable, Mapping

from qtxvol.orders.lifecycle import Label

DAYS: Mapping[str, Label] = {
    "mon": Label("周一", "Monday"),
    "tue": Label("周二", "Tuesday"),
    "wed": Label("周三", "Wednesday"),
    "thu": Label("周四", "Thursday"),
    "fri": Label("周五", "Friday"),
    "sat": Label("周六", "Saturday"),
    "sun": Label("周日", "Sunday"),
}
PARTS: Mapping[str, Label] = {
    "morning": Label("上午", "morning"),
    "afternoon": Label("下午", "afternoon"),
    "evening": Label("晚上", "evening"),
}
#: "mon-morning" … "sun-evening", in the order of the week.
SLOTS: tuple[str, ...] = tuple(f"{day}-{part}" for day in DAYS for part in PARTS)


def sort_slots(slots: Iterable[str]) -> list[str]:
    """The known ones, each once, in the order of the week."""
    given = set(slots)
    return [slot for slot in SLOTS if slot in given]


def slot_label(slot: str) -> Label:
    """周六上午, "Saturday morning".

    :raise KeyError: no such slot.
    """
    day, _, part = slot.partition("-")
    return Label(DAYS[day].zh + PARTS[part].zh, f"{DAYS[day].en} {PARTS[part].en}")
