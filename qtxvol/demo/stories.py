"""How the stories of the demo city go. A story is told backwards, from the step at which it stands today; the
steps of all stories are then played from the oldest to the newest, so that nobody is booked twice and every chain
of events is in order.
"""

import random
from collections import Counter
from dataclasses import dataclass
from datetime import datetime, time, timedelta

from qtxvol.base import CITY_TIME
from qtxvol.demo.acts import Act, Acts, Story, slot_on
from qtxvol.orders.lifecycle import Status
from qtxvol.orders.windows import Window
from qtxvol.storage import transaction

#: Steps that are committed together: fewer commits are faster, a bounded session stays fast.
BATCH = 150


@dataclass(frozen=True, slots=True)
class Step:
    """Something that will happen. Sorted by `at`; `serial` keeps the order in which equal times were told."""

    at: datetime
    serial: int
    story: Story
    act: Act


class Playwright:
    """Tells stories: `tell_…` adds the steps of one that stands at that status today."""

    def __init__(self, acts: Acts, rng: random.Random, now: datetime) -> None:
        self.acts = acts
        self._rng = rng
        self.now = now
        self.steps: list[Step] = []
        self.told: Counter[Status] = Counter()
        #: Stories that others can be merged into: from when until when.
        self.hosts: list[tuple[Story, datetime, datetime]] = []

    def add(self, at: datetime, story: Story, act: Act) -> None:
        """:raise ValueError: in the future."""
        if at > self.now:
            raise ValueError(f"{at} lies ahead of {self.now}")
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
            thread.do(self.acts.question)
            thread.placed()
        elif is_returned:
            thread.do(self.acts.give_back)
            thread.before(2, 9, self.acts.dispatch)
            thread.before(4, 16, self.acts.give_back)
            thread.before(1, 9, self.acts.dispatch)
            thread.placed()
        else:
            thread.do(self.acts.place)

    def tell_dispatched(self, story: Story, hours: float, *, is_ruled: bool = False) -> None:
        """Waits for the department."""
        self.told[Status.DISPATCHED] += 1
        thread = self._thread(story, hours)
        if is_ruled:
            thread.do(self.acts.rule)
            thread.ruled()
        else:
            thread.do(self.acts.dispatch)
            thread.placed()

    def tell_rerouted(self, story: Story, hours: float) -> None:
        """Waits for the second department on its route, since the first did not claim it."""
        self.told[Status.DISPATCHED] += 1
        thread = self._thread(story, hours)
        thread.do(self.acts.reroute)
        thread.before(74, 100, self.acts.dispatch)
        thread.placed()

    def tell_claimed(self, story: Story, hours: float, *, then: Act | None = None) -> None:
        """Waits for a team; `then` has happened since it was claimed (an offer)."""
        self.told[Status.CLAIMED] += 1
        thread = self._thread(story, hours)
        if then:
            thread.do(then)
            thread.before(0.2, 3, self.acts.claim)
        else:
            thread.do(self.acts.claim)
        thread.dispatched()
        self._may_host(story, thread.at, self.now)

    def tell_given_up_by_team(self, story: Story, hours: float, *, is_no_show: bool) -> None:
        """Waits for another team, after one has withdrawn or did not come."""
        self.told[Status.CLAIMED] += 1
        thread = self._thread(story, hours)
        self._before_second_team(thread, is_no_show=is_no_show, is_now=True)

    def tell_lapsed(self, story: Story, hours: float) -> None:
        """Waits for another team, since the first never called."""
        self.told[Status.CLAIMED] += 1
        thread = self._thread(story, hours)
        slot = self.day_slot(5, story.request.duration)
        story.slots = [slot]
        thread.do(self.acts.lapse)
        thread.before(49, 60, self.acts.accepting(slot))
        thread.claimed(is_offered=True)

    def tell_reopened(self, story: Story, hours: float) -> None:
        """Waits for a team again, after the resident had objected."""
        self.told[Status.CLAIMED] += 1
        thread = self._thread(story, hours)
        thread.do(self.acts.reopen)
        self._before_reopening(thread)

    def tell_accepted(self, story: Story, slot: Window) -> None:
        """A team has taken it for `slot`, which may lie behind: then it waits to be closed."""
        self.told[Status.ACCEPTED] += 1
        lead = self._rng.uniform(20, 60)
        last = min(slot.starts_at - timedelta(hours=lead), self.now - timedelta(hours=self._rng.uniform(1, 40)))
        thread = _Thread(self, story, self.awake(last))
        story.slots = [slot]
        thread.do(self.acts.accepting(slot))
        if story.with_helper:
            self.add(thread.at + timedelta(minutes=40), story, self.acts.first_call)
        thread.claimed(is_offered=self._rng.random() < 0.5)
        self._may_host(story, thread.at, min(slot.starts_at, self.now))

    # closed ones

    def tell_closed(self, story: Story, slot: Window, *, stars: int | None = None, detour: str = "") -> None:
        """Served in `slot`; `stars` None: not rated.

        :param detour: rescheduled, withdrawn, no_show, reopened, or none.
        """
        self.told[Status.CLOSED] += 1
        rng, acts = self._rng, self.acts
        self._finish(story, slot, stars)
        thread = _Thread(self, story, self.awake(slot.starts_at - timedelta(hours=rng.uniform(26, 110))))
        story.slots = [slot]
        if detour == "rescheduled":
            back = timedelta(days=rng.choice((1, 2)))
            first = Window(slot.starts_at - back, slot.ends_at - back)
            thread.at = self.awake(first.starts_at - timedelta(hours=rng.uniform(4, 20)))
            story.slots = [first, slot]
            thread.do(acts.rescheduling(slot))
            thread.before(10, 60, acts.accepting(first, slot))
        else:
            thread.do(acts.accepting(slot))
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
        latest = self.now - timedelta(minutes=rng.uniform(3, 25))
        closed = max(slot.ends_at, min(self._waking(slot.ends_at + timedelta(hours=hours)), latest))
        self.add(closed, story, self.acts.close)
        rated = self._waking(closed + timedelta(hours=rng.uniform(1, 70)))
        if stars is not None and rated < self.now:
            self.add(rated, story, self.acts.rating(stars))
            called = self._waking(rated + timedelta(hours=rng.uniform(16, 70)))
            if stars <= 2 and called < self.now - timedelta(days=6):
                self.add(called, story, self.acts.call_back)

    def _before_second_team(self, thread: "_Thread", *, is_no_show: bool, is_now: bool) -> None:
        """What came before the order waited for a team again."""
        rng, acts = self._rng, self.acts
        leave: Act = acts.no_show if is_no_show else acts.withdraw
        if is_now:
            thread.do(leave)
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
        acts = self.acts
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
        thread.do(self.acts.reject)
        thread.placed()

    def tell_cancelled(self, story: Story, days: float, *, since: Status) -> None:
        """Taken back while it stood at `since`."""
        self.told[Status.CANCELLED] += 1
        thread = self._thread(story, days * 24)
        thread.do(self.acts.cancel)
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
            thread.before(5, 30, self.acts.accepting(slot))
            thread.claimed(is_offered=False)

    def tell_unmet(self, story: Story, days: float) -> None:
        self.told[Status.UNMET] += 1
        thread = self._thread(story, days * 24)
        thread.do(self.acts.give_up)
        thread.before(60, 130, self.acts.offer)
        thread.claimed(is_offered=False)

    def tell_unreachable(self, story: Story, days: float) -> None:
        """Called on two days in vain, and ended so many days ago."""
        self.told[Status.UNREACHABLE] += 1
        thread = self._thread(story, days * 24)
        thread.do(self.acts.end_unreachable)
        thread.before(0.2, 2, self.acts.call_in_vain)
        thread.before(24, 30, self.acts.call_in_vain)
        thread.before(2, 4, self.acts.call_in_vain)
        thread.dispatched()

    def tell_merged(self, story: Story, host: Story, since: datetime, until: datetime, *, is_rated: bool) -> None:
        """Placed after `since` and merged into `host` before `until`; wished for the same times."""
        self.told[Status.MERGED] += 1
        story.slots = list(host.slots)
        placed = since + (until - since) * self._rng.uniform(0.1, 0.4)
        merged = placed + (until - placed) * self._rng.uniform(0.1, 0.6)
        self.add(placed, story, self.acts.place)
        self.add(merged, story, self.acts.merging(host))
        closed = [step.at for step in self.steps if step.story is host and step.act == self.acts.close]
        rated = self._waking(max(closed) + timedelta(hours=self._rng.uniform(3, 60))) if closed else self.now
        if is_rated and rated < self.now:
            self.add(rated, story, self.acts.rating(self._rng.choice((4, 5))))

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
        return slot_on(self.now.astimezone(CITY_TIME).date() + timedelta(days=days), self._rng, minutes)

    def awake(self, at: datetime, opens: time = time(8, 30), shuts: time = time(18)) -> datetime:
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
        return _Thread(self, story, self.awake(self.now - timedelta(hours=hours)))

    def _may_host(self, story: Story, since: datetime, until: datetime) -> None:
        if until - since > timedelta(hours=8):
            self.hosts.append((story, since + timedelta(minutes=30), until - timedelta(minutes=30)))


class _Thread:
    """One story on its way back in time; `at` is the moment of the step told last."""

    def __init__(self, writer: Playwright, story: Story, at: datetime) -> None:
        self._writer = writer
        self._acts = writer.acts
        self._rng = writer._rng
        self.story = story
        self.at = at

    def do(self, act: Act) -> None:
        self._writer.add(self.at, self.story, act)

    def before(self, low: float, high: float, act: Act) -> None:
        """`act` happened so many hours before the step told last, on a working day's hours."""
        self.at = self._writer.awake(self.at - timedelta(hours=self._rng.uniform(low, high)))
        self.do(act)

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
        self.at = self._writer.awake(self.at - timedelta(hours=hours), time(7), time(22))
        self.do(self._acts.place)
