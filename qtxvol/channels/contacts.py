"""Addresses of bodies: the robot in a department's group chat, a team's mailbox, the webhook of another system.

The office sees and changes all of them, a body its own. The rows are `notices.models.ContactPoint`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from qtxvol.accounts.actor import Actor
from qtxvol.base import AnyRow
from qtxvol.channels.configure import check_address, get_spec, note_event, try_address
from qtxvol.channels.message import Receipt
from qtxvol.channels.models import Channel
from qtxvol.channels.sending import read_settings
from qtxvol.channels.specs import CHANNELS
from qtxvol.directory.models import Department, Division
from qtxvol.extensions import db
from qtxvol.notices.models import ContactPoint
from qtxvol.notices.points import Owner, add_point, drop_point
from qtxvol.orders.lifecycle import Party
from qtxvol.refusals import NotFound, Refused
from qtxvol.storage import transaction
from qtxvol.volunteers.models import Team

#: Parties that are bodies; a volunteer or resident is told personally.
BODIES = (Party.COMMUNITY, Party.DEPARTMENT, Party.TEAM, Party.OFFICE)


@dataclass(frozen=True, slots=True)
class Body:
    """A body: see `notices.party` and `notices.scope`."""

    party: Party
    scope: str = ""

    @property
    def owner(self) -> Owner:
        return Owner(party=self.party, scope=self.scope)


def body_of(actor: Actor) -> Body:
    """The body that the actor sits for.

    :raise Refused: `wrong_party` (403) for persons.
    """
    match actor.party:
        case Party.COMMUNITY:
            return Body(Party.COMMUNITY, actor.division_code or "")
        case Party.DEPARTMENT:
            return Body(Party.DEPARTMENT, actor.department_id or "")
        case Party.TEAM:
            return Body(Party.TEAM, str(actor.team_id or ""))
        case Party.OFFICE:
            return Body(Party.OFFICE)
    raise Refused("wrong_party", 403)


def read_body(text: str) -> Body:
    """`department:cast`, as a form sends it.

    :raise Refused: `invalid` (422): no such body.
    """
    party, _, scope = text.partition(":")
    body = Body(Party(party), scope) if party in BODIES else None
    if body is None or not _exists(body):
        raise Refused(
            "invalid", 422, field="body", message="请从列表里选一个单位。", message_en="Choose from the list."
        )
    return body


def list_offered(actor: Actor) -> list[str]:
    """Channels that are on and that the actor may add an address of. One statement."""
    on = set(db.session.scalars(select(Channel.code).where(Channel.is_on)))
    return [
        code
        for code, spec in CHANNELS.items()
        if code in on and (actor.party is Party.OFFICE or not spec.is_office_only)
    ]


def list_addresses(actor: Actor) -> Sequence[AnyRow]:
    """Of the actor's own body, or of all for the office; without the addresses themselves. One statement."""
    is_body = ContactPoint.party != ""
    mine = is_body if actor.party is Party.OFFICE else is_body & body_of(actor).owner.owns()
    statement = (
        select(
            ContactPoint.id,
            ContactPoint.channel,
            ContactPoint.party,
            ContactPoint.scope,
            ContactPoint.masked,
            ContactPoint.added_at,
        )
        .where(mine)
        .order_by(ContactPoint.party, ContactPoint.scope, ContactPoint.rank, ContactPoint.id)
    )
    return db.session.execute(statement).all()


def list_bodies() -> dict[str, tuple[str, str]]:
    """Name and English name by `party:scope`, for the office's list; three statements."""
    divisions = select(Division.code, Division.display_name, Division.name_en).where(Division.level >= 4)
    departments = select(Department.id, Department.name, Department.name_en).where(Department.is_active)
    teams = select(Team.id, Team.name)
    return {
        f"{Party.OFFICE}:": ("纲要办", "Programme office"),
        **{
            f"{Party.DEPARTMENT}:{row[0]}": (row[1], row[2]) for row in _rows(departments.order_by(Department.position))
        },
        **{f"{Party.TEAM}:{row[0]}": (row[1], "") for row in _rows(teams.order_by(Team.name))},
        **{
            f"{Party.COMMUNITY}:{row[0]}": (row[1], row[2])
            for row in _rows(divisions.where(Division.is_active).order_by(Division.code))
        },
    }


def add_address(actor: Actor, body: Body, channel: str, text: str, now: datetime) -> int:
    """Tell a body there, too. The same address again is a quiet success.

    :raise Refused: `wrong_party` (403); `invalid` (422) with its field.
    """
    _check_may(actor, body)
    if channel not in list_offered(actor):
        raise Refused(
            "invalid",
            422,
            field="channel",
            message="这个渠道没有启用，请选别的，或请纲要办启用。",
            message_en="This channel is not on. Choose another, or ask the office.",
        )
    address = check_address(channel, text, read_settings(channel))
    with transaction():
        before = db.session.scalar(select(ContactPoint.id).where(body.owner.owns()).order_by(ContactPoint.id.desc()))
        point = add_point(body.owner, channel, address, now=now, by_account_id=actor.account_id)
        if before is None or point > before:
            note_event(actor, channel, "address_added", now, of=(body.party, body.scope))
        return point


def remove_address(actor: Actor, point_id: int, now: datetime) -> None:
    """Tell a body there no longer.

    :raise NotFound: no such address, or another body's.
    """
    with transaction():
        body, channel = _find(actor, point_id)
        drop_point(body.owner, point_id)
        note_event(actor, channel, "address_removed", now, of=(body.party, body.scope))


def try_contact(actor: Actor, point_id: int, now: datetime) -> Receipt:
    """Send a message to an address that is there. Takes up to ten seconds.

    :raise NotFound: no such address, or another body's.
    :raise Refused: `wait` (429).
    """
    _body, channel = _find(actor, point_id)
    address = db.session.scalar(select(ContactPoint.address).where(ContactPoint.id == point_id)) or ""
    return try_address(actor, channel, address, now)


def _check_may(actor: Actor, body: Body) -> None:
    if actor.party is not Party.OFFICE and body != body_of(actor):
        raise Refused("wrong_party", 403)


def _find(actor: Actor, point_id: int) -> tuple[Body, str]:
    row = db.session.execute(
        select(ContactPoint.party, ContactPoint.scope, ContactPoint.channel).where(
            ContactPoint.id == point_id, ContactPoint.party != ""
        )
    ).one_or_none()
    if row is None or (actor.party is not Party.OFFICE and body_of(actor) != Body(Party(row.party), row.scope)):
        raise NotFound(point_id)
    get_spec(row.channel)
    return Body(Party(row.party), row.scope), row.channel


def _exists(body: Body) -> bool:
    match body.party:
        case Party.OFFICE:
            return body.scope == ""
        case Party.DEPARTMENT:
            return db.session.get(Department, body.scope) is not None
        case Party.COMMUNITY:
            return db.session.get(Division, body.scope) is not None
    number = int(body.scope) if body.scope.isdecimal() and len(body.scope) < 10 else 0
    return db.session.get(Team, number) is not None


def _rows(statement: object) -> Sequence[AnyRow]:
    return db.session.execute(statement).all()  # type: ignore[call-overload,no-any-return]
