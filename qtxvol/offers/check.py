"""What must hold of holds and of those who are asked by name; `qtxvol check` asks."""

from collections.abc import Iterator

from sqlalchemy import exists, func, select
from sqlalchemy.orm import aliased

from qtxvol.extensions import db
from qtxvol.orders.lifecycle import Status
from qtxvol.orders.models import Crew, CrewAsk, Hold, Order
from qtxvol.volunteers.models import Volunteer


def check_holds() -> Iterator[tuple[str, str]]:
    """The order's number, and what is off."""
    open_hold = Hold.ended_at.is_(None)
    for number, count in db.session.execute(
        select(Order.number, func.count())
        .join(Hold, Hold.order_id == Order.id)
        .where(open_hold)
        .group_by(Order.id)
        .having(func.count() > 1)
    ):
        yield number, f"is held {count} times at once"
    theirs = exists().where(Hold.order_id == Order.id, open_hold, Hold.team_id == Order.held_team_id).correlate(Order)
    for number in db.session.scalars(select(Order.number).where(Order.held_team_id.is_not(None), ~theirs)):
        yield number, "says that a team holds it, but there is no such hold"
    for number in db.session.scalars(
        select(Order.number).join(Hold, Hold.order_id == Order.id).where(open_hold, Order.held_team_id.is_(None))
    ):
        yield number, "has an open hold, but says that no team holds it"
    yes = aliased(CrewAsk)
    said_yes = exists().where(yes.order_id == Order.id, yes.volunteer_id == Crew.volunteer_id, yes.answer == "yes")
    for number, person in db.session.execute(
        select(Order.number, Volunteer.number)
        .join(Crew, Crew.order_id == Order.id)
        .join(CrewAsk, (CrewAsk.order_id == Order.id) & (CrewAsk.volunteer_id == Crew.volunteer_id))
        .join(Volunteer, Volunteer.id == Crew.volunteer_id)
        .where(Order.status == Status.ACCEPTED, CrewAsk.is_lent, Volunteer.team_id != Order.team_id, ~said_yes)
        .distinct()
    ):
        yield number, f"names {person} of another team, who has not said yes"
    for number in db.session.scalars(
        select(Order.number)
        .join(CrewAsk, CrewAsk.order_id == Order.id)
        .where(CrewAsk.ending == "", Order.status.not_in((Status.CLAIMED, Status.ACCEPTED)))
        .distinct()
    ):
        yield number, "asks somebody to serve, but nobody serves it any more"
