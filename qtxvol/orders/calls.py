"""Calls to residents, pure: what a try came to, when there were enough of them, what a call-back brought.

Times are aware UTC; days are those of the city.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from qtxvol.orders.lifecycle import Label


class Contact(StrEnum):
    """Whom of an order one may call."""

    FIRST = "first"
    SECOND = "second"


class CallOutcome(StrEnum):
    """What a try to reach somebody came to."""

    REACHED = "reached"
    NO_ANSWER = "no_answer"
    WRONG_NUMBER = "wrong_number"
    REFUSED = "refused"
    OTHER = "other"


CONTACT_LABELS: Mapping[Contact, Label] = {
    Contact.FIRST: Label("联系电话", "First number"),
    Contact.SECOND: Label("备用电话", "Second number"),
}

OUTCOME_LABELS: Mapping[CallOutcome, Label] = {
    CallOutcome.REACHED: Label("打通了", "Reached"),
    CallOutcome.NO_ANSWER: Label("没人接", "No answer"),
    CallOutcome.WRONG_NUMBER: Label("号码不对或停机", "Wrong or dead number"),
    CallOutcome.REFUSED: Label("接了，不愿意谈", "Answered, would not talk"),
    CallOutcome.OTHER: Label("其他情况", "Something else"),
}

#: Nobody was spoken to.
FAILED = frozenset({CallOutcome.NO_ANSWER, CallOutcome.WRONG_NUMBER})
#: Somebody was: whatever had failed before counts no more.
SPOKEN = frozenset({CallOutcome.REACHED, CallOutcome.REFUSED})

_CITY_TIME = ZoneInfo("Asia/Shanghai")

#: An order ends as unreachable after so many failed tries, on so many days.
FEWEST_TRIES = 3
FEWEST_DAYS = 2
#: The same number dialled again within this time is one try: a busy line, a double tap.
ONE_TRY = timedelta(minutes=30)


@dataclass(frozen=True, slots=True)
class Try:
    """One try to reach the resident of an order."""

    at: datetime
    contact: Contact
    outcome: CallOutcome


@dataclass(frozen=True, slots=True)
class Tries:
    """What the tries since the resident was last heard of come to.

    :ivar count: failed ones, those shortly after each other counted once.
    :ivar days: on which they were.
    :ivar lacks_second: there is a second number, and it was not tried.
    """

    count: int
    days: int
    lacks_second: bool

    @property
    def are_enough(self) -> bool:
        return self.count >= FEWEST_TRIES and self.days >= FEWEST_DAYS and not self.lacks_second


def sum_up(tries: Iterable[Try], *, has_second: bool, heard_at: datetime | None = None) -> Tries:
    """What failed since the resident was last heard of, by a call or otherwise.

    :param tries: in any order.
    :param heard_at: when the resident last did something; tries until then count no more.
    """
    failed: list[Try] = []
    for each in sorted(tries, key=lambda one: one.at):
        if each.outcome in SPOKEN:
            failed.clear()
        elif each.outcome in FAILED and (heard_at is None or each.at > heard_at):
            failed.append(each)
    counted = _without_repeats(failed)
    days = {each.at.astimezone(_CITY_TIME).date() for each in counted}
    return Tries(
        count=len(counted),
        days=len(days),
        lacks_second=has_second and not any(each.contact is Contact.SECOND for each in counted),
    )


def _without_repeats(failed: Sequence[Try]) -> list[Try]:
    """Without those of the same number within `ONE_TRY` of the last that counted."""
    last: dict[Contact, datetime] = {}
    counted = []
    for each in failed:
        before = last.get(each.contact)
        if before is None or each.at - before >= ONE_TRY:
            counted.append(each)
            last[each.contact] = each.at
    return counted


# Call-backs


class CallCause(StrEnum):
    """Why the community is asked to call a resident."""

    LOW_RATING = "low_rating"
    DID_NOT_TAKE_PLACE = "did_not_take_place"
    NO_SHOW_DISPUTED = "no_show_disputed"
    HOURS_DISPUTED = "hours_disputed"
    ASKED_AGAIN = "asked_again"
    SPOT_CHECK = "spot_check"


CAUSE_LABELS: Mapping[CallCause, Label] = {
    CallCause.LOW_RATING: Label("评分低", "Low rating"),
    CallCause.DID_NOT_TAKE_PLACE: Label("居民说没有来", "Did not take place, says the resident"),
    CallCause.NO_SHOW_DISPUTED: Label("未到场有异议", "A no-show is disputed"),
    CallCause.HOURS_DISPUTED: Label("补录时长有异议", "A late entry is disputed"),
    CallCause.ASKED_AGAIN: Label("居民改了联系方式，等回电", "New number, waits for a call"),
    CallCause.SPOT_CHECK: Label("随机抽查", "Spot check"),
}


class CallResult(StrEnum):
    """What a call-back brought."""

    SATISFIED = "satisfied"
    EXPLAINED = "explained"
    WANTS_REDO = "wants_redo"
    UNREACHED = "unreached"
    OTHER = "other"
    #: Of a spot check: as written up, or not.
    CONFIRMED = "confirmed"
    DENIED = "denied"


RESULT_LABELS: Mapping[CallResult, Label] = {
    CallResult.SATISFIED: Label("满意", "Content"),
    CallResult.EXPLAINED: Label("已解释，居民理解", "Explained and understood"),
    CallResult.WANTS_REDO: Label("要求重办", "Wants it done again"),
    CallResult.UNREACHED: Label("联系不上", "Could not be reached"),
    CallResult.OTHER: Label("其他", "Something else"),
    CallResult.CONFIRMED: Label("属实", "As written up"),
    CallResult.DENIED: Label("不属实", "Not as written up"),
}

_PLAIN_RESULTS = (
    CallResult.SATISFIED, CallResult.EXPLAINED, CallResult.WANTS_REDO, CallResult.UNREACHED, CallResult.OTHER,
)  # fmt: skip
_SPOT_CHECK_RESULTS = (CallResult.CONFIRMED, CallResult.DENIED, CallResult.UNREACHED)

#: These need words.
TOLD_IN_WORDS = frozenset({CallResult.EXPLAINED, CallResult.OTHER, CallResult.DENIED})

#: A call-back is due within so many working days.
CALL_BACK_DAYS = 3


def results_of(cause: str) -> tuple[CallResult, ...]:
    """What a call for this cause may bring, as a clerk chooses it."""
    return _SPOT_CHECK_RESULTS if cause == CallCause.SPOT_CHECK else _PLAIN_RESULTS
