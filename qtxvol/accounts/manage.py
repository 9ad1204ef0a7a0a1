"""What the office does to accounts and seats: make, bind, reset, close, and look them up.

Every verb is for the office alone (or the service itself, which makes the first account). Not here: what
people do to their own account (`seats.py`).
"""

import logging
import re
import secrets
import unicodedata
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NoReturn

from sqlalchemy import ColumnElement, exists, or_, select
from sqlalchemy.exc import IntegrityError

from qtxvol.accounts.actor import Actor
from qtxvol.accounts.attempts import forget_attempts
from qtxvol.accounts.models import Account, Seat
from qtxvol.accounts.passwords import find_weakness, hash_password, new_password
from qtxvol.accounts.phones import parse_phone
from qtxvol.accounts.seats import sign_in_key
from qtxvol.directory.models import Department, Division
from qtxvol.extensions import db
from qtxvol.orders.lifecycle import Party
from qtxvol.paging import Page, select_page
from qtxvol.privacy.numbers import has_number
from qtxvol.privacy.vault import current_vault
from qtxvol.refusals import NotFound, Refused
from qtxvol.storage import transaction
from qtxvol.volunteers.models import Team, Volunteer

_LOG = logging.getLogger(__name__)

#: The column that binds a party's seat to what it acts for; an office seat is bound to nothing.
BOUND_BY: Mapping[Party, str | None] = {
    Party.COMMUNITY: "division_code",
    Party.DEPARTMENT: "department_id",
    Party.TEAM: "team_id",
    Party.VOLUNTEER: "volunteer_id",
    Party.RESIDENT: "division_code",
    Party.OFFICE: None,
}

_USERNAME = re.compile(r"[a-z0-9_.-]{3,64}", re.ASCII)
_LONGEST_NAME = 64
_LOWEST_LEVEL = 4  # towns and what lies in them


# The verbs


def create_account(
    actor: Actor, *, username: str, display_name: str, party: Party, bound_to: str | int | None = None, now: datetime
) -> tuple[int, str]:
    """Make an account with one seat and a first password, which must be changed at the first sign-in.

    :param bound_to: code of the division or department, id of the team or volunteer that the seat acts for.
    :return: the account's id, and the password in plain text: the only time that anybody sees it.
    :raise Refused: `wrong_party` (403); `invalid` (422) with `field` and `message`; nothing is written.
    """
    _check_office(actor)
    password = new_password()
    account_id = _add_account(username, display_name, password, party, bound_to, must_change=True, now=now)
    _LOG.info("account %s (%s) made by %s", account_id, party, actor.key)
    return account_id, password


def register_resident(
    *, username: str, display_name: str, password: str, division_code: str | None, now: datetime
) -> int:
    """A resident makes an account of their own, to find all their orders in one place. Nobody needs one to order.

    :return: the account's id.
    :raise Refused: `invalid` with `field` and `message`, `weak_password` with `fault` (422); nothing is written.
    """
    if fault := find_weakness(password, username.strip()):
        raise Refused("weak_password", 422, field="password", fault=fault)
    return _add_account(
        username, display_name, password, Party.RESIDENT, division_code or None, must_change=False, now=now
    )


def _add_account(
    username: str,
    display_name: str,
    password: str,
    party: Party,
    bound_to: str | int | None,
    *,
    must_change: bool,
    now: datetime,
) -> int:
    username, display_name = username.strip(), _check_display_name(display_name)
    phone = parse_phone(username)
    if phone is not None:  # to sign in with, but never to be read in a list: the account has a name of its own
        username = f"tel-{phone[-4:]}-{secrets.token_hex(3)}"
    elif has_number(username):
        _refuse(
            "username",
            "用户名里不要夹带号码；可以只填手机号。",
            "No numbers of people inside a user name; a mobile number alone will do.",
        )
    if _USERNAME.fullmatch(username) is None:
        _refuse(
            "username",
            "用户名用 3 到 64 个小写字母、数字、点、下划线或连字符。",
            "A user name has 3 to 64 small letters, digits, dots, _ or -.",
        )
    password_hash = hash_password(password)
    with transaction():
        digests = current_vault().digests("phone", phone) if phone else []
        twins = or_(Account.username == username, Account.phone_digest.in_(digests))
        if db.session.scalar(select(exists().where(twins))):
            _refuse_taken()
        account = Account(
            username=username,
            display_name=display_name,
            phone=phone,
            phone_digest=digests[0] if digests else None,
            password_hash=password_hash,
            must_change_password=must_change,
            created_at=now,
        )
        db.session.add(account)
        try:
            db.session.flush()
        except IntegrityError:  # on PostgreSQL another one may have taken it since the look above
            _refuse_taken()
        db.session.add(_new_seat(account.id, party, bound_to))
        return account.id


