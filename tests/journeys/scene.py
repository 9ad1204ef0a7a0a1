"""The demo city on stage: served over real HTTP, with everything that a page of the catalogue needs at hand.

Unlike the cast of the journeys, nobody walks through forms here: sessions are written, orders are looked up, so that
hundreds of pages can be opened in a minute.
"""

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from flask import Flask
from flask.typing import ResponseReturnValue
from playwright.sync_api import Browser, BrowserContext, Page, Request, Response
from sqlalchemy import ColumnElement, delete, select, update

from qtxvol.accounts.actor import Actor
from qtxvol.accounts.models import Account, Attempt, Seat
from qtxvol.accounts.permissions import visible_orders
from qtxvol.accounts.seats import find_signed_in
from qtxvol.demo.city import make_demo_city
from qtxvol.emergencies.models import Emergency
from qtxvol.extensions import db
from qtxvol.orders.lifecycle import Party
from qtxvol.orders.links import link_token
from qtxvol.orders.models import Order
from qtxvol.recognition.certificates import Period, issue_certificate, revoke_certificate
from qtxvol.storage import transaction
from qtxvol.web.access import make_blueprint, open_to_all
from qtxvol.web.errors import show_error
from qtxvol.web.view_settings import COOKIE, Look
from tests.databases import migrate, running_app, settings_for, sqlite_url
from tests.journeys.browser import Watch
from tests.journeys.catalogue import Entry
from tests.journeys.live import Clock, LiveSite, serve

#: A Tuesday morning in the city.
MOMENT = datetime(2026, 11, 24, 2, 0, tzinfo=UTC)
SEED = 2026
ORDERS = 220
#: Nobody signs in by form here.
PASSWORD = "correct-horse-scene"
#: One for who makes the city and who serves it: what is sealed in it opens with this alone.
SECRET = secrets.token_urlsafe(48)

#: Sends a form from the page at hand, as if it had stood there: the token comes from the page.
_SUBMIT = """
([path, fields]) => {
  const form = document.createElement('form');
  form.method = 'post';
  form.action = path;
  const token = document.querySelector('input[name=csrf_token]').value;
  for (const [name, values] of Object.entries({csrf_token: token, ...fields})) {
    for (const value of [].concat(values)) {
      const input = document.createElement('textarea');
      input.name = name;
      input.value = value;
      form.appendChild(input);
    }
  }
  document.body.appendChild(form);
  form.submit();
}
"""

errors_bp = make_blueprint("errors_on_stage", __name__, gate=open_to_all)


@errors_bp.route("/errors-on-stage/<int:status>")
def error_page(status: int) -> ResponseReturnValue:
    """The page for `status`, without having to bring the fault about."""
    return show_error(status)


@dataclass
class Scene:
    """The demo city at `site`."""

    site: LiveSite
    _guides: dict[Party, bool] = field(default_factory=dict)
    _is_drilling: bool = False

    @property
    def app(self) -> Flask:
        return self.site.app

    def actor(self, party: Party) -> Actor:
        """Who sits at the desk that is named after the party."""
        with self.app.app_context():
            user = find_signed_in(self._session_id(party))
            seat = user.find_seat(party) if user else None
            assert seat is not None, f"nobody at the desk of {party}"
            return seat.actor

    def find(self, party: Party, *conditions: ColumnElement[bool]) -> str:
        """The number of the first order that the party may see and that meets the conditions."""
        actor = self.actor(party)
        return self._find(visible_orders(actor), *conditions)

    def link(self, *conditions: ColumnElement[bool]) -> str:
        """The secret link of the first such order in the city."""
        number = self._find(*conditions)
        with self.app.app_context():
            nonce = db.session.scalars(select(Order.link_nonce).where(Order.number == number)).one()
        return f"/t/{number}/{link_token(self.app.config['SECRET_KEY'], number, nonce)}"

    def ask(self, statement: Any) -> Any:
        """The first value that a SELECT gives."""
        with self.app.app_context():
            value = db.session.scalars(statement.limit(1)).first()
        assert value is not None, f"nothing in the demo city for {statement}"
        return value

    def open_guide(self, party: Party, is_open: bool) -> None:
        """As if the desk of the demo account was opened for the first time, or not."""
        if self._guides.get(party) == is_open:
            return
        with self.app.app_context(), transaction():
            db.session.execute(
                update(Seat)
                .where(Seat.account_id == select(Account.id).where(Account.username == party).scalar_subquery())
                .values(guide_seen_at=None if is_open else MOMENT)
            )
        self._guides[party] = is_open

    def drill(self, is_open: bool) -> None:
        """As if the demo city's exercise was going on, or over: its banner would stand on every page."""
        if self._is_drilling == is_open:
            return
        with self.app.app_context(), transaction():
            office = select(Account.id).where(Account.username == "office").scalar_subquery()
            db.session.execute(
                update(Emergency)
                .where(Emergency.is_drill)
                .values(closed_at=None if is_open else MOMENT, closed_by_account_id=None if is_open else office)
            )
        self._is_drilling = is_open

    def forget_attempts(self) -> None:
        """Nobody has guessed wrong so far: the catalogue shows the same mistake many times."""
        with self.app.app_context(), transaction():
            db.session.execute(delete(Attempt))

    def session_cookie(self, party: Party | None, language: str = "zh") -> str:
        """The cookie of a session in that language, signed in at the party's desk."""
        client = self.app.test_client()
        with client.session_transaction() as session:
            session["language"] = language
            session.permanent = True
            if party is not None:
                with self.app.app_context():
                    session["_user_id"] = self._session_id(party)
                session["_fresh"] = True
        cookie = client.get_cookie(self.app.config["SESSION_COOKIE_NAME"])
        assert cookie is not None
        return cookie.value

    def _session_id(self, party: Party) -> str:
        account = db.session.scalars(select(Account).where(Account.username == party)).one()
        return f"{account.id}.{account.session_epoch}"

    def _find(self, *conditions: ColumnElement[bool]) -> str:
        number: str = self.ask(select(Order.number).where(*conditions).order_by(Order.placed_at, Order.id))
        return number


