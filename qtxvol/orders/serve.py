"""What a team does: accept, reschedule, withdraw, close; and what happens when nobody came."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta

from sqlalchemy import ScalarSelect, and_, delete, func, or_, select, update

from qtxvol.accounts.actor import Actor
from qtxvol.base import CITY_TIME
from qtxvol.directory.models import MenuItem
from qtxvol.extensions import db
from qtxvol.hours.attendance import list_stays, sign_attendances
from qtxvol.hours.ledger import Stay, check_not_elsewhere, lock_people, take_back, write_stays
from qtxvol.hours.no_shows import record_absences, record_team_no_show
from qtxvol.hours.rules import minutes_of
from qtxvol.offers.joint_time import check_joint_time
from qtxvol.orders.bookings import list_bookings
from qtxvol.orders.clocks import move_clocks
from qtxvol.orders.lifecycle import Action, Status
from qtxvol.orders.models import Crew, CrewAsk, Hold, Offer, Order, OrderEvent
from qtxvol.orders.pictures import Picture, attach
from qtxvol.orders.place import MOST_PEOPLE
from qtxvol.orders.reasons import check_reason
from qtxvol.orders.transition import Effect, Outcome, change_order
from qtxvol.orders.windows import LONGEST, Window, find_window_fault
from qtxvol.refusals import Refused
from qtxvol.volunteers.licences import list_licences
from qtxvol.volunteers.models import Team, Volunteer

#: A service may have begun so long before the agreed time; anything earlier is a slip of the finger.
EARLIEST = timedelta(days=1)


def accept_order(
    number: str,
    actor: Actor,
    *,
    agreed: Window,
    volunteer_ids: Sequence[int],
    now: datetime,
    text: str = "",
    version: int | None = None,
    key: str | None = None,
) -> Outcome:
    """Take a claimed order for the actor's team, with one agreed time and named people.

    :param agreed: aware UTC, in the future.
    :param volunteer_ids: verified members of the team, and people of other teams who have said yes to this one; at
        least as many as the menu item asks for.
    :raise Refused: `not_asked`, `team_inactive`, `team_full` with `most`, `person_busy` with `names`,
        `licence_missing`, `skill_missing` (409);
        `bad_window`, `not_in_team`, `crew_too_small` with `least` (422); `wrong_status` when another team was first.
    """
    people = sorted(set(volunteer_ids))

    def prepare(order: Order) -> Effect:
        check_agreed(agreed, now)
        check_joint_time(order, agreed, now)
        check_team(order, actor)
        check_parallel(order, actor.team_id, agreed)
        check_crew(order, actor, people, agreed)

        def then(event: OrderEvent) -> None:
            changes_its_mind = and_(
                Offer.id == _newest_offer(order.id, actor.team_id), Offer.answer.in_(("declined", "held", "standby"))
            )
            db.session.add_all(Crew(order_id=order.id, volunteer_id=person) for person in people)
            db.session.execute(
                update(Offer)
                .where(
                    Offer.order_id == order.id,
                    Offer.team_id == actor.team_id,
                    Offer.voided_at.is_(None),
                    or_(Offer.answer.is_(None), changes_its_mind),
                )
                .values(answered_at=now, answer="accepted")
            )

        values = {
            "team_id": actor.team_id,
            "agreed_start": agreed.starts_at,
            "agreed_end": agreed.ends_at,
            "handed_team_id": None,
        }
        return Effect(values, told_teams=asked_teams(order.id), then=then)

    payload = {**_times(agreed), "volunteer_ids": people, "text": text}
    return change_order(number, Action.ACCEPT, actor, payload, now=now, prepare=prepare, version=version, key=key)


def reschedule_order(
    number: str,
    actor: Actor,
    *,
    agreed: Window,
    now: datetime,
    text: str = "",
    version: int | None = None,
    key: str | None = None,
) -> Outcome:
    """Move an accepted service to another time that suits resident and crew; the resident is told.

    :raise Refused: `bad_window` (422); `person_busy`, `has_started`, `lent_elsewhen` with `names` (409): people of
        other teams have agreed to the old time alone, and whoever says nothing to the new one is taken to come.
    """

    def prepare(order: Order) -> Effect:
        check_agreed(agreed, now)
        check_parallel(order, order.team_id, agreed)
        crew = _lock_crew(order.id)
        _check_lent(order, crew, agreed)
        _check_qualified(order, crew, agreed)
        check_free(order, crew, agreed)
        due = move_clocks(order, agreed.starts_at, agreed.ends_at)
        return Effect({"agreed_start": agreed.starts_at, "agreed_end": agreed.ends_at, "due_at": due})

    payload = {**_times(agreed), "text": text}
    return change_order(number, Action.RESCHEDULE, actor, payload, now=now, prepare=prepare, version=version, key=key)


def withdraw_order(
    number: str,
    actor: Actor,
    *,
    reason: str,
    now: datetime,
    text: str = "",
    version: int | None = None,
    key: str | None = None,
) -> Outcome:
    """Give an accepted order back to the pool before the service starts."""

    def prepare(order: Order) -> Effect:
        check_reason(Action.WITHDRAW, reason, text)
        return back_to_pool(order)

    payload = {"reason": reason, "text": text}
    return change_order(number, Action.WITHDRAW, actor, payload, now=now, prepare=prepare, version=version, key=key)


def report_no_show(
    number: str, actor: Actor, *, text: str, now: datetime, version: int | None = None, key: str | None = None
) -> Outcome:
    """The team did not come: the order is open again and the team is told. Everybody who was named and had not checked
    in gets a record that they may object to (qtxvol/hours/no_shows.py)."""

    def prepare(order: Order) -> Effect:
        effect = back_to_pool(order)
        crew, team_id, keep = crew_ids(order.id), order.team_id, effect.then
        seen = list_stays(order, dict.fromkeys(crew, 0), None, {})
        absent = [person for person in crew if seen[person].source != "check_in" and not seen[person].was_there]

        def then(event: OrderEvent) -> None:
            if not order.is_drill:
                record_team_no_show(order.id, team_id, absent, actor, event, now)
            if keep:
                keep(event)

        effect.then = then
        return effect

    return change_order(
        number, Action.NO_SHOW, actor, {"text": text}, now=now, prepare=prepare, version=version, key=key
    )


def close_order(
    number: str,
    actor: Actor,
    *,
    actual: Window,
    attendance: int,
    report: str,
    minutes: Mapping[int, int],
    now: datetime,
    signed: Mapping[int, Window] | None = None,
    absent: Mapping[int, str] | None = None,
    pictures: Sequence[Picture] = (),
    version: int | None = None,
    key: str | None = None,
) -> Outcome:
    """Write up a service: when it really was, how many came, and the minutes of each volunteer. Of an exercise the
    minutes are kept in the event alone: it gives nobody hours.

    :param attendance: people reached (人次), 0 to 5000.
    :param minutes: by volunteer id; every named volunteer stands in it, 0 for one who was not there.
    :param signed: when somebody who has no check-in came and went, by the leader's word.
    :param absent: why somebody with 0 minutes was not there (`hours.rules.NO_SHOW_REASONS`); "no_word" when not said.
    :raise Refused: `bad_window` (422) when it ends before it starts, lies ahead or took longer than 12 hours;
        `bad_minutes` with `names` (422) when somebody served longer than the service or isn't in the crew;
        `over_check_in` with `names` (422) when it is longer than from check-in to check-out;
        `person_elsewhere` with `names` (409) when somebody's hours of that time are written already.
    """
    signed, absent = signed or {}, absent or {}

    def prepare(order: Order) -> Effect:
        if not 0 <= attendance <= MOST_PEOPLE:
            raise Refused("headcount", 422, field="attendance")
        fault = _find_actual_fault(order, actual, now)
        if fault:
            raise Refused("bad_window", 422, field="actual_end", fault=fault)
        crew = _crew_names(order.id)
        lock_people(crew)
        span = minutes_of(actual.starts_at, actual.ends_at)
        wrong = [crew.get(i, str(i)) for i, m in minutes.items() if i not in crew or not 0 <= m <= span]
        if wrong or set(minutes) != set(crew):
            raise Refused("bad_minutes", 422, field="minutes", names="、".join(wrong), span=span)
        stays = list_stays(order, minutes, actual, signed)
        over = [crew[i] for i, stay in stays.items() if stay.minutes > stay.most]
        if over:
            raise Refused("over_check_in", 422, field="minutes", names="、".join(over))
        served = [Stay(who, each.minutes, each.span, each.source) for who, each in stays.items() if each.minutes]
        if not order.is_drill:
            check_not_elsewhere({stay.volunteer_id: stay.span for stay in served}, order.id)

        def then(event: OrderEvent) -> None:
            attach(order.id, Action.CLOSE, pictures, now)
            if order.is_drill:  # no service: no hours, and no mark for who was not there
                return
            sign_attendances(order, signed, actor)
            write_stays(order, served, actor, event, now)
            gone = {person: absent.get(person, "no_word") for person, m in minutes.items() if not m}
            record_absences(order, gone, actor, event, now)

        values = {
            "actual_start": actual.starts_at,
            "actual_end": actual.ends_at,
            "attendance": attendance,
            "closed_at": now,
            "closures_count": order.closures_count + 1,
        }
        return Effect(values, {"sources": {str(i): stay.source for i, stay in sorted(stays.items())}}, then=then)

    payload = {
        "actual_start": actual.starts_at.astimezone(UTC).isoformat(),
        "actual_end": actual.ends_at.astimezone(UTC).isoformat(),
        "attendance": attendance,
        "minutes": {str(person): served for person, served in sorted(minutes.items())},
        "absent": {str(person): reason for person, reason in sorted(absent.items())},
        "signed": {str(person): list(_iso(span)) for person, span in sorted(signed.items())},
        "pictures": len(pictures),
        "report": bool(report) or None,
        "text": report,
    }
    return change_order(number, Action.CLOSE, actor, payload, now=now, prepare=prepare, version=version, key=key)


def reopen_order(
    number: str, actor: Actor, *, text: str, now: datetime, version: int | None = None, key: str | None = None
) -> Outcome:
    """Take a closed order up again after a resident's dispute. The hours of the disputed service are taken back."""

    def prepare(order: Order) -> Effect:
        effect = back_to_pool(order)
        effect.values |= {"closed_at": None, "actual_start": None, "actual_end": None, "attendance": None}
        keep = effect.then

        def then(event: OrderEvent) -> None:
            take_back(order.id, actor, event, now)
            if keep:
                keep(event)

        effect.then = then
        return effect

    return change_order(
        number, Action.REOPEN, actor, {"text": text}, now=now, prepare=prepare, version=version, key=key
    )


