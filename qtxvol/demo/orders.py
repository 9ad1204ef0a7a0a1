"""The orders of the demo city: how their stories go, how many of each kind, and playing them in order of time.

A story is told backwards, from the step at which it shall stand today; the steps of all stories are then
played from the oldest to the newest, so that nobody is booked twice and every chain of events is in order.
"""

import random
from collections import Counter
from dataclasses import dataclass
from datetime import datetime, time, timedelta

from qtxvol.base import CITY_TIME
from qtxvol.demo import words
from qtxvol.demo.acts import Act, Acts, Story, slot_on
from qtxvol.demo.parties import HOME, STREET, City
from qtxvol.demo.wishes import Inventor
from qtxvol.demo.words import FreeWish
from qtxvol.orders.lifecycle import Status
from qtxvol.orders.windows import Window
from qtxvol.storage import transaction

#: How many of a hundred orders end up where; the rest is closed.
SHARES = {
    Status.PLACED: 8,
    Status.DISPATCHED: 7,
    Status.CLAIMED: 7,
    Status.ACCEPTED: 8,
    Status.REJECTED: 3,
    Status.MERGED: 3,
    Status.CANCELLED: 4,
    Status.UNMET: 1,
}
#: The orders go back so far.
DAYS = 150
#: Steps that are committed together: fewer commits are faster, a bounded session stays fast.
BATCH = 150

_STARS, _STAR_WEIGHTS = (5, 4, 3, 2, 1), (54, 29, 11, 4, 2)
#: Detours of a hundred closed orders.
_DETOURS = {"rescheduled": 7, "withdrawn": 5, "no_show": 4, "reopened": 4, "": 80}


@dataclass(frozen=True, slots=True)
class Step:
    """Something that will happen. Sorted by `at`; `serial` keeps the order in which equal times were told."""

    at: datetime
    serial: int
    story: Story
    act: Act


