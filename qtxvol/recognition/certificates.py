"""Certificates of service: issued from the ledger of hours, counted, revoked; checked by anybody who holds the code.

A certificate keeps what the ledger said on the day. A correction that comes later does not change it: whoever checks
it reads both. It keeps no readable name: the masked one, and a keyed digest by which a name read off the paper can be
checked, also after the person has changed or erased theirs (docs/adr/0011-certificates-as-pdf.md).
Here is no page and no paper; who may call is each verb's own check.
"""

import re
import secrets
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any, NoReturn

from sqlalchemy import ColumnElement, Select, func, or_, select, text
from sqlalchemy.orm import aliased

from qtxvol.accounts.actor import Actor
from qtxvol.accounts.models import Account
from qtxvol.accounts.office import check_office
from qtxvol.accounts.phones import mask_name
from qtxvol.base import CITY_TIME, AnyRow
from qtxvol.directory.models import Division
from qtxvol.extensions import db
from qtxvol.hours.queries import Served
from qtxvol.orders.lifecycle import Label, Party
from qtxvol.orders.models import Order
from qtxvol.paging import Page, select_page
from qtxvol.privacy.vault import current_vault
from qtxvol.privacy.words import refuse_numbers
from qtxvol.recognition.ledger import EARLIEST, counted_of, counted_of_people, find_first_service, get_served
from qtxvol.recognition.models import Certificate
from qtxvol.refusals import NotFound, Refused
from qtxvol.storage import transaction
from qtxvol.volunteers.models import Team, Volunteer

#: Without 0 O 1 I L U: a code is read off paper and typed.
ALPHABET = "23456789ABCDEFGHJKMNPQRSTVWXYZ"
#: 30 ** 16: nobody finds one by trying.
CODE_LENGTH = 16
_CODE = re.compile(f"[{ALPHABET}]{{{CODE_LENGTH}}}")

LONGEST_REASON = 120
#: Papers in one file, lines in one table.
MOST_AT_ONCE = 200


@dataclass(frozen=True, slots=True)
class Period:
    """Days of service, both included. Without a beginning: from the first service on."""

    from_on: date | None
    until_on: date


@dataclass(frozen=True, slots=True)
class CertificateView:
    """A certificate with what stands beside it on paper and on the page that checks it.

    :ivar volunteer_name: as it is printed; the masked one once the person's name is no longer the one on the paper.
    :ivar is_renamed: then so.
    :ivar themes: theme codes of the services that it counts, most minutes first.
    :ivar towns: where they were, most minutes first.
    :ivar now: what the ledger says of the same days today.
    :ivar replaces: number of the revoked one that it stands for; `replaced_by` of the one that stands for it.
    """

    certificate: Certificate
    volunteer_number: str
    volunteer_name: str
    is_renamed: bool
    team_name: str
    team_name_en: str
    themes: tuple[str, ...]
    towns: tuple[Label, ...]
    now: Served
    replaces: str
    replaced_by: str

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


def issue_certificate(
    actor: Actor, volunteer_id: int, period: Period, now: datetime, *, shows_identity: bool = False
) -> int:
    """Certify what the ledger holds of a verified volunteer in `period`; the certificate's id.

    Asked for again on the same day with nothing changed, it is the same certificate.
    :param shows_identity: print the kind and the masked number of the person's document, where there is one.
    :raise NotFound: no such volunteer, or not the actor's: people ask for themselves, leaders for their own team,
        the office for everybody.
    :raise Refused: `wrong_party` (403); `not_verified`, `nothing_served` (409); `bad_period` with `field` and `fault`
        (422): `ends_first`, `too_early` or `in_future`.
    """
    with transaction():
        _wait_for_our_turn()
        person = _get_reachable(actor, volunteer_id)
        return _issue(actor, person, period, now, identity=_identity_of(person) if shows_identity else "")


def issue_for_team(actor: Actor, team_id: int, period: Period, now: datetime) -> list[int]:
    """One for each verified member of a team who has hours in the period; their ids, in order of the names.

    :raise Refused: as `issue_certificate`; `nothing_served` (409) when nobody has; `too_many_at_once` (409).
    """
    check_office(actor)
    with transaction():
        _wait_for_our_turn()
        people = db.session.scalars(
            select(Volunteer)
            .where(Volunteer.team_id == team_id, Volunteer.status == "verified")
            .order_by(Volunteer.name, Volunteer.id)
            .limit(MOST_AT_ONCE + 1)
        ).all()
        if len(people) > MOST_AT_ONCE:
            raise Refused("too_many_at_once", 409, most=MOST_AT_ONCE)
        issued = []
        for person in people:
            try:
                issued.append(_issue(actor, person, period, now))
            except Refused as refused:
                if refused.code != "nothing_served":
                    raise
        if not issued:
            raise Refused("nothing_served", 409)
        return issued