def _times(window: Window) -> dict[str, str]:
    return {
        "agreed_start": window.starts_at.astimezone(UTC).isoformat(),
        "agreed_end": window.ends_at.astimezone(UTC).isoformat(),
    }


def check_agreed(agreed: Window, now: datetime) -> None:
    """:raise Refused: `bad_window` with `fault` (422)."""
    if fault := find_window_fault(agreed, now):
        raise Refused("bad_window", 422, field="agreed_start", fault=fault)


def _find_actual_fault(order: Order, actual: Window, now: datetime) -> str | None:
    if order.agreed_start is not None and actual.starts_at < order.agreed_start - EARLIEST:
        return "too_early"
    if actual.ends_at <= actual.starts_at:
        return "ends_first"
    if actual.ends_at > now:
        return "in_future"
    return "too_long" if actual.ends_at - actual.starts_at > LONGEST else None


def check_team(order: Order, actor: Actor) -> None:
    """The team is active and still in reach of the order: in its department's pool, or asked by name and not since
    the order was given back.

    :raise Refused: `team_inactive`, `not_asked` (409).
    """
    team = db.session.get(Team, actor.team_id)
    if team is None or not team.is_active:
        raise Refused("team_inactive", 409)
    in_pool = order.department_id == actor.department_id and (order.theme is None or order.theme in actor.themes)
    asked = select(Offer.id).where(Offer.order_id == order.id, Offer.team_id == actor.team_id, Offer.is_standing())
    if not in_pool and db.session.scalar(asked.limit(1)) is None:
        raise Refused("not_asked", 409)


