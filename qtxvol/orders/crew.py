"""Who comes: naming other people for an accepted service, and what each of them has said."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from sqlalchemy import delete, select

from qtxvol.accounts.actor import Actor
from qtxvol.extensions import db
from qtxvol.hours.models import Attendance
from qtxvol.orders.lifecycle import Action, Party
from qtxvol.orders.models import Crew, Order, OrderEvent, Reply
from qtxvol.orders.replies import Purpose
from qtxvol.orders.serve import check_crew
from qtxvol.orders.transition import Effect, Outcome, change_order
from qtxvol.orders.windows import Window
from qtxvol.refusals import Refused
from qtxvol.volunteers.models import Volunteer


def change_crew(
    number: str,
    actor: Actor,
    *,
    volunteer_ids: Sequence[int],
    now: datetime,
    text: str = "",
    version: int | None = None,
    key: str | None = None,
) -> Outcome:
    """Name other people for an accepted service, before it starts. Who is new and who need not come are told.

    :param volunteer_ids: everybody who is to come; verified members, qualified and free as for accepting.
    :raise Refused: `crew_unchanged`, `not_in_team`, `crew_too_small` with `least` (422); `person_busy` with `names`,
        `person_is_there` with `names`, `licence_missing`, `skill_missing`, `has_started` (409).
    """
    people = sorted(set(volunteer_ids))

    def prepare(order: Order) -> Effect:
        if order.agreed_start is None or order.agreed_end is None:
            raise AssertionError("an accepted order has its time")
        before = sorted(db.session.scalars(select(Crew.volunteer_id).where(Crew.order_id == order.id)))
        if before == people:
            raise Refused("crew_unchanged", 422, field="volunteer_ids")
        _check_not_there(order.id, set(before) - set(people))
        check_crew(order, actor, people, Window(order.agreed_start, order.agreed_end))

        def then(event: OrderEvent) -> None:
            gone = set(before) - set(people)
            db.session.execute(delete(Crew).where(Crew.order_id == order.id, Crew.volunteer_id.in_(gone)))
            new = sorted(set(people) - set(before))
            db.session.add_all(Crew(order_id=order.id, volunteer_id=person) for person in new)
            db.session.flush()

        return Effect(noted={"volunteers_before": before}, then=then)

    payload = {"volunteer_ids": people, "text": text}
    return change_order(number, Action.CREW, actor, payload, now=now, prepare=prepare, version=version, key=key)


def _check_not_there(order_id: int, people: Iterable[int]) -> None:
    """Whoever has checked in is there."""
    names = db.session.scalars(
        select(Volunteer.name)
        .join(Attendance, Attendance.volunteer_id == Volunteer.id)
        .where(Attendance.order_id == order_id, Attendance.volunteer_id.in_(list(people)))
        .order_by(Volunteer.id)
    ).all()
    if names:
        raise Refused("person_is_there", 409, field="volunteer_ids", names="、".join(names))


def list_crew_replies(orders: Sequence[Order]) -> dict[int, dict[int, Reply]]:
    """What the crews were asked about the times that are agreed now: order, volunteer, reply; one statement."""
    found: dict[int, dict[int, Reply]] = {order.id: {} for order in orders}
    times = [(order.id, order.agreed_start) for order in orders if order.agreed_start is not None]
    if not times:
        return found
    starts: Mapping[int, datetime] = dict(times)
    for reply in db.session.scalars(
        select(Reply).where(
            Reply.order_id.in_(list(starts)), Reply.purpose == Purpose.COME, Reply.party == Party.VOLUNTEER
        )
    ):
        if reply.agreed_start == starts[reply.order_id] and reply.volunteer_id is not None:
            found[reply.order_id][reply.volunteer_id] = reply
    return found


def list_replies(order: Order) -> Sequence[Reply]:
    """Everything that was asked with one tap about the time that is agreed now; one statement."""
    return db.session.scalars(
        select(Reply)
        .where(Reply.order_id == order.id, Reply.agreed_start == order.agreed_start)
        .order_by(Reply.purpose, Reply.id)
    ).all()
