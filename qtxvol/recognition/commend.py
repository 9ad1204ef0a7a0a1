"""The yearly list of commendation: counted by criteria that everybody can read, decided person by person by people.

The count only proposes. Somebody of the office decides each, with a reason where the answer is no; somebody else, who
decided nothing on the list, confirms it; then it is public. Nobody is ranked: the list is in order of the names.
Here is no page. Evidence is read in `evidence.py`.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import delete, select

from qtxvol.accounts.actor import Actor
from qtxvol.accounts.models import Account
from qtxvol.accounts.office import check_office
from qtxvol.accounts.phones import mask_name
from qtxvol.base import CITY_TIME, AnyRow
from qtxvol.extensions import db
from qtxvol.privacy.words import refuse_numbers
from qtxvol.recognition.awards import stars_by_person
from qtxvol.recognition.evidence import Evidence, list_evidence
from qtxvol.recognition.ledger import EARLIEST
from qtxvol.recognition.models import Commendation, CommendationEvent, CommendationList, PublicationConsent
from qtxvol.refusals import NotFound, Refused
from qtxvol.storage import transaction
from qtxvol.volunteers.models import Team, Volunteer

LONGEST_REASON = 200


@dataclass(frozen=True, slots=True)
class Criteria:
    """What it takes to be proposed, in one year.

    :ivar needs_no_objection: nobody with an objection that was upheld in the year.
    """

    min_hours: int = 20
    min_services: int = 6
    needs_no_objection: bool = True


@dataclass(frozen=True, slots=True)
class ListView:
    """A list with its people, in order of the names.

    :ivar people: rows of (Commendation, name, number, team, is_named, decided_by).
    :ivar events: rows of (CommendationEvent, who), the newest first.
    """

    list: CommendationList
    people: Sequence[AnyRow]
    events: Sequence[AnyRow]
    submitted_by: str
    confirmed_by: str

    def count(self, status: str) -> int:
        return sum(row.Commendation.status == status for row in self.people)

    @property
    def criteria(self) -> Criteria:
        return criteria_of(self.list)


def criteria_of(listed: CommendationList) -> Criteria:
    return Criteria(listed.min_hours, listed.min_services, listed.needs_no_objection)


def meets(criteria: Criteria, row: Commendation | Evidence) -> bool:
    """By the figures that stand on the list."""
    return (
        row.minutes >= criteria.min_hours * 60
        and row.services >= criteria.min_services
        and not (criteria.needs_no_objection and row.objections)
    )


def year_of(now: datetime) -> int:
    """The city's year."""
    return now.astimezone(CITY_TIME).year


# Verbs


def count_list(actor: Actor, year: int, criteria: Criteria, now: datetime) -> int:
    """Count the year's evidence and propose whoever meets the criteria; how many stand on the list now.

    Makes the list of the year where there is none. Who was proposed and meets them no more falls off; who was decided
    on stays with that decision and the new figures.
    :raise NotFound: no such year, or one that is still to come.
    :raise Refused: `wrong_party` (403); `list_closed` (409): handed in or published.
    """
    check_office(actor)
    if not EARLIEST.year <= year <= year_of(now):
        raise NotFound(year)
    with transaction():
        listed = _lock(year)
        if listed is None:
            listed = CommendationList(year=year, counted_at=now, min_hours=0, min_services=0)
            db.session.add(listed)
        elif listed.status != "open":
            raise _closed()
        listed.min_hours, listed.min_services = criteria.min_hours, criteria.min_services
        listed.needs_no_objection, listed.counted_at = criteria.needs_no_objection, now
        db.session.flush()
        found = {each.person_id: each for each in list_evidence(year)}
        stars = stars_by_person()
        known = {
            row.volunteer_id: row
            for row in db.session.scalars(select(Commendation).where(Commendation.list_id == listed.id))
        }
        for person_id, row in known.items():
            _write(row, found.get(person_id) or Evidence.none(person_id), stars.get(person_id, 0))
        eligible = {person_id for person_id, each in found.items() if meets(criteria, each)}
        names = _names(eligible - known.keys())
        for person_id, name in names.items():
            row = Commendation(list_id=listed.id, volunteer_id=person_id, name_masked=mask_name(name))
            _write(row, found[person_id], stars.get(person_id, 0))
            db.session.add(row)
        fallen = [row.id for person_id, row in known.items() if row.status == "proposed" and person_id not in eligible]
        db.session.flush()
        db.session.execute(delete(Commendation).where(Commendation.id.in_(fallen)))
        note = (criteria.min_hours, criteria.min_services, int(criteria.needs_no_objection))
        _note(listed, actor, "count", now, " ".join(map(str, note)))
        return len(known) - len(fallen) + len(names)