def add_seat(actor: Actor, account_id: int, party: Party, bound_to: str | int | None = None) -> int:
    """Give an account another seat; one per party.

    :return: the seat's id.
    :raise NotFound: no such account.
    :raise Refused: `wrong_party` (403); `invalid` (422) with `field` and `message`.
    """
    _check_office(actor)
    with transaction():
        _lock(account_id)
        if db.session.scalar(select(exists().where(Seat.account_id == account_id, Seat.party == party))):
            _refuse(
                BOUND_BY.get(party) or "party",
                "这个账号已有这一类岗位，请先撤销原来的。",
                "The account has such a seat already; remove that one first.",
            )
        seat = _new_seat(account_id, party, bound_to)
        db.session.add(seat)
        db.session.flush()
        seat_id = seat.id
    _LOG.info("seat %s of account %s added by %s", party, account_id, actor.key)
    return seat_id


def remove_seat(actor: Actor, account_id: int, seat_id: int) -> None:
    """Take a seat away; its sessions lose that desk with their next request.

    :raise NotFound: the account has no such seat.
    :raise Refused: `wrong_party` (403); `invalid` (409): the office's own, or its last one.
    """
    _check_office(actor)
    with transaction():
        seat = db.session.scalar(select(Seat).where(Seat.id == seat_id, Seat.account_id == account_id))
        if seat is None:
            raise NotFound(seat_id)
        if seat.party == Party.OFFICE:
            if account_id == actor.account_id:
                _refuse_own()
            _check_office_remains(account_id)
        party = seat.party
        db.session.delete(seat)
    _LOG.info("seat %s of account %s removed by %s", party, account_id, actor.key)


def reset_password(actor: Actor, account_id: int) -> str:
    """Give an account a new first password and end its sessions.

    :return: the password in plain text, to be read out; it must be changed at the next sign-in.
    :raise NotFound: no such account.
    :raise Refused: `wrong_party` (403); `invalid` (409) for the own account, whose page asks for the old one.
    """
    _check_office(actor)
    if account_id == actor.account_id:
        _refuse_own()
    password = new_password()
    password_hash = hash_password(password)
    with transaction():
        account = _lock(account_id)
        account.password_hash, account.must_change_password = password_hash, True
        account.session_epoch += 1
        db.session.flush()
        phone = db.session.scalar(select(Account.phone).where(Account.id == account_id))
        for name in filter(None, (account.username, phone)):
            forget_attempts(sign_in_key(name))
    _LOG.info("password of account %s reset by %s", account_id, actor.key)
    return password


def set_active(actor: Actor, account_id: int, is_active: bool) -> bool:
    """Close an account, or open it again; either way its sessions end.

    :return: False when it already was so.
    :raise NotFound: no such account.
    :raise Refused: `wrong_party` (403); `invalid` (409): the own account, or the last one of the office.
    """
    _check_office(actor)
    if account_id == actor.account_id:
        _refuse_own()
    with transaction():
        if not is_active:
            _check_office_remains(account_id)
        account = _lock(account_id)
        if account.is_active == is_active:
            return False
        account.is_active = is_active
        account.session_epoch += 1
    _LOG.info("account %s %s by %s", account_id, "opened" if is_active else "closed", actor.key)
    return True


