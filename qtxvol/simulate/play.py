"""The play: residents, clerks, leaders and volunteers act through the service's own verbs, at simulated moments.

What somebody does, and when, is theirs (`luck.py` and the chances below); what the service makes of it is the
service's. Every answer goes by the link of the notice. A refusal is counted with its code, as a page would show it;
anything else that goes wrong is not caught here.
"""

import heapq
import logging
import math
from collections import Counter, defaultdict, deque
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta

from sqlalchemy import exists, func, or_, select

from qtxvol.accounts.actor import Actor
from qtxvol.base import CITY_TIME
from qtxvol.extensions import db
from qtxvol.notices.answers import Given, answer_link, answer_path
from qtxvol.notices.queue import To
from qtxvol.offers.holds import advance_holds, list_choices
from qtxvol.offers.learn import learn_from_answers
from qtxvol.offers.other_times import propose_times, suggest_times
from qtxvol.offers.rules import get_settings
from qtxvol.offers.suggest import suggest_departments
from qtxvol.offers.waves import ask_due, ask_next_wave
from qtxvol.orders.calls import CallOutcome, Contact
from qtxvol.orders.claim import Proposal, claim_order, offer_order, return_order
from qtxvol.orders.contact import log_call
from qtxvol.orders.decline import cancel_order
from qtxvol.orders.dispatch import dispatch_order
from qtxvol.orders.ladder import climb
from qtxvol.orders.lifecycle import OPEN, Party, Status
from qtxvol.orders.models import Crew, CrewAsk, Hold, Offer, Order
from qtxvol.orders.place import Wish, place_order
from qtxvol.orders.rate import Verdict, rate_order
from qtxvol.orders.serve import close_order, crew_ids, report_no_show, withdraw_order
from qtxvol.orders.windows import Window
from qtxvol.refusals import NotFound, Refused
from qtxvol.simulate.city import Item, Place, SimCity
from qtxvol.simulate.luck import Luck, logistic

#: Who agrees to it: nobody real.
CONSENT = "simulated"
#: The three parts of a day in which a service may be wished: from, to.
PARTS = ((time(8, 30), time(11, 30)), (time(14, 0), time(17, 30)), (time(18, 30), time(21, 0)))
#: The longest the service isn't looked at: it has something to do every few minutes when anybody waits for an answer.
LONG_LOOK, SHORT_LOOK, EMERGENCY_LOOK = timedelta(minutes=120), timedelta(minutes=30), timedelta(minutes=2)
#: After the last of the wished times the play goes on for so long.
AFTERMATH = timedelta(days=3)
_WAKES, _SLEEPS = time(7, 30), time(22, 0)
_OPENS, _SHUTS = time(8, 30), time(17, 30)

Act = Callable[[datetime], None]


@dataclass(frozen=True, slots=True)
class Habits:
    """What people are like: chances, and minutes for the middle one of them. Assumptions, told so that they can be
    doubted; differences between two runs mean more than the level of one."""

    urgent: float = 0.1
    emergency: float = 0.02
    wished_times: tuple[int, int] = (3, 5)
    wished_days: tuple[int, int] = (3, 14)
    override: float = 0.04
    wrong_department: float = 0.03
    auto_asked: float = 0.9
    captain_bias: float = 0.9
    volunteer_bias: float = 0.7
    silent: float = 0.45
    captain_minutes: float = 45.0
    volunteer_minutes: float = 40.0
    rushed: tuple[float, float, float] = (1.0, 0.35, 0.12)
    falls_out: float = 0.03
    withdraws: float = 0.01
    no_show: float = 0.01
    forgets_to_call: float = 0.02
    cancels: float = 0.02
    absent: float = 0.03
    rates: float = 0.5


@dataclass(slots=True)
class Told:
    """What is known of one order in the play."""

    serial: int
    order_id: int
    number: str
    place: Place
    item: Item
    urgency: int
    windows: tuple[Window, ...]
    department_id: str = ""
    tries: int = 0