def reissue_certificate(actor: Actor, certificate_id: int, now: datetime) -> int:
    """A new one in place of one that was revoked, for the same days, by what the ledger says today; its id.

    Done before, it is the one that was issued then.
    :raise NotFound: no such certificate, or not the actor's.
    :raise Refused: `not_revoked` (409); otherwise as `issue_certificate`.
    """
    with transaction():
        _wait_for_our_turn()
        old = db.session.get(Certificate, certificate_id)
        if old is None:
            raise NotFound(certificate_id)
        person = _get_reachable(actor, old.volunteer_id)
        if old.revoked_at is None:
            raise Refused(
                "not_revoked",
                409,
                message="这份证明仍然有效，不用重新开。",
                message_en="This certificate is still valid; there is no need for another.",
            )
        if again := db.session.scalar(select(Certificate.id).where(Certificate.replaces_id == old.id)):
            return again
        identity = _identity_of(person) if old.identity else ""
        return _issue(actor, person, Period(old.from_on, old.until_on), now, identity=identity, replaces=old)


def _issue(
    actor: Actor,
    person: Volunteer,
    period: Period,
    now: datetime,
    *,
    identity: str = "",
    replaces: Certificate | None = None,
) -> int:
    today = now.astimezone(CITY_TIME).date()
    if person.status != "verified":
        raise Refused("not_verified", 409)
    from_on = period.from_on or find_first_service(person.id) or period.until_on
    _check_period(from_on, period.until_on, today)
    served = get_served(person.id, from_on, period.until_on)
    if not served.minutes:
        raise Refused("nothing_served", 409)
    twin = _find_twin(person, from_on, period.until_on, served, today, identity)
    if twin is not None and replaces is None:
        return twin
    certificate = Certificate(
        number=_next_number(today.year),
        code=new_code(),
        volunteer_id=person.id,
        name_masked=mask_name(person.name),
        name_digest=current_vault().digest(_NAME, plain_name(person.name)),
        identity=identity,
        team_id=person.team_id,
        from_on=from_on,
        until_on=period.until_on,
        minutes=served.minutes,
        services=served.services,
        **_content(person.id, from_on, period.until_on),
        issued_at=now,
        issued_by_account_id=actor.account_id,
        replaces_id=replaces.id if replaces else None,
    )
    db.session.add(certificate)
    db.session.flush()
    return certificate.id


#: The kind under which names are digested.
_NAME = "name on a certificate"


def plain_name(name: str) -> str:
    """As it is compared: full-width letters, spaces and middle dots make no difference."""
    return re.sub(r"[\s·•・.]", "", unicodedata.normalize("NFKC", name)).casefold()


def _identity_of(person: Volunteer) -> str:
    """`resident_id 123X`: what may stand on the paper of a document number; the number itself stays sealed."""
    return f"{person.id_kind} {person.id_number[-4:]}" if person.id_kind and person.id_number else ""


def has_identity(volunteer_id: int) -> bool:
    """There is a document that a certificate could name."""
    kind = select(Volunteer.id_kind).where(Volunteer.id == volunteer_id, Volunteer.id_number.is_not(None))
    return db.session.scalar(kind) is not None


def revoke_certificate(actor: Actor, certificate_id: int, reason: str, now: datetime) -> bool:
    """Declare it void, with a reason that everybody who checks it reads. It stays in the register.

    :return: False when it was revoked before: reason and moment stay what they were.
    :raise NotFound: no such certificate.
    :raise Refused: `wrong_party` (403); `missing` with `field` (422).
    """
    check_office(actor)
    reason = reason.strip()[:LONGEST_REASON]
    if not reason:
        raise Refused("missing", 422, field="reason")
    refuse_numbers("reason", reason)
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