def _names(people: Collection[int]) -> dict[int, str]:
    """Those of them who are verified today: only they are proposed."""
    rows = db.session.execute(
        select(Volunteer.id, Volunteer.name).where(Volunteer.id.in_(people), Volunteer.status == "verified")
    )
    return {volunteer_id: name for volunteer_id, name in rows}


def _write(row: Commendation, evidence: Evidence, star: int) -> None:
    row.minutes, row.services, row.confirmed = evidence.minutes, evidence.services, evidence.confirmed
    row.rated, row.ratings, row.stars_total = evidence.rated, evidence.ratings, evidence.stars_total
    row.objections, row.star = evidence.objections, star


def decide(
    actor: Actor, year: int, entry_ids: Collection[int], *, is_commended: bool, reason: str, now: datetime
) -> int:
    """Decide on people of the list, anew where it was decided before; how many.

    :raise NotFound: no list of that year, or none of these people on it.
    :raise Refused: `wrong_party` (403); `list_closed` (409); `missing` with `field` (422): nobody chosen, or a no
        without its reason.
    """
    check_office(actor)
    reason = reason.strip()[:LONGEST_REASON]
    if not entry_ids:
        raise _missing("entry", "请先勾选人。", "Tick somebody first.")
    if not is_commended and not reason:
        raise _missing("reason", "不表彰要写明原因。", "Say why they are not commended.")
    refuse_numbers("reason", reason)
    with transaction():
        listed = _get_open(year)
        rows = db.session.scalars(
            select(Commendation).where(Commendation.list_id == listed.id, Commendation.id.in_(entry_ids))
        ).all()
        if len(rows) != len(set(entry_ids)):
            raise NotFound(year)
        for row in rows:
            row.status, row.reason = "commended" if is_commended else "declined", reason
            row.decided_at, row.decided_by_account_id = now, actor.account_id
        _note(listed, actor, "decide", now, f"{'commended' if is_commended else 'declined'} {len(rows)}")
        return len(rows)


def submit_list(actor: Actor, year: int, now: datetime) -> None:
    """Hand the list in for the second person. Its figures are counted anew first and stand from then on.

    :raise NotFound: no list of that year.
    :raise Refused: `wrong_party` (403); `list_closed`, `year_not_over`, `undecided` with `count`, `needs_reason`
        (somebody below the criteria is commended without one), `nobody_commended` (409).
    """
    check_office(actor)
    if year >= year_of(now):
        raise Refused(
            "year_not_over",
            409,
            message="这一年还没结束，名单要等年终以后再提交。",
            message_en="The year is not over; hand the list in after its end.",
        )
    with transaction():  # kept whatever is refused below: whoever is new on the list must be seen
        count_list(actor, year, criteria_of(_get_open(year)), now)
    with transaction():
        listed = _get_open(year)
        rows = db.session.scalars(select(Commendation).where(Commendation.list_id == listed.id)).all()
        if left := sum(row.status == "proposed" for row in rows):
            raise Refused(
                "undecided",
                409,
                count=left,
                message=f"还有 {left} 人没有决定，请逐人决定后再提交。",
                message_en=f"{left} still to be decided on.",
            )
        commended = [row for row in rows if row.status == "commended"]
        if left := sum(not row.reason and not meets(criteria_of(listed), row) for row in commended):
            raise Refused(
                "needs_reason",
                409,
                count=left,
                message=f"有 {left} 位决定表彰的人按最新记录不符合条件，请写明理由或改为不表彰。",
                message_en=f"{left} commended below the criteria: give a reason or change the decision.",
            )
        if not commended:
            raise Refused(
                "nobody_commended",
                409,
                message="名单上还没有决定表彰的人，不用提交。",
                message_en="Nobody on the list is commended; there is nothing to hand in.",
            )
        listed.status, listed.submitted_at, listed.submitted_by_account_id = "submitted", now, actor.account_id
        _note(listed, actor, "submit", now)


def confirm_list(actor: Actor, year: int, now: datetime) -> None:
    """The second person confirms the list, and it is published.

    :raise NotFound: no list of that year.
    :raise Refused: `wrong_party`, `same_person` (403): whoever handed it in or decided on anybody can't;
        `not_submitted` (409).
    """
    check_office(actor)
    with transaction():
        listed = _get(year)
        if listed.status != "submitted":
            raise Refused(
                "not_submitted",
                409,
                message="名单还没有提交，或已经公布。",
                message_en="The list was not handed in, or is published already.",
            )
        deciders = set(
            db.session.scalars(
                select(Commendation.decided_by_account_id).where(Commendation.list_id == listed.id).distinct()
            )
        )
        if actor.account_id is None or actor.account_id in deciders | {listed.submitted_by_account_id}:
            raise Refused(
                "same_person",
                403,
                message="提交过名单或决定过名单上任何人的，不能确认。请由另一位同事确认公布。",
                message_en="Whoever handed the list in or decided on anybody can't confirm it. Ask a colleague.",
            )
        listed.status, listed.confirmed_at, listed.confirmed_by_account_id = "published", now, actor.account_id
        _note(listed, actor, "publish", now)


