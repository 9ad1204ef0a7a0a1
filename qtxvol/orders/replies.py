"""What people are asked with one tap about a service, what they may say, and until when. Pure."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from enum import StrEnum

from qtxvol.orders.lifecycle import Label


class Purpose(StrEnum):
    """What one reader of an order is asked. A link serves one purpose only."""

    #: A named volunteer, or the leader for the team: will you come?
    COME = "come"
    #: A leader whose team was asked by name: can you take it?
    OFFER = "offer"
    #: The resident: does the agreed time suit you?
    CONFIRM_TIME = "confirm_time"
    #: The resident: did they come?
    TOOK_PLACE = "took_place"
    #: The resident: how was it?
    RATE = "rate"
    #: A volunteer who is asked by name before anything is settled: can you serve at that time?
    JOIN = "join"
    #: The resident: would one of these other times do?
    OTHER_TIME = "other_time"
    #: The resident: would you do it together with neighbours?
    JOINT = "joint"


#: Words beside it are needed: it explains nothing by itself.
OTHER = "other"

#: Why somebody can't come to a service that they are named for.
COME_REASONS: Mapping[str, Label] = {
    "illness": Label("身体不适", "Not well"),
    "work": Label("临时有工作", "Needed at work"),
    "family": Label("家里有事", "A family matter"),
    "travel": Label("人在外地", "Out of town"),
    "mistake": Label("没有答应过，或者时间不对", "Never agreed to it, or not to that time"),
    OTHER: Label("其他原因", "Another reason"),
}
#: Why a team can't take an order that it was asked for.
DECLINE_REASONS: Mapping[str, Label] = {
    "no_people": Label("人手不够", "Not enough people"),
    "no_time": Label("时间排不开", "No time then"),
    "no_skill": Label("没有合适的人", "Nobody with the skill"),
    "too_far": Label("路太远", "Too far away"),
    OTHER: Label("其他原因", "Another reason"),
}

#: After a service, or after its closing, the resident may answer for so long.
ANSWER_WITHIN = timedelta(days=15)
#: An offer that nobody has answered can be answered by its link for so long.
OFFER_WITHIN = timedelta(days=15)
#: Somebody falls out later than this before the start: the department hears of it too.
SHORT_NOTICE = timedelta(hours=24)
#: A resident to whom the time doesn't suit may name so many others.
MOST_WINDOWS = 3
LONGEST_TEXT = 200


def answers_until(purpose: Purpose, moment: datetime) -> datetime:
    """Until when the answer may be given, and changed.

    :param moment: the agreed start (come, confirm_time), the start that is asked about (join), the agreed end
        (took_place), when the order was closed (rate), when the team was asked (offer).
    """
    match purpose:
        case Purpose.COME | Purpose.CONFIRM_TIME | Purpose.JOIN:
            return moment
        case Purpose.OFFER:
            return moment + OFFER_WITHIN
    return moment + ANSWER_WITHIN
