"""One number, one set of orders: each figure of the fairness page beside the list that it opens, the towns and the
files, in a city with orders of every fate; and the same load wherever it is told."""

import csv
import re
from collections import Counter
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from html import unescape
from io import BytesIO, StringIO
from itertools import count
from typing import Any

import pytest
from flask.testing import FlaskClient
from python_calamine import CalamineWorkbook
from sqlalchemy import update

from qtxvol.extensions import db
from qtxvol.offers.fairness import COUNTED
from qtxvol.offers.shares import percentile
from qtxvol.orders.claim import claim_order
from qtxvol.orders.decline import cancel_order, give_up_order, merge_order, reject_order
from qtxvol.orders.models import Order
from qtxvol.orders.serve import accept_order, withdraw_order
from qtxvol.orders.transition import Outcome
from qtxvol.reports.fairness_paper import ROWS
from qtxvol.storage import transaction
from qtxvol.volunteers.models import Team
from tests.factories import NOW, OTHER_COMMUNITY, City, accepted, closed, dispatched, link_of, placed, window
from tests.offers.test_fairness import ask_people, ask_team, make_drill
from tests.web.pages import get_page
from tests.web.site import Site

YEAR = "by=year&at=2026-01-01"
HOUR = timedelta(hours=1)
#: Services a week that the team said it can carry.
CAPACITY = 8
#: How many orders of the city below count in what. Written by hand.
OFFICE = {
    "all": 25,
    "judged": 14,
    "filled": 8,
    "missed": 6,
    "waiting": 3,
    "aside": 8,
    "valid": 17,
    "late": 5,
    "urgent": 4,
    "urgent_filled": 2,
    "emergency": 3,
    "emergency_filled": 2,
    "taken": 13,
    "searched": 13,
    "emergency_taken": 3,
    "asked": 4,
    "in_waves": 3,
}
#: What each figure opens: the orders that it counts, and those that it is a share of.
OPENS = {
    "服务率": ("filled", "judged"),
    "加急单的服务率": ("urgent_filled", "urgent"),
    "应急单的服务率": ("emergency_filled", "emergency"),
    "有步骤超时的单": ("late", "valid"),
    "还在等的单": ("waiting", ""),
    "不计入的单": ("aside", ""),
    "点单到接单，中位数": ("taken", ""),
    "点单到接单，九成位": ("taken", ""),
    "领单到接单，中位数": ("searched", ""),
    "领单到接单，九成位": ("searched", ""),
    "应急单到接单，中位数": ("emergency_taken", ""),
    "应急单到接单，九成位": ("emergency_taken", ""),
    "每办成一单的询问": ("asked", "filled"),
    "每单问了几轮": ("in_waves", ""),
}


def fill(city: City) -> None:
    """Orders of every fate in two towns, and some about which somebody was asked."""
    with transaction():
        db.session.get_one(Team, city.team.team_id).weekly_capacity = CAPACITY
    days = (NOW - timedelta(days=2 * turn) for turn in count(8))  # never two services at a time
    for urgency in ("normal", "urgent", "emergency"):
        closed(city, then := next(days), agreed=window(1, now=then), urgency=urgency)
        take(city, next(days), HOUR * 3, urgency=urgency)
        missed(city, next(days), urgency=urgency, division_code=OTHER_COMMUNITY)  # late as well
        dispatched(city, NOW, urgency=urgency, windows=(window(9),))
        cancel(take(city, then := next(days), HOUR, urgency=urgency), then + 2 * HOUR)  # a team had it
    closed(city, then := next(days), agreed=window(1, now=then))
    take(city, next(days), timedelta(days=12))  # done, but late
    for urgency in ("normal", "urgent"):
        cancel(missed(city, then := next(days), urgency=urgency), then + timedelta(days=12))  # aside, though late
    cancel(placed(city, then := next(days)), then + HOUR / 2)
    rejected = placed(city, then := next(days))
    reject_order(rejected.number, city.community, reason="out_of_scope", text="请找物业", now=then)
    kept, joined = (make(city, then, windows=(window(1, now=then),)) for make in (dispatched, placed))
    merge_order(joined.number, city.community, into_number=kept.number, now=then)
    for urgency in ("normal", "urgent"):
        unmet = accepted(city, then := next(days), urgency=urgency)
        withdraw_order(unmet.number, city.team, reason="work", now=then + HOUR)
        give_up_order(unmet.number, city.office, text="没有队伍了", now=then + 2 * HOUR)
    ask(city, unmet, teams=2)
    ask(city, rejected, people=1)
    ask(city, kept, teams=1, people=2)
    ask(city, joined, teams=1)
    exercise = closed(city, then := next(days), agreed=window(1, now=then), urgency="urgent")
    with transaction():
        about = {"is_drill": True, "emergency_id": make_drill(city)}
        db.session.execute(update(Order).where(Order.id == exercise.order_id).values(about))


