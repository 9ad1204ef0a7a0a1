"""What the hours room goes by: sources, reasons, the office's numbers, and the draw of spot checks. Pure."""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum

from qtxvol.orders.lifecycle import Label


class Confirmation(StrEnum):
    """Who besides the team says that a service took place. Derived, never stored."""

    UNCONFIRMED = "unconfirmed"
    RESIDENT = "resident"
    COMMUNITY = "community"
    OFFICE = "office"
    DISPUTED = "disputed"


CONFIRMATION_LABELS: Mapping[str, Label] = {
    Confirmation.UNCONFIRMED: Label("待确认", "Not confirmed yet"),
    Confirmation.RESIDENT: Label("居民已确认", "Confirmed by the resident"),
    Confirmation.COMMUNITY: Label("社区已确认", "Confirmed by the community"),
    Confirmation.OFFICE: Label("纲要办已裁定", "Settled by the programme office"),
    Confirmation.DISPUTED: Label("有争议，暂不计入", "Disputed, not counted for now"),
}

SOURCE_LABELS: Mapping[str, Label] = {
    "check_in": Label("扫码签到签退", "Check-in and check-out"),
    "leader": Label("队长签认", "Signed by the leader"),
    "late": Label("补录", "Late entry"),
    "correction": Label("更正", "Correction"),
    "reopen": Label("冲销（重办）", "Taken back (reopened)"),
}

LATE_REASONS: Mapping[str, Label] = {
    "forgotten": Label("办结时漏记", "Forgotten at the close"),
    "wrong_person": Label("办结时记错了人", "Another person was written down"),
    "joined_on_site": Label("现场临时加入", "Joined on site"),
    "system": Label("当时系统或网络故障", "The service or the network was down"),
    "other": Label("其他原因", "Other reason"),
}

CORRECTION_REASONS: Mapping[str, Label] = {
    "wrong_minutes": Label("分钟数记错", "Wrong minutes"),
    "not_there": Label("本人没有参加", "The person was not there"),
    "left_early": Label("提前离开", "Left early"),
    "stayed_longer": Label("实际时间更长", "Stayed longer"),
    "spot_check": Label("抽查发现不符", "Found by a spot check"),
    "objection_upheld": Label("异议成立", "An objection was upheld"),
    "did_not_take_place": Label("裁定服务没有进行", "Settled: the service did not take place"),
    "other": Label("其他原因", "Other reason"),
}
#: Set by a decision, not chosen from a list.
DECIDED_REASONS = frozenset({"objection_upheld", "did_not_take_place"})

#: Codes of why somebody did not come.
NO_SHOW_REASONS: Mapping[str, Label] = {
    "no_word": Label("没有说明", "No word was given"),
    "forgot": Label("忘记了时间", "Forgot the time"),
    "work": Label("临时有工作", "Needed at work"),
    "traffic": Label("路上耽误", "Held up on the way"),
    "urgent": Label("本人或家中有急事", "An urgent matter, one's own or in the family"),
    "weather": Label("恶劣天气", "Bad weather"),
    "told_in_time": Label("提前请过假", "Had told the leader in time"),
    "wrongly_told": Label("通知有误", "Was told a wrong time or place"),
}
#: With these the record stays, and no mark counts.
EXCUSES = frozenset({"urgent", "weather", "told_in_time", "wrongly_told"})

SPOT_CHECK_ANSWERS: Mapping[str, Label] = {
    "confirmed": Label("属实", "As written up"),
    "denied": Label("不属实", "Not as written up"),
    "unreachable": Label("联系不上", "Could not be reached"),
}


_DAYS, _NO_NOTE = Label("天", "days"), Label("", "")


@dataclass(frozen=True, slots=True)
class Number:
    """A number that the office sets.

    :ivar low: and `high`, both allowed; for a switch 0 and 1.
    """

    label: Label
    default: int
    low: int
    high: int
    unit: Label
    note: Label = _NO_NOTE

    @property
    def is_switch(self) -> bool:
        return (self.low, self.high) == (0, 1)


NUMBERS: Mapping[str, Number] = {
    "late_within_days": Number(
        Label("办结后多少天内可以补录", "Late entries are taken for so long after the close"),
        180, 0, 730, _DAYS,
        Label("填 0 表示不受理补录。", "0: none are taken."),
    ),
    "notice_days": Number(
        Label("补录公示期", "Late entries stand on the public notice for"),
        7, 1, 60, _DAYS,
        Label("公示期满且没有未处理的异议，才计入时长。", "They count when it is over and no objection is open."),
    ),
    "spot_check_percent": Number(
        Label("办结单抽查比例", "Share of closed orders drawn for a spot check"),
        5, 0, 100, Label("%", "%"),
        Label("向社会公开，从次日起生效。", "Public; in force from the next day."),
    ),
    "no_show_days": Number(Label("未到场记录有效期", "A no-show mark lasts for"), 180, 1, 730, _DAYS),
    "no_show_marks": Number(
        Label("有效记录达到多少次，急单不优先推荐", "Not proposed first for urgent orders from"),
        2, 1, 20, Label("次", "marks"),
    ),
    "points_enabled": Number(
        Label("启用积分", "Points"), 0, 0, 1, Label("", ""),
        Label("积分是另一本账，不影响服务时长。", "A second ledger: it never touches hours."),
    ),
    "points_per_hour": Number(Label("每小时折合积分", "Points for an hour"), 10, 1, 1000, Label("分", "points")),
}  # fmt: skip

#: Check-in opens so long before the agreed start; a service that runs over can be left until so long after its end.
CHECK_IN_BEFORE = timedelta(minutes=60)
CHECK_OUT_AFTER = timedelta(minutes=180)


def minutes_of(starts_at: datetime, ends_at: datetime) -> int:
    """Whole minutes of a span; none when it is empty or turned around."""
    return max(0, int((ends_at - starts_at).total_seconds() // 60))


def clip(starts_at: datetime, ends_at: datetime, low: datetime, high: datetime) -> tuple[datetime, datetime]:
    """The part of a span within [low, high]; an empty span at `low` when they do not meet."""
    start, end = max(starts_at, low), min(ends_at, high)
    return (start, end) if end > start else (low, low)


def make_seed(day: date, numbers: Iterable[str]) -> str:
    """The seed of a day's draw: SHA-256 over the day and the numbers of its closed orders, each on a line, sorted.

    Anyone who has the list can compute it: `printf '2026-11-24\\nQTX…\\nQTX…' | sha256sum`.
    """
    return hashlib.sha256("\n".join([day.isoformat(), *sorted(numbers)]).encode()).hexdigest()


def is_drawn(seed: str, number: str, percent: int) -> bool:
    """Is the order drawn: the first 8 hex digits of SHA-256 over `seed:number`, as a share of all, below `percent`?"""
    draw = int(hashlib.sha256(f"{seed}:{number}".encode()).hexdigest()[:8], 16)
    return draw * 100 < percent << 32


def points_for(minutes: int, per_hour: int) -> int:
    """Whole points, rounded down."""
    return minutes * per_hour // 60