class Playwright:
    """Tells stories: `tell_…` adds the steps of one that stands at that status today."""

    def __init__(self, city: City, acts: Acts, rng: random.Random, now: datetime) -> None:
        self._acts = acts
        self._city = city
        self._rng = rng
        self._now = now
        self.steps: list[Step] = []
        self.told: Counter[Status] = Counter()
        #: Stories that others can be merged into: from when until when.
        self.hosts: list[tuple[Story, datetime, datetime]] = []

    def add(self, at: datetime, story: Story, act: Act) -> None:
        """:raise ValueError: in the future."""
        if at > self._now:
            raise ValueError(f"{at} lies ahead of {self._now}")
        self.steps.append(Step(at, len(self.steps), story, act))

    def play(self) -> None:
        """Let everything happen, oldest first, a batch per transaction (the services join it)."""
        steps = sorted(self.steps, key=lambda step: (step.at, step.serial))
        for start in range(0, len(steps), BATCH):
            with transaction():
                for step in steps[start : start + BATCH]:
                    step.act(step.story, step.at)

    # stories that are still open

    def tell_placed(self, story: Story, hours: float, *, is_asked: bool = False, is_returned: bool = False) -> None:
        """Waits for the community since so many hours.

        :param is_returned: by two departments, so that the office may rule.
        """
        self.told[Status.PLACED] += 1
        thread = self._thread(story, hours)
        if is_asked:
            thread.now(self._acts.question)
            thread.placed()
        elif is_returned:
            thread.now(self._acts.give_back)
            thread.before(2, 9, self._acts.dispatch)
            thread.before(4, 16, self._acts.give_back)
            thread.before(1, 9, self._acts.dispatch)
            thread.placed()
        else:
            thread.now(self._acts.place)

    def tell_dispatched(self, story: Story, hours: float, *, is_ruled: bool = False) -> None:
        """Waits for the department."""
        self.told[Status.DISPATCHED] += 1
        thread = self._thread(story, hours)
        if is_ruled:
            thread.now(self._acts.rule)
            thread.ruled()
        else:
            thread.now(self._acts.dispatch)
            thread.placed()

    def tell_claimed(self, story: Story, hours: float, *, then: Act | None = None) -> None:
        """Waits for a team; `then` has happened since it was claimed (an offer)."""
        self.told[Status.CLAIMED] += 1
        thread = self._thread(story, hours)
        if then:
            thread.now(then)
            thread.before(0.2, 3, self._acts.claim)
        else:
            thread.now(self._acts.claim)
        thread.dispatched()
        self._may_host(story, thread.at, self._now)

    def tell_given_up_by_team(self, story: Story, hours: float, *, is_no_show: bool) -> None:
        """Waits for another team, after one has withdrawn or did not come."""
        self.told[Status.CLAIMED] += 1
        thread = self._thread(story, hours)
        self._before_second_team(thread, is_no_show=is_no_show, is_now=True)

    def tell_reopened(self, story: Story, hours: float) -> None:
        """Waits for a team again, after the resident had objected."""
        self.told[Status.CLAIMED] += 1
        thread = self._thread(story, hours)
        thread.now(self._acts.reopen)
        self._before_reopening(thread)

    def tell_accepted(self, story: Story, slot: Window) -> None:
        """A team has taken it for `slot`, which may lie behind: then it waits to be closed."""
        self.told[Status.ACCEPTED] += 1
        lead = self._rng.uniform(20, 60)
        last = min(slot.starts_at - timedelta(hours=lead), self._now - timedelta(hours=self._rng.uniform(1, 40)))
        thread = _Thread(self, story, self._awake(last))
        story.slots = [slot]
        thread.now(self._acts.accepting(slot))
        thread.claimed(is_offered=self._rng.random() < 0.5)
        self._may_host(story, thread.at, min(slot.starts_at, self._now))

    # closed ones

    def tell_closed(self, story: Story, slot: Window, *, stars: int | None = None, detour: str = "") -> None:
        """Served in `slot`; `stars` None: not rated.

        :param detour: one of `_DETOURS`.
        """
        self.told[Status.CLOSED] += 1
        rng, acts = self._rng, self._acts
        self._finish(story, slot, stars)
        thread = _Thread(self, story, self._awake(slot.starts_at - timedelta(hours=rng.uniform(26, 110))))
        story.slots = [slot]
        if detour == "rescheduled":
            back = timedelta(days=rng.choice((1, 2)))
            first = Window(slot.starts_at - back, slot.ends_at - back)
            thread.at = self._awake(first.starts_at - timedelta(hours=rng.uniform(4, 20)))
            story.slots = [first, slot]
            thread.now(acts.rescheduling(slot))
            thread.before(10, 60, acts.accepting(first, slot))
        else:
            thread.now(acts.accepting(slot))
        if detour in ("withdrawn", "no_show"):
            self._before_second_team(thread, is_no_show=detour == "no_show", is_now=False)
        elif detour == "reopened":
            thread.before(5, 30, acts.reopen)
            self._before_reopening(thread)
        else:
            thread.claimed(is_offered=rng.random() < 0.5)
            self._may_host(story, thread.at, min(slot.starts_at for slot in story.slots))

    def _finish(self, story: Story, slot: Window, stars: int | None) -> None:
        """Close, rate, call back. A rating or a call that would lie ahead has not come yet."""
        rng = self._rng
        hours = rng.uniform(26, 50) if rng.random() < 0.08 else rng.uniform(0.6, 20)
        latest = self._now - timedelta(minutes=rng.uniform(3, 25))
        closed = max(slot.ends_at, min(self._waking(slot.ends_at + timedelta(hours=hours)), latest))
        self.add(closed, story, self._acts.close)
        rated = self._waking(closed + timedelta(hours=rng.uniform(1, 70)))
        if stars is not None and rated < self._now:
            self.add(rated, story, self._acts.rating(stars))
            called = self._waking(rated + timedelta(hours=rng.uniform(16, 70)))
            if stars <= 2 and called < self._now - timedelta(days=6):
                self.add(called, story, self._acts.call_back)

    def _before_second_team(self, thread: "_Thread", *, is_no_show: bool, is_now: bool) -> None:
        """What came before the order waited for a team again."""
        rng, acts = self._rng, self._acts
        leave: Act = acts.no_show if is_no_show else acts.withdraw
        if is_now:
            thread.now(leave)
        else:
            thread.before(5, 40, leave)
        day = thread.at.astimezone(CITY_TIME).date()
        if is_no_show:
            missed = self.last_slot(thread.at - timedelta(minutes=30), thread.story.request.duration)
            thread.at = missed.starts_at
        else:
            missed = slot_on(day + timedelta(days=rng.randint(1, 3)), rng, thread.story.request.duration)
        thread.story.slots = [missed, *thread.story.slots]
        thread.before(20, 60, acts.accepting(missed))
        thread.claimed(is_offered=True)

    def _before_reopening(self, thread: "_Thread") -> None:
        """The first service, its bad rating, and all before."""
        acts = self._acts
        thread.before(3, 30, acts.rating(self._rng.choice((1, 2))))
        thread.before(3, 24, acts.close)
        first = self.last_slot(thread.at - timedelta(minutes=20), thread.story.request.duration)
        thread.story.slots = [first, *thread.story.slots]
        thread.at = first.starts_at
        thread.before(24, 80, acts.accepting(first))
        thread.claimed(is_offered=False)

    # those that end without a service

    def tell_rejected(self, story: Story, days: float) -> None:
        self.told[Status.REJECTED] += 1
        thread = self._thread(story, days * 24)
        thread.now(self._acts.reject)
        thread.placed()

    def tell_cancelled(self, story: Story, days: float, *, since: Status) -> None:
        """Taken back while it stood at `since`."""
        self.told[Status.CANCELLED] += 1
        thread = self._thread(story, days * 24)
        thread.now(self._acts.cancel)
        if since is Status.PLACED:
            thread.placed()
        elif since is Status.DISPATCHED:
            thread.dispatched()
        elif since is Status.CLAIMED:
            thread.claimed(is_offered=False)
        else:
            day = thread.at.astimezone(CITY_TIME).date() + timedelta(days=self._rng.randint(2, 5))
            slot = slot_on(day, self._rng, story.request.duration)
            story.slots = [slot]
            thread.before(5, 30, self._acts.accepting(slot))
            thread.claimed(is_offered=False)

    def tell_unmet(self, story: Story, days: float) -> None:
        self.told[Status.UNMET] += 1
        thread = self._thread(story, days * 24)
        thread.now(self._acts.give_up)
        thread.before(60, 130, self._acts.offer)
        thread.claimed(is_offered=False)

    def tell_merged(self, story: Story, host: Story, since: datetime, until: datetime, *, is_rated: bool) -> None:
        """Placed after `since` and merged into `host` before `until`; wished for the same times."""
        self.told[Status.MERGED] += 1
        story.slots = list(host.slots)
        placed = since + (until - since) * self._rng.uniform(0.1, 0.4)
        merged = placed + (until - placed) * self._rng.uniform(0.1, 0.6)
        self.add(placed, story, self._acts.place)
        self.add(merged, story, self._acts.merging(host))
        closed = [step.at for step in self.steps if step.story is host and step.act == self._acts.close]
        rated = self._waking(max(closed) + timedelta(hours=self._rng.uniform(3, 60))) if closed else self._now
        if is_rated and rated < self._now:
            self.add(rated, story, self._acts.rating(self._rng.choice((4, 5))))

    # times

    def last_slot(self, before: datetime, minutes: int) -> Window:
        """The latest time of day, on the half hour between 8:30 and 19:00, that ends before."""
        local = (before - timedelta(minutes=minutes)).astimezone(CITY_TIME)
        if local.time() < time(8, 30):
            local = datetime.combine(local.date() - timedelta(days=1), time(19), CITY_TIME)
        local = min(local, datetime.combine(local.date(), time(19), CITY_TIME))
        start = local.replace(minute=local.minute // 30 * 30, second=0, microsecond=0)
        return Window(start, start + timedelta(minutes=minutes))

    def day_slot(self, days: int, minutes: int) -> Window:
        """A time so many days from today."""
        return slot_on(self._now.astimezone(CITY_TIME).date() + timedelta(days=days), self._rng, minutes)

    def _awake(self, at: datetime, opens: time = time(8, 30), shuts: time = time(18)) -> datetime:
        """`at`, or the end of the working day before it."""
        local = at.astimezone(CITY_TIME)
        if opens <= local.time() <= shuts:
            return at
        day = local.date() if local.time() > shuts else local.date() - timedelta(days=1)
        return datetime.combine(day, shuts, CITY_TIME) - timedelta(minutes=self._rng.uniform(1, 90))

    def _waking(self, at: datetime) -> datetime:
        """`at`, or the morning after it."""
        local = at.astimezone(CITY_TIME)
        if time(7, 30) <= local.time() <= time(21, 30):
            return at
        day = local.date() if local.time() < time(7, 30) else local.date() + timedelta(days=1)
        return datetime.combine(day, time(7, 45), CITY_TIME) + timedelta(minutes=self._rng.uniform(1, 120))

    def _thread(self, story: Story, hours: float) -> "_Thread":
        return _Thread(self, story, self._awake(self._now - timedelta(hours=hours)))

    def _may_host(self, story: Story, since: datetime, until: datetime) -> None:
        if until - since > timedelta(hours=8):
            self.hosts.append((story, since + timedelta(minutes=30), until - timedelta(minutes=30)))


class _Thread:
    """One story on its way back in time; `at` is the moment of the step told last."""

    def __init__(self, writer: Playwright, story: Story, at: datetime) -> None:
        self._writer = writer
        self._acts = writer._acts
        self._rng = writer._rng
        self.story = story
        self.at = at

    def now(self, act: Act) -> None:
        self._writer.add(self.at, self.story, act)

    def before(self, low: float, high: float, act: Act) -> None:
        """`act` happened so many hours before the step told last, on a working day's hours."""
        self.at = self._writer._awake(self.at - timedelta(hours=self._rng.uniform(low, high)))
        self.now(act)

    def claimed(self, *, is_offered: bool) -> None:
        """Claimed, perhaps offered since, and all before."""
        if is_offered:
            self.before(0.5, 20, self._acts.offer)
        self.before(0.3, 6, self._acts.claim)
        self.dispatched()

    def dispatched(self) -> None:
        """Dispatched, by a detour or straight, and all before."""
        if len(self.story.route) > 1:
            self._detour()
            return
        self.before(0.5, 14, self._acts.dispatch)
        self.placed()

    def _detour(self) -> None:
        acts, is_released = self._acts, self.story.route[0] == self.story.route[1]
        self.before(0.5, 9, acts.dispatch)
        self.before(0.5, 14, acts.release if is_released else acts.give_back)
        if is_released:
            self.before(1, 30, acts.claim)
        self.before(0.5, 14, acts.dispatch)
        self.placed()

    def ruled(self) -> None:
        """Returned by two departments, and all before."""
        self.before(3, 20, self._acts.give_back)
        self.before(0.5, 9, self._acts.dispatch)
        self.before(1, 14, self._acts.give_back)
        self.before(0.5, 9, self._acts.dispatch)
        self.placed()

    def placed(self) -> None:
        """Placed, perhaps asked and answered since."""
        if self._rng.random() < 0.12:
            self.before(0.3, 4, self._acts.answer)
            self.before(0.5, 12, self._acts.question)
        hours = self._rng.uniform(24, 40) if self._rng.random() < 0.08 else self._rng.uniform(0.3, 9)
        self.at = self._writer._awake(self.at - timedelta(hours=hours), time(7), time(22))
        self.now(self._acts.place)


class Repertoire:
    """Which stories the city has: some for the six demo accounts by name, the rest by chance."""

    def __init__(self, city: City, inventor: Inventor, writer: Playwright, rng: random.Random) -> None:
        self._city = city
        self._inventor = inventor
        self._writer = writer
        self._rng = rng

    def fill(self, orders: int) -> None:
        """:raise ValueError: fewer than the demo accounts need."""
        self._tell_featured()
        told, fewest = self._writer.told, self._writer.told.total()
        if orders < fewest:
            raise ValueError(f"the demo accounts need {fewest} orders, {orders} are too few")
        for status, share in SHARES.items():
            for _ in range(min(round(orders * share / 100) - told[status], orders - told.total())):
                self._tell_some(status)
        while told.total() < orders:
            self._tell_some(Status.CLOSED)

    # chance

    def _tell_some(self, status: Status) -> None:
        rng, writer = self._rng, self._writer
        is_late = rng.random() < 0.14
        match status:
            case Status.PLACED:
                writer.tell_placed(self._story(), rng.uniform(26, 60) if is_late else rng.uniform(0.3, 9))
            case Status.DISPATCHED:
                writer.tell_dispatched(self._story(), rng.uniform(26, 60) if is_late else rng.uniform(0.3, 9))
            case Status.CLAIMED:
                then = rng.choice((None, writer._acts.offer, writer._acts.hand))
                writer.tell_claimed(self._story(), rng.uniform(50, 100) if is_late else rng.uniform(0.5, 30), then=then)
            case Status.ACCEPTED:
                story = self._story()
                days = -rng.randint(2, 5) if is_late else rng.randint(1, 12)
                writer.tell_accepted(story, writer.day_slot(days, story.request.duration))
            case Status.REJECTED:
                writer.tell_rejected(self._rejectable(), rng.uniform(1, DAYS - 10))
            case Status.CANCELLED:
                since = rng.choice((Status.PLACED, Status.DISPATCHED, Status.CLAIMED, Status.ACCEPTED))
                writer.tell_cancelled(self._story(), rng.uniform(1, DAYS - 20), since=since)
            case Status.MERGED:
                self._tell_merged(None)
            case Status.UNMET:
                writer.tell_unmet(self._story(), rng.uniform(10, DAYS - 30))
            case Status.CLOSED:
                self._tell_closed()

    def _tell_closed(self) -> None:
        rng = self._rng
        story = self._story(has_detour=True)
        story.has_pictures = rng.random() < 0.16
        days = -round(rng.triangular(2, DAYS - 12, 8))
        detour = rng.choices(list(_DETOURS), list(_DETOURS.values()))[0] if len(story.route) == 1 else ""
        stars = rng.choices(_STARS, _STAR_WEIGHTS)[0] if rng.random() < 0.78 else None
        slot = self._writer.day_slot(days, story.request.duration)
        self._writer.tell_closed(story, slot, stars=stars, detour=detour)

    def _tell_merged(self, placer_home: Story | None) -> None:
        """A wish that somebody else has already: into a random host, or into this one by the account `resident`."""
        hosts = [each for each in self._writer.hosts if placer_home in (None, each[0])]
        host, since, until = self._rng.choice(hosts)
        wanted = host.request
        free = None if wanted.item else FreeWish(wanted.audience, wanted.department_id, wanted.text)
        item_id = wanted.item.id if wanted.item else None
        story = self._story(item_id, division_code=wanted.division_code, free=free, is_by_phone=False)
        if placer_home:
            story.placer = self._city.resident
        self._writer.tell_merged(story, host, since, until, is_rated=self._rng.random() < 0.6)

    def _story(
        self,
        item_id: str | None = None,
        *,
        has_detour: bool = False,
        division_code: str | None = None,
        free: FreeWish | None = None,
        is_by_phone: bool | None = None,
        town: str | None = None,
    ) -> Story:
        request = self._inventor.request(
            item_id, division_code=division_code, free=free, is_by_phone=is_by_phone, town=town
        )
        story = Story(request, [request.department_id])
        chance = self._rng.random() if has_detour else 1.0
        if chance < 0.07:
            story.route = [self._other(request.department_id), request.department_id]
        elif chance < 0.10:
            story.route = [request.department_id, request.department_id]
        return story

    def _other(self, department_id: str) -> str:
        return self._rng.choice([unit for unit in sorted(self._city.liaisons) if unit != department_id])

    def _rejectable(self, placed_by_resident: bool = False) -> Story:
        texts = [wish for _, _, wish in words.REJECTIONS]
        text = texts[0] if placed_by_resident else self._rng.choice(texts)
        free = FreeWish("residents", "cast", text)
        return self._story(free=free, is_by_phone=False, division_code=HOME if placed_by_resident else None)

    # the six demo accounts

    def _mine(self, item_id: str, *, with_team: bool = False, with_helper: bool = False) -> Story:
        """By the account `resident`, in its own community."""
        story = self._story(item_id, division_code=HOME, is_by_phone=False)
        story.placer = self._city.resident
        return self._with(story, with_team=with_team or with_helper, with_helper=with_helper)

    def _near(
        self, item_id: str, *, with_team: bool = False, with_helper: bool = False, is_by_phone: bool = False
    ) -> Story:
        """By somebody in the street of the account `community`."""
        story = self._story(item_id, town=STREET, is_by_phone=is_by_phone)
        return self._with(story, with_team=with_team or with_helper, with_helper=with_helper)

    def _with(self, story: Story, *, with_team: bool, with_helper: bool) -> Story:
        story.team = self._city.teams[0] if with_team else None
        story.with_helper = with_helper
        return story

    def _tell_featured(self) -> None:
        """Several orders in every tab of the desks of `resident`, `community`, `department`, `team`, `volunteer`."""
        self._tell_own_orders()
        self._tell_neighbours()
        self._tell_services()
        self._tell_troubles()

    def _tell_own_orders(self) -> None:
        tell, acts = self._writer, self._writer._acts
        tell.tell_placed(self._mine("S54"), 1.5)
        tell.tell_placed(self._mine("S07"), 5, is_asked=True)
        tell.tell_dispatched(self._mine("S06"), 3)
        tell.tell_claimed(self._mine("S11", with_team=True), 6, then=acts.offer)
        tell.tell_accepted(self._mine("S05", with_helper=True), tell.day_slot(3, 60))
        tell.tell_accepted(self._mine("S09", with_helper=True), tell.last_slot(self._just_now(10), 60))
        closed = self._mine("S05", with_helper=True)
        closed.has_pictures = True
        tell.tell_closed(closed, tell.day_slot(-40, 60), stars=5)
        tell.tell_closed(self._mine("S07", with_helper=True), tell.day_slot(-2, 60))
        tell.tell_closed(self._mine("S06", with_team=True), tell.day_slot(-6, 60), stars=2)
        tell.tell_cancelled(self._mine("S54"), 20, since=Status.DISPATCHED)
        rejected = self._rejectable(placed_by_resident=True)
        rejected.placer = self._city.resident
        tell.tell_rejected(rejected, 33)
        host = self._story("S05", division_code=HOME, is_by_phone=False)
        host.team = self._city.teams[0]
        tell.tell_claimed(host, 20, then=acts.hand)
        self._tell_merged(host)

    def _tell_neighbours(self) -> None:
        tell, acts = self._writer, self._writer._acts
        tell.tell_placed(self._near("S05", is_by_phone=True), 0.8)
        tell.tell_placed(self._near("S01", is_by_phone=True), 4)
        tell.tell_placed(self._near("S10"), 30)
        tell.tell_dispatched(self._near("S54", is_by_phone=True), 4)
        tell.tell_dispatched(self._near("S07"), 40)
        tell.tell_claimed(self._near("S54"), 20)
        tell.tell_claimed(self._near("S07", with_team=True), 9, then=acts.hand)
        tell.tell_claimed(self._near("S10"), 70)
        tell.tell_accepted(self._near("S54", with_helper=True), tell.day_slot(6, 60))
        tell.tell_accepted(self._near("S24", with_team=True), tell.day_slot(2, 60))
        tell.tell_accepted(self._near("S06", with_team=True), tell.last_slot(self._just_now(150), 60))
        tell.tell_accepted(self._near("S03"), tell.day_slot(-3, 60))

    def _tell_services(self) -> None:
        tell = self._writer
        for item_id, days, stars in (("S05", -12, 5), ("S11", -26, 4), ("S54", -61, 5), ("S09", -93, None)):
            story = self._near(item_id, with_helper=True, is_by_phone=days == -26)
            story.has_pictures = days == -12
            tell.tell_closed(story, tell.day_slot(days, story.request.duration), stars=stars)
        tell.tell_closed(self._near("S06", with_team=True), tell.day_slot(-5, 60), stars=2)
        tell.tell_closed(self._near("S01"), tell.day_slot(-6, 90), stars=1)

    def _tell_troubles(self) -> None:
        tell = self._writer
        twice = self._near("S12", is_by_phone=True)
        twice.route = ["civil_affairs", "health"]
        tell.tell_placed(twice, 5, is_returned=True)
        free = self._story(free=words.FREE_WISHES[0], town=STREET, is_by_phone=False)
        free.route = ["civil_affairs", "health"]
        tell.tell_placed(free, 9, is_returned=True)
        for hours, town in ((3, STREET), (20, None)):
            ruled = self._story("S12", town=town)
            ruled.route = ["civil_affairs", "health"]
            tell.tell_dispatched(ruled, hours, is_ruled=True)
        tell.tell_given_up_by_team(self._near("S06"), 4, is_no_show=True)
        tell.tell_given_up_by_team(self._near("S05"), 8, is_no_show=False)
        tell.tell_reopened(self._near("S54"), 7)
        tell.tell_unmet(self._story(free=words.FREE_WISHES[4], is_by_phone=False), 35)

    def _just_now(self, minutes: int) -> datetime:
        return self._writer._now - timedelta(minutes=minutes)


def make_orders(city: City, inventor: Inventor, rng: random.Random, now: datetime, orders: int) -> None:
    """Tell and play so many orders through the real services.

    :raise ValueError: too few orders for the demo accounts.
    """
    writer = Playwright(city, Acts(city, rng), rng, now)
    Repertoire(city, inventor, writer, rng).fill(orders)
    writer.play()