def take(city: City, then: datetime, after: timedelta, **values: Any) -> Outcome:
    """Claimed at once, and accepted so long after that."""
    agreed = window(20 + after.days, now=then)
    order = dispatched(city, then, windows=(agreed,), **values)
    claim_order(order.number, city.department, now=then)
    return accept_order(order.number, city.team, agreed=agreed, volunteer_ids=city.crew[:1], now=then + after)


def missed(city: City, then: datetime, **values: Any) -> Outcome:
    return placed(city, then, windows=(window(1, now=then),), **values)


def cancel(order: Outcome, now: datetime) -> None:
    cancel_order(order.number, link_of(order), reason="no_longer_needed", now=now)


def ask(city: City, order: Outcome, *, teams: int = 0, people: int = 0) -> None:
    team_id = city.team.team_id or 0
    for _ in range(teams):
        ask_team(order.order_id, team_id, NOW)
    if people:
        asks = [
            {"volunteer_id": each, "asked_at": NOW, "answered_at": NOW, "answer": "no"} for each in city.crew[:people]
        ]
        ask_people(order.order_id, team_id, asks)
    with transaction():
        db.session.execute(update(Order).where(Order.id == order.order_id).values(waves_count=teams))


Rows = list[dict[str, str]]


def list_behind(client: FlaskClient, url: str) -> Rows:
    """The orders that a link leads to: as many on the page as in its file."""
    page = get_page(client, url)
    file = client.get(re.sub(r"(/orders/\w+)", r"\1/csv", url)).data.decode("utf-8-sig")
    rows = list(csv.DictReader(StringIO(file)))
    told = re.search(r"共 ([\d,]+) 单", page.text)
    assert told is not None
    assert number(told[1]) == len(rows)
    return rows


def number(text: str) -> int:
    return int(text.replace(",", ""))


def figures_of(html: str) -> Iterator[tuple[str, str, str, list[str]]]:
    """Of each figure of the page: its name, value, what it rests on, and the addresses that it leads to."""
    cell = r'<th scope="row">([^<]+)</th>\s*<td class="num figure-value"[^>]*>(.*?)</td>'
    for label, inside in re.findall(cell, html, re.DOTALL):
        value, _sub, of = inside.partition('<span class="table__sub">')
        links = [unescape(link) for link in re.findall(r'href="([^"]+)"', inside)]
        yield label, *(" ".join(re.sub(r"<[^>]+>", " ", part).split()) for part in (value, of)), links


def sheet_of(client: FlaskClient, url: str, index: int) -> list[dict[str, Any]]:
    book = CalamineWorkbook.from_filelike(BytesIO(client.get(url).data))
    head, *rows = book.get_sheet_by_index(index).to_python()
    return [dict(zip((str(name).split("（")[0] for name in head), row, strict=True)) for row in rows]


@pytest.fixture
def full(site: Site) -> Site:
    with site.app.app_context():
        fill(site.city)
    return site


def desks(site: Site) -> list[tuple[str, FlaskClient]]:
    city = site.city
    return [("office", site.browser(city.office)), ("department", site.browser(city.department))]


def test_each_figure_opens_exactly_the_orders_that_it_counts(full: Site):
    for desk, client in desks(full):
        seen = set()
        for label, value, of, links in figures_of(get_page(client, f"/{desk}/fairness?{YEAR}").html):
            opens = [key for key in OPENS.get(label, ()) if key]
            assert [re.findall(r"/orders/(\w+)", link)[0] for link in links] == opens, label
            if not opens:
                continue
            seen.add(label)
            lists = [list_behind(client, link) for link in links]
            assert lists[0], f"{label}: the city has none"
            check_figure(label, value, of, lists)
        assert seen == set(OPENS)


def check_figure(label: str, value: str, of: str, lists: list[Rows]) -> None:
    """What the page says of a figure against the rows behind it."""
    rows = lists[0]
    shown, unit = value.split()
    if found := re.search(r"([\d,]+) 单中的 ([\d,]+) 单", of):
        assert [number(found[2]), number(found[1])] == [len(each) for each in lists], label
        assert float(shown) == round(100 * len(rows) / len(lists[1]), 1), label
        assert numbers(rows) <= numbers(lists[1]), label
    elif label == "每办成一单的询问":
        asks = sum(int(row["问队伍（次）"]) + int(row["问个人（次）"]) for row in rows)
        assert [number(each) for each in re.findall(r"[\d,]+", of)] == [len(rows), asks, len(lists[1])]
        assert float(shown) == round(asks / len(lists[1]), 1)
    elif unit == "单":
        assert number(shown) == len(rows), label
    else:
        assert of == f"{len(rows):,} 单", label
        if label == "每单问了几轮":
            assert float(shown) == round(sum(int(row["轮数（次）"]) for row in rows) / len(rows), 1)
        else:
            span = next(name for name in rows[0] if name.startswith(("到接单", "领单到接单")))
            middle = percentile([float(row[span]) for row in rows], 0.5 if "中位数" in label else 0.9)
            assert middle is not None
            is_in_minutes = span.endswith("（分钟）") and unit == "小时"  # a long time is told in hours
            assert float(shown) == (round(middle / 60, 1) if is_in_minutes else middle), label


