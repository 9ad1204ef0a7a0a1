"""Who takes part in a journey: each party in a browser of its own, brought in when first named."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import TypeVar

from playwright.sync_api import Browser, BrowserContext, Page
from sqlalchemy import select
from sqlalchemy.orm import undefer

from qtxvol.accounts.actor import Actor
from qtxvol.accounts.models import Account
from qtxvol.extensions import db
from qtxvol.orders.check import Finding, check_orders
from qtxvol.orders.links import link_token
from qtxvol.orders.models import Order, OrderEvent
from qtxvol.orders.transition import Outcome
from qtxvol.volunteers.models import Volunteer as VolunteerRow
from tests.factories import PASSWORD, City
from tests.journeys.browser import PATIENCE_MS, Screen, Watch
from tests.journeys.live import LiveSite
from tests.journeys.people import (
    CommunityClerk,
    DepartmentLiaison,
    Desk,
    Office,
    PlacedOrder,
    Resident,
    TeamLeader,
    Volunteer,
)

D = TypeVar("D", bound=Desk)
T = TypeVar("T")


@dataclass
class Cast:
    """The people of `city` at `site`, all with the same kind of screen."""

    site: LiveSite
    city: City
    browser: Browser
    screen: Screen
    has_script: bool = True
    watch: Watch = field(default_factory=Watch)
    _contexts: list[BrowserContext] = field(default_factory=list)

    @cached_property
    def resident(self) -> Resident:
        return Resident(self.new_page())

    @cached_property
    def clerk(self) -> CommunityClerk:
        return self._at_desk(CommunityClerk, self.city.community)

    @cached_property
    def liaison(self) -> DepartmentLiaison:
        """Of the health department, which the menu names."""
        return self._at_desk(DepartmentLiaison, self.city.department)

    @cached_property
    def other_liaison(self) -> DepartmentLiaison:
        """Of the education department."""
        return self._at_desk(DepartmentLiaison, self.city.other_department)

    @cached_property
    def leader(self) -> TeamLeader:
        return self._at_desk(TeamLeader, self.city.team)

    @cached_property
    def other_leader(self) -> TeamLeader:
        return self._at_desk(TeamLeader, self.city.other_team)

    @cached_property
    def office(self) -> Office:
        return self._at_desk(Office, self.city.office)

    @cached_property
    def volunteer(self) -> Volunteer:
        """The first of the leader's crew."""
        return self._at_desk(Volunteer, self.city.volunteer)

    @cached_property
    def crew(self) -> list[str]:
        """Names of the leader's people."""
        return self._names(self.city.crew)

    @cached_property
    def other_crew(self) -> list[str]:
        return self._names(self.city.other_crew)

    def new_page(self) -> Page:
        """A page in a browser that nobody has used."""
        context = self.browser.new_context(
            base_url=self.site.address, java_script_enabled=self.has_script, **self.screen.options()
        )
        context.set_default_timeout(PATIENCE_MS)
        self.watch.follow(context)
        self._contexts.append(context)
        return context.new_page()

    def username_of(self, actor: Actor) -> str:
        with self.site.app.app_context():
            return db.session.get_one(Account, actor.account_id).username

    def given(self, make: Callable[[City], Outcome]) -> PlacedOrder:
        """An order that a function of `factories.py` has brought so far: the way there is another journey's."""
        with self.site.app.app_context():
            number = make(self.city).number
        nonce = self.ask_order(PlacedOrder(number), lambda row: row.link_nonce)
        return PlacedOrder(number, f"/t/{number}/{link_token(self.site.app.config['SECRET_KEY'], number, nonce)}")

    def move_to(self, moment: datetime) -> None:
        """Time passes."""
        self.site.clock.move_to(moment)

    def steps(self, order: PlacedOrder) -> list[str]:
        """The actions that the record holds, in order."""
        with self.site.app.app_context():
            statement = (
                select(OrderEvent.action)
                .join(Order, Order.id == OrderEvent.order_id)
                .where(Order.number == order.number)
                .order_by(OrderEvent.sequence)
            )
            return [str(action) for action in db.session.scalars(statement)]

    def status(self, order: PlacedOrder) -> str:
        return self.ask_order(order, lambda row: str(row.status))

    def ask_order(self, order: PlacedOrder, question: Callable[[Order], T]) -> T:
        """What `question` finds in the order's row."""
        with self.site.app.app_context():
            opened = undefer(Order.contact_name), undefer(Order.contact_phone)
            found = select(Order).where(Order.number == order.number).options(*opened)
            return question(db.session.scalars(found).one())

    def numbers(self) -> list[str]:
        """Of all orders that there are."""
        with self.site.app.app_context():
            return list(db.session.scalars(select(Order.number).order_by(Order.id)))

    def findings(self) -> list[Finding]:
        """What `qtxvol check` finds."""
        with self.site.app.app_context():
            return list(check_orders())

    def leave(self) -> None:
        """Everybody closes the browser."""
        for context in self._contexts:
            context.close()

    def _at_desk(self, kind: type[D], actor: Actor) -> D:
        person = kind(self.new_page())
        person.sign_in(self.username_of(actor), PASSWORD)
        return person

    def _names(self, people: Sequence[int]) -> list[str]:
        with self.site.app.app_context():
            rows = db.session.scalars(select(VolunteerRow).where(VolunteerRow.id.in_(people)).order_by(VolunteerRow.id))
            return [row.name for row in rows]
