"""Stars that were awarded: once reached they are written down with the day and what it took, and they stay.

A threshold that the office changes counts for awards to come. Hours that turn out wrong are put right in the ledger
first; only then may the office take a star back, with a reason that the person reads.
Here is no page; the daily job and the office's button call the same verb.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, func, select, text
from sqlalchemy.orm import aliased

from qtxvol.accounts.actor import Actor
from qtxvol.accounts.office import check_office
from qtxvol.base import CITY_TIME, AnyRow
from qtxvol.extensions import db
from qtxvol.hours.models import HoursEntry
from qtxvol.hours.queries import Served, counted_hours
from qtxvol.notices.queue import Telling, To, queue_all
from qtxvol.orders.lifecycle import Party
from qtxvol.paging import Page, select_page
from qtxvol.privacy.words import refuse_numbers
from qtxvol.recognition.ledger import get_served, of_people
from qtxvol.recognition.models import PublicationConsent, StarAward, StarLevel
from qtxvol.recognition.stars import Level, Step, find_next, list_reached
from qtxvol.refusals import NotFound, Refused
from qtxvol.storage import transaction
from qtxvol.volunteers.models import Volunteer

LONGEST_REASON = 120


@dataclass(frozen=True, slots=True)
class Standing:
    """Where one person stands: for their own page.

    :ivar awards: what they hold and what was taken back, the newest first.
    :ivar highest: the award with the most stars among those that they hold.
    :ivar due: reached and not written down yet; the next daily run does it.
    """

    served: Served
    levels: Sequence[Level]
    awards: Sequence[StarAward]
    highest: StarAward | None
    due: Sequence[Level]
    ahead: Step | None


def list_levels() -> list[Level]:
    """The levels in use, the lowest first."""
    rows = db.session.scalars(select(StarLevel).where(StarLevel.is_active).order_by(StarLevel.hours, StarLevel.id))
    return [Level(row.id, row.stars, row.name, row.name_en, row.hours) for row in rows]


def award_stars(now: datetime, *, only: int | None = None) -> int:
    """Award every star that a verified volunteer's standing hours reach and that they don't hold; how many.

    Run twice, the second run awards nothing. Of two at once, one waits for the other.
    :param only: a volunteer's id; everybody when None.
    """
    with transaction():
        _wait_for_our_turn()
        levels = list_levels()
        held = {
            (person_id, level_id)
            for person_id, level_id in db.session.execute(
                select(Volunteer.person_id(), StarAward.level_id)
                .join(Volunteer, Volunteer.id == StarAward.volunteer_id)
                .where(StarAward.withdrawn_at.is_(None))
            )
        }
        new = [
            StarAward(
                volunteer_id=volunteer_id,
                level_id=level.id,
                stars=level.stars,
                threshold_hours=level.hours,
                minutes=minutes,
                awarded_on=now.astimezone(CITY_TIME).date(),
                awarded_at=now,
            )
            for volunteer_id, minutes in _list_minutes(levels, only)
            for level in list_reached(levels, minutes)
            if (volunteer_id, level.id) not in held
        ]
        db.session.add_all(new)
        db.session.flush()
        queue_all([_telling(award) for award in new], now)
        return len(new)


def _telling(award: StarAward) -> Telling:
    me = To(Party.VOLUNTEER, str(award.volunteer_id))
    return Telling("star_awarded", [me], about={"stars": award.stars}, key=f"star_awarded:{award.id}")


def _list_minutes(levels: Sequence[Level], only: int | None) -> Sequence[tuple[int, int]]:
    """Verified people who reach at least the first level, each with the minutes that stand."""
    if not levels:
        return []
    condition = () if only is None else (of_people([only]),)
    standing = counted_hours(None, *condition).subquery("counted")
    total = func.sum(standing.c.minutes)
    statement = (
        select(Volunteer.id, total)
        .join(standing, standing.c.person_id == Volunteer.id)
        .where(Volunteer.status == "verified")
        .group_by(Volunteer.id)
        .having(total >= min(level.minutes for level in levels))
        .order_by(Volunteer.id)
    )
    if only is not None:
        statement = statement.where(Volunteer.id == only)
    return [(volunteer_id, int(minutes)) for volunteer_id, minutes in db.session.execute(statement)]


def _wait_for_our_turn() -> None:
    """SQLite has one writer anyway; PostgreSQL is asked for it."""
    if db.session.get_bind().dialect.name == "postgresql":
        db.session.execute(text("LOCK TABLE star_awards IN SHARE ROW EXCLUSIVE MODE"))


def withdraw_star(actor: Actor, award_id: int, reason: str, now: datetime) -> bool:
    """Take a star back whose hours no longer stand. It stays visible to the person, with the reason.

    :return: False when it was taken back before.
    :raise NotFound: no such award.
    :raise Refused: `wrong_party` (403); `missing` with `field` (422); `still_earned` (409): the ledger holds enough
        hours, so correct these first.
    """
    check_office(actor)
    reason = reason.strip()[:LONGEST_REASON]
    if not reason:
        raise Refused("missing", 422, field="reason")
    refuse_numbers("reason", reason)
    with transaction():
        award = db.session.get(StarAward, award_id, with_for_update=True)
        if award is None:
            raise NotFound(award_id)
        if award.withdrawn_at is not None:
            return False
        if get_served(_person_of(award.volunteer_id)).minutes >= award.threshold_hours * 60:
            raise Refused(
                "still_earned",
                409,
                message="账本里的时长还够这颗星。时长有误请先在时长台账里更正，再来收回。",
                message_en="The ledger still holds enough hours for this star. Correct the hours first.",
            )
        award.withdrawn_at, award.withdrawn_by_account_id = now, actor.account_id
        award.withdraw_reason = reason
        return True


def _person_of(volunteer_id: int) -> int:
    return db.session.scalars(select(Volunteer.person_id()).where(Volunteer.id == volunteer_id)).one()


# Reads


def get_standing(volunteer_id: int) -> Standing:
    """Hours, stars and the way to the next one, of one person; three statements."""
    levels = list_levels()
    served = get_served(volunteer_id)
    awards = db.session.scalars(
        select(StarAward)
        .where(StarAward.volunteer_id.in_(Volunteer.rows_of(volunteer_id)))
        .order_by(StarAward.awarded_on.desc(), StarAward.stars.desc(), StarAward.id.desc())
    ).all()
    held = [award for award in awards if award.withdrawn_at is None]
    levels_held = {award.level_id for award in held}
    return Standing(
        served=served,
        levels=levels,
        awards=awards,
        highest=max(held, key=lambda award: award.stars, default=None),
        due=[level for level in list_reached(levels, served.minutes) if level.id not in levels_held],
        ahead=find_next([level for level in levels if level.id not in levels_held], served.minutes),
    )


def get_award(award_id: int) -> AnyRow:
    """(StarAward, name, number, level, level_en) for the office.

    :raise NotFound: no such award.
    """
    row = db.session.execute(_select_awards()[0].where(StarAward.id == award_id)).one_or_none()
    if row is None:
        raise NotFound(award_id)
    return row


def search_awards(search: str = "", show: str = "", page: int = 1) -> Page[AnyRow]:
    """The office's list, newest first: (StarAward, name, number, level, level_en, minutes_now); two statements.

    :param show: "short": those whose hours have fallen below since; "withdrawn"; anything else gives all.
    """
    statement, minutes_now = _select_awards()
    if search:
        statement = statement.where(
            Volunteer.name.icontains(search, autoescape=True) | Volunteer.number.icontains(search, autoescape=True)
        )
    if show == "withdrawn":
        statement = statement.where(StarAward.withdrawn_at.is_not(None))
    elif show == "short":
        statement = statement.where(_is_short(minutes_now))
    return select_page(statement.order_by(StarAward.awarded_at.desc(), StarAward.id.desc()), page)


def count_short() -> int:
    """Awards whose hours have fallen below what they took."""
    statement, minutes_now = _select_awards()
    return db.session.scalar(select(func.count()).select_from(statement.where(_is_short(minutes_now)).subquery())) or 0


def _is_short(minutes_now: ColumnElement[int]) -> ColumnElement[bool]:
    return and_(StarAward.withdrawn_at.is_(None), minutes_now < StarAward.threshold_hours * 60)


def _select_awards() -> tuple[Select[*tuple[Any, ...]], ColumnElement[int]]:
    """The rows, and the column of the minutes that count today."""
    holder = aliased(Volunteer)
    holders = select(func.coalesce(holder.merged_into_id, holder.id)).join(
        StarAward, StarAward.volunteer_id == holder.id
    )
    theirs = HoursEntry.volunteer_id.in_(select(Volunteer.id).where(Volunteer.person_id().in_(holders)))
    counted = counted_hours(None, theirs).subquery("counted")
    now = (
        select(counted.c.person_id, func.sum(counted.c.minutes).label("minutes"))
        .group_by(counted.c.person_id)
        .subquery("now")
    )
    minutes_now: ColumnElement[int] = func.coalesce(now.c.minutes, 0)
    statement = (
        select(
            StarAward,
            Volunteer.name,
            Volunteer.number,
            StarLevel.name.label("level"),
            StarLevel.name_en.label("level_en"),
            minutes_now.label("minutes_now"),
        )
        .join(Volunteer, Volunteer.id == StarAward.volunteer_id)
        .join(StarLevel, StarLevel.id == StarAward.level_id)
        .outerjoin(now, now.c.person_id == Volunteer.person_id())
    )
    return statement, minutes_now


def stars_by_person() -> dict[int, int]:
    """The most stars that each person holds, by the id of their own row; one statement."""
    rows = db.session.execute(
        select(Volunteer.person_id(), func.max(StarAward.stars))
        .join(Volunteer, Volunteer.id == StarAward.volunteer_id)
        .where(StarAward.withdrawn_at.is_(None))
        .group_by(Volunteer.person_id())
    )
    return {person_id: stars for person_id, stars in rows}


# Whether a name may be published


def set_publication(actor: Actor, is_agreed: bool, now: datetime) -> None:
    """A volunteer agrees to stand with their name on published lists, or takes that back. Both at any time.

    :raise Refused: `wrong_party` (403): nobody agrees for somebody else.
    """
    if actor.party is not Party.VOLUNTEER or actor.volunteer_id is None:
        raise Refused("wrong_party", 403)
    with transaction():
        consent = db.session.get(PublicationConsent, actor.volunteer_id, with_for_update=True)
        if consent is None:
            if is_agreed:
                db.session.add(PublicationConsent(volunteer_id=actor.volunteer_id, agreed_at=now))
        elif is_agreed and consent.withdrawn_at is not None:
            consent.agreed_at, consent.withdrawn_at = now, None
        elif not is_agreed and consent.withdrawn_at is None:
            consent.withdrawn_at = now


def has_agreed(volunteer_id: int) -> bool:
    """The name may stand on published lists."""
    consent = db.session.get(PublicationConsent, volunteer_id)
    return consent is not None and consent.withdrawn_at is None