@dataclass(slots=True)
class Record:
    """What happened on the stage: how often each act was done, and which were refused with what code."""

    acts: Counter[str] = field(default_factory=Counter)
    refusals: Counter[tuple[str, str]] = field(default_factory=Counter)
    faults: list[str] = field(default_factory=list)


class _Faults(logging.Handler):
    """What the service could only write into its log, because one order must not keep the others."""

    def __init__(self, found: list[str]) -> None:
        super().__init__(logging.ERROR)
        self._found = found

    def emit(self, record: logging.LogRecord) -> None:
        why = record.exc_info[1] if record.exc_info else None
        self._found.append(f"{record.name}: {record.getMessage()}" + (f" ({why!r})" if why else ""))


class Play:
    """One run. `start` is a city's midnight.

    :ivar is_nearest: nobody looks at suggestions: each department asks the nearest of its teams, one after the other.
    """

    def __init__(
        self,
        city: SimCity,
        luck: Luck,
        start: datetime,
        *,
        habits: Habits | None = None,
        is_nearest: bool = False,
    ) -> None:
        self.city, self.luck, self.start, self.is_nearest = city, luck, start, is_nearest
        self.habits = habits or Habits()
        self.record = Record()
        self.now = start
        self._heap: list[tuple[datetime, int, str, Act]] = []
        self._serial = self._routines = 0
        self._told: dict[int, Told] = {}
        self._last_offer = 0
        self._heard: set[int] = set()
        self._asked: dict[tuple[str, int], deque[datetime]] = defaultdict(deque)
        self._turns: Counter[tuple[str, int, int]] = Counter()
        self._open_emergencies: set[int] = set()
        self._accepted: set[tuple[int, int]] = set()

    def run(self, orders: int, days: int, *, is_peak: bool) -> None:
        """Place the orders over the days, and play until all their times have passed."""
        for serial in range(orders):
            self._later(self._placing_time(serial, days, is_peak), "place", self._placing(serial))
        end = self.start + timedelta(days=days + self.habits.wished_days[1]) + AFTERMATH
        self._repeat(timedelta(hours=3), timedelta(hours=6), "clocks", lambda now: _drop(climb(now)))
        self._repeat(timedelta(hours=1), timedelta(days=1), "learn", lambda now: _drop(learn_from_answers(now)))
        faults = _Faults(self.record.faults)
        logging.getLogger("qtxvol").addHandler(faults)
        try:
            self._until(end)
        finally:
            logging.getLogger("qtxvol").removeHandler(faults)

    def _until(self, end: datetime) -> None:
        look = self.start
        while True:
            moment = min(self._heap[0][0], look)
            if moment >= end or self._is_over():
                self.now = min(moment, end)
                return
            self.now = moment
            while self._heap and self._heap[0][0] <= moment:
                _at, _order, name, act = heapq.heappop(self._heap)
                self._do(name, act)
            self._look()
            look = self._next_look()

    def _do(self, name: str, act: Act) -> None:
        self.record.acts[name] += 1
        try:
            act(self.now)
        except Refused as refused:
            self.record.refusals[name, refused.code] += 1
        except NotFound:
            self.record.refusals[name, "not_found"] += 1
        finally:
            db.session.rollback()

    def _later(self, at: datetime, name: str, act: Act) -> None:
        self._serial += 1
        heapq.heappush(self._heap, (at, self._serial, name, act))

    def _repeat(self, after: timedelta, every: timedelta, name: str, act: Act) -> None:
        """From so long after the beginning on, again and again."""

        def again(now: datetime) -> None:
            self._later(now + every, name, again)
            act(now)

        self._routines += 1
        self._later(self.start + after, name, again)

    def _is_over(self) -> bool:
        """Nobody will do anything any more, and no order waits for anything."""
        if len(self._heap) > self._routines:
            return False
        is_open = db.session.scalar(select(Order.id).where(Order.status.in_(OPEN)).limit(1)) is not None
        db.session.rollback()
        return not is_open

    # the service, and what it has said to people

    def _look(self) -> None:
        if self._open_emergencies:
            climb(self.now)  # its limits are minutes; those of the others can wait for the routine
        ask_due(self.now)
        advance_holds(self.now)
        self._hear()

    def _next_look(self) -> datetime:
        """When the service has anything to do next: the worker looks every few seconds, which would only be slow. After
        whatever anybody does it is looked at in any case."""
        unanswered = (Offer.is_owed(), Offer.silent_at.is_(None))
        asked = (CrewAsk.asked_at.is_not(None), CrewAsk.answer.is_(None), CrewAsk.ending == "")
        waiting = db.session.execute(
            select(
                select(func.min(Order.next_wave_at))
                .where(Order.status == Status.CLAIMED, Order.is_auto_asked, Order.held_team_id.is_(None))
                .where(Order.clock_stopped_at.is_(None), Order.next_wave_at > self.now)
                .scalar_subquery(),
                or_(
                    exists().where(Hold.ended_at.is_(None)),
                    exists().where(CrewAsk.order_id == Order.id, Order.status == Status.ACCEPTED, *asked),
                ),
                exists().where(Offer.order_id == Order.id, Order.status == Status.CLAIMED, *unanswered),
            )
        ).one()
        db.session.rollback()
        if self._open_emergencies:
            longest = EMERGENCY_LOOK
        else:
            longest = SHORT_LOOK if waiting[1] else LONG_LOOK if waiting[2] else AFTERMATH
        at = self.now + longest
        if waiting[0] is not None:
            at = min(at, max(_aware(waiting[0]), self.now + timedelta(seconds=5)))
        # by night nobody is asked and no silence counts, unless it is an emergency
        return at if self._open_emergencies else _within(at, 0, _WAKES, _SLEEPS, works_all_days=True)

    def _hear(self) -> None:
        """Whoever was asked since hears of it, and will answer or not; whoever has a service now will hold it."""
        offers = db.session.execute(
            select(Offer.id, Offer.order_id, Offer.team_id, Offer.proposed_start, Offer.proposed_end)
            .where(Offer.id > self._last_offer)
            .order_by(Offer.id)
        ).all()
        asks = db.session.execute(
            select(CrewAsk.id, CrewAsk.order_id, CrewAsk.volunteer_id, CrewAsk.hold_id, CrewAsk.is_lent)
            .where(CrewAsk.asked_at >= self.now - LONG_LOOK, CrewAsk.ending == "", CrewAsk.answer.is_(None))
            .order_by(CrewAsk.id)
        ).all()
        accepted = db.session.execute(
            select(Order.id, Order.version, Order.team_id, Order.agreed_start, Order.agreed_end)
            .where(Order.status == Status.ACCEPTED, Order.status_since >= self.now - LONG_LOOK)
            .order_by(Order.id)
        ).all()
        db.session.rollback()
        for offer in offers:
            self._last_offer = offer.id
            window = Window(offer.proposed_start, offer.proposed_end) if offer.proposed_start else None
            self._hear_offer(self._told[offer.order_id], offer.id, offer.team_id, window)
        for ask in asks:
            if ask.id not in self._heard:
                self._heard.add(ask.id)
                self._hear_ask(self._told[ask.order_id], ask.volunteer_id, ask.is_lent)
        for each in accepted:
            if (each.id, each.version) not in self._accepted and each.id in self._told:
                self._accepted.add((each.id, each.version))
                self._hear_acceptance(self._told[each.id], each.team_id, Window(each.agreed_start, each.agreed_end))

    # residents

    def _placing_time(self, serial: int, days: int, is_peak: bool) -> datetime:
        """More on weekdays and by day; in a peak half of all orders come in the middle week."""
        luck = self.luck
        day = int(luck.uniform("day", serial) * days)
        if is_peak and luck.happens(0.5, "peak", serial):
            day = max(0, days // 2 - 3) + luck.whole(0, min(6, days - 1), "peak day", serial)
        minute = 7 * 60 + luck.uniform("minute", serial) * 15 * 60
        if self._urgency(serial) == 2:
            minute = luck.uniform("minute", serial) * 24 * 60
        return self.start + timedelta(days=min(day, days - 1), minutes=round(minute))

    def _urgency(self, serial: int) -> int:
        at = self.luck.uniform("urgency", serial)
        return 2 if at < self.habits.emergency else 1 if at < self.habits.emergency + self.habits.urgent else 0

    def _placing(self, serial: int) -> Act:
        def act(now: datetime) -> None:
            luck, urgency = self.luck, self._urgency(serial)
            item, place = luck.pick(self.city.items, "item", serial), luck.pick(self.city.places, "where", serial)
            windows = self._wished(serial, urgency, item, now)
            wish = Wish(
                audience=luck.pick(item.audiences, "audience", serial) if item.audiences else "residents",
                headcount=luck.whole(10, 60, "headcount", serial),
                division_code=place.code,
                venue="活动室",
                windows=windows,
                contact_name="模拟居民",
                contact_phone=f"1990{luck.whole(0, 9999999, 'phone', serial):07d}",
                consent_version=CONSENT,
                menu_item_id=item.id,
                urgency=("normal", "urgent", "emergency")[urgency],
            )
            actor = Actor(Party.RESIDENT, "居民") if urgency < 2 else self.city.clerks[place.town]
            placed = place_order(wish, actor, key=f"sim-{luck.seed}-{serial}", now=now)
            told = Told(serial, placed.order_id, placed.number, place, item, urgency, windows)
            self._told[placed.order_id] = told
            if urgency == 2:
                self._open_emergencies.add(placed.order_id)
                self._later(
                    now + timedelta(hours=6), "calm", lambda _now: self._open_emergencies.discard(told.order_id)
                )
            self._later(
                self._office(now, self._lasting(40, 0.8, told, "dispatch"), told), "dispatch", self._dispatch(told)
            )
            if luck.happens(self.habits.cancels, "cancels", serial):
                self._later(now + timedelta(hours=luck.lasts(30, 1, "when", serial)), "cancel", self._cancel(told))

        return act

    def _wished(self, serial: int, urgency: int, item: Item, now: datetime) -> tuple[Window, ...]:
        luck, local = self.luck, now.astimezone(CITY_TIME)
        if urgency == 2:
            start = now + timedelta(minutes=luck.whole(60, 180, "soon", serial))
            return (Window(start, start + timedelta(minutes=max(180, item.minutes + 30))),)
        wanted = luck.whole(*self.habits.wished_times, "times", serial)
        days = range(1, 5) if urgency else range(self.habits.wished_days[0], self.habits.wished_days[1] + 1)
        first = local.date()
        slots = [(day, part) for day in days for part in range(3)]
        windows = []
        for day, part in luck.sample(slots, wanted, "slot", serial):
            low, high = PARTS[part]
            date_of = first + timedelta(days=day)
            start, end = (datetime.combine(date_of, each, CITY_TIME).astimezone(UTC) for each in (low, high))
            windows.append(Window(start, max(end, start + timedelta(minutes=item.minutes))))
        return tuple(sorted(windows))

    def _cancel(self, told: Told) -> Act:
        resident = Actor(Party.RESIDENT, "居民", order_id=told.order_id)
        return lambda now: _drop(cancel_order(told.number, resident, reason="no_longer_needed", now=now))

    # community and departments

    def _dispatch(self, told: Told) -> Act:
        def act(now: datetime) -> None:
            order = db.session.get_one(Order, told.order_id)
            if order.status != Status.PLACED:
                return
            suggested = suggest_departments(order, now)
            clerk = self.city.clerks[told.place.town]
            first = chosen = suggested[0].department_id
            if len(suggested) > 1 and self.luck.happens(self.habits.override, "override", told.serial, told.tries):
                chosen = suggested[1].department_id
            told.department_id, told.tries = chosen, told.tries + 1
            db.session.rollback()
            dispatch_order(told.number, clerk, department_id=chosen, suggested_department_id=first, now=now)
            wait = self._lasting(150, 0.9, told, "claim", told.tries)
            self._later(self._office(now, wait, told), "claim", self._claim(told))

        return act

    def _claim(self, told: Told) -> Act:
        def act(now: datetime) -> None:
            order = db.session.get_one(Order, told.order_id)
            if order.status != Status.DISPATCHED:
                return
            told.department_id = order.department_id or told.department_id  # the ladder may have moved it on
            db.session.rollback()
            liaison = self.city.departments[told.department_id]
            if told.tries < 3 and self.luck.happens(self.habits.wrong_department, "returns", told.serial, told.tries):
                return_order(told.number, liaison, reason="not_our_field", now=now)
                self._later(self._office(now, self._lasting(60, 0.8, told, "again", told.tries), told), "dispatch",
                            self._dispatch(told))  # fmt: skip
                return
            is_auto = self.luck.happens(self.habits.auto_asked, "auto", told.serial) or told.urgency == 2
            is_auto = is_auto and not self.is_nearest
            claim_order(told.number, liaison, is_auto_asked=is_auto, now=now)
            if not is_auto:
                push = self._ask_nearest(told) if self.is_nearest else self._push_on(told, 0)
                self._later(self._office(now, 2 if told.urgency == 2 else 20, told), "next wave", push)
            last = max(window.ends_at for window in told.windows)
            half = now + (last - now) / 2
            self._later(self._office(half, 0, told), "other times", self._propose(told))

        return act

    def _push_on(self, told: Told, turn: int) -> Act:
        """The department taps for the next wave, some hours later again, while nobody has taken it."""

        def act(now: datetime) -> None:
            order = db.session.get_one(Order, told.order_id)
            is_over = order.status != Status.CLAIMED or turn > 12
            department_id = order.department_id
            db.session.rollback()
            if is_over:
                return
            self._later(self._office(now, 240, told), "next wave", self._push_on(told, turn + 1))
            ask_next_wave(told.number, self.city.departments[department_id or ""], now=now)

        return act

    def _ask_nearest(self, told: Told) -> Act:
        """The department asks the nearest of its teams that was not asked yet, and waits as the service would."""

        def act(now: datetime) -> None:
            order = db.session.get_one(Order, told.order_id)
            asked = set(db.session.scalars(select(Offer.team_id).where(Offer.order_id == order.id)))
            department_id, is_open = order.department_id or "", order.status == Status.CLAIMED
            is_held = order.held_team_id is not None
            db.session.rollback()
            teams = sorted(
                (_kilometres(leader.home, told.place), team_id)
                for team_id, leader in self.city.leaders.items()
                if leader.actor.department_id == department_id
                and told.item.theme in leader.actor.themes
                and team_id not in asked
            )
            ahead = [window for window in told.windows if window.starts_at > now]
            if not (is_open and teams and ahead):
                return
            wait = get_settings().wave_wait[told.urgency]
            again = now + timedelta(minutes=wait) if told.urgency == 2 else self._awake(now, wait)
            self._later(again, "next wave", self._ask_nearest(told))
            if is_held:
                return
            window = Window(ahead[0].starts_at, ahead[0].starts_at + timedelta(minutes=told.item.minutes))
            team_id = teams[0][1]
            liaison = self.city.departments[department_id]
            offer_order(told.number, liaison, team_ids=[team_id], proposals={team_id: Proposal(window=window)}, now=now)

        return act

    def _propose(self, told: Told) -> Act:
        """Half of the time has gone and nobody comes: the department proposes other times."""

        def act(now: datetime) -> None:
            order = db.session.get_one(Order, told.order_id)
            if order.status != Status.CLAIMED or order.held_team_id is not None or told.urgency == 2:
                return
            liaison = self.city.departments[order.department_id or ""]
            times = suggest_times(order, liaison, now)
            windows = [each.window for each in times][:3]
            db.session.rollback()
            if not windows:
                return
            propose_times(told.number, liaison, windows=windows, text="", now=now)
            if self.luck.happens(0.75, "hears of times", told.serial):
                at = self._awake(now, self._lasting(120, 0.9, told, "times"))
                self._later(at, "take other time", self._take_time(told, windows))

        return act

    def _take_time(self, told: Told, windows: list[Window]) -> Act:
        def act(now: datetime) -> None:
            given = Given(is_yes=self.luck.happens(0.65, "takes time", told.serial), window=windows[0])
            self._answer("other_time", told.order_id, To(Party.RESIDENT, str(told.order_id)), given, now)

        return act

    # leaders

    def _hear_offer(self, told: Told, offer_id: int, team_id: int, window: Window | None) -> None:
        asked_before = self._count_asks("team", team_id)
        leader = self.city.leaders[team_id]
        about = (told.serial, team_id, self._count_turn("team", told, team_id))
        value = self.habits.captain_bias + 0.7 * self.luck.normal("captain", team_id)
        value += 0.5 * self.luck.normal("taste", team_id, told.item.theme)
        value -= 0.05 * _kilometres(leader.home, told.place) + 0.35 * math.log1p(asked_before / 5)
        value += (0.0, 0.5, 1.2)[told.urgency]
        is_yes = self.luck.uniform("says", *about) < logistic(value)
        if not is_yes and self.luck.happens(self.habits.silent, "silent", *about):
            return
        wait = self._lasting(self.habits.captain_minutes, 1.0, told, "captain", *about)
        at = self._awake(self.now, wait) if told.urgency < 2 else self.now + timedelta(minutes=wait)
        self._later(at, "team yes" if is_yes else "team no", self._answer_offer(told, team_id, window, is_yes=is_yes))

    def _answer_offer(self, told: Told, team_id: int, window: Window | None, *, is_yes: bool) -> Act:
        def act(now: datetime) -> None:
            reader = To(Party.TEAM, str(team_id))
            if not is_yes:
                reason = self.luck.pick(("no_people", "no_time", "too_far"), "reason", told.serial, team_id)
                self._answer("offer", told.order_id, reader, Given(is_yes=False, reason=reason), now)
                return
            try:
                self._answer("offer", told.order_id, reader, Given(is_yes=True, window=window), now)
            except Refused as refused:
                if refused.code not in ("no_crew", "no_time_to_ask", "team_full", "team_week_full", "bad_window"):
                    raise
                self.record.refusals["team yes, first time", refused.code] += 1
                self._try_other_times(told, team_id, window, now)

        return act

    def _try_other_times(self, told: Told, team_id: int, window: Window | None, now: datetime) -> None:
        """What a leader does whose time can't be: another of the resident's times, or a no."""
        order = db.session.get_one(Order, told.order_id)
        choices = list_choices(order, team_id, now)
        db.session.rollback()
        reader = To(Party.TEAM, str(team_id))
        for choice in choices:
            if choice.obstacle or choice.window == window:
                continue
            try:
                self._answer("offer", told.order_id, reader, Given(is_yes=True, window=choice.window), now)
            except Refused as refused:
                self.record.refusals["team yes, other time", refused.code] += 1
            else:
                return
        self._answer("offer", told.order_id, reader, Given(is_yes=False, reason="no_people"), now)

    # volunteers

    def _hear_ask(self, told: Told, volunteer_id: int, is_lent: bool) -> None:
        asked_before = self._count_asks("person", volunteer_id)
        about = (told.serial, volunteer_id, self._count_turn("person", told, volunteer_id))
        value = self.habits.volunteer_bias + 0.8 * self.luck.normal("volunteer", volunteer_id)
        value -= 0.05 * _kilometres(self.city.homes[volunteer_id], told.place) + 0.25 * math.log1p(asked_before / 3)
        value += (0.0, 0.4, 1.0)[told.urgency] - 0.4 * is_lent
        is_yes = self.luck.uniform("comes", *about) < logistic(value)
        if not is_yes and self.luck.happens(self.habits.silent, "keeps silent", *about):
            return
        wait = self._lasting(self.habits.volunteer_minutes, 1.0, told, "person", *about)
        at = self._awake(self.now, wait) if told.urgency < 2 else self.now + timedelta(minutes=wait)
        given = Given(is_yes=is_yes, reason="" if is_yes else "work")
        reader = To(Party.VOLUNTEER, str(volunteer_id))
        self._later(
            at,
            "person yes" if is_yes else "person no",
            lambda now: self._answer("join", told.order_id, reader, given, now),
        )

    # the service itself

    def _hear_acceptance(self, told: Told, team_id: int, agreed: Window) -> None:
        luck, mine = self.luck, (told.serial, agreed.starts_at.isoformat())
        self._open_emergencies.discard(told.order_id)
        leader = self.city.leaders[team_id].actor
        ahead = agreed.starts_at - self.now
        if luck.happens(self.habits.withdraws, "withdraws", *mine):
            self._later(self.now + ahead * 0.5, "withdraw", self._if_agreed(told, agreed, lambda now: _drop(
                withdraw_order(told.number, leader, reason="illness", now=now))))  # fmt: skip
        for person in self._crew_of(told):
            if luck.happens(self.habits.falls_out, "falls out", person, *mine):
                self._later(
                    self._awake(self.now + ahead * luck.uniform("when", person, *mine), 0),
                    "person falls out",
                    self._if_agreed(told, agreed, self._falls_out(told, person)),
                )
        if luck.happens(self.habits.no_show, "no show", *mine):
            clerk = self.city.clerks[told.place.town]
            missed = self._if_agreed(
                told, agreed, lambda now: _drop(report_no_show(told.number, clerk, text="没有人来。", now=now))
            )
            self._later(agreed.ends_at + timedelta(minutes=5), "no show", missed)
        if not luck.happens(self.habits.forgets_to_call, "forgets to call", *mine):
            at = min(self._awake(self.now, luck.lasts(120, 0.9, "calls", *mine)), agreed.starts_at)
            self._later(at, "first call", self._if_agreed(told, agreed, self._call(told, leader, agreed)))
        closing = self._awake(agreed.ends_at, luck.lasts(90, 0.8, "closing", *mine))
        self._later(closing, "close", self._if_agreed(told, agreed, self._close(told, leader, agreed)))

    def _if_agreed(self, told: Told, agreed: Window, act: Act) -> Act:
        """Done only if the service still stands as it was agreed."""

        def guarded(now: datetime) -> None:
            order = db.session.get_one(Order, told.order_id)
            stands = order.status == Status.ACCEPTED and order.agreed_start == agreed.starts_at
            db.session.rollback()
            if stands:
                act(now)

        return guarded

    def _falls_out(self, told: Told, person: int) -> Act:
        given, reader = Given(is_yes=False, reason="illness"), To(Party.VOLUNTEER, str(person))
        return lambda now: self._answer("come", told.order_id, reader, given, now)

    def _call(self, told: Told, leader: Actor, agreed: Window) -> Act:
        key = f"sim-call-{told.serial}-{agreed.starts_at.timestamp():.0f}"
        return lambda now: _drop(
            log_call(told.number, leader, contact=Contact.FIRST, outcome=CallOutcome.REACHED, key=key, now=now)
        )

    def _close(self, told: Told, leader: Actor, agreed: Window) -> Act:
        def act(now: datetime) -> None:
            crew = crew_ids(told.order_id)
            db.session.rollback()
            minutes = int((agreed.ends_at - agreed.starts_at) / timedelta(minutes=1))
            served = {
                person: 0 if len(crew) > 1 and self.luck.happens(self.habits.absent, "absent", told.serial, person)
                else minutes
                for person in crew
            }  # fmt: skip
            close_order(
                told.number, leader, actual=agreed, attendance=self.luck.whole(8, 60, "came", told.serial),
                report="按约开展，现场有问有答。", minutes=served, now=now,
            )  # fmt: skip
            if self.luck.happens(self.habits.rates, "rates", told.serial):
                at = self._awake(now, self.luck.lasts(600, 1, "rating", told.serial))
                self._later(at, "rate", self._rate(told))

        return act

    def _rate(self, told: Told) -> Act:
        resident = Actor(Party.RESIDENT, "居民", order_id=told.order_id)
        stars = self.luck.pick((5, 5, 5, 5, 4, 4, 4, 3, 2), "stars", told.serial)
        return lambda now: _drop(
            rate_order(told.number, resident, verdict=Verdict(stars, did_take_place=True), now=now)
        )

    # what they have in common

    def _answer(self, purpose: str, order_id: int, reader: To, given: Given, now: datetime) -> None:
        """By the link of the notice; `gone` where there is nothing to answer any more."""
        path = answer_path(purpose, order_id=order_id, reader=reader, now=now)
        db.session.rollback()
        if not path:
            raise Refused("gone", 410)
        answer_link(path.rpartition("/")[2], given, now)

    def _crew_of(self, told: Told) -> list[int]:
        found = db.session.scalars(
            select(Crew.volunteer_id).where(Crew.order_id == told.order_id).order_by(Crew.volunteer_id)
        )
        people = list(found)
        db.session.rollback()
        return people

    def _count_asks(self, kind: str, who: int) -> int:
        """How often they were asked in the last seven days, this time not counted."""
        asked = self._asked[kind, who]
        while asked and asked[0] <= self.now - timedelta(days=7):
            asked.popleft()
        asked.append(self.now)
        return len(asked) - 1

    def _count_turn(self, kind: str, told: Told, who: int) -> int:
        """How often they were asked about this order before: another day may have another answer."""
        self._turns[kind, told.order_id, who] += 1
        return self._turns[kind, told.order_id, who] - 1

    def _lasting(self, median: float, spread: float, told: Told, *about: object) -> float:
        """Minutes."""
        return self.luck.lasts(median * self.habits.rushed[told.urgency], spread, told.serial, *about)

    def _awake(self, since: datetime, minutes: float) -> datetime:
        """So many minutes of waking time later."""
        return _within(since, minutes, _WAKES, _SLEEPS, works_all_days=True)

    def _office(self, since: datetime, minutes: float, told: Told) -> datetime:
        """So many office minutes later; about an emergency somebody is there at any hour."""
        if told.urgency == 2:
            return since + timedelta(minutes=minutes)
        return _within(since, minutes, _OPENS, _SHUTS, works_all_days=False)


def _within(since: datetime, minutes: float, opens: time, shuts: time, *, works_all_days: bool) -> datetime:
    left, at = timedelta(minutes=minutes), since.astimezone(CITY_TIME)
    while True:
        start = max(at, datetime.combine(at.date(), opens, CITY_TIME))
        end = datetime.combine(at.date(), shuts, CITY_TIME)
        if (works_all_days or _is_workday(at.date())) and start < end:
            if start + left <= end:
                return (start + left).astimezone(UTC)
            left -= end - start
        at = datetime.combine(at.date() + timedelta(days=1), time(), CITY_TIME)


def _is_workday(day: date) -> bool:
    return day.weekday() < 5


def _kilometres(home: Place, place: Place) -> float:
    if home.town == place.town:
        return 3.0
    if home.at is None or place.at is None:
        return 12.0
    east = (home.at[0] - place.at[0]) * 111.2 * math.cos(math.radians(38))
    north = (home.at[1] - place.at[1]) * 111.2
    return 1.35 * math.hypot(east, north)


def _aware(moment: datetime) -> datetime:
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _drop(_outcome: object) -> None:
    """A step's outcome is of no interest to whoever took it here."""
