"""Asking teams wave after wave until one says yes: by the service itself, or with one tap of the department.

Whom to ask is the core's question (`matching/waves.py`); here stands when, and that it is asked once. The clock of an
order is its `next_wave_at`: whoever looks at the order locks it, looks again, and moves the clock on in the same
transaction, so any number of workers may look. Whatever else happens to the order only sets the clock back to now: a
team's no (`look_again`), and every step by which the order falls free (`orders/transition.py`).
"""

import logging
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, and_, exists, func, or_, select, update
from sqlalchemy.exc import OperationalError

from qtxvol.accounts.actor import Actor
from qtxvol.accounts.models import Account
from qtxvol.base import CITY_TIME, AnyRow
from qtxvol.extensions import db
from qtxvol.matching.needs import Need
from qtxvol.matching.plan_part import why_nobody
from qtxvol.matching.score import Suggestion, rank
from qtxvol.matching.settings import MatchSettings
from qtxvol.matching.waves import MOST_ASKS, choose_wave
from qtxvol.notices.models import Notice
from qtxvol.notices.queue import To, key_for, queue_notices
from qtxvol.offers.caps import list_asked_enough
from qtxvol.offers.learn import clue_to_json
from qtxvol.offers.models import AutoSwitch, CounterOffer
from qtxvol.offers.nobody import NobodyLeft
from qtxvol.offers.pace import after_waking, is_quiet, next_waking
from qtxvol.offers.rules import URGENCIES, get_settings
from qtxvol.offers.situation import Matching, load_matching, minute_of
from qtxvol.orders.claim import Proposal, look_again, offer_order
from qtxvol.orders.lifecycle import Party, Status
from qtxvol.orders.models import Hold, Offer, Order, OrderEvent, OrderHolder
from qtxvol.orders.transition import WAVES, Outcome, lock_order
from qtxvol.refusals import NotFound, Refused
from qtxvol.storage import transaction
from qtxvol.volunteers.models import Team

__all__ = [
    "ask_due",
    "ask_next_wave",
    "find_nobody",
    "is_nobody_left",
    "list_next_teams",
    "list_switches",
    "look_again",
    "mark_silent",
    "next_look",
    "switch_auto",
]

_LOG = logging.getLogger(__name__)

#: So many orders are looked at in one go; the rest has its turn in the next, seconds later.
MOST_LOOKS = 100
#: So many teams are called silent in one go, who was asked first before all others.
MOST_SILENT = 1000
#: By urgency: minutes after which teams that stayed silent are asked once more, when nobody else is left; and until the
#: service looks again at an order for which nobody is left at all.
AGAIN_AFTER = (1440, 240, 30)
#: After a first wave in vain, as few teams as this that would be left over are asked along with the others: one by one
#: they would use up the days, and there is nobody to be spared for later.
LAST_TEAMS = 2
#: Chance of a yes of a team of which the suggestion knew nothing: it was asked by a person.
UNKNOWN_CHANCE = 0.3
#: In the morning not all orders ask in the same minute.
MORNING_SPREAD = 20
#: Reasons of a no that other times may turn into a yes.
TIMELY_REASONS = ("no_time", "no_people")


def ask_due(now: datetime, is_stopping: Callable[[], bool] | None = None) -> int:
    """Look at every order whose time has come, each in a transaction of its own; one that can't be asked for keeps no
    other from it.

    :param is_stopping: asked before each order.
    :return: how many teams were asked.
    """
    _try_silent(now)
    return sum(_try_look(number, now) for number in _list_due(now) if not (is_stopping and is_stopping()))