# Checks


def _refuse(field: str, zh: str, en: str, status: int = 422) -> NoReturn:
    raise Refused("invalid", status, field=field, message=zh, message_en=en)


def _refuse_taken() -> NoReturn:
    _refuse("username", "这个用户名已经有人用了，请换一个。", "This user name is taken, choose another.")


def _refuse_own() -> NoReturn:
    _refuse(
        "",
        "不能这样改自己的账号，请由另一位纲要办人员办理；改密码请点右上角自己的名字。",
        "Not on your own account: ask a colleague of the office. To change your password, tap your name above.",
        409,
    )


def _check_office(actor: Actor) -> None:
    if actor.party not in (Party.OFFICE, Party.SYSTEM):
        raise Refused("wrong_party", 403)


def _check_display_name(text: str) -> str:
    name = text.strip()
    if not name:
        _refuse("display_name", "请填写姓名或单位称呼。", "A name to show is needed.")
    if len(name) > _LONGEST_NAME:
        _refuse("display_name", "姓名最多 64 个字。", "The name has at most 64 characters.")
    if has_number(name):
        _refuse("display_name", "姓名里不要写号码，别人会看到。", "No numbers in the name: others will read it.")
    if any(unicodedata.category(char) in ("Cc", "Cs") for char in name):
        _refuse("display_name", "姓名里有无法显示的字符。", "The name has characters that can't be shown.")
    return name


def _check_office_remains(account_id: int) -> None:
    """Somebody of the office must be able to sign in without `account_id`.

    The rows are locked in one order: of two clerks who close each other's account at once, the second finds the
    first one's account closed.
    """
    office = set(
        db.session.scalars(
            select(Account.id)
            .join(Seat, Seat.account_id == Account.id)
            .where(Seat.party == Party.OFFICE, Account.is_active)
            .order_by(Account.id)
            .with_for_update()
        )
    )
    if office == {account_id}:
        _refuse(
            "",
            "这是纲要办最后一个可用的账号，不能停用或撤销。",
            "This is the last account of the office that works; it has to stay.",
            409,
        )


def _lock(account_id: int) -> Account:
    account = db.session.get(Account, account_id, with_for_update=True)
    if account is None:
        raise NotFound(account_id)
    return account


def _new_seat(account_id: int, party: Party, bound_to: str | int | None) -> Seat:
    """The seat to add, once what it is bound to is known to be there and in use."""
    if party not in BOUND_BY:
        _refuse("party", "请选择一类岗位。", "Choose a kind of seat.")
    column = BOUND_BY[party]
    if column is None or (bound_to is None and party is Party.RESIDENT):
        return Seat(account_id=account_id, party=party)
    _check_bound(column, bound_to)
    return Seat(account_id=account_id, party=party, **{column: bound_to})


def _check_bound(column: str, bound_to: str | int | None) -> None:
    conditions: Mapping[str, tuple[Any, ...]] = {
        "division_code": (Division.code == bound_to, Division.is_active, Division.level >= _LOWEST_LEVEL),
        "department_id": (Department.id == bound_to, Department.is_active),
        "team_id": (Team.id == bound_to, Team.is_active),
        "volunteer_id": (Volunteer.id == bound_to, Volunteer.status.not_in(("left", "refused", "merged"))),
    }
    is_there = bound_to is not None and db.session.scalar(select(exists().where(*conditions[column])))
    if not is_there:
        zh, en = _UNKNOWN[column]
        _refuse(column, zh, en)
    if column == "volunteer_id" and db.session.scalar(select(exists().where(Seat.volunteer_id == bound_to))):
        _refuse(column, "这名志愿者已有账号。", "This volunteer has an account already.")


_UNKNOWN = {
    "division_code": (
        "请从列表里选一个在用的街道、镇或社区、村。",
        "Choose a town or community in use from the list.",
    ),
    "department_id": ("请从列表里选一个在用的部门。", "Choose a department in use from the list."),
    "team_id": ("请从列表里选一支在用的服务队。", "Choose a team in use from the list."),
    "volunteer_id": (
        "没有这个编号的志愿者，或已退出。",
        "There is no volunteer with this number, or they have left.",
    ),
}