def numbers(rows: Rows) -> set[str]:
    return {row["单号"] for row in rows}


def test_lists_have_as_many_orders_as_a_hand_counted(full: Site):
    assert set(OFFICE) == set(COUNTED) == set(ROWS)
    office = full.browser(full.city.office)
    lists = {key: list_behind(office, f"/office/fairness/orders/{key}?{YEAR}") for key in OFFICE}
    assert {key: len(rows) for key, rows in lists.items()} == OFFICE
    assert sum(row["超时"] == "是" for row in lists["all"]) == len(lists["late"])
    assert numbers(lists["missed"]) | numbers(lists["filled"]) == numbers(lists["judged"])


def test_towns_add_up_to_the_lists(full: Site):
    """Town by town, on the page and in its file."""
    columns = {"点单": "all", "有队伍": "filled", "没有服务": "missed", "还在等": "waiting", "有步骤超时": "late"}
    for desk, client in desks(full):
        file = sheet_of(client, f"/{desk}/fairness/xlsx?{YEAR}", 1)
        towns = [row for row in file if isinstance(row["点单"], float)]  # below stand the notes
        page = get_page(client, f"/{desk}/fairness?{YEAR}")
        for column, key in columns.items():
            rows = list_behind(client, f"/{desk}/fairness/orders/{key}?{YEAR}")
            by_town = Counter(row["镇街"] for row in rows)
            assert {row["镇街"]: row[column] for row in towns} == {row["镇街"]: by_town[row["镇街"]] for row in towns}
            assert sum(row[column] for row in towns) == len(rows)
            if column != "有队伍":  # the page says the share instead
                shown = re.findall(rf'data-label="{column}">([\d,]+)</td>', page.html)
                assert sum(map(number, shown)) == len(rows), column
        assert len(towns) == (2 if desk == "office" else 1)


def test_large_numbers_above_the_page_open_as_many_orders(full: Site):
    for desk, client in desks(full):
        html = get_page(client, f"/{desk}/fairness?{YEAR}").html
        stats = re.findall(r'<a class="stat" href="([^"]+)">(.*?)</a>', html, re.DOTALL)
        told = {}
        for link, inside in stats:
            words = [" ".join(each.split()) for each in re.findall(r'<span class="stat__\w+">(.*?)</span>', inside)]
            told[words[0]] = words[1:], list_behind(client, unescape(link))
        (shown, note), rows = told["点单"]
        assert number(shown) == len(rows) == sum(map(number, re.findall(r"(\d+) 单", note)))
        (_share, note), rows = told["有步骤超时的单"]
        assert note.endswith(f"{len(rows)} 单")


@pytest.mark.parametrize("period", [YEAR, "by=month&at=2026-11-01", "by=free&first=2026-01-01&last=2026-12-31"])
def test_a_running_period_weighs_no_week_that_has_not_come(full: Site, period: str):
    """A team that serves what it promised week by week is not idle because the year has weeks left."""
    office = full.browser(full.city.office)
    first = date(2026, 11, 1) if "month" in period else date(2026, 1, 1)
    weeks = ((date(2026, 11, 24) - first).days + 1) / 7
    file = sheet_of(office, f"/office/fairness/xlsx?{period}", 3)
    team = next(row for row in file if row["服务队"] == "市医院测试队")
    assert team["服务"] > 0
    assert team["负荷"] == round(100 * team["服务"] / (CAPACITY * weeks), 1)
    shown = re.findall(r'data-label="占自己说的能力">([\d.]+)%', get_page(office, f"/office/fairness?{period}").html)
    assert max(map(float, shown)) == team["负荷"]


@pytest.mark.parametrize("after", [timedelta(0), timedelta(days=20), timedelta(days=300)])
def test_page_file_and_yearly_paper_say_the_same_in_every_figure(full: Site, after: timedelta):
    """In the middle of the year, near its end, and when it is over."""
    full.move_to(NOW + after)
    office = full.browser(full.city.office)
    mine, paper = (
        CalamineWorkbook.from_filelike(BytesIO(office.get(url).data))
        for url in (f"/office/fairness/xlsx?{YEAR}", "/office/papers/fairness/2026.xlsx")
    )
    assert mine.sheet_names == paper.sheet_names
    for index in range(5):
        assert mine.get_sheet_by_index(index).to_python() == paper.get_sheet_by_index(index).to_python()
    told = {row[0]: row[1] for row in mine.get_sheet_by_index(0).to_python()[1:]}
    page = get_page(office, f"/office/fairness?{YEAR}")
    shown = {label: value.split()[0] for label, value, _of, _links in figures_of(page.html)}
    assert {label: as_shown(value) for label, value in told.items() if label in shown} == shown
    assert "志愿者服务次数的基尼系数" in shown
    assert re.findall(r"人一次没去；基尼系数 ([\d.]+)。", page.text) == [shown["志愿者服务次数的基尼系数"]]


def as_shown(value: Any) -> str:
    return "—" if value == "" else f"{value:,.3f}".rstrip("0").rstrip(".")
