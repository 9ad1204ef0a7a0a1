"""Pictures of the main pages for README and review: `.venv/bin/python -m tests.journeys.screenshots`.

Makes a demo city (fixed seed, fixed moment) in a temporary folder, serves it, and writes one PNG per page and screen
to docs/screenshots/. Only order numbers and links differ from one run to the next.
"""

import io
import secrets
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from flask import Flask
from PIL import Image
from playwright.sync_api import Browser, Page
from sqlalchemy import Select, select

from qtxvol.demo.city import make_demo_city
from qtxvol.extensions import db
from qtxvol.orders.lifecycle import Status
from qtxvol.orders.links import link_token
from qtxvol.orders.models import Order
from tests.databases import migrate, running_app, settings_for, sqlite_url
from tests.journeys.browser import DESKTOP, PHONE, Screen, find_chromium, launch
from tests.journeys.live import Clock, LiveSite, serve
from tests.journeys.people import (
    CommunityClerk,
    DepartmentLiaison,
    Desk,
    Office,
    Resident,
    TeamLeader,
    Volunteer,
    Wish,
)

FOLDER = Path(__file__).parents[2] / "docs" / "screenshots"
#: A Tuesday morning in the city.
MOMENT = datetime(2026, 11, 24, 2, 0, tzinfo=UTC)
SEED = 2026
ORDERS = 300

#: Pages are flat colour and text: so many colours are enough, and a third of the bytes.
_COLOURS = 128
#: A phone's page may be long; more than this nobody looks at.
_HIGHEST = 2600


@dataclass
class Studio:
    """One browser window at the demo city."""

    site: LiveSite
    page: Page
    screen: Screen
    password: str

    def take(self, name: str) -> None:
        """Write the page as it stands, nothing pointed at; on a phone down to its end."""
        self.page.mouse.move(0, 0)
        self.page.evaluate("document.activeElement.blur(), scrollTo(0, 0)")
        if self.screen.is_phone:
            height = min(_HIGHEST, int(self.page.evaluate("document.documentElement.scrollHeight")))
            self.page.set_viewport_size({"width": self.screen.width, "height": max(height, self.screen.height)})
        raw = self.page.screenshot(animations="disabled")
        self.page.set_viewport_size({"width": self.screen.width, "height": self.screen.height})
        with Image.open(io.BytesIO(raw)) as picture:
            small = picture.convert("RGB").quantize(_COLOURS, method=Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE)
            small.save(FOLDER / f"{name}-{self.screen.name}.png", optimize=True)
        print(f"{name}-{self.screen.name}.png")

    def sign_in(self, kind: type[Desk], username: str) -> None:
        """In this window, instead of whoever was signed in."""
        self.page.context.clear_cookies()
        kind(self.page).sign_in(username, self.password)

    def find_number(self, statement: Select[tuple[Order]]) -> str:
        with self.site.app.app_context():
            return db.session.scalars(statement.order_by(Order.due_at, Order.id)).first().number

    def link_of(self, number: str) -> str:
        with self.site.app.app_context():
            nonce = db.session.scalar(select(Order.link_nonce).where(Order.number == number))
        return f"/t/{number}/{link_token(self.site.app.config['SECRET_KEY'], number, nonce)}"


def take_resident(studio: Studio) -> None:
    resident, wish = Resident(studio.page), Wish()
    resident.open("/")
    studio.take("home")
    resident.open("/order")
    resident.choose(wish.audience)
    resident.press("看适合的项目")
    resident.choose(wish.item)
    studio.take("order-1")
    resident.press("下一步")
    resident.select("在哪个社区或村", wish.community)
    resident.fill("具体地点", wish.venue)
    resident._fill_days(wish)
    studio.take("order-2")
    resident.press("下一步")
    resident._fill_contact(wish)
    resident.tick("我同意把联系方式提供给经办社区")
    studio.take("order-3")
    accepted = select(Order).where(Order.status == Status.ACCEPTED, Order.agreed_start > MOMENT)
    resident.open(studio.link_of(studio.find_number(accepted)))
    studio.take("follow")
    resident.open("/progress")
    studio.take("progress")


def take_desk(studio: Studio, kind: type[Desk], username: str, path: str) -> None:
    """The list that a desk opens with."""
    studio.sign_in(kind, username)
    studio.page.goto(path)
    studio.take(username)


def take_department(studio: Studio) -> None:
    take_desk(studio, DepartmentLiaison, "department", "/department/")
    studio.page.goto("/department/?tab=claimed")
    studio.page.get_by_role("rowheader").get_by_role("link").first.click()
    DepartmentLiaison(studio.page).reads("办理经过")
    studio.take("department-order")


def take_team(studio: Studio) -> None:
    take_desk(studio, TeamLeader, "team", "/team/")
    studio.page.get_by_role("rowheader").get_by_role("link").first.click()
    TeamLeader(studio.page).reads("办理经过")
    studio.take("team-order")


def take_all(studio: Studio) -> None:
    take_resident(studio)
    take_desk(studio, CommunityClerk, "community", "/community/")
    take_department(studio)
    take_team(studio)
    take_desk(studio, Volunteer, "volunteer", "/volunteer/")
    take_desk(studio, Office, "office", "/office/")


@contextmanager
def demo_site(folder: Path, password: str) -> Iterator[LiveSite]:
    url = sqlite_url(folder / "demo.sqlite3")
    migrate(url, folder)
    with running_app(settings_for(url, folder, is_demo=True)) as app:
        _make(app, password)
        with serve(app, Clock(MOMENT)) as site:
            yield site


def _make(app: Flask, password: str) -> None:
    with app.app_context():
        make_demo_city(MOMENT, password, orders=ORDERS, seed=SEED)


def _window(browser: Browser, site: LiveSite, screen: Screen) -> Page:
    return browser.new_context(base_url=site.address, **screen.options()).new_page()


def main(take: Callable[[Studio], None] = take_all) -> int:
    executable = find_chromium()
    if executable is None:
        print("no chromium on this machine", file=sys.stderr)
        return 1
    FOLDER.mkdir(parents=True, exist_ok=True)
    password = secrets.token_urlsafe(12)
    with (
        tempfile.TemporaryDirectory() as folder,
        demo_site(Path(folder), password) as site,
        launch(executable) as browser,
    ):
        for screen in (PHONE, DESKTOP):
            take(Studio(site, _window(browser, site, screen), screen, password))
    size = sum(file.stat().st_size for file in FOLDER.glob("*.png"))
    print(f"{size / 1e6:.1f} MB in {FOLDER}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