@dataclass
class Visitor:
    """A browser in one language and one look that may sit at any desk; `watch` looks over the shoulder."""

    scene: Scene
    context: BrowserContext
    page: Page
    watch: Watch
    language: str
    _party: Party | str | None = "nobody yet"

    def open(self, entry: Entry) -> Response:
        """Open the page; it must be the kind of page that the catalogue says."""
        self._sit_down(entry.party)
        if entry.party is not None:
            self.scene.open_guide(entry.party, entry.is_first_visit)
        self.scene.drill(entry.is_drilling)
        if entry.status != 200:
            self.scene.forget_attempts()
        path = entry.address(self.scene)
        if entry.fields is None:
            response = self.page.goto(path)
        else:
            self.page.goto("/help")
            with self.page.expect_navigation() as navigation:
                self.page.evaluate(_SUBMIT, [path, dict(entry.fields(self.scene))])
            response = navigation.value
        assert response is not None
        assert response.status == entry.status, f"{entry.name}: {response.status} instead of {entry.status}"
        if entry.then is not None:
            entry.then(self.page)
        return response

    @property
    def faults(self) -> list[str]:
        """What should not have happened; that the pages for our own faults answer 5xx is their business."""
        return [each for each in self.watch.faults if "/errors-on-stage/" not in each]

    def _sit_down(self, party: Party | None) -> None:
        if party == self._party:
            return
        self.context.add_cookies(
            [
                {
                    "name": self.scene.app.config["SESSION_COOKIE_NAME"],
                    "value": self.scene.session_cookie(party, self.language),
                    "url": self.scene.site.address,
                }
            ]
        )
        self._party = party


@contextmanager
def visitor(
    browser: Browser,
    scene: Scene,
    *,
    language: str = "zh",
    is_elder: bool = False,
    init_script: str = "",
    **options: Any,
) -> Iterator[Visitor]:
    """A browser profile for many pages. `options` go to the browser's context."""
    given = {"viewport": {"width": 1280, "height": 900}, "locale": "zh-CN", "timezone_id": "Asia/Shanghai", **options}
    context = browser.new_context(
        base_url=scene.site.address,
        service_workers="block",
        reduced_motion="reduce",  # a colour that is still on its way to another has no contrast of its own
        **given,
    )
    watch = Watch()
    watch.follow(context)

    def check_host(request: Request) -> None:
        if not is_own(request.url, scene.site):
            watch.faults.append(f"asks another host: {request.url}")

    context.on("request", check_host)
    if init_script:
        context.add_init_script(init_script)
    if is_elder:
        look = {"name": COOKIE, "value": Look(is_elder=True).to_cookie(), "url": scene.site.address}
        context.add_cookies([look])
    try:
        yield Visitor(scene, context, context.new_page(), watch, language)
    finally:
        context.close()


def make_city_file(folder: Path) -> Path:
    """A SQLite file with the demo city in it; the same every time but for numbers and links."""
    file = folder / "city.sqlite3"
    url = sqlite_url(file)
    migrate(url, folder)
    with running_app(settings_for(url, folder, is_demo=True, secret_key=SECRET)) as app, app.app_context():
        make_demo_city(MOMENT, PASSWORD, orders=ORDERS, seed=SEED)
        _issue_certificates(Scene(LiveSite(app, Clock(MOMENT), "")))
    return file


def _issue_certificates(scene: Scene) -> None:
    """One that stands and one that was revoked, of the person behind the volunteer's desk."""
    volunteer, office = scene.actor(Party.VOLUNTEER), scene.actor(Party.OFFICE)
    today = MOMENT.date()
    assert volunteer.volunteer_id is not None
    issue_certificate(volunteer, volunteer.volunteer_id, Period(None, today), MOMENT)
    revoked = issue_certificate(volunteer, volunteer.volunteer_id, Period(None, today - timedelta(days=1)), MOMENT)
    revoke_certificate(office, revoked, "姓名登记有误，已另发新证明。", MOMENT)


@contextmanager
def stage(file: Path, *, is_demo: bool = True) -> Iterator[Scene]:
    """Serve the city in `file`, which is written to."""
    settings = settings_for(sqlite_url(file), file.parent, is_demo=is_demo, secret_key=SECRET)
    with running_app(settings) as app:
        app.register_blueprint(errors_bp)
        with serve(app, Clock(MOMENT)) as site:
            yield Scene(site)


def is_own(url: str, site: LiveSite) -> bool:
    """Does the request stay on this site?"""
    return urlsplit(url).scheme in ("data", "blob") or url.startswith(site.address + "/")
