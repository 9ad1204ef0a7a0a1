"""Other times: where no team has time when the resident has, a team or the department asks whether another time would
do. It is a question like any other (`orders/ask.py`): one at a time, and the clock stands still meanwhile. What is
chosen becomes one of the order's wished times.
"""

import logging
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from sqlalchemy import delete, func, select, update
from sqlalchemy.exc import OperationalError

from qtxvol.accounts.actor import Actor, system_actor
from qtxvol.base import CITY_TIME
from qtxvol.directory.models import MenuItem
from qtxvol.extensions import db
from qtxvol.matching.candidates import Opening, list_candidates, list_openings
from qtxvol.matching.slots import PARTS_PER_DAY
from qtxvol.offers.caps import list_unwilling
from qtxvol.offers.clock import minute_of, moment_of, slot_of
from qtxvol.offers.joint_time import find_joined_time
from qtxvol.offers.models import CounterOffer
from qtxvol.offers.pace import after_waking
from qtxvol.offers.rules import URGENCIES, get_settings
from qtxvol.offers.situation import USUAL_MINUTES, load_matching
from qtxvol.orders.ask import put_question, run_on, take_answer
from qtxvol.orders.claim import Proposal, look_again, offer_order
from qtxvol.orders.clocks import pause_clocks
from qtxvol.orders.half_days import HALF_DAYS
from qtxvol.orders.lifecycle import Action, Party, Status
from qtxvol.orders.models import Offer, Order, OrderEvent, Question, WishedTime
from qtxvol.orders.replies import LONGEST_TEXT
from qtxvol.orders.serve import check_team
from qtxvol.orders.transition import Effect, Outcome, change_order, lock_order
from qtxvol.orders.windows import Window, find_fault
from qtxvol.refusals import NotFound, Refused
from qtxvol.storage import transaction
from qtxvol.volunteers.models import Team

_LOG = logging.getLogger(__name__)

#: So many times can be taken in at a glance on a telephone, and are big buttons there.
MOST_OTHER_TIMES = 4
#: So many are found for the one who asks, who picks among them.
MOST_SUGGESTED = 6
#: So many of these are ticked already.
TICKED_AT_FIRST = 3
#: A resident has to see the question first, and to tell the neighbours.
EARLIEST = timedelta(days=2)
#: Days that are looked at.
LOOK_AHEAD = timedelta(days=14)
#: A desk asks so often without an answer; then it is time to telephone. Any answer begins the count anew.
MOST_UNANSWERED = 2
#: A resident to whom none suits may name so many of their own.
MOST_NAMED = 3
#: By urgency, minutes after which nobody waits for the answer any more: the order's clock would stand still for ever.
#: Sleep doesn't count, but a day is a day.
ANSWER_WITHIN = (1440, 240, 60)
#: Less than this is no time to answer in.
SHORTEST = timedelta(minutes=30)

#: What stands in the question when nobody has written any words.
USUAL_QUESTION = "您原来方便的时间没有排开，下面这些时间有队伍能来，请看哪个行。"
YES_TEXT = "这个时间可以：{when}。"
NO_TEXT = "这几个时间都不方便。"
NO_ANSWER_TEXT = "到期没有等到答复，不再等了。"

_SERVICE = system_actor("换时间")
_HALVES = tuple(HALF_DAYS)


@dataclass(frozen=True, slots=True)
class SuggestedTime:
    """A time in which teams have people, `teams` of them."""

    window: Window
    teams: int


def suggest_times(order: Order, actor: Actor, now: datetime) -> list[SuggestedTime]:
    """Times of the next two weeks in which the order's teams have people, where the resident did not say so already;
    for a team its own. At most `MOST_SUGGESTED`, on different days as long as there are enough, earliest first; none
    where neighbours have agreed to one time.
    """
    if find_joined_time(order.id, now) is not None:
        return []
    also = (actor.team_id,) if actor.team_id is not None else ()
    matching = load_matching([order], now, also_teams=also)
    known = set(matching.needs[order.id].slots) | _refused_slots(order.id)
    first, last = slot_of(now + EARLIEST) + 1, slot_of(now + LOOK_AHEAD)
    slots = tuple(slot for slot in range(first, last + 1) if slot not in known)
    need, minute = replace(matching.needs[order.id], slots=slots, starts=()), minute_of(now)
    if actor.team_id is not None:
        team = matching.situation.city.teams.get(actor.team_id)
        found = [list_openings(matching.situation, need, team, minute)] if team is not None else []
    else:
        found = [openings for _team, openings in list_candidates(matching.situation, need, minute)]
    length = timedelta(minutes=_minutes_of(order))
    return [SuggestedTime(_window_in(slot, length), teams) for slot, teams in _choose(found)]