def check_parallel(order: Order, team_id: int | None, agreed: Window) -> None:
    """The team carries no more services at one time than it said, those counted for which it is finding people. It
    stays locked, so that two accepted at once count each other.

    :raise Refused: `team_full` with `most` (409).
    """
    team = db.session.get_one(Team, team_id, with_for_update=True)
    accepted = select(Order.agreed_start, Order.agreed_end).where(
        Order.team_id == team.id,
        Order.id != order.id,
        Order.status == Status.ACCEPTED,
        Order.agreed_start < agreed.ends_at,
        Order.agreed_end > agreed.starts_at,
    )
    held = select(Hold.starts_at, Hold.ends_at).where(
        Hold.team_id == team.id,
        Hold.order_id != order.id,
        Hold.ended_at.is_(None),
        Hold.starts_at < agreed.ends_at,
        Hold.ends_at > agreed.starts_at,
    )
    taken = [
        Window(start, end)
        for start, end in (*db.session.execute(accepted), *db.session.execute(held))
        if start is not None and end is not None
    ]
    starts = [agreed.starts_at, *(window.starts_at for window in taken if window.starts_at > agreed.starts_at)]
    most = max(sum(window.starts_at <= start < window.ends_at for window in taken) for start in starts)
    if most >= team.parallel_events:
        raise Refused("team_full", 409, field="agreed_start", most=team.parallel_events)