def _find_twin(
    person: Volunteer, from_on: date, until_on: date, served: Served, today: date, identity: str
) -> int | None:
    """The valid certificate of today that says the same."""
    midnight = _midnight(today)
    return db.session.scalar(
        select(Certificate.id)
        .where(
            Certificate.volunteer_id == person.id,
            Certificate.from_on == from_on,
            Certificate.until_on == until_on,
            Certificate.minutes == served.minutes,
            Certificate.services == served.services,
            Certificate.identity == identity,
            Certificate.name_digest.in_(current_vault().digests(_NAME, plain_name(person.name))),
            Certificate.revoked_at.is_(None),
            Certificate.issued_at >= midnight,
            Certificate.issued_at < midnight + timedelta(days=1),
        )
        .order_by(Certificate.id)
        .limit(1)
    )


# Names


def is_name_on(certificate: Certificate, typed: str) -> bool | None:
    """Does the paper bear this name? None when that was not kept (papers from before, or a lost key)."""
    if not certificate.name_digest:
        return None
    return certificate.name_digest in current_vault().digests(_NAME, plain_name(typed))


def refresh_name_digests() -> int:
    """Digest the names anew under the newest key, where a person still has the name that the paper bears; how many.

    To be run before an old key is thrown away, inside the caller's `transaction()`. Papers of people who have changed
    or erased their name keep the old digest: without the old key their name can't be compared any more.
    """
    changed = 0
    rows = db.session.execute(
        select(Certificate, Volunteer.name)
        .join(Volunteer, Volunteer.id == Certificate.volunteer_id)
        .where(Certificate.name_digest != "")
    )
    for certificate, name in rows:
        newest = current_vault().digest(_NAME, plain_name(name))
        if certificate.name_digest != newest and is_name_on(certificate, name):
            certificate.name_digest = newest
            changed += 1
    return changed


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
    """The condition on `Volunteer` that says: theirs to certify. A merged row goes with the row that the person goes on
    with: its own team has no say any more.

    :raise Refused: `wrong_party` (403).
    """
    match actor.party:
        case Party.VOLUNTEER:
            return Volunteer.person_id() == actor.volunteer_id
        case Party.TEAM:
            member = aliased(Volunteer)
            return Volunteer.person_id().in_(
                select(member.id).where(member.team_id == actor.team_id, member.merged_into_id.is_(None))
            )
        case Party.OFFICE:
            return Volunteer.id.is_not(None)
    raise Refused("wrong_party", 403)


def list_certificates(actor: Actor, volunteer_id: int) -> Sequence[Certificate]:
    """All of one person, newest first, revoked ones too; one statement. Those of others are none."""
    return db.session.scalars(
        select(Certificate)
        .join(Volunteer, Volunteer.id == Certificate.volunteer_id)
        .where(Certificate.volunteer_id.in_(Volunteer.rows_of(volunteer_id)), _reach(actor))
        .order_by(Certificate.id.desc())
        .limit(200)
    ).all()


@dataclass(frozen=True, slots=True)
class Register:
    """Which part of the register.

    :ivar search: must occur in the certificate's number, or the volunteer's name or number.
    :ivar status: "valid" or "revoked"; anything else gives both.
    :ivar from_on: issued on that day or later; `until_on` on that day or before.
    """

    search: str = ""
    status: str = ""
    team_id: int | None = None
    from_on: date | None = None
    until_on: date | None = None


def search_certificates(register: Register, page: int = 1) -> Page[AnyRow]:
    """The office's register, newest first; two statements.

    :return: rows of (Certificate, person, person_number, team, issuer).
    """
    return select_page(_select_register(register), page)


def list_register(register: Register, *, most: int = 10_000) -> Sequence[AnyRow]:
    """The same without pages, for a table; one statement."""
    return db.session.execute(_select_register(register).limit(most)).all()


def _select_register(register: Register) -> Select[*tuple[Any, ...]]:
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
    if register.search:
        columns = (Certificate.number, Volunteer.name, Volunteer.number)
        words = (column.icontains(register.search, autoescape=True) for column in columns)
        statement = statement.where(or_(*words))
    if register.status in ("valid", "revoked"):
        is_valid = Certificate.revoked_at.is_(None)
        statement = statement.where(is_valid if register.status == "valid" else ~is_valid)
    if register.team_id is not None:
        statement = statement.where(Certificate.team_id == register.team_id)
    if register.from_on is not None:
        statement = statement.where(Certificate.issued_at >= _midnight(register.from_on))
    if register.until_on is not None:
        statement = statement.where(Certificate.issued_at < _midnight(register.until_on) + timedelta(days=1))
    return statement


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), tzinfo=CITY_TIME)


