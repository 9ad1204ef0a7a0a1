"""A page costs the same number of SQL statements whether there are three orders or sixty."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from flask import Flask
from sqlalchemy import event

from qtxvol.extensions import db
from tests.factories import accepted, claimed, closed, dispatched, placed, window
from tests.web.site import Site

#: What a list may cost at most.
MOST = 14
#: What stands on one page from every room of the house.
MOST_OF = {"/office/stuck": 26, "/department/fairness": 20, "/office/fairness": 20}


@contextmanager
def counted(app: Flask) -> Iterator[list[str]]:
    """The statements that reach the database meanwhile."""
    with app.app_context():
        engine = db.engine
    seen: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        seen.append(statement)

    event.listen(engine, "before_cursor_execute", note)
    try:
        yield seen
    finally:
        event.remove(engine, "before_cursor_execute", note)


def cost_of(site: Site, actor: Any, url: str) -> list[str]:
    browser = site.browser(actor) if actor else site.browser()
    browser.get(url)  # whatever is read once only
    with counted(site.app) as seen:
        answer = browser.get(url)
    assert answer.status_code == 200, url
    return [statement for statement in seen if not statement.startswith(("BEGIN", "PRAGMA"))]


#: Pictures and files to keep: what they cost is not what a page costs.
_FILES = (".svg", ".pdf", ".xlsx")


def lists_of(site: Site) -> list[tuple[Any, str]]:
    """Every list page: of desks, their tabs, filtered, searched."""
    city = site.city
    pages: list[tuple[Any, str]] = [(None, url) for url in ("/", "/menu", "/progress")]
    for party in ("resident", "community", "department", "team", "volunteer", "office"):
        actor = getattr(city, party)
        for rule in site.app.url_map.iter_rules():
            is_page = "GET" in (rule.methods or ()) and "<" not in rule.rule and not rule.rule.endswith(_FILES)
            if rule.rule.startswith(f"/{party}/") and is_page:
                pages.append((actor, rule.rule))
        for query in ("?tab=all", "?tab=open", "?tab=closed", "?q=合理&theme=health&overdue=1", "?q=1234&tab=all"):
            pages.append((actor, f"/{party}/{query}"))
    return pages


def fill(site: Site, rounds: int, start: int) -> None:
    """Three orders a round, one of each kind in turn, at times of their own."""
    for turn in range(start, start + rounds):
        site.make(placed)
        site.make(dispatched)
        site.make((claimed, accepted, closed)[turn % 3], **({"agreed": window(2 + turn)} if turn % 3 else {}))


def test_pages_cost_the_same_for_sixty_orders_as_for_three(site: Site) -> None:
    """Every list of every desk, the order's page at every desk, and the resident's own."""
    number = site.make(accepted, agreed=window(1)).number
    fill(site, 1, 0)
    pages = lists_of(site)
    of_order = [
        (getattr(site.city, party), f"/{party}/orders/{number}")
        for party in ("resident", "community", "department", "team", "volunteer", "office")
    ]
    of_order.append((None, site.link(number)))
    few = {(actor, url): cost_of(site, actor, url) for actor, url in (*pages, *of_order)}
    fill(site, 20, 3)
    for (actor, url), before in few.items():
        after = cost_of(site, actor, url)
        assert len(after) == len(before), f"{url}: {len(before)} statements became {len(after)}:\n" + "\n".join(after)
        if (actor, url) in pages:
            assert len(after) <= MOST_OF.get(url, MOST), f"{url}: {len(after)} statements:\n" + "\n".join(after)


def test_a_long_history_costs_no_more_than_a_short_one(site: Site) -> None:
    """Offers, questions, returns: each adds rows to the page, none adds a statement."""
    city = site.city
    short, long = site.make(claimed).number, site.make(claimed).number
    for text in ("几楼？", "有话筒吗？", "有投影吗？"):
        assert site.act(city.department, long, "ask", {"text": text}).status_code == 303
        assert site.act_by_link(long, "answer", {"text": "有"}).status_code == 303
    for teams in ([city.team], [city.other_team], [city.team, city.other_team]):
        data = {"team_ids": [str(team.team_id) for team in teams]}
        assert site.act(city.department, long, "offer", data).status_code == 303
    assert site.act(city.department, short, "offer", {"team_ids": [str(city.team.team_id)]}).status_code == 303
    for actor in (city.community, city.department, city.team, city.office):
        costs = [len(cost_of(site, actor, f"/{actor.party}/orders/{number}")) for number in (short, long)]
        assert costs[0] == costs[1], actor.party
