"""Which orders the demo city has, and how many of each kind: some for the six demo accounts, the rest by chance."""

import random
from dataclasses import replace
from datetime import datetime, timedelta

from qtxvol.demo import words
from qtxvol.demo.acts import Acts, Story
from qtxvol.demo.parties import HOME, STREET, City
from qtxvol.demo.stories import Playwright
from qtxvol.demo.wishes import Inventor
from qtxvol.demo.words import FreeWish
from qtxvol.orders.ladder import climb
from qtxvol.orders.lifecycle import Status

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
    Status.UNREACHABLE: 1,
}
#: The orders go back so far.
DAYS = 150

_STARS, _STAR_WEIGHTS = (5, 4, 3, 2, 1), (54, 29, 11, 4, 2)
#: Detours of a hundred closed orders.
_DETOURS = {"rescheduled": 7, "withdrawn": 5, "no_show": 4, "reopened": 4, "": 80}


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
                then = rng.choice((None, writer.acts.offer, writer.acts.hand))
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
            case Status.UNREACHABLE:
                writer.tell_unreachable(self._story(is_by_phone=False), rng.uniform(4, 60))
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
        tell, acts = self._writer, self._writer.acts
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
        tell, acts = self._writer, self._writer.acts
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
        ruled = self._near("S12")
        ruled.route = ["civil_affairs", "health"]
        tell.tell_dispatched(ruled, 3, is_ruled=True)
        moved_on = self._near("S12")
        moved_on.route = ["civil_affairs", "health"]
        tell.tell_rerouted(moved_on, 2)
        tell.tell_lapsed(self._near("S54"), 3)
        tell.tell_given_up_by_team(self._near("S06", with_helper=True), 4, is_no_show=True)
        tell.tell_given_up_by_team(self._near("S05"), 8, is_no_show=False)
        tell.tell_reopened(self._near("S54"), 7)
        tell.tell_unmet(self._story(free=words.FREE_WISHES[4], is_by_phone=False), 35)
        tell.tell_unreachable(self._near("S06"), 6)
        self._tell_double()

    def _tell_double(self) -> None:
        """The same wish placed twice from one telephone, a few hours apart."""
        first = self._story("S07", division_code=HOME, is_by_phone=False)
        again = Story(replace(first.request, venue="社区二楼会议室"), [first.request.department_id])
        self._writer.tell_placed(first, 7)
        self._writer.tell_placed(again, 2)

    def _just_now(self, minutes: int) -> datetime:
        return self._writer.now - timedelta(minutes=minutes)


def make_orders(city: City, inventor: Inventor, rng: random.Random, now: datetime, orders: int) -> None:
    """Tell and play so many orders through the real services.

    :raise ValueError: too few orders for the demo accounts.
    """
    writer = Playwright(Acts(city, rng), rng, now)
    Repertoire(city, inventor, writer, rng).fill(orders)
    writer.play()
    while climb(now).told:  # what has run out by now was told, as it would be in a city where the worker runs
        pass