def ask_next_wave(
    number: str, actor: Actor, *, now: datetime, version: int | None = None, key: str | None = None
) -> Outcome:
    """Ask the next teams now, as the service would: one tap of the department that holds the order.

    :raise Refused: `wrong_party`, `moved_on` (403, 409): not the department that holds it; `wrong_status`, `is_held`,
        `stale`, `quiet_hours`, `nobody_left` (409), with why: `left`.
    """
    with transaction():
        order = lock_order(number, actor)
        if key is not None and (done := _find_repeat(order, actor, key)) is not None:
            return done
        _check_holds(order, actor)
        if version is not None and version != order.version:
            raise Refused("stale", 409, winner="", stands_at=order.status)
        settings = get_settings()
        if order.held_team_id is not None:
            raise Refused("is_held", 409)
        if not order.is_emergency and is_quiet(now, settings):
            raise Refused("quiet_hours", 409)
        asked = _read_asked(order)
        found = _list_next(order, asked, now)
        chosen = _choose(settings, found, (), asked.waves, now)
        chosen = _still_askable(order, chosen, now)
        if not chosen:
            raise Refused("nobody_left", 409, left=_why_nobody(asked, found))
        ids, proposals = [each.team for each in chosen], found.proposals(chosen, now)
        return offer_order(number, actor, team_ids=ids, proposals=proposals, now=now, version=version, key=key)


def switch_auto(number: str, actor: Actor, *, is_on: bool, now: datetime) -> bool:
    """Let the service ask by itself from now on, or stop it, and write down who did; False when it stood so already.

    :raise Refused: `wrong_party` (403), `moved_on`, `wrong_status` (409).
    """
    with transaction():
        order = lock_order(number, actor)
        _check_holds(order, actor)
        if order.is_auto_asked == is_on:
            return False
        order.is_auto_asked, order.next_wave_at = is_on, now if is_on else None
        row = AutoSwitch(order_id=order.id, is_on=is_on, actor_name=actor.name, switched_at=now)
        row.by_account_id = actor.account_id
        db.session.add(row)
        return True


def list_switches(order_id: int) -> Sequence[AnyRow]:
    """Who let the service ask for an order, or stopped it, and when; the newest first. One statement."""
    return db.session.execute(
        select(AutoSwitch.is_on, AutoSwitch.actor_name, AutoSwitch.switched_at, Account.display_name.label("person"))
        .outerjoin(Account, Account.id == AutoSwitch.by_account_id)
        .where(AutoSwitch.order_id == order_id)
        .order_by(AutoSwitch.id.desc())
    ).all()


def next_look(order: Order, now: datetime) -> datetime:
    """When the service looks at an order again whose teams are being asked now."""
    settings = get_settings()
    return _not_at_night(order, now + _wait(order, settings), settings)


def list_next_teams(order: Order, now: datetime) -> tuple[int, ...]:
    """Whom the service would ask next if the order were free, among the teams that see it unasked: those of its
    department; not its own team. Asks nobody."""
    asked = _read_asked(order)
    found = _list_next(order, asked, now)
    themes = {
        team: themes
        for team, themes in db.session.execute(
            select(Team.id, Team.themes).where(Team.department_id == order.department_id, Team.is_active)
        )
    }
    own = [
        each for each in found.ranking if each.team in themes and (not order.theme or order.theme in themes[each.team])
    ]
    chosen = choose_wave(get_settings(), found.need, own, (), asked.waves, minute_of(now))
    return tuple(each.team for each in chosen)


def find_nobody(order: Order, now: datetime, matching: Matching) -> NobodyLeft | None:
    """Why no team could be asked for the order now, beside those that owe an answer; None when one could. Asks
    nobody.

    :param matching: of this order.
    """
    asked = _read_asked(order)
    found = _list_next(order, asked, now, matching)
    return None if found.ranking else _why_nobody(asked, found)


def is_nobody_left(order: Order) -> bool:
    """Whether the service has found nobody any more to ask for the order, as it stands now."""
    if order.status != Status.CLAIMED or not order.is_auto_asked:
        return False
    asked, department = _read_asked(order), To(Party.DEPARTMENT, order.department_id or "")
    keys = [key_for(_key_of_end(order, asked, is_too_late=late), department) for late in (False, True)]
    return not asked.pending and db.session.scalar(select(Notice.id).where(Notice.key.in_(keys)).limit(1)) is not None


