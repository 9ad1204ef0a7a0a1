"""Teams that hold orders, and the people whom they ask."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select, update

from qtxvol.accounts.actor import Actor
from qtxvol.directory.models import MenuItem
from qtxvol.extensions import db
from qtxvol.notices.models import Notice
from qtxvol.offers.crew_asks import answer_ask
from qtxvol.offers.holds import HOLDS, hold_order
from qtxvol.orders.models import Crew, CrewAsk, Hold, Offer, Order
from qtxvol.orders.transition import Outcome, lock_order
from qtxvol.storage import transaction
from qtxvol.volunteers.models import Team
from tests.factories import ITEM, NOW, City, claimed, make_volunteer, window

TIME = window(3)


def held(city: City, now: datetime = NOW, *, team: Actor | None = None, **values: object) -> Outcome:
    """A claimed order that the team has said yes to."""
    order = claimed(city, now, **values)
    hold_order(order.number, team or city.team, agreed=TIME, now=now)
    return order


def asks_of(order: Outcome) -> list[CrewAsk]:
    """The newest list, in its order."""
    db.session.rollback()
    newest = select(Hold.id).where(Hold.order_id == order.order_id).order_by(Hold.id.desc()).limit(1)
    found = select(CrewAsk).where(CrewAsk.hold_id == newest.scalar_subquery()).order_by(CrewAsk.position)
    return list(db.session.scalars(found.execution_options(populate_existing=True)))


def asked_of(order: Outcome) -> list[int]:
    """Who is asked and has not answered."""
    return [a.volunteer_id for a in asks_of(order) if a.asked_at is not None and a.answer is None and not a.ending]


def say(order: Outcome, who: int, answer: str, now: datetime = NOW, reason: str = "work") -> None:
    """What a person who is asked says."""
    with transaction():
        row = lock_order(order.number, HOLDS)
        ask = next(ask for ask in asks_of_row(row) if ask.volunteer_id == who)
        is_yes = answer == "yes"
        answer_ask(row, ask, is_yes=is_yes, reason="" if is_yes else reason, now=now)


def asks_of_row(order: Order) -> Sequence[CrewAsk]:
    return db.session.scalars(
        select(CrewAsk).where(CrewAsk.order_id == order.id, CrewAsk.asked_at.is_not(None)).order_by(CrewAsk.id.desc())
    ).all()


def hold_of(order: Outcome) -> Hold:
    """The newest."""
    db.session.rollback()
    found = select(Hold).where(Hold.order_id == order.order_id).order_by(Hold.id.desc()).limit(1)
    return db.session.scalars(found.execution_options(populate_existing=True)).one()


def crew_of(order: Outcome) -> set[int]:
    db.session.rollback()
    return set(db.session.scalars(select(Crew.volunteer_id).where(Crew.order_id == order.order_id)))


def told(order: Outcome, kind: str) -> list[str]:
    """Scopes of those who were told of it."""
    db.session.rollback()
    found = select(Notice.scope).where(Notice.order_id == order.order_id, Notice.kind == kind)
    return sorted(db.session.scalars(found.where(Notice.withdrawn_at.is_(None))))


def offer_of(order: Outcome, team: Actor) -> Offer:
    db.session.rollback()
    found = select(Offer).where(Offer.order_id == order.order_id, Offer.team_id == team.team_id)
    return db.session.scalars(found.order_by(Offer.wave.desc()).limit(1)).one()


def with_people(team: Actor, count: int, **values: object) -> list[int]:
    """So many more in the team."""
    return [make_volunteer(team.team_id, **values) for _ in range(count)]


def lend(team: Actor) -> None:
    """The team's leader lets its people help others."""
    with transaction():
        db.session.execute(update(Team).where(Team.id == team.team_id).values(is_lending=True))


def takes(people: int) -> None:
    """So many come to a service, one of whom can lead it."""
    with transaction():
        db.session.execute(update(MenuItem).where(MenuItem.id == ITEM).values(min_volunteers=people))