# The reads


@dataclass(frozen=True, slots=True)
class SeatEntry:
    """One seat; `place` and `place_en` name what it acts for, empty for the office."""

    id: int
    party: str
    place: str
    place_en: str


@dataclass(frozen=True, slots=True)
class AccountEntry:
    """An account as the office sees it: never its password."""

    id: int
    username: str
    display_name: str
    is_active: bool
    must_change_password: bool
    created_at: datetime
    signed_in_at: datetime | None
    seats: tuple[SeatEntry, ...]


def list_accounts(text: str = "", page: int = 1, party: str = "") -> Page[AccountEntry]:
    """Accounts by user name: three statements.

    :param text: must occur in the user name, the name, or the name of what a seat acts for.
    :param party: only those with a seat of it.
    """
    statement = select(Account).order_by(Account.is_active.desc(), Account.username)
    if text:
        statement = statement.where(_has_text(text))
    if party:
        statement = statement.where(Account.id.in_(select(Seat.account_id).where(Seat.party == party)))
    found = select_page(statement, page)
    accounts = [row[0] for row in found.rows]
    seats = _seats_of([account.id for account in accounts])
    entries = [_entry(account, seats[account.id]) for account in accounts]
    return Page(entries, found.total, found.number, found.pages)


def get_account(account_id: int) -> AccountEntry:
    """One account with its seats: two statements.

    :raise NotFound: no such account.
    """
    account = db.session.get(Account, account_id)
    if account is None:
        raise NotFound(account_id)
    return _entry(account, _seats_of([account_id])[account_id])


def find_volunteer_id(number: str) -> int | None:
    """The volunteer that a number on a list or certificate belongs to."""
    return db.session.scalar(select(Volunteer.id).where(Volunteer.number == number.strip().upper()))


def _has_text(text: str) -> ColumnElement[bool]:
    places: Sequence[Any] = (Division.display_name, Department.name, Team.name, Volunteer.name)
    by_place = (
        select(Seat.account_id)
        .outerjoin(Division, Division.code == Seat.division_code)
        .outerjoin(Department, Department.id == Seat.department_id)
        .outerjoin(Team, Team.id == Seat.team_id)
        .outerjoin(Volunteer, Volunteer.id == Seat.volunteer_id)
        .where(or_(*(place.icontains(text, autoescape=True) for place in places)))
    )
    return or_(
        Account.username.icontains(text, autoescape=True),
        Account.display_name.icontains(text, autoescape=True),
        Account.id.in_(by_place),
    )


def _seats_of(account_ids: Sequence[int]) -> Mapping[int, list[SeatEntry]]:
    rows = db.session.execute(
        select(
            Seat, Division.display_name, Division.name_en, Department.name, Department.name_en,
            Team.name, Team.name_en, Volunteer.name,
        )
        .outerjoin(Division, Division.code == Seat.division_code)
        .outerjoin(Department, Department.id == Seat.department_id)
        .outerjoin(Team, Team.id == Seat.team_id)
        .outerjoin(Volunteer, Volunteer.id == Seat.volunteer_id)
        .where(Seat.account_id.in_(account_ids))
        .order_by(Seat.id)
    )  # fmt: skip
    seats: dict[int, list[SeatEntry]] = defaultdict(list)
    for seat, division, division_en, department, department_en, team, team_en, volunteer in rows:
        place = team or department or volunteer or division or ""
        place_en = (team_en if team else department_en if department else "" if volunteer else division_en) or place
        seats[seat.account_id].append(SeatEntry(seat.id, seat.party, place, place_en))
    return seats


def _entry(account: Account, seats: Sequence[SeatEntry]) -> AccountEntry:
    return AccountEntry(
        account.id,
        account.username,
        account.display_name,
        account.is_active,
        account.must_change_password,
        account.created_at,
        account.signed_in_at,
        tuple(seats),
    )