def mark_silent(now: datetime, settings: MatchSettings) -> int:
    """Teams that have not answered for two waits count for a no from now on, for the waves and for learning; they may
    still answer. Nobody is called silent whose order is paused, or being crewed by another team.

    :return: how many.
    """
    long_ago = [
        and_(Order.urgency == urgency, Offer.asked_at <= now - timedelta(minutes=2 * wait))
        for urgency, wait in zip(URGENCIES, settings.wave_wait, strict=True)
    ]
    rows = db.session.execute(
        select(Offer.id, Offer.asked_at, Order.status_since, Order.urgency, Order.is_drill)
        .join(Order, Order.id == Offer.order_id)
        .where(Order.status == Status.CLAIMED, Order.held_team_id.is_(None), _is_running())
        .where(Offer.is_owed(), Offer.silent_at.is_(None), or_(*long_ago))
        .order_by(Offer.asked_at, Offer.id)
        .limit(MOST_SILENT)
    ).all()
    silent = []
    for row in rows:
        since = max(row.asked_at, row.status_since)  # asked before the order fell free: it was asked anew by that
        wait = 2 * _by_urgency(settings.wave_wait, row.urgency)
        wakes = row.urgency == "emergency" and not row.is_drill
        if (since + timedelta(minutes=wait) if wakes else after_waking(since, wait, settings)) <= now:
            silent.append(row.id)
    if not silent:
        return 0
    with transaction():
        unheard = update(Offer).where(Offer.id.in_(silent), Offer.is_owed(), Offer.silent_at.is_(None))
        db.session.execute(unheard.values(silent_at=now))
    return len(silent)


# One order


@dataclass(frozen=True, slots=True)
class _Asked:
    """Who was asked for an order and where each of them stands.

    :ivar latest: the newest offer of each team. :ivar waves: how many since the order came to stand where it stands.
    :ivar others: teams that had to do with it unasked, and the one that has just proposed other times.
    :ivar fresh_since: when the resident agreed to other times.
    :ivar gave_up: teams that said yes and didn't find their people, or were let go of, and when.
    :ivar times: how often each team was asked since then, or since the resident agreed to other times.
    """

    latest: Mapping[int, Offer]
    waves: int
    others: frozenset[int]
    fresh_since: datetime | None
    gave_up: Mapping[int, datetime]
    times: Mapping[int, int]

    @property
    def last_at(self) -> datetime:
        return max((each.asked_at for each in self.latest.values()), default=datetime.min.replace(tzinfo=CITY_TIME))

    @property
    def pending(self) -> list[float]:
        """The chances of those who may still say yes."""
        return [
            each.chance if each.chance is not None else UNKNOWN_CHANCE
            for each in self.latest.values()
            if each.answer is None and each.silent_at is None and each.voided_at is None
        ]

    @property
    def standing_by(self) -> frozenset[int]:
        return frozenset(
            team
            for team, each in self.latest.items()
            if each.answer == "standby" and each.voided_at is None and not self._has_given_up(each)
        )

    @property
    def done_with(self) -> frozenset[int]:
        """Teams that are not asked again: whoever was, except those that stand by, that another department had asked,
        or whose no was about times that are no longer wished."""
        return self.others | {team for team, each in self.latest.items() if not self._may_ask_anew(each)}

    def list_answers(self) -> list[str]:
        """Of each team that is not asked again: `declined`, `asked`, `asked_silent` or `had_it`."""
        said = [_said(each) for team, each in self.latest.items() if team in self.done_with]
        return said + ["had_it"] * len(self.others - self.latest.keys())

    def undecided_before(self, moment: datetime) -> frozenset[int]:
        """Teams that never said no: they were silent, or found no people, and that was before the moment. Whoever was
        asked once more already is left alone."""
        return frozenset(
            team
            for team, each in self.latest.items()
            if self.times.get(team, 0) < MOST_ASKS and self._is_undecided(each, moment)
        )

    def _is_undecided(self, each: Offer, moment: datetime) -> bool:
        if each.voided_at is not None:
            return False
        if each.answer is None:
            return each.silent_at is not None and each.silent_at <= moment
        return each.answer == "standby" and self._has_given_up(each) and self.gave_up[each.team_id] <= moment

    def _has_given_up(self, offer: Offer) -> bool:
        return offer.team_id in self.gave_up and self.gave_up[offer.team_id] >= offer.asked_at

    def _may_ask_anew(self, offer: Offer) -> bool:
        if (offer.voided_at is not None and offer.answer != "declined") or offer.team_id in self.standing_by:
            return True
        if self.fresh_since is None or offer.asked_at > self.fresh_since:
            return False
        return (offer.answer == "declined" and offer.reason in TIMELY_REASONS) or offer.silent_at is not None


