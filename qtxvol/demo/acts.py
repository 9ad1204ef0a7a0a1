"""What the parties of the demo city do: each act is one call of the real services, at a given moment."""

import io
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta

from PIL import Image, ImageDraw
from sqlalchemy import select

from qtxvol.accounts.actor import Actor
from qtxvol.base import CITY_TIME
from qtxvol.demo import words
from qtxvol.demo.hours import attend
from qtxvol.demo.parties import City, CityTeam, Member
from qtxvol.demo.wishes import Request
from qtxvol.extensions import db
from qtxvol.orders import ask, automatic, call_backs, claim, contact, decline, dispatch, place, rate, serve
from qtxvol.orders.alarms import write_alarms
from qtxvol.orders.calls import CallOutcome, Contact
from qtxvol.orders.clocks import list_running
from qtxvol.orders.lifecycle import Party
from qtxvol.orders.models import CallBack, Order
from qtxvol.orders.pictures import Picture, reencode
from qtxvol.orders.windows import Window

#: Which privacy text was agreed to; none that a real resident has read.
CONSENT = "demo"


@dataclass(frozen=True, slots=True)
class Service:
    """Who has agreed to come, and when."""

    team: CityTeam
    crew: tuple[int, ...]
    agreed: Window


@dataclass(eq=False)
class Story:
    """One order of the demo city, from wish to end; filled while it is played.

    :ivar route: departments that it is dispatched to, one after the other.
    :ivar slots: times that the resident wishes for, the agreed ones first.
    :ivar placer: the account `resident`, where it is theirs; None for a resident without an account.
    :ivar team: the team that must take it; None leaves it to chance.
    :ivar with_helper: the volunteer behind the account `volunteer` goes along.
    :ivar services: what teams have agreed to, the last one last.
    """

    request: Request
    route: list[str]
    slots: list[Window] = field(default_factory=list)
    placer: Actor | None = None
    team: CityTeam | None = None
    with_helper: bool = False
    has_pictures: bool = False
    number: str = ""
    order_id: int = 0
    offered: list[CityTeam] = field(default_factory=list)
    services: list["Service"] = field(default_factory=list)

    @property
    def division(self) -> str:
        return self.request.division_code


#: Something that happens in a story at a moment.
Act = Callable[[Story, datetime], None]


