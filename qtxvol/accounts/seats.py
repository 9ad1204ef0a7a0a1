"""Accounts and seats: reading who somebody is, signing in, changing passwords."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, select, update

from qtxvol.accounts.actor import Actor
from qtxvol.accounts.attempts import (
    SIGN_IN_ACCOUNT,
    SIGN_IN_ADDRESS,
    count_attempt,
    forget_attempts,
    key_of,
    seconds_to_wait,
)
from qtxvol.accounts.models import Account, Seat
from qtxvol.accounts.passwords import find_weakness, hash_password, is_password, needs_rehash
from qtxvol.accounts.phones import parse_phone
from qtxvol.directory.models import Department, Division
from qtxvol.extensions import db
from qtxvol.orders.lifecycle import Party
from qtxvol.privacy.vault import current_vault
from qtxvol.refusals import NotFound, Refused
from qtxvol.storage import transaction
from qtxvol.volunteers.models import Team, Volunteer


@dataclass(frozen=True, slots=True)
class SeatView:
    """One seat of somebody who is signed in.

    :ivar place: the name of what the seat is bound to.
    :ivar is_guide_seen: the first-run guide of this desk was put away.
    """

    actor: Actor
    place: str
    is_guide_seen: bool = False


@dataclass(frozen=True, slots=True)
class SignedIn:
    """Who is behind a session: the account and its seats, read in one statement per request."""

    account_id: int
    username: str
    display_name: str
    session_epoch: int
    must_change_password: bool
    seats: tuple[SeatView, ...]

    is_authenticated = True
    is_active = True
    is_anonymous = False

    def get_id(self) -> str:
        """For Flask-Login: id and epoch, so that raising the epoch ends every session."""
        return f"{self.account_id}.{self.session_epoch}"

    def find_seat(self, party: Party) -> SeatView | None:
        """The seat at this party's desk."""
        return next((seat for seat in self.seats if seat.actor.party is party), None)


def find_signed_in(session_id: str) -> SignedIn | None:
    """The active account behind `SignedIn.get_id()`, unless its sessions were ended since."""
    account_id, _, epoch = session_id.partition(".")
    if not (account_id.isdecimal() and epoch.isdecimal()):
        return None
    return _find(Account.id == int(account_id), Account.session_epoch == int(epoch))


def find_actor(account_id: int, party: Party) -> Actor | None:
    """An account at this party's desk, for work that is done in its name after its request; None once the account is
    closed or has no such seat any more."""
    found = _find(Account.id == account_id)
    seat = found.find_seat(party) if found else None
    return seat.actor if seat else None


def _find(*conditions: ColumnElement[bool]) -> SignedIn | None:
    """The active account with its seats; one statement."""
    rows = db.session.execute(
        select(Account, Seat, Team, Division.display_name, Department.name, Volunteer.name, Volunteer.person_id())
        .outerjoin(Seat, Seat.account_id == Account.id)
        .outerjoin(Team, Team.id == Seat.team_id)
        .outerjoin(Division, Division.code == Seat.division_code)
        .outerjoin(Department, Department.id == Seat.department_id)
        .outerjoin(Volunteer, Volunteer.id == Seat.volunteer_id)
        .where(*conditions, Account.is_active)
        .order_by(Seat.id)
    ).all()
    if not rows:
        return None
    account = rows[0][0]
    seats = tuple(
        _view_seat(account, seat, team, division, department, volunteer, person_id)
        for _, seat, team, division, department, volunteer, person_id in rows
        if seat is not None
    )
    return SignedIn(
        account.id,
        account.username,
        account.display_name,
        account.session_epoch,
        account.must_change_password,
        seats,
    )


def _view_seat(
    account: Account,
    seat: Seat,
    team: Team | None,
    division: str | None,
    department: str | None,
    volunteer: str | None,
    person_id: int | None,
) -> SeatView:
    party = Party(seat.party)
    bound = {Party.TEAM: team.name if team else None, Party.DEPARTMENT: department, Party.VOLUNTEER: volunteer}
    place = bound.get(party) or division or ""
    actor = Actor(
        party=party,
        name=_event_name(party, account.display_name, place),
        account_id=account.id,
        division_code=seat.division_code,
        department_id=team.department_id if team else seat.department_id,
        team_id=seat.team_id,
        themes=tuple(team.themes) if team else (),
        volunteer_id=person_id,  # the row that the person goes on with, when the seat's own was merged
    )
    return SeatView(actor, place, seat.guide_seen_at is not None)


def _event_name(party: Party, person: str, place: str) -> str:
    """What the events keep and the loser of a race reads: the body that acted, never a resident's name."""
    if party is Party.RESIDENT:
        return "居民"
    if party is Party.OFFICE:
        return "纲要办"
    return place or person


def sign_in(username: str, password: str, address: str, now: datetime) -> SignedIn:
    """Who it is, if name and password fit. Failures slow down the account and the address.

    :raise Refused: `wait` with `seconds` (429); `wrong_password` (422), the same for an unknown name.
    """
    keys = (
        (sign_in_key(username), SIGN_IN_ACCOUNT),
        (f"login:address:{address}", SIGN_IN_ADDRESS),
    )
    wait = max(seconds_to_wait(key, limit, now) for key, limit in keys)
    if wait:
        raise Refused("wait", 429, seconds=wait)
    account = _find_account(username)
    known = account is not None and account.is_active
    if not is_password(password, account.password_hash if account and known else None) or account is None:
        for key, limit in keys:
            count_attempt(key, limit, now)
        raise Refused("wrong_password", 422)
    renew = hash_password(password) if needs_rehash(account.password_hash) else None
    account_id = account.id
    forget_attempts(keys[0][0])
    with transaction():
        account = db.session.get_one(Account, account_id)
        account.signed_in_at = now
        if renew:
            account.password_hash = renew
        session_id = f"{account.id}.{account.session_epoch}"
    signed_in = find_signed_in(session_id)
    if signed_in is None:  # deactivated in this very moment
        raise Refused("wrong_password", 422)
    return signed_in


def sign_in_key(name: str) -> str:
    """Under which attempts to sign in with this user name or telephone number are counted."""
    return key_of("login:account", parse_phone(name) or name[:64])


def _find_account(name: str) -> Account | None:
    """The account with this user name, or with this telephone number."""
    statement = select(Account).where(Account.username == name)
    if phone := parse_phone(name):
        statement = select(Account).where(Account.phone_digest.in_(current_vault().digests("phone", phone)))
    return db.session.scalars(statement.limit(1)).one_or_none()


def change_password(account_id: int, old: str, new: str) -> int:
    """Set a new password and end every other session.

    :return: the new session epoch, for the session that made the change.
    :raise Refused: `wrong_password`, `weak_password` with `fault` (422).
    """
    account = db.session.get(Account, account_id)
    if account is None:
        raise NotFound(account_id)
    if not is_password(old, account.password_hash):
        raise Refused("wrong_password", 422, field="old_password")
    if fault := find_weakness(new, account.username):
        raise Refused("weak_password", 422, field="new_password", fault=fault)
    if is_password(new, account.password_hash):
        raise Refused("weak_password", 422, field="new_password", fault="unchanged")
    password_hash = hash_password(new)
    with transaction():
        account = db.session.get_one(Account, account_id, with_for_update=True)
        account.password_hash, account.must_change_password = password_hash, False
        account.session_epoch += 1
        return account.session_epoch


def sign_out_everywhere(account_id: int) -> None:
    """Make every session of the account useless, this one included."""
    with transaction():
        db.session.execute(
            update(Account).where(Account.id == account_id).values(session_epoch=Account.session_epoch + 1)
        )