@dataclass(frozen=True, slots=True)
class _Found:
    """Teams that may be asked now, best first, those that stand by before all others.

    :ivar without: teams that are not asked again.
    """

    matching: Matching
    need: Need
    ranking: Sequence[Suggestion]
    without: frozenset[int]

    def proposals(self, chosen: Sequence[Suggestion], now: datetime) -> dict[int, Proposal]:
        situation, places = self.matching.situation, {each.team: i for i, each in enumerate(self.ranking, 1)}
        return {
            each.team: Proposal(
                place=places[each.team],
                chance=each.chance,
                clue=clue_to_json(situation.captain_clue(self.need, situation.city.teams[each.team], minute_of(now))),
                window=self.matching.windows.get((self.need.id, each.openings[0].slot)),
            )
            for each in chosen
        }


def _is_due(now: datetime) -> ColumnElement[bool]:
    return and_(
        Order.status == Status.CLAIMED,
        Order.is_auto_asked,
        Order.next_wave_at <= now,
        Order.held_team_id.is_(None),
        _is_running(),
    )


def _is_running() -> ColumnElement[bool]:
    """No question keeps the teams waiting. While the resident is asked about other times, those that they gave stay
    good, and whoever takes one of them ends the question."""
    return or_(
        Order.clock_stopped_at.is_(None),
        exists().where(CounterOffer.order_id == Order.id, CounterOffer.answer.is_(None)),
    )


def _list_due(now: datetime) -> Sequence[str]:
    """Emergencies first, then whoever waits longest."""
    is_later = (Order.urgency != "emergency").asc()
    due = select(Order.number).where(_is_due(now)).order_by(is_later, Order.next_wave_at, Order.id).limit(MOST_LOOKS)
    return db.session.scalars(due).all()


def _try_silent(now: datetime) -> None:
    """Whoever is not called silent now is in the next turn; the orders are looked at all the same."""
    try:
        mark_silent(now, get_settings())
    except OperationalError:
        raise
    except Exception:
        db.session.rollback()
        _LOG.exception("silent teams could not be marked")


def _try_look(number: str, now: datetime) -> int:
    try:
        return _look(number, now)
    except (Refused, NotFound) as answer:
        _LOG.info("nobody is asked for %s: %s", number, answer)
    except OperationalError:  # the database is gone or busy: everything is tried again
        raise
    except Exception:
        _LOG.exception("nobody could be asked for %s", number)
    _put_off(number, now)
    return 0


def _put_off(number: str, now: datetime) -> None:
    """An order that can't be asked for isn't tried again at once, or it would be the only thing that is ever tried."""
    with transaction():
        order = lock_order(number, WAVES)
        if order.next_wave_at is not None and order.next_wave_at <= now:
            order.next_wave_at = now + timedelta(minutes=MORNING_SPREAD)