class Acts:
    """The services, as the demo's people use them. Every method takes the story and the moment."""

    def __init__(self, city: City, rng: random.Random) -> None:
        self._city = city
        self._rng = rng
        self._booked: set[tuple[int, date]] = set()
        self._pictures = [_draw(rng) for _ in range(6)]

    # the resident

    def place(self, story: Story, at: datetime) -> None:
        wanted = story.request
        wish = place.Wish(
            audience=wanted.audience,
            headcount=wanted.headcount,
            division_code=wanted.division_code,
            venue=wanted.venue,
            windows=tuple(_widen(slot) for slot in self._wished(story, at)),
            contact_name=wanted.contact_name,
            contact_phone=wanted.contact_phone,
            second_name="女儿" if wanted.contact_phone[-1] in "05" else "",
            second_phone=_second_phone(wanted.contact_phone),
            consent_version=CONSENT,
            menu_item_id=wanted.item.id if wanted.item else None,
            wish=wanted.text,
            requester_kind=wanted.kind,
            organisation=wanted.organisation,
            urgency="urgent" if wanted.item and wanted.item.is_emergency_topic else "normal",
        )
        actor = self._clerk(story) if wanted.is_by_phone else story.placer or Actor(Party.RESIDENT, "居民")
        outcome = place.place_order(wish, actor, key=f"demo-{self._rng.getrandbits(96):024x}", now=at)
        story.number, story.order_id = outcome.number, outcome.order_id

    def _wished(self, story: Story, at: datetime) -> list[Window]:
        slots = list(dict.fromkeys(story.slots))
        while len(slots) < 2 or (len(slots) < 4 and self._rng.random() < 0.3):
            day = at.astimezone(CITY_TIME).date() + timedelta(days=self._rng.randint(4, 18))
            slot = slot_on(day, self._rng, story.request.duration)
            if all(slot.starts_at.date() != other.starts_at.date() for other in slots):
                slots.append(slot)
        return slots

    def answer(self, story: Story, at: datetime) -> None:
        _, text = self._question_of(story)
        ask.answer_question(story.number, self._resident(story), text=text, now=at)

    def cancel(self, story: Story, at: datetime) -> None:
        reason, text = self._rng.choice(words.CANCELLATIONS)
        decline.cancel_order(story.number, self._resident(story), reason=reason, text=text, now=at)

    def rating(self, stars: int) -> Act:
        """An act: the resident gives so many stars, or a clerk by phone where the order came by phone."""
        rng = self._rng

        def act(story: Story, at: datetime) -> None:
            is_absent = stars == 1 and rng.random() < 0.3
            texts = words.PRAISE if stars >= 4 else words.MIXED if stars == 3 else words.COMPLAINTS
            verdict = rate.Verdict(
                stars=stars,
                did_take_place=not is_absent,
                came_count=None if is_absent or rng.random() < 0.4 else story.request.headcount,
                would_order_again=stars >= 3 if rng.random() < 0.8 else None,
                text=words.ABSENT if is_absent else rng.choice(texts),
            )
            rate.rate_order(story.number, self._resident(story), verdict=verdict, now=at)

        return act

    # the community

    def dispatch(self, story: Story, at: datetime) -> None:
        text = self._rng.choice(words.DISPATCH_NOTES) if self._rng.random() < 0.15 else ""
        unit = story.route[0] if len(story.route) == 1 else story.route.pop(0)
        dispatch.dispatch_order(story.number, self._clerk(story), department_id=unit, text=text, now=at)

    def question(self, story: Story, at: datetime) -> None:
        text, _ = self._question_of(story)
        ask.ask_resident(story.number, self._clerk(story), text=text, now=at)

    def reject(self, story: Story, at: datetime) -> None:
        reason, text = next((code, why) for code, why, wish in words.REJECTIONS if wish == story.request.text)
        decline.reject_order(story.number, self._clerk(story), reason=reason, text=text, now=at)

    def merging(self, target: Story) -> Act:
        """An act: the order joins `target`."""

        def act(story: Story, at: datetime) -> None:
            decline.merge_order(story.number, self._clerk(story), into_number=target.number, now=at)

        return act

    def no_show(self, story: Story, at: datetime) -> None:
        text = self._rng.choice(words.NO_SHOWS)
        serve.report_no_show(story.number, self._clerk(story), text=text, now=at)

    def reopen(self, story: Story, at: datetime) -> None:
        text = self._rng.choice(words.REOPENINGS)
        serve.reopen_order(story.number, self._clerk(story), text=text, now=at)

    def call_back(self, story: Story, at: datetime) -> None:
        task = db.session.scalars(select(CallBack.id).where(CallBack.order_id == story.order_id)).first()
        if task is not None:
            result, said = self._rng.choice(words.CALL_BACKS)
            call_backs.finish_call_back(task, self._clerk(story), result=result, outcome=said, now=at)

    def call_in_vain(self, story: Story, at: datetime) -> None:
        """Nobody answers, on neither number."""
        tail = db.session.scalar(select(Order.second_phone_tail).where(Order.id == story.order_id))
        for which in (Contact.FIRST, Contact.SECOND) if tail else (Contact.FIRST,):
            contact.log_call(
                story.number,
                self._clerk(story),
                contact=which,
                outcome=CallOutcome.NO_ANSWER,
                key=f"demo-{which}-{at.isoformat()}",
                now=at,
            )

    def end_unreachable(self, story: Story, at: datetime) -> None:
        contact.end_unreachable(story.number, self._clerk(story), text="打了三次都没人接，需要时请回电。", now=at)

    def first_call(self, story: Story, at: datetime) -> None:
        contact.log_call(
            story.number,
            self._leader(story),
            contact=Contact.FIRST,
            outcome=CallOutcome.REACHED,
            words="时间、地点和人数都对过了。",
            key="demo-first",
            now=at,
        )

    # the department and the office

    def claim(self, story: Story, at: datetime) -> None:
        claim.claim_order(story.number, self._liaison(story), now=at)

    def give_back(self, story: Story, at: datetime) -> None:
        """Return the order that was dispatched before the next one on the route."""
        unit = self._held_by(story)
        reason, text = self._rng.choice(words.RETURNS)
        hint = story.route[0] if story.route[0] != unit.department_id else ""
        claim.return_order(story.number, unit, reason=reason, text=text, suggested_department_id=hint, now=at)

    def release(self, story: Story, at: datetime) -> None:
        reason, text = self._rng.choice(words.RELEASES)
        claim.release_order(story.number, self._held_by(story), reason=reason, text=text, now=at)

    def offer(self, story: Story, at: datetime) -> None:
        able = [team for team in self._city.teams if self._crew_of(team, story, (), at)]
        asked = self._rng.sample(able, min(len(able), self._rng.randint(1, 3)))
        if story.team and story.team not in asked:
            asked = [story.team, *asked[:2]]
        self._offer(story, asked, at, is_handed=False)

    def hand(self, story: Story, at: datetime) -> None:
        able = [team for team in self._city.teams if self._crew_of(team, story, (), at)]
        self._offer(story, [story.team or self._rng.choice(able)], at, is_handed=True)

    def _offer(self, story: Story, asked: list[CityTeam], at: datetime, *, is_handed: bool) -> None:
        story.offered = asked
        team_ids = [team.id for team in asked]
        claim.offer_order(story.number, self._liaison(story), team_ids=team_ids, is_handed=is_handed, now=at)

    def rule(self, story: Story, at: datetime) -> None:
        text = self._rng.choice(words.RULINGS)
        dispatch.rule_order(story.number, self._city.office, department_id=story.route[0], text=text, now=at)

    def give_up(self, story: Story, at: datetime) -> None:
        decline.give_up_order(story.number, self._city.office, text=self._rng.choice(words.GIVE_UPS), now=at)

    # what the service does by itself

    def reroute(self, story: Story, at: datetime) -> None:
        """To the next on the route."""
        _note_move(story, "claim", at)
        automatic.reroute_order(story.number, department_id=story.route[0], now=at)

    def lapse(self, story: Story, at: datetime) -> None:
        """Nobody had called."""
        _note_move(story, "first_call", at)
        automatic.lapse_order(story.number, reason=automatic.NO_CALL, now=at)

    # the team

    def accepting(self, slot: Window, *later: Window) -> Act:
        """An act: a team that can takes the order for this time, and has room at later ones too."""

        def act(story: Story, at: datetime) -> None:
            team, crew = self._take(story, (slot, *later), at)
            story.services.append(Service(team, crew, slot))
            serve.accept_order(story.number, team.actor, agreed=slot, volunteer_ids=crew, now=at)

        return act

    def rescheduling(self, slot: Window) -> Act:
        """An act: the team moves the service to this time."""

        def act(story: Story, at: datetime) -> None:
            story.services[-1] = replace(story.services[-1], agreed=slot)
            text = self._rng.choice(words.RESCHEDULES)
            serve.reschedule_order(story.number, self._leader(story), agreed=slot, text=text, now=at)

        return act

    def withdraw(self, story: Story, at: datetime) -> None:
        reason, text = self._rng.choice(words.WITHDRAWALS)
        serve.withdraw_order(story.number, self._leader(story), reason=reason, text=text, now=at)

    def close(self, story: Story, at: datetime) -> None:
        rng, service = self._rng, story.services[-1]
        start = service.agreed.starts_at + timedelta(minutes=rng.choice((0, 0, 0, 5, 10)))
        end = min(at, service.agreed.ends_at + timedelta(minutes=rng.choice((-5, 0, 0, 5, 10, 15))))
        span = int((end - start).total_seconds() // 60)
        minutes = dict.fromkeys(service.crew, span)
        if len(minutes) > 2 and rng.random() < 0.15:
            minutes[service.crew[-1]] = 0  # somebody could not come
        if story.order_id % 5 < 3:  # three of five teams show the code; the others' leaders sign
            nonce = db.session.scalars(select(Order.link_nonce).where(Order.id == story.order_id)).one()
            attend(story.number, nonce, [person for person, served in minutes.items() if served], start, end)
        theme = story.request.item.theme if story.request.item else ""
        serve.close_order(
            story.number,
            self._leader(story),
            actual=Window(start, end),
            attendance=max(1, round(story.request.headcount * rng.triangular(0.5, 1.3, 0.92))),
            report=rng.choice(words.REPORTS[theme]),
            minutes=minutes,
            pictures=rng.sample(self._pictures, rng.randint(1, 3)) if story.has_pictures else (),
            now=at,
        )

    # who acts

    def _resident(self, story: Story) -> Actor:
        """The placing account, the clerk for one who phoned, or whoever holds the order's secret link."""
        if story.request.is_by_phone:
            return self._clerk(story)
        return story.placer or Actor(Party.RESIDENT, "居民", order_id=story.order_id)

    def _clerk(self, story: Story) -> Actor:
        return self._city.clerk_of(story.division)

    def _liaison(self, story: Story) -> Actor:
        return self._city.liaisons[story.route[0]]

    def _held_by(self, story: Story) -> Actor:
        held = db.session.scalars(select(Order.department_id).where(Order.id == story.order_id)).one()
        return self._city.liaisons[held or story.route[0]]

    def _leader(self, story: Story) -> Actor:
        return story.services[-1].team.actor

    def _question_of(self, story: Story) -> tuple[str, str]:
        return words.QUESTIONS[story.order_id % len(words.QUESTIONS)]

    # who goes

    def _take(self, story: Story, slots: Sequence[Window], at: datetime) -> tuple[CityTeam, tuple[int, ...]]:
        """A team that can serve the order then, and who goes: those asked first, then any of the department."""
        teams = [story.team] if story.team else [*story.offered, *self._nearest(story)]
        for team in teams:
            if crew := self._crew_of(team, story, slots, at):
                self._booked.update((person.id, _day(slot)) for person in crew for slot in slots)
                return team, tuple(person.id for person in crew)
        raise RuntimeError(f"nobody in {story.route[0]} can serve {story.request.item or story.request.text}")

    def _nearest(self, story: Story) -> list[CityTeam]:
        """All teams in chance order, those at home in the order's town first."""
        teams = self._rng.sample(self._city.teams, len(self._city.teams))
        return sorted(teams, key=lambda team: team.division_code[:9] != story.division[:9])

    def _crew_of(self, team: CityTeam, story: Story, slots: Sequence[Window], at: datetime) -> list[Member]:
        """Members who can go, as many as the item asks for and sometimes more; empty when the team can't."""
        item = story.request.item
        if team.department_id != story.route[0] or (item and item.theme not in team.themes):
            return []
        days = [_day(slot) for slot in slots] or [at.astimezone(CITY_TIME).date()]
        known = [person for person in team.members if person.verified_at < at]
        free = [person for person in known if not any((person.id, day) in self._booked for day in days if slots)]
        needed = frozenset(item.needed_skills) if item else frozenset()
        least = item.min_volunteers if item else 1
        able = [person for person in free if person.skills & needed] if needed else free
        key = [person for person in able if person.is_licensed(needed, max(days))] if _asks_licence(story) else able
        if not key or len(free) < least:
            return []
        helper = self._city.volunteer
        first = helper if story.with_helper and helper in key else self._rng.choice(key)
        crew = [first, helper] if story.with_helper and helper in free and first is not helper else [first]
        others = [person for person in (able if len(able) > least else free) if person not in (first, helper)]
        more = max(least - len(crew), self._rng.choice((0, 1, 1, 2)))
        return [*crew, *self._rng.sample(others, min(len(others), max(0, more)))]


def _note_move(story: Story, step: str, at: datetime) -> None:
    """The ladder moves an order because of the clock that runs for this step."""
    running = [clock.id for clock in list_running(story.order_id) if clock.step == step]
    write_alarms([(clock, "moved") for clock in running], at)


def slot_on(day: date, rng: random.Random, minutes: int) -> Window:
    """A time of that day at which such services are held."""
    hour, minute = rng.choice(((9, 0), (9, 30), (10, 0), (14, 30), (15, 0), (15, 30), (16, 0), (19, 0)))
    start = datetime(day.year, day.month, day.day, hour, minute, tzinfo=CITY_TIME)
    return Window(start, start + timedelta(minutes=minutes))


def _second_phone(phone: str) -> str:
    """Some name somebody else to call: a number that is as invented as their own."""
    return phone[:-1] + "7" if phone[-1] in "05" else ""


def _widen(slot: Window) -> Window:
    """Who wishes for a time says when they have time, not how long the talk is."""
    return Window(slot.starts_at, slot.ends_at + timedelta(minutes=30))


def _day(slot: Window) -> date:
    return slot.starts_at.astimezone(CITY_TIME).date()


def _asks_licence(story: Story) -> bool:
    return story.request.item is not None and story.request.item.is_licence_required


def _draw(rng: random.Random) -> Picture:
    """A hall with a screen and heads before it, drawn; nobody's photograph."""
    wall, board = rng.choice((("#dfe7ee", "#2f5d8a"), ("#f0e6d8", "#7a4a2b"), ("#e2ecdf", "#3c6b45")))
    image = Image.new("RGB", (960, 640), wall)
    pen = ImageDraw.Draw(image)
    pen.rectangle((0, 430, 960, 640), fill="#b9a78f")
    pen.rectangle((260, 70, 700, 330), fill="white", outline=board, width=10)
    for row in range(4):
        pen.rectangle((300, 120 + row * 48, 300 + rng.randint(160, 350), 138 + row * 48), fill=board)
    _person(pen, 790, 250, 26, board)
    for line, y in enumerate((450, 530)):
        for x in range(60, 930, 95):
            if rng.random() < 0.85:
                shade = rng.choice(("#30343b", "#5b4636", "#8b8f95", "#6e3b3b", "#39506b"))
                _person(pen, x + 40 * line + rng.randint(-8, 8), y + rng.randint(-6, 6), 24, shade)
    raw = io.BytesIO()
    image.save(raw, "PNG")
    raw.seek(0)
    return reencode(raw)


def _person(pen: ImageDraw.ImageDraw, x: int, y: int, size: int, colour: str) -> None:
    pen.ellipse((x - size // 2, y, x + size // 2, y + size), fill="#c9a58a")
    pen.pieslice((x - size // 2, y - 4, x + size // 2, y + size - 4), 180, 360, fill="#222222")
    pen.rounded_rectangle((x - size, y + size, x + size, y + 4 * size), 10, fill=colour)
