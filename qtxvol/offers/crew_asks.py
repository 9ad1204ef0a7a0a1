"""What somebody says who is asked by name to serve: 请您去服务. By the link in the notice or at the volunteer's desk;
both end here."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import or_, select

from qtxvol.base import AnyRow
from qtxvol.extensions import db
from qtxvol.offers import replacing
from qtxvol.offers.ask_list import as_people, busy_people, list_asks, lock_people, persons_of, where_is
from qtxvol.offers.asking import Wanted, Where, is_needed
from qtxvol.offers.holds import settle
from qtxvol.orders.models import CrewAsk, Hold, Order
from qtxvol.orders.queries import select_rows
from qtxvol.orders.windows import Window
from qtxvol.refusals import Refused
from qtxvol.volunteers.models import Team, Volunteer


def answer_ask(order: Order, ask: CrewAsk, *, is_yes: bool, now: datetime, reason: str = "", text: str = "") -> None:
    """Keep what was said, and do what follows: with enough people the order is accepted, or the next one is asked.
    Inside a transaction that has locked the order. The same answer again changes nothing.

    :param reason: a code of `COME_REASONS`, with a no.
    :raise Refused: `join_over` (410): not needed any more; `join_booked` (409): the person has promised to be elsewhere
        at that time.
    """
    hold = db.session.get_one(Hold, ask.hold_id, populate_existing=True)
    if is_yes:
        if ask.answer == "yes":
            return
        lock_people(hold, [each.volunteer_id for each in list_asks(hold.id)])
        _check_yes(order, hold, ask)
        ask.ending = ""  # silent until now
    elif (ask.answer, ask.reason, ask.text) == ("no", reason, text):
        return
    was = where_is(ask)
    ask.answer, ask.answered_at = ("yes" if is_yes else "no"), now
    ask.reason, ask.text = (reason, text) if not is_yes else ("", "")
    db.session.flush()
    gone = int(not is_yes and was in (Where.WAITING, Where.YES))
    if hold.ended_at is None:
        settle(order, hold, now, gone=gone)
    elif is_yes:
        replacing.come_instead(order, hold, ask, now)
    elif gone:
        replacing.replace_absent(order, now)


def _check_yes(order: Order, hold: Hold, ask: CrewAsk) -> None:
    person = db.session.get_one(Volunteer, persons_of([ask.volunteer_id])[ask.volunteer_id], populate_existing=True)
    if person.status != "verified":
        raise Refused("join_over", 410)
    if hold.ended_at is None:
        people = as_people(list_asks(hold.id))
        mine = next(each for each in people if each.id == ask.id)
        if not is_needed(mine, people, Wanted(hold.leads, hold.people)):
            raise Refused("join_over", 410)
    elif not replacing.is_anybody_missing(order):
        raise Refused("join_over", 410)
    agreed = Window(ask.starts_at, ask.ends_at)
    if busy_people([person.id], agreed, order.id):
        raise Refused("join_booked", 409)


def find_ask(hold_id: int, person_id: int, *, is_locked: bool = False) -> CrewAsk | None:
    """What this person was asked in this hold, by whichever of their rows.

    :param person_id: the row that the person goes on with.
    """
    statement = (
        select(CrewAsk)
        .where(
            CrewAsk.hold_id == hold_id,
            CrewAsk.volunteer_id.in_(Volunteer.rows_of(person_id)),
            CrewAsk.asked_at.is_not(None),
        )
        .order_by(CrewAsk.id)
        .limit(1)
    )
    if is_locked:
        statement = statement.execution_options(populate_existing=True)
    return db.session.scalars(statement).one_or_none()


@dataclass(frozen=True, slots=True)
class OpenAsk:
    """Something that a volunteer is asked. :ivar row: the order, as a list shows it."""

    ask: CrewAsk
    row: AnyRow


def list_open_asks(volunteer_id: int, now: datetime) -> list[OpenAsk]:
    """What this person is asked just now and has not answered with no, the earliest service first; one statement."""
    statement = (
        select_rows()
        .add_columns(CrewAsk)
        .join(CrewAsk, CrewAsk.order_id == Order.id)
        .join(Hold, Hold.id == CrewAsk.hold_id)
        .where(
            CrewAsk.volunteer_id.in_(Volunteer.rows_of(volunteer_id)),
            CrewAsk.asked_at.is_not(None),
            CrewAsk.starts_at > now,
            or_(CrewAsk.answer.is_(None), CrewAsk.answer == "yes"),
            CrewAsk.is_open(),
        )
        .order_by(CrewAsk.starts_at, CrewAsk.id)
    )
    return [OpenAsk(row.CrewAsk, row) for row in db.session.execute(statement)]


def was_asked(number: str, volunteer_id: int) -> bool:
    """Has this person been asked to serve that order, be the question open or not?"""
    asked = (
        select(CrewAsk.id)
        .join(Order, Order.id == CrewAsk.order_id)
        .where(
            Order.number == number,
            CrewAsk.volunteer_id.in_(Volunteer.rows_of(volunteer_id)),
            CrewAsk.asked_at.is_not(None),
        )
    )
    return db.session.scalar(asked.limit(1)) is not None


def find_asking_team(ask: CrewAsk) -> Team | None:
    """The team with which somebody is asked to serve."""
    return db.session.scalars(
        select(Team).join(Hold, Hold.team_id == Team.id).where(Hold.id == ask.hold_id)
    ).one_or_none()
