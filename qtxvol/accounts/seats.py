"""Accounts and seats: reading who somebody is, signing in, changing passwords."""

from datetime import datetime

from sqlalchemy import select, update

from qtxvol.accounts.actor import Actor
from qtxvol.accounts.attempts import (
    SIGN_IN_ACCOUNT,
    SIGN_IN_ADDRESS,
    count_attempt,
    forget_attempts,
    seconds_to_wait,
)
from qtxvol.accounts.models import Account, Seat
from qtxvol.accounts.passwords import find_weakness, hash_password, is_password, needs_rehash
from qtxvol.directory.models import Department, Division
from qtxvol.extensions import db
from qtxvol.orders.lifecycle import Party
from qtxvol.refusals import NotFound, Refused
from qtxvol.storage import transaction
from qtxvol.volunteers.models import Team, Volunteer


def find_account(account_id: int) -> Account | None:
    """The active account with this id."""
    return db.session.scalars(select(Account).where(Account.id == account_id, Account.is_active)).one_or_none()


def list_seats(account: Account) -> list[tuple[Actor, str]]:
    """The account's seats as actors, each with the name of what it is bound to; one statement."""
    rows = db.session.execute(
        select(Seat, Team, Division.display_name, Department.name, Volunteer.name)
        .outerjoin(Team, Team.id == Seat.team_id)
        .outerjoin(Division, Division.code == Seat.division_code)
        .outerjoin(Department, Department.id == Seat.department_id)
        .outerjoin(Volunteer, Volunteer.id == Seat.volunteer_id)
        .where(Seat.account_id == account.id)
        .order_by(Seat.id)
    )
    seats = []
    for seat, team, division, department, volunteer in rows:
        party = Party(seat.party)
        bound = {Party.TEAM: team.name if team else "", Party.DEPARTMENT: department, Party.VOLUNTEER: volunteer}
        place = bound.get(party) or division or ""
        actor = Actor(
            party=party,
            name=_event_name(party, account.display_name, place),
            account_id=account.id,
            division_code=seat.division_code,
            department_id=team.department_id if team else seat.department_id,
            team_id=seat.team_id,
            themes=tuple(team.themes) if team else (),
            volunteer_id=seat.volunteer_id,
        )
        seats.append((actor, place))
    return seats


def _event_name(party: Party, person: str, place: str) -> str:
    """What the events keep and the loser of a race reads: the body that acted, never a resident's name."""
    if party is Party.RESIDENT:
        return "居民"
    if party is Party.OFFICE:
        return "纲要办"
    return place or person


def sign_in(username: str, password: str, address: str, now: datetime) -> Account:
    """The account, if name and password fit. Failures slow down the account and the address.

    :raise Refused: `wait` with `seconds` (429); `wrong_password` (422), the same for an unknown name.
    """
    keys = (
        (f"login:account:{username.casefold()[:64]}", SIGN_IN_ACCOUNT),
        (f"login:address:{address}", SIGN_IN_ADDRESS),
    )
    wait = max(seconds_to_wait(key, limit, now) for key, limit in keys)
    if wait:
        raise Refused("wait", 429, seconds=wait)
    account = db.session.scalars(select(Account).where(Account.username == username)).one_or_none()
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
    return account


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