def check_week(order: Order, team_id: int | None, agreed: Window) -> None:
    """The team carries no more services in the week than it said; an emergency may go beyond. Whoever names people by
    hand has phoned, and is not asked to count.

    :raise Refused: `team_week_full` with `most` (409).
    """
    team = db.session.get_one(Team, team_id)
    if order.urgency == "emergency":
        return
    monday = start_of_week(agreed.starts_at)
    sunday = monday + timedelta(days=7)
    accepted = select(func.count()).where(
        Order.team_id == team.id,
        Order.id != order.id,
        Order.status.in_((Status.ACCEPTED, Status.CLOSED)),
        Order.agreed_start >= monday,
        Order.agreed_start < sunday,
    )
    held = select(func.count()).where(
        Hold.team_id == team.id,
        Hold.order_id != order.id,
        Hold.ended_at.is_(None),
        Hold.starts_at >= monday,
        Hold.starts_at < sunday,
    )
    if (db.session.scalar(accepted) or 0) + (db.session.scalar(held) or 0) >= team.weekly_capacity:
        raise Refused("team_week_full", 409, field="agreed_start", most=team.weekly_capacity)


def start_of_week(moment: datetime) -> datetime:
    """Monday 00:00 by the city's clock."""
    local = moment.astimezone(CITY_TIME)
    return (local - timedelta(days=local.weekday())).replace(hour=0, minute=0, second=0, microsecond=0)


def check_crew(order: Order, actor: Actor, people: Sequence[int], agreed: Window) -> None:
    """The named people are verified members, enough, qualified and free; or of another team and have said yes to this
    one at this time. They stay locked, so that two orders accepted at once can't book one person twice."""
    crew = db.session.scalars(
        select(Volunteer).where(Volunteer.id.in_(people)).order_by(Volunteer.id).with_for_update(key_share=True)
    ).all()
    lent = lent_by_consent(order.id, actor.team_id, agreed)
    mine = [
        person
        for person in crew
        if person.status == "verified" and (person.team_id == actor.team_id or person.id in lent)
    ]
    if len(mine) != len(people):
        raise Refused("not_in_team", 422, field="volunteer_ids")
    _check_qualified(order, mine, agreed)
    check_free(order, mine, agreed)


def _check_lent(order: Order, crew: Sequence[Volunteer], agreed: Window) -> None:
    others = [person for person in crew if person.team_id != order.team_id]
    if not others:
        return
    lent = lent_by_consent(order.id, order.team_id, agreed)
    names = [person.name for person in others if (person.merged_into_id or person.id) not in lent]
    if names:
        raise Refused("lent_elsewhen", 409, field="agreed_start", names="、".join(sorted(names)))