def get_certificate(actor: Actor, certificate_id: int) -> CertificateView:
    """One certificate, for its owner, their leader or the office; three statements.

    :raise NotFound: no such certificate, or not the actor's to read.
    """
    views = _list_views(Certificate.id == certificate_id, _reach(actor))
    if not views:
        raise NotFound(certificate_id)
    return views[0]


def find_certificate(code: str) -> CertificateView | None:
    """What the holder of a code may check; three statements, None for an unknown code."""
    views = _list_views(Certificate.code == code)
    return views[0] if views else None


def list_papers(actor: Actor, register: Register) -> list[CertificateView]:
    """Those of the register as they are printed, the oldest first; at most `MOST_AT_ONCE`; four statements.

    :raise Refused: `wrong_party` (403).
    """
    check_office(actor)
    ids = [row.Certificate.id for row in list_register(register, most=MOST_AT_ONCE)]
    return _list_views(Certificate.id.in_(ids)) if ids else []


def _content(person_id: int, from_on: date, until_on: date) -> dict[str, list[str]]:
    """Themes and towns of what counts, most minutes first."""
    counted = counted_of(person_id)
    rows = db.session.execute(
        select(Order.theme, Order.division_code, counted.c.minutes)
        .join(counted, counted.c.order_id == Order.id)
        .where(counted.c.served_on.between(from_on, until_on))
    ).all()
    themes: dict[str, int] = defaultdict(int)
    towns: dict[str, int] = defaultdict(int)
    for theme, division_code, minutes in rows:
        towns[town_of(division_code)] += minutes
        if theme:
            themes[theme] += minutes
    return {"themes": _by_minutes(themes), "town_codes": _by_minutes(towns)}


def _by_minutes(minutes: Mapping[str, int]) -> list[str]:
    return sorted(minutes, key=lambda code: (-minutes[code], code))


def town_of(division_code: str) -> str:
    """The code of the town that a community belongs to; a town's own is its own."""
    return division_code[:9] + "000"


def _list_views(*conditions: ColumnElement[bool]) -> list[CertificateView]:
    after, before = aliased(Certificate), aliased(Certificate)
    rows = db.session.execute(
        select(
            Certificate,
            Volunteer.person_id().label("person_id"),
            Volunteer.number,
            Volunteer.name,
            Team.name.label("team"),
            Team.name_en.label("team_en"),
            before.number.label("replaces"),
            after.number.label("replaced_by"),
        )
        .join(Volunteer, Volunteer.id == Certificate.volunteer_id)
        .outerjoin(Team, Team.id == Certificate.team_id)
        .outerjoin(before, before.id == Certificate.replaces_id)
        .outerjoin(after, after.replaces_id == Certificate.id)
        .where(*conditions)
        .order_by(Certificate.id)
    ).all()
    if not rows:
        return []
    towns = _town_names({code for row in rows for code in row.Certificate.town_codes})
    counted = counted_of_people({row.person_id for row in rows})
    lines: dict[int, list[AnyRow]] = defaultdict(list)
    for line in db.session.execute(
        select(counted.c.person_id, counted.c.order_id, counted.c.served_on, counted.c.minutes)
    ):
        lines[line.person_id].append(line)
    return [_view(row, lines[row.person_id], towns) for row in rows]


def _town_names(codes: Iterable[str]) -> dict[str, Label]:
    rows = db.session.execute(
        select(Division.code, Division.display_name, Division.name_en).where(Division.code.in_(list(codes)))
    )
    return {code: Label(name, name_en or name) for code, name, name_en in rows}


def _view(row: AnyRow, lines: Sequence[AnyRow], towns: Mapping[str, Label]) -> CertificateView:
    certificate: Certificate = row.Certificate
    days = [line for line in lines if certificate.from_on <= line.served_on <= certificate.until_on]
    is_renamed = is_name_on(certificate, row.name) is False
    return CertificateView(
        certificate,
        row.number,
        certificate.name_masked if is_renamed else row.name,
        is_renamed,
        row.team or "",
        row.team_en or "",
        tuple(certificate.themes),
        tuple(towns[code] for code in certificate.town_codes if code in towns),
        Served(sum(line.minutes for line in days), len({line.order_id for line in days})),
        row.replaces or "",
        row.replaced_by or "",
    )
