"""Certificates of service: issued from the ledger of hours, counted, revoked; checked by anybody who holds the code.

A certificate keeps what the ledger said on the day. A correction that comes later does not change it: whoever checks
it reads both. Here is no page and no paper; who may call is each verb's own check.
"""

import re
import secrets
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import NoReturn

from sqlalchemy import ColumnElement, Select, func, or_, select, text

from qtxvol.accounts.actor import Actor
from qtxvol.accounts.models import Account
from qtxvol.base import CITY_TIME, AnyRow
from qtxvol.extensions import db
from qtxvol.hours.models import HoursEntry
from qtxvol.orders.lifecycle import Party
from qtxvol.orders.models import Order
from qtxvol.paging import Page, select_page
from qtxvol.recognition.models import Certificate
from qtxvol.refusals import NotFound, Refused
from qtxvol.storage import transaction
from qtxvol.volunteers.models import Team, Volunteer
from qtxvol.volunteers.queries import Served

#: Without 0 O 1 I L U: a code is read off paper and typed.
ALPHABET = "23456789ABCDEFGHJKMNPQRSTVWXYZ"
#: 30 ** 16: nobody finds one by trying.
CODE_LENGTH = 16
_CODE = re.compile(f"[{ALPHABET}]{{{CODE_LENGTH}}}")

#: No service was written down before.
EARLIEST = date(2000, 1, 1)
LONGEST_REASON = 120


@dataclass(frozen=True, slots=True)
class Period:
    """Days of service, both included. Without a beginning: from the first service on."""

    from_on: date | None
    until_on: date


@dataclass(frozen=True, slots=True)
class CertificateView:
    """A certificate with what stands beside it on paper and on the page that checks it.

    :ivar themes: theme codes of the services that it counts, most minutes first.
    :ivar now: what the ledger says of the same days today.
    """

    certificate: Certificate
    volunteer_number: str
    volunteer_name: str
    team_name: str
    team_name_en: str
    themes: tuple[str, ...]
    now: Served

    @property
    def is_corrected(self) -> bool:
        """Some of what the paper says has been taken back since."""
        return self.now.minutes < self.certificate.minutes or self.now.services < self.certificate.services

    @property
    def has_grown(self) -> bool:
        """More was written up for the same days since; what the paper says still holds."""
        return not self.is_corrected and self.now.minutes > self.certificate.minutes


def parse_code(typed: str) -> str | None:
    """The code in what a person typed (any case, spaces, hyphens, full-width letters), or None when it is none."""
    plain = re.sub(r"[\s\-·—]", "", unicodedata.normalize("NFKC", typed)).upper()
    return plain if _CODE.fullmatch(plain) else None


def spoken_code(code: str) -> str:
    """`7KQM-2X9A-…`: as printed on the paper, in groups of four."""
    return "-".join(code[i : i + 4] for i in range(0, len(code), 4))


# Verbs


def issue_certificate(actor: Actor, volunteer_id: int, period: Period, now: datetime) -> int:
    """Certify what the ledger holds of a verified volunteer in `period`; the certificate's id.

    Asked for again on the same day with nothing changed, it is the same certificate.
    :raise NotFound: no such volunteer, or not the actor's: people ask for themselves, leaders for their own team,
        the office for everybody.
    :raise Refused: `wrong_party` (403); `not_verified`, `nothing_served` (409); `bad_period` with `field` and `fault`
        (422): `ends_first`, `too_early` or `in_future`.
    """
    today = now.astimezone(CITY_TIME).date()
    with transaction():
        _wait_for_our_turn()
        person = _get_reachable(actor, volunteer_id)
        if person.status != "verified":
            raise Refused("not_verified", 409)
        from_on = period.from_on or _first_service(person.id) or period.until_on
        _check_period(from_on, period.until_on, today)
        served = _served(person.id, from_on, period.until_on)
        if not served.minutes:
            raise Refused("nothing_served", 409)
        if twin := _find_twin(person.id, from_on, period.until_on, served, today):
            return twin
        certificate = Certificate(
            number=_next_number(today.year),
            code=new_code(),
            volunteer_id=person.id,
            team_id=person.team_id,
            from_on=from_on,
            until_on=period.until_on,
            minutes=served.minutes,
            services=served.services,
            issued_at=now,
            issued_by_account_id=actor.account_id,
        )
        db.session.add(certificate)
        db.session.flush()
        return certificate.id