def lent_by_consent(order_id: int, team_id: int | None, agreed: Window) -> set[int]:
    """People of other teams who were asked by name to help this one at this very time, and have said yes; by the rows
    that they go on with, be it that of another team since they said so."""
    said_yes = (
        select(Volunteer.person_id())
        .join(CrewAsk, CrewAsk.volunteer_id == Volunteer.id)
        .join(Hold, Hold.id == CrewAsk.hold_id)
        .where(
            CrewAsk.order_id == order_id,
            Hold.team_id == team_id,
            CrewAsk.starts_at == agreed.starts_at,
            CrewAsk.ends_at == agreed.ends_at,
            or_(CrewAsk.is_lent, and_(Volunteer.merged_into_id.is_not(None), Volunteer.team_id == team_id)),
            CrewAsk.answer == "yes",
            CrewAsk.ending.in_(("", "named")),
        )
    )
    return set(db.session.scalars(said_yes))


def _check_qualified(order: Order, mine: Sequence[Volunteer], agreed: Window) -> None:
    """Enough people; somebody has a needed skill, under a licence that is valid on the day where one is required."""
    item = db.session.get(MenuItem, order.menu_item_id) if order.menu_item_id else None
    least = item.min_volunteers if item else 1
    if len(mine) < least:
        raise Refused("crew_too_small", 422, field="volunteer_ids", least=least)
    if item and item.needed_skills:
        needed = set(item.needed_skills)
        if not any(needed & set(person.skills) for person in mine):
            raise Refused("skill_missing", 409, field="volunteer_ids", skills=sorted(needed))
        if item.is_licence_required and not _has_licence(mine, needed, agreed):
            raise Refused("licence_missing", 409, field="volunteer_ids", skills=sorted(needed))


def _has_licence(mine: Sequence[Volunteer], needed: set[str], agreed: Window) -> bool:
    day = agreed.starts_at.astimezone(CITY_TIME).date()
    held = list_licences([person.id for person in mine])
    return any(each.skill in needed and each.is_valid_on(day) for person in mine for each in held[person.id])


def check_free(order: Order, people: Sequence[Volunteer], agreed: Window) -> None:
    """None of them serves elsewhere at that time, or has said yes to another service then.

    :raise Refused: `person_busy` with `names` (409).
    """
    ids = [person.merged_into_id or person.id for person in people]
    busy = sorted({booking.name for booking in list_bookings(ids, agreed, without_order=order.id)})
    if busy:
        raise Refused("person_busy", 409, field="volunteer_ids", names="、".join(busy))


def _crew_names(order_id: int) -> dict[int, str]:
    rows = db.session.execute(
        select(Volunteer.id, Volunteer.name)
        .join(Crew, Crew.volunteer_id == Volunteer.id)
        .where(Crew.order_id == order_id)
        .order_by(Volunteer.id)
    )
    return {person: name for person, name in rows}


def crew_ids(order_id: int) -> list[int]:
    """Who is named for the order."""
    return list(_crew_names(order_id))


def _iso(window: Window) -> tuple[str, str]:
    return window.starts_at.astimezone(UTC).isoformat(), window.ends_at.astimezone(UTC).isoformat()


def _lock_crew(order_id: int) -> Sequence[Volunteer]:
    return db.session.scalars(
        select(Volunteer)
        .join(Crew, Crew.volunteer_id == Volunteer.id)
        .where(Crew.order_id == order_id)
        .order_by(Volunteer.id)
        .with_for_update(of=Volunteer, key_share=True)
    ).all()


def back_to_pool(order: Order) -> Effect:
    """The order waits for a team again, and those that were asked before hear of it; the events keep who was named."""

    def then(event: OrderEvent) -> None:
        db.session.execute(delete(Crew).where(Crew.order_id == order.id))

    values = {"team_id": None, "agreed_start": None, "agreed_end": None, "handed_team_id": None}
    return Effect(values, told_teams=asked_teams(order.id), then=then)


def _newest_offer(order_id: int, team_id: int | None) -> ScalarSelect[int]:
    """The question to which a team may say something else; what it said to earlier ones stays."""
    offers = select(Offer.id).where(Offer.order_id == order_id, Offer.team_id == team_id)
    return offers.order_by(Offer.wave.desc()).limit(1).scalar_subquery()


def asked_teams(order_id: int) -> tuple[int, ...]:
    """Teams that were asked by name and still may take it."""
    asked = select(Offer.team_id).where(Offer.order_id == order_id, Offer.is_standing()).distinct()
    return tuple(db.session.scalars(asked))