def _choose(found: Sequence[Sequence[Opening]]) -> list[tuple[int, int]]:
    """The slots with the best prospects, each with the number of teams, earliest first."""
    chances: dict[int, list[float]] = {}
    for openings in found:
        for opening in openings:
            chances.setdefault(opening.slot, []).append(opening.crew_chance)
    ranked = sorted(chances, key=lambda slot: (-round(sum(chances[slot]), 2), slot))
    best_of_day: dict[int, int] = {}
    for slot in ranked:
        best_of_day.setdefault(slot // PARTS_PER_DAY, slot)
    first = list(best_of_day.values())
    chosen = [*first, *(slot for slot in ranked if slot not in first)][:MOST_SUGGESTED]
    return [(slot, len(chances[slot])) for slot in sorted(chosen)]


def _refused_slots(order_id: int) -> set[int]:
    """What the resident has said no to; nobody is asked that twice."""
    said_no = select(CounterOffer).where(CounterOffer.order_id == order_id, CounterOffer.answer == "no")
    return {
        slot_of(window.starts_at) for counter in db.session.scalars(said_no) for window in windows_of_counter(counter)
    }


def _minutes_of(order: Order) -> int:
    item = db.session.get(MenuItem, order.menu_item_id) if order.menu_item_id else None
    return item.duration_minutes if item else USUAL_MINUTES


def _window_in(slot: int, length: timedelta) -> Window:
    """The service's own time in a half-day."""
    day = moment_of(slot // PARTS_PER_DAY * 24 * 60).date()
    clock = datetime.strptime(HALF_DAYS[_HALVES[slot % PARTS_PER_DAY]][0], "%H:%M").time()  # noqa: DTZ007
    start = datetime.combine(day, clock, tzinfo=CITY_TIME).astimezone(UTC)
    return Window(start, start + length)


def propose_times(
    number: str,
    actor: Actor,
    *,
    windows: Sequence[Window],
    now: datetime,
    text: str = "",
    version: int | None = None,
    key: str | None = None,
) -> Outcome:
    """Ask the resident of a claimed order whether one of these times would do.

    :param windows: one to `MOST_OTHER_TIMES`, in the future, none of them twice.
    :param text: words of one's own; without them a sentence that fits everybody.
    :raise Refused: `wrong_party` (403): neither a department nor a team; `wrong_status`, `question_open`, `is_held`,
        `handed_elsewhere`, `team_inactive`, `not_asked` (409); `joint_time` (409) with `start` and `end`: neighbours
        have agreed to one; `unanswered_enough` (409) with `most` and `is_team`: this desk has asked so often in vain;
        `too_many_times` with `most`, `already_wished` with `index`, `bad_window` with `index` and `fault` (422).
    """
    if actor.party not in (Party.DEPARTMENT, Party.TEAM):
        raise Refused("wrong_party", 403)
    asked = sorted(windows)

    def prepare(order: Order) -> Effect:
        _check_may_propose(order, actor, now)
        _check_windows(order, asked, now)

        def then(event: OrderEvent) -> None:
            put_question(order, event, now)
            db.session.add(
                CounterOffer(
                    asked_event_id=event.id,
                    order_id=order.id,
                    team_id=actor.team_id,
                    windows=[[w.starts_at.isoformat(), w.ends_at.isoformat()] for w in asked],
                    asked_at=now,
                    until=_answer_until(order, asked, now),
                )
            )

        return Effect({"clock_stopped_at": now}, then=then, told_as={Party.RESIDENT: ("other_time", {})})

    payload = {"text": text.strip()[:LONGEST_TEXT] or USUAL_QUESTION, "windows": [_as_text(w) for w in asked]}
    return change_order(number, Action.ASK, actor, payload, now=now, prepare=prepare, version=version, key=key)


def _check_may_propose(order: Order, actor: Actor, now: datetime) -> None:
    if order.status != Status.CLAIMED:
        raise Refused("wrong_status", 409, stands_at=order.status)
    if order.held_team_id is not None:
        raise Refused("is_held", 409)
    if actor.party is Party.TEAM and order.handed_team_id not in (None, actor.team_id):
        raise Refused("handed_elsewhere", 409)
    if actor.party is Party.TEAM:
        check_team(order, actor)
    if (joint := find_joined_time(order.id, now)) is not None:
        raise Refused("joint_time", 409, start=joint.starts_at, end=joint.ends_at)
    if is_unanswered_enough(order.id, actor):
        raise Refused("unanswered_enough", 409, most=MOST_UNANSWERED, is_team=actor.party is Party.TEAM)


def is_unanswered_enough(order_id: int, actor: Actor) -> bool:
    """Whether the team, or the department, has proposed times for the order as often as it may without an answer of
    the resident's since. A proposal that something else has overtaken doesn't count. One statement."""
    answered = (
        select(func.coalesce(func.max(CounterOffer.asked_event_id), 0))
        .where(CounterOffer.order_id == order_id, CounterOffer.answer.in_(("yes", "no")))
        .scalar_subquery()
    )
    mine = CounterOffer.team_id.is_(None) if actor.team_id is None else CounterOffer.team_id == actor.team_id
    in_vain = select(func.count()).where(
        CounterOffer.order_id == order_id,
        mine,
        CounterOffer.answer == "void",
        CounterOffer.answered_at >= CounterOffer.until,
        CounterOffer.asked_event_id > answered,
    )
    return (db.session.scalar(in_vain) or 0) >= MOST_UNANSWERED


def _check_windows(order: Order, windows: Sequence[Window], now: datetime) -> None:
    if len(windows) > MOST_OTHER_TIMES:
        raise Refused("too_many_times", 422, field="times", most=MOST_OTHER_TIMES)
    if fault := find_fault(windows, now):
        raise Refused("bad_window", 422, field="times", index=fault[0], fault=fault[1])
    wished = [Window(row.starts_at, row.ends_at) for row in _list_wished(order.id)]
    for index, window in enumerate(windows):
        if any(each.starts_at <= window.starts_at and window.ends_at <= each.ends_at for each in wished):
            raise Refused("already_wished", 422, field="times", index=index)


def _answer_until(order: Order, windows: Sequence[Window], now: datetime) -> datetime:
    """In time for the people of the first of the times to get their notice; where it is late for that already, until
    the first of them begins."""
    settings, urgency = get_settings(), list(URGENCIES).index(order.urgency)
    minutes, first = ANSWER_WITHIN[urgency], windows[0].starts_at
    at_most = now + timedelta(minutes=minutes)
    if not order.is_emergency:
        at_most = min(after_waking(now, minutes, settings), now + timedelta(days=1))
    noticed = first - timedelta(minutes=settings.notice[urgency])
    return min(at_most, noticed if noticed > now + SHORTEST else first)


def expire_counters(now: datetime) -> int:
    """Nobody waits any longer for an answer that is due: the question ends, the clock goes on, and whoever proposed the
    times is told. Each in a transaction of its own, in which it is looked at again.

    :return: how many ended.
    """
    due = db.session.scalars(
        select(Order.number)
        .join(CounterOffer, CounterOffer.order_id == Order.id)
        .where(CounterOffer.answer.is_(None), CounterOffer.until <= now)
        .order_by(CounterOffer.until, CounterOffer.asked_event_id)
    ).all()
    return sum(_try_expire(number, now) for number in due)


def _try_expire(number: str, now: datetime) -> bool:
    try:
        _expire(number, now)
    except (Refused, NotFound) as refusal:  # answered meanwhile
        _LOG.info("the question of %s did not end: %s", number, refusal)
        return False
    except OperationalError:  # the database is gone or busy: everything is tried again
        raise
    except Exception:  # one order keeps no other waiting
        _LOG.exception("the question of %s could not be ended", number)
        return False
    return True


def _expire(number: str, now: datetime) -> None:
    def prepare(order: Order) -> Effect:
        counter = find_open_counter(order.id)
        if counter is None or counter.until > now:
            raise Refused("answer_moved", 410)
        return Effect(
            run_on(order, now),
            told_teams=(counter.team_id,) if counter.team_id is not None else (),
            told_as=dict.fromkeys((Party.COMMUNITY, Party.DEPARTMENT, Party.TEAM), ("other_time_over", {})),
            then=lambda event: take_answer(order.id, event, now),
        )

    with transaction():
        done = change_order(number, Action.ANSWER, _SERVICE, {"text": NO_ANSWER_TEXT}, now=now, prepare=prepare)
        look_again(db.session.get_one(Order, done.order_id), now)


def find_open_counter(order_id: int) -> CounterOffer | None:
    """The times that the resident is being asked about just now."""
    return db.session.scalars(
        select(CounterOffer)
        .join(Question, Question.asked_event_id == CounterOffer.asked_event_id)
        .where(CounterOffer.order_id == order_id, CounterOffer.answer.is_(None), Question.ended_at.is_(None))
    ).one_or_none()


def windows_of_counter(counter: CounterOffer) -> list[Window]:
    """The times that were proposed, earliest first."""
    return [Window(datetime.fromisoformat(start), datetime.fromisoformat(end)) for start, end in counter.windows]


def list_asked_times(order_ids: Collection[int]) -> dict[int, int]:
    """By order, the last question in which other times were proposed: what a link in a notice leads to."""
    rows = db.session.execute(
        select(CounterOffer.order_id, func.max(CounterOffer.asked_event_id))
        .where(CounterOffer.order_id.in_(order_ids))
        .group_by(CounterOffer.order_id)
    )
    return {order_id: event_id for order_id, event_id in rows}


def chosen_of(counter: CounterOffer) -> Window | None:
    """The time that the resident took."""
    return windows_of_counter(counter)[counter.chosen] if counter.chosen is not None else None


def answer_times(
    number: str,
    actor: Actor,
    *,
    now: datetime,
    chosen: Window | None = None,
    text: str = "",
    windows: Sequence[Window] = (),
    event_id: int | None = None,
    version: int | None = None,
    key: str | None = None,
) -> Outcome:
    """Take one of the proposed times, or none of them; by the resident, or by the community for them.

    A time that was taken is one of the order's wished times from then on, and so are those that the resident names of
    their own. A team that had proposed it is asked first. By link the answer may be changed as long as `may_change`
    says so: what followed from the first is taken back, and the second is a step of its own.

    :param chosen: one of the proposed times; None: none of them suits.
    :param windows: with a no, other times that would suit; at most `MOST_NAMED`.
    :param event_id: of the question that is meant, so that a late tap does not answer the next one.
    :raise Refused: `no_question` (409); `answer_moved` (410): the question was another, or is over; `unknown` time,
        `bad_window` with `index` and `fault` (422).
    """
    named = list(windows)[:MOST_NAMED] if chosen is None else []
    words = text.strip()[:LONGEST_TEXT]
    answered: list[CounterOffer] = []

    def prepare(order: Order) -> Effect:
        counter = find_open_counter(order.id)
        if counter is None or (event_id is not None and counter.asked_event_id != event_id):
            raise Refused("answer_moved", 410)
        proposed = windows_of_counter(counter)
        if chosen is not None and chosen not in proposed:
            raise Refused("unknown", 422, field="chosen")
        if chosen is not None and chosen.starts_at <= now:
            raise Refused("bad_window", 422, field="chosen", index=proposed.index(chosen), fault="in_past")
        if named and (fault := find_fault(named, now)):
            raise Refused("bad_window", 422, field=f"day_{fault[0] + 1}", index=fault[0], fault=fault[1])

        def then(event: OrderEvent) -> None:
            counter.answered_at, counter.answer = now, "yes" if chosen else "no"
            counter.chosen = proposed.index(chosen) if chosen else None
            db.session.flush()
            take_answer(order.id, event, now)
            _add_wished(order.id, [chosen] if chosen else named)
            answered.append(counter)

        about = {"start": chosen.starts_at.isoformat(), "end": chosen.ends_at.isoformat()} if chosen else {}
        told = (Party.COMMUNITY, Party.DEPARTMENT, Party.TEAM) if chosen else ()
        return Effect(
            run_on(order, now),
            told_teams=(counter.team_id,) if counter.team_id is not None else (),
            told_as=dict.fromkeys(told, ("other_time_taken", about)),
            then=then,
        )

    payload = {
        "text": words or (YES_TEXT.format(when=_in_words(chosen)) if chosen else NO_TEXT),
        "chosen": _as_text(chosen) if chosen else None,
        "windows": [_as_text(window) for window in named],
    }
    with transaction():
        if event_id is not None and version is None:
            _reopen(number, actor, event_id, now)
        done = change_order(number, Action.ANSWER, actor, payload, now=now, prepare=prepare, version=version, key=key)
        if answered:
            _go_on(done.order_id, answered[0], chosen, now)
    return done


def may_change(order: Order, counter: CounterOffer, now: datetime) -> bool:
    """An answer can still become another one: nobody serves or finds people, nothing else is being asked, and one of
    the times lies ahead."""
    if counter.answer not in ("yes", "no") or order.status != Status.CLAIMED or order.held_team_id is not None:
        return False
    if order.clock_stopped_at is not None or windows_of_counter(counter)[-1].starts_at <= now:
        return False
    newest = select(func.max(CounterOffer.asked_event_id)).where(CounterOffer.order_id == order.id)
    return db.session.scalar(newest) == counter.asked_event_id


def _reopen(number: str, actor: Actor, event_id: int, now: datetime) -> None:
    """Put the question again that was answered already, for the answer that follows in the same transaction. The time
    that was chosen is none of the order's any more, and no team is asked for it."""
    order = lock_order(number, actor)
    counter = db.session.get(CounterOffer, event_id, populate_existing=True)
    if counter is None or counter.order_id != order.id or not may_change(order, counter, now):
        return
    before = chosen_of(counter)
    if before is not None:
        ours = WishedTime.starts_at == before.starts_at, WishedTime.ends_at == before.ends_at
        db.session.execute(delete(WishedTime).where(WishedTime.order_id == order.id, *ours))
        asked = Offer.order_id == order.id, Offer.proposed_start == before.starts_at
        db.session.execute(update(Offer).where(*asked, Offer.is_owed()).values(voided_at=now))
    counter.answer, counter.answered_at, counter.chosen = None, None, None
    question = db.session.get_one(Question, event_id, populate_existing=True)
    question.ended_at, question.answered_event_id = None, None
    order.clock_stopped_at = now
    pause_clocks(order.id, now)
    db.session.flush()


def _go_on(order_id: int, counter: CounterOffer, chosen: Window | None, now: datetime) -> None:
    """Whoever proposed the time is asked first, unless its leader takes a pause or was asked often enough this week:
    they have heard of the yes anyway. Then the service looks who else is to be asked."""
    order = db.session.get_one(Order, order_id)
    team = db.session.get(Team, counter.team_id) if counter.team_id is not None else None
    is_free = order.status == Status.CLAIMED and order.held_team_id is None
    may_ask = chosen and team and team.is_active and is_free and order.handed_team_id in (None, team.id)
    if may_ask and team and not list_unwilling(order, [team.id], now):
        offer_order(
            order.number,
            _SERVICE,
            team_ids=[team.id],
            is_handed=order.handed_team_id == team.id,
            asked_by="system",
            proposals={team.id: Proposal(window=chosen)},
            now=now,
        )
    look_again(order, now)
    db.session.flush()


def _list_wished(order_id: int) -> Sequence[WishedTime]:
    return db.session.scalars(
        select(WishedTime).where(WishedTime.order_id == order_id).order_by(WishedTime.position)
    ).all()


def _add_wished(order_id: int, windows: Sequence[Window]) -> None:
    known = {Window(row.starts_at, row.ends_at) for row in _list_wished(order_id)}
    last = db.session.scalar(select(func.max(WishedTime.position)).where(WishedTime.order_id == order_id)) or 0
    fresh = [window for window in windows if window not in known]
    db.session.add_all(
        WishedTime(order_id=order_id, position=position, starts_at=window.starts_at, ends_at=window.ends_at)
        for position, window in enumerate(fresh, last + 1)
    )


def _as_text(window: Window) -> list[str]:
    return [window.starts_at.astimezone(UTC).isoformat(), window.ends_at.astimezone(UTC).isoformat()]


def _in_words(window: Window) -> str:
    """For the record, which is kept in Chinese: `12月3日 09:00–10:30`."""
    start, end = window.starts_at.astimezone(CITY_TIME), window.ends_at.astimezone(CITY_TIME)
    return f"{start.month}月{start.day}日 {start:%H:%M}–{end:%H:%M}"