def _look(number: str, now: datetime) -> int:
    """Ask the next wave, if one is due and anybody is to be asked; how many were asked."""
    with transaction():
        order = lock_order(number, WAVES)
        if db.session.scalar(select(Order.id).where(Order.id == order.id, _is_due(now))) is None:
            return 0  # somebody was faster
        settings = get_settings()
        if not order.is_emergency and is_quiet(now, settings):
            order.next_wave_at = _not_at_night(order, now, settings)
            return 0
        asked = _read_asked(order)
        if _waits_for_the_chosen(order, asked):
            order.next_wave_at = _not_at_night(order, now + _wait(order, settings), settings)
            return 0
        found = _list_next(order, asked, now)
        chosen = _choose(settings, found, asked.pending, asked.waves, now)
        if chosen and (chosen := _still_askable(order, chosen, now)):
            proposals = found.proposals(chosen, now)
            ids = [each.team for each in chosen]
            offer_order(number, WAVES, team_ids=ids, asked_by="system", proposals=proposals, now=now)
            return len(chosen)
        if found.ranking or asked.pending or order.clock_stopped_at is not None:
            due = asked.last_at + _wait(order, settings)
            order.next_wave_at = _not_at_night(order, due if due > now else now + _wait(order, settings), settings)
            return 0
        is_too_late = _is_too_late(found.need, settings, now)
        _nobody_left(order, asked, _why_nobody(asked, found), now, is_too_late=is_too_late)
        # without a time there is nothing to look for; whoever adds one has it looked at again
        order.next_wave_at = None if is_too_late else _not_at_night(order, now + _again(order), settings)
        return 0


def _is_too_late(need: Need, settings: MatchSettings, now: datetime) -> bool:
    """All wished times are past, or so near that nobody is asked any more."""
    earliest = minute_of(now) + settings.notice[need.urgency]
    return all(need.start_in(slot) < earliest for slot in need.slots)


def _choose(
    settings: MatchSettings, found: _Found, pending: Sequence[float], waves: int, now: datetime
) -> list[Suggestion]:
    """The core's wave; and those few who would be left over by it, unless it is the first."""
    chosen = choose_wave(settings, found.need, found.ranking, pending, waves, minute_of(now))
    if chosen and waves and len(found.ranking) - len(chosen) <= LAST_TEAMS:
        return list(found.ranking[: max(len(chosen), settings.wave_limit[found.need.urgency])])
    return chosen


def _list_next(order: Order, asked: _Asked, now: datetime, matching: Matching | None = None) -> _Found:
    """Who may be asked now. When everybody was, those once more who never said no and were given up long ago."""
    matching = matching or load_matching([order], now)
    need, minute = matching.needs[order.id], minute_of(now)
    without = asked.done_with | (frozenset({order.team_id}) if order.team_id else frozenset())
    ranking = rank(matching.situation, need, minute, without=without)
    if not ranking and (undecided := asked.undecided_before(now - _again(order))):
        ranking = rank(matching.situation, need, minute, without=without - undecided)
    ranking.sort(key=lambda each: each.team not in asked.standing_by)  # keeps the order within both parts
    return _Found(matching, need, ranking, without)


def _said(offer: Offer) -> str:
    if offer.answer is None:
        return "asked" if offer.silent_at is None else "asked_silent"
    return "declined" if offer.answer == "declined" else "had_it"


def _read_asked(order: Order) -> _Asked:
    offers = db.session.scalars(select(Offer).where(Offer.order_id == order.id).order_by(Offer.wave)).all()
    latest = {offer.team_id: offer for offer in offers}
    known = select(OrderHolder.code).where(OrderHolder.order_id == order.id, OrderHolder.kind == "team")
    proposing = select(CounterOffer.team_id).where(
        CounterOffer.order_id == order.id, CounterOffer.answer.is_(None), CounterOffer.team_id.is_not(None)
    )
    asking = {team for team in db.session.scalars(proposing) if team is not None}
    others = frozenset(map(int, db.session.scalars(known))) - latest.keys() | asking
    waves = len({offer.wave for offer in offers if offer.asked_at >= order.status_since})
    fresh_since = _fresh_since(order)
    since = max(filter(None, (order.status_since, fresh_since)))
    times = Counter(offer.team_id for offer in offers if offer.asked_at >= since)
    ended = select(Hold.team_id, func.max(Hold.ended_at)).where(
        Hold.order_id == order.id, Hold.ending.in_(("short", "let_go"))
    )
    gave_up = {team: at for team, at in db.session.execute(ended.group_by(Hold.team_id)) if at is not None}
    return _Asked(latest, waves, others, fresh_since, gave_up, times)