def return_list(actor: Actor, year: int, reason: str, now: datetime) -> None:
    """Open a list again that was handed in or published, with a reason that stays. It is not public meanwhile.

    :raise NotFound: no list of that year.
    :raise Refused: `wrong_party` (403); `missing` with `field` (422); `list_open` (409).
    """
    check_office(actor)
    reason = reason.strip()[:LONGEST_REASON]
    if not reason:
        raise _missing("reason", "请写明为什么退回。", "Say why it goes back.")
    refuse_numbers("reason", reason)
    with transaction():
        listed = _get(year)
        if listed.status == "open":
            raise Refused(
                "list_open", 409, message="名单还没有提交，直接改就行。", message_en="The list is open already."
            )
        listed.status = "open"
        listed.submitted_at = listed.submitted_by_account_id = None
        listed.confirmed_at = listed.confirmed_by_account_id = None
        _note(listed, actor, "return", now, reason)


def _missing(field: str, zh: str, en: str) -> Refused:
    return Refused("missing", 422, field=field, message=zh, message_en=en)


def _closed() -> Refused:
    return Refused(
        "list_closed",
        409,
        message="名单已经提交或公布，要改请先退回。",
        message_en="The list was handed in or published; take it back first.",
    )


def _lock(year: int) -> CommendationList | None:
    return db.session.scalar(select(CommendationList).where(CommendationList.year == year).with_for_update())


def _get(year: int) -> CommendationList:
    listed = _lock(year)
    if listed is None:
        raise NotFound(year)
    return listed


def _get_open(year: int) -> CommendationList:
    listed = _get(year)
    if listed.status != "open":
        raise _closed()
    return listed


def _note(listed: CommendationList, actor: Actor, action: str, now: datetime, note: str = "") -> None:
    db.session.add(
        CommendationEvent(list_id=listed.id, action=action, account_id=actor.account_id, note=note, happened_at=now)
    )


# Reads


def list_years(now: datetime) -> list[tuple[int, CommendationList | None]]:
    """This year, the last and every one with a list, the newest first."""
    lists = {each.year: each for each in db.session.scalars(select(CommendationList))}
    years = sorted({*lists, year_of(now), year_of(now) - 1}, reverse=True)
    return [(year, lists.get(year)) for year in years]


def list_published() -> Sequence[CommendationList]:
    """The lists that are public, the newest first."""
    return db.session.scalars(
        select(CommendationList).where(CommendationList.status == "published").order_by(CommendationList.year.desc())
    ).all()


def find_list(year: int) -> ListView | None:
    """The list of a year with everything on it; three statements."""
    listed = db.session.scalar(select(CommendationList).where(CommendationList.year == year))
    if listed is None:
        return None
    people = db.session.execute(
        select(
            Commendation,
            Volunteer.name,
            Volunteer.number,
            Volunteer.status.label("person_status"),
            Team.name.label("team"),
            Team.name_en.label("team_en"),
            PublicationConsent.volunteer_id.is_not(None).label("is_named"),
            Account.display_name.label("decided_by"),
        )
        .join(Volunteer, Volunteer.id == Commendation.volunteer_id)
        .outerjoin(Team, Team.id == Volunteer.team_id)
        .outerjoin(Account, Account.id == Commendation.decided_by_account_id)
        .outerjoin(
            PublicationConsent,
            (PublicationConsent.volunteer_id == Commendation.volunteer_id) & PublicationConsent.withdrawn_at.is_(None),
        )
        .where(Commendation.list_id == listed.id)
        .order_by(Volunteer.name, Volunteer.number)
    ).all()
    events = db.session.execute(
        select(CommendationEvent, Account.display_name.label("who"))
        .join(Account, Account.id == CommendationEvent.account_id)
        .where(CommendationEvent.list_id == listed.id)
        .order_by(CommendationEvent.id.desc())
    ).all()
    who = {row.CommendationEvent.account_id: row.who for row in events}
    return ListView(
        listed,
        people,
        events,
        who.get(listed.submitted_by_account_id or 0, ""),
        who.get(listed.confirmed_by_account_id or 0, ""),
    )


def get_published(year: int) -> ListView:
    """A public list: only those who are commended.

    :raise NotFound: none, or not public.
    """
    view = find_list(year)
    if view is None or view.list.status != "published":
        raise NotFound(year)
    people = [row for row in view.people if row.Commendation.status == "commended"]
    return ListView(view.list, people, (), "", "")


def days_of(year: int) -> tuple[date, date]:
    return date(year, 1, 1), date(year, 12, 31)
