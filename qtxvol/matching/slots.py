"""The week as volunteers speak of it: mornings, afternoons, evenings. Pure.

A minute is counted from some Monday 00:00 on the city's own clock (one for the whole city; it never changes hours in
summer). A slot is `day * 3 + part`, day 0 being that Monday, part 0 morning, 1 afternoon, 2 evening.
"""

MINUTES_PER_DAY = 24 * 60
MINUTES_PER_WEEK = 7 * MINUTES_PER_DAY
PARTS_PER_DAY = 3
SLOTS_PER_WEEK = 7 * PARTS_PER_DAY
#: When the parts of a day begin, in minutes after midnight: 08:30, 14:30, 18:30.
PART_STARTS = (510, 870, 1110)

_DAYS = ("周一", "周二", "周三", "周四", "周五", "周六", "周日")
_PARTS = ("上午", "下午", "晚上")


def start_of(slot: int) -> int:
    """The minute in which the service of a slot begins."""
    return slot // PARTS_PER_DAY * MINUTES_PER_DAY + PART_STARTS[slot % PARTS_PER_DAY]


def week_of(slot: int) -> int:
    """Which week the slot lies in; weekly limits are counted by it."""
    return slot // SLOTS_PER_WEEK


def part_of_week(slot: int) -> int:
    """0 for Monday morning up to 20 for Sunday evening: the bit of an availability mask."""
    return slot % SLOTS_PER_WEEK


def slot_in_words(slot: int) -> str:
    """周三下午: the slot as a person says it, without its date."""
    day, part = divmod(part_of_week(slot), PARTS_PER_DAY)
    return _DAYS[day] + _PARTS[part]