def _fresh_since(order: Order) -> datetime | None:
    agreed = select(func.max(CounterOffer.answered_at)).where(
        CounterOffer.order_id == order.id, CounterOffer.answer == "yes"
    )
    return db.session.scalar(agreed)


def _waits_for_the_chosen(order: Order, asked: _Asked) -> bool:
    """The department has handed the order to one team, which has not said no."""
    chosen = asked.latest.get(order.handed_team_id) if order.handed_team_id is not None else None
    return chosen is not None and chosen.answer is None and chosen.silent_at is None and chosen.voided_at is None


def _still_askable(order: Order, chosen: Sequence[Suggestion], now: datetime) -> list[Suggestion]:
    """Those of the chosen who may still be asked once their rows are locked: several workers ask for several orders at
    once, and a team's week is counted over all of them."""
    ids = [each.team for each in chosen]
    locked = select(Team.id).where(Team.id.in_(ids), Team.is_active).order_by(Team.id)
    active = set(db.session.scalars(locked.with_for_update(key_share=True)))
    if order.urgency != "emergency":
        active -= list_asked_enough(now, ids)
    return [each for each in chosen if each.team in active]


def _why_nobody(asked: _Asked, found: _Found) -> NobodyLeft:
    """As a plan would say it. Where a team is left after all, it was asked often enough a moment ago."""
    matching = found.matching
    if found.ranking:
        return NobodyLeft.of("all_quiet", asked.list_answers())
    why = why_nobody(matching.situation, found.need, matching.now, found.without)
    return NobodyLeft.of(why, asked.list_answers())


def _nobody_left(order: Order, asked: _Asked, left: NobodyLeft, now: datetime, *, is_too_late: bool) -> None:
    """Told once, and once more when the last time has gone by, until the order falls free again or the resident agrees
    to other times."""
    queue_notices(
        "nobody_left",
        [To(Party.DEPARTMENT, order.department_id or "", order.id)],
        now=now,
        order_id=order.id,
        about=left.as_about(),
        key=_key_of_end(order, asked, is_too_late=is_too_late),
        is_emergency=order.is_emergency,
    )


def _key_of_end(order: Order, asked: _Asked, *, is_too_late: bool) -> str:
    since = max(filter(None, (order.status_since, asked.fresh_since)))
    return f"nobody_left:{order.id}:{since.timestamp():.0f}" + (":late" if is_too_late else "")


def _find_repeat(order: Order, actor: Actor, key: str) -> Outcome | None:
    """What the same tap has led to already: by now others would be the next."""
    done = select(OrderEvent.id).where(
        OrderEvent.order_id == order.id, OrderEvent.actor_key == actor.key, OrderEvent.idempotency_key == key
    )
    if db.session.scalar(done) is None:
        return None
    return Outcome(order.id, order.number, Status(order.status), order.version, is_repeat=True)


def _check_holds(order: Order, actor: Actor) -> None:
    if actor.party is not Party.DEPARTMENT:
        raise Refused("wrong_party", 403)
    if order.department_id != actor.department_id:
        raise Refused("moved_on", 409)
    if order.status != Status.CLAIMED:
        raise Refused("wrong_status", 409, winner="", stands_at=order.status)


def _wait(order: Order, settings: MatchSettings) -> timedelta:
    return timedelta(minutes=_by_urgency(settings.wave_wait, order.urgency))


def _again(order: Order) -> timedelta:
    return timedelta(minutes=_by_urgency(AGAIN_AFTER, order.urgency))


def _by_urgency(numbers: Sequence[float], urgency: str) -> float:
    return numbers[list(URGENCIES).index(urgency)]


def _not_at_night(order: Order, at: datetime, settings: MatchSettings) -> datetime:
    """`at`, or the morning after, spread over some minutes; emergencies at any time."""
    morning = next_waking(at, settings)
    if order.is_emergency or morning == at:
        return at
    return morning + timedelta(minutes=order.id % MORNING_SPREAD)