def revoke_certificate(actor: Actor, certificate_id: int, reason: str, now: datetime) -> bool:
    """Declare it void, with a reason that everybody who checks it reads. It stays in the register.

    :return: False when it was revoked before: reason and moment stay what they were.
    :raise NotFound: no such certificate.
    :raise Refused: `wrong_party` (403); `missing` with `field` (422).
    """
    if actor.party is not Party.OFFICE:
        raise Refused("wrong_party", 403)
    reason = reason.strip()[:LONGEST_REASON]
    if not reason:
        raise Refused("missing", 422, field="reason")
    with transaction():
        certificate = db.session.get(Certificate, certificate_id, with_for_update=True)
        if certificate is None:
            raise NotFound(certificate_id)
        if certificate.revoked_at is not None:
            return False
        certificate.revoked_at, certificate.revoked_by_account_id = now, actor.account_id
        certificate.revoke_reason = reason
        return True


def new_code() -> str:
    """A random code."""
    return "".join(secrets.choice(ALPHABET) for _ in range(CODE_LENGTH))


def _wait_for_our_turn() -> None:
    """One issue after the other: the numbers of a year have no gap and no twin.

    SQLite has one writer anyway; PostgreSQL is asked for it. Readers are not held up.
    """
    if db.session.get_bind().dialect.name == "postgresql":
        db.session.execute(text("LOCK TABLE certificates IN SHARE ROW EXCLUSIVE MODE"))


def _next_number(year: int) -> str:
    prefix = f"QTXZ-{year}-"
    last = db.session.scalar(select(func.max(Certificate.number)).where(Certificate.number.startswith(prefix)))
    return f"{prefix}{int(last.removeprefix(prefix)) + 1 if last else 1:06d}"


def _check_period(from_on: date, until_on: date, today: date) -> None:
    if until_on > today:
        _refuse_period("until_on", "in_future")
    if from_on < EARLIEST:
        _refuse_period("from_on", "too_early")
    if until_on < from_on:
        _refuse_period("until_on", "ends_first")


def _refuse_period(field: str, fault: str) -> NoReturn:
    raise Refused("bad_period", 422, field=field, fault=fault)


def _find_twin(person_id: int, from_on: date, until_on: date, served: Served, today: date) -> int | None:
    """The valid certificate of today that says the same."""
    midnight = datetime.combine(today, time(), tzinfo=CITY_TIME)
    return db.session.scalar(
        select(Certificate.id)
        .where(
            Certificate.volunteer_id == person_id,
            Certificate.from_on == from_on,
            Certificate.until_on == until_on,
            Certificate.minutes == served.minutes,
            Certificate.services == served.services,
            Certificate.revoked_at.is_(None),
            Certificate.issued_at >= midnight,
            Certificate.issued_at < midnight + timedelta(days=1),
        )
        .order_by(Certificate.id)
        .limit(1)
    )


# The ledger


def _standing(person_id: int, from_on: date, until_on: date, as_of: datetime | None) -> Select[int, int]:
    """Minutes per order of those days that stand after corrections; as the ledger was at `as_of`."""
    entries = select(HoursEntry.order_id, func.sum(HoursEntry.minutes).label("minutes")).where(
        HoursEntry.volunteer_id == person_id, HoursEntry.served_on.between(from_on, until_on)
    )
    if as_of is not None:
        entries = entries.where(HoursEntry.created_at <= as_of)
    return entries.group_by(HoursEntry.order_id).having(func.sum(HoursEntry.minutes) > 0)


def _served(person_id: int, from_on: date, until_on: date) -> Served:
    standing = _standing(person_id, from_on, until_on, None).subquery()
    row = db.session.execute(select(func.coalesce(func.sum(standing.c.minutes), 0), func.count()).select_from(standing))
    minutes, services = row.one()
    return Served(int(minutes), int(services))


def _first_service(person_id: int) -> date | None:
    standing = _standing(person_id, EARLIEST, date.max, None).subquery()
    return db.session.scalar(
        select(func.min(HoursEntry.served_on))
        .join(standing, standing.c.order_id == HoursEntry.order_id)
        .where(HoursEntry.volunteer_id == person_id)
    )


# Reads


def get_reachable_volunteer(actor: Actor, volunteer_id: int) -> Volunteer:
    """The person whose certificates this actor may ask for and read.

    :raise NotFound: nobody, or not the actor's.
    """
    return _get_reachable(actor, volunteer_id)


