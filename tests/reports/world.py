"""A small city with a little of everything that figures are made of, put together by chance from a seed."""

import random
from dataclasses import dataclass
from datetime import datetime, timedelta

from qtxvol.accounts.actor import Actor
from qtxvol.orders.claim import claim_order
from qtxvol.orders.contact import end_unreachable, log_call
from qtxvol.orders.decline import give_up_order
from qtxvol.orders.dispatch import dispatch_order
from qtxvol.orders.lifecycle import Party
from qtxvol.orders.rate import Verdict, rate_order
from qtxvol.orders.serve import accept_order, close_order, reopen_order
from tests.factories import (
    COMMUNITY,
    NOW,
    OTHER_COMMUNITY,
    City,
    link_of,
    make_actor,
    make_city,
    make_team,
    make_volunteer,
    placed,
    window,
)


@dataclass(frozen=True)
class World:
    """The city, and a team with its people for each unit."""

    city: City
    units: dict[str, tuple[Actor, Actor, tuple[int, ...]]]


def make_world(seed: int, orders: int = 10) -> World:
    """Orders of a year in two towns and two units: open, closed, rated, reopened, unmet, unreachable; people with and
    without a team, active and not."""
    rng = random.Random(seed)
    city = make_city()
    teacher, pupils = make_team("education", themes=("health", "youth_science"), name="实验学校测试队")
    liaison = make_actor(Party.DEPARTMENT, "市教育局", department_id="education")
    units = {"health": (city.department, city.team, city.crew), "education": (liaison, teacher, pupils)}
    for days in (3, 200, 500):
        make_volunteer(
            None, division_code=OTHER_COMMUNITY, skills=["agronomist"], verified_at=NOW - timedelta(days=days)
        )
    make_volunteer(None, status="applied")
    make_volunteer(None, status="left")
    world = World(city, units)
    for turn in range(orders):
        _make_order(world, rng, turn)
    _make_unreachable(world, NOW - timedelta(days=30))
    return world


def _make_unreachable(world: World, now: datetime) -> None:
    """An order whose resident three calls on two days did not reach."""
    order, clerk = placed(world.city, now, world.city.community), world.city.community
    for hours in (1, 2, 25):
        when = now + timedelta(hours=hours)
        log_call(order.number, clerk, contact="first", outcome="no_answer", key=f"call-{hours}", now=when)
    end_unreachable(order.number, clerk, now=now + timedelta(hours=26))


def add_orders(world: World, first: int, last: int) -> None:
    """The turns from `first` to `last` more."""
    for turn in range(first, last):
        _make_order(world, random.Random(turn), turn)


def _make_order(world: World, rng: random.Random, turn: int) -> None:
    """One order at a time of its own, so that nobody is in two places."""
    now = NOW - timedelta(days=300 - 20 * turn)
    city = world.city
    community, actor = rng.choice([(COMMUNITY, city.community), (OTHER_COMMUNITY, city.other_community)])
    wish = {"menu_item_id": None, "wish": "想听听怎么种葡萄。", "audience": "farmers"} if turn % 4 == 3 else {}
    order = placed(city, now, actor, division_code=community, **wish)
    fate = ["closed", "closed", "rated", "reopened", "unmet", "placed", "disputed"][turn % 7]
    if fate == "placed":
        return
    if fate == "unmet":
        give_up_order(order.number, city.office, text="没有合适的队伍。", now=now + timedelta(hours=1))
        return
    unit = rng.choice(list(world.units))
    liaison, leader, crew = world.units[unit]
    dispatch_order(order.number, actor, department_id=unit, now=now + timedelta(hours=1))
    claim_order(order.number, liaison, now=now + timedelta(hours=rng.choice((2, 200))))
    agreed = window(10, now=now, hours=2)
    people = list(crew[: rng.randint(1, 2)])
    accept_order(order.number, leader, agreed=agreed, volunteer_ids=people, now=now + timedelta(hours=201))
    after = agreed.ends_at + timedelta(hours=1)
    minutes = {person: rng.choice((45, 60, 110)) for person in people}
    close_order(
        order.number,
        leader,
        actual=agreed,
        attendance=rng.randint(1, 60),
        report="讲了课。",
        minutes=minutes,
        now=after,
    )
    if fate in ("rated", "disputed"):
        verdict = Verdict(stars=rng.randint(1, 5), did_take_place=fate == "rated")
        rate_order(order.number, link_of(order), verdict=verdict, now=after + timedelta(days=1))
    if fate == "reopened":
        reopen_order(order.number, city.office, text="居民说没讲完。", now=after + timedelta(days=2))