def _get_reachable(actor: Actor, volunteer_id: int) -> Volunteer:
    person = db.session.scalars(select(Volunteer).where(Volunteer.id == volunteer_id, _reach(actor))).one_or_none()
    if person is None:
        raise NotFound(volunteer_id)
    return person


def _reach(actor: Actor) -> ColumnElement[bool]:
    """The condition on `Volunteer` that says: theirs to certify.

    :raise Refused: `wrong_party` (403).
    """
    match actor.party:
        case Party.VOLUNTEER:
            return Volunteer.id == actor.volunteer_id
        case Party.TEAM:
            return Volunteer.team_id == actor.team_id
        case Party.OFFICE:
            return Volunteer.id.is_not(None)
    raise Refused("wrong_party", 403)


def list_certificates(actor: Actor, volunteer_id: int) -> Sequence[Certificate]:
    """All of one person, newest first, revoked ones too; one statement. Those of others are none."""
    return db.session.scalars(
        select(Certificate)
        .join(Volunteer, Volunteer.id == Certificate.volunteer_id)
        .where(Certificate.volunteer_id == volunteer_id, _reach(actor))
        .order_by(Certificate.id.desc())
        .limit(200)
    ).all()


def search_certificates(search: str = "", status: str = "", page: int = 1) -> Page[AnyRow]:
    """The office's register, newest first: rows of (Certificate, person, person_number, team, issuer); two statements.

    :param search: must occur in the certificate's number, or the volunteer's name or number.
    :param status: "valid" or "revoked"; anything else gives both.
    """
    statement = (
        select(
            Certificate,
            Volunteer.name.label("person"),
            Volunteer.number.label("person_number"),
            Team.name.label("team"),
            Account.display_name.label("issuer"),
        )
        .join(Volunteer, Volunteer.id == Certificate.volunteer_id)
        .join(Account, Account.id == Certificate.issued_by_account_id)
        .outerjoin(Team, Team.id == Certificate.team_id)
        .order_by(Certificate.id.desc())
    )
    if search:
        columns = (Certificate.number, Volunteer.name, Volunteer.number)
        statement = statement.where(or_(*(column.icontains(search, autoescape=True) for column in columns)))
    if status in ("valid", "revoked"):
        is_valid = Certificate.revoked_at.is_(None)
        statement = statement.where(is_valid if status == "valid" else ~is_valid)
    return select_page(statement, page)


def get_certificate(actor: Actor, certificate_id: int) -> CertificateView:
    """One certificate, for its owner, their leader or the office; three statements.

    :raise NotFound: no such certificate, or not the actor's to read.
    """
    view = _find_view(Certificate.id == certificate_id, _reach(actor))
    if view is None:
        raise NotFound(certificate_id)
    return view


def find_certificate(code: str) -> CertificateView | None:
    """What the holder of a code may check; three statements, None for an unknown code."""
    return _find_view(Certificate.code == code)


def _find_view(*conditions: ColumnElement[bool]) -> CertificateView | None:
    row = db.session.execute(
        select(Certificate, Volunteer.number, Volunteer.name, Team.name.label("team"), Team.name_en.label("team_en"))
        .join(Volunteer, Volunteer.id == Certificate.volunteer_id)
        .outerjoin(Team, Team.id == Certificate.team_id)
        .where(*conditions)
    ).one_or_none()
    if row is None:
        return None
    certificate = row.Certificate
    days = (certificate.volunteer_id, certificate.from_on, certificate.until_on)
    return CertificateView(
        certificate,
        row.number,
        row.name,
        row.team or "",
        row.team_en or "",
        _list_themes(*days, as_of=certificate.issued_at),
        _served(*days),
    )


def _list_themes(person_id: int, from_on: date, until_on: date, *, as_of: datetime) -> tuple[str, ...]:
    """Themes as the ledger was at `as_of`; a wish in free text has none."""
    standing = _standing(person_id, from_on, until_on, as_of).subquery()
    rows = db.session.scalars(
        select(Order.theme)
        .join(standing, standing.c.order_id == Order.id)
        .where(Order.theme.is_not(None))
        .group_by(Order.theme)
        .order_by(func.sum(standing.c.minutes).desc(), Order.theme)
    )
    return tuple(theme for theme in rows if theme is not None)
