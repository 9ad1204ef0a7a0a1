"""The city's facts and one team, on both databases or on SQLite only."""

import pytest
from flask import Flask

from qtxvol.accounts.actor import Actor
from qtxvol.directory.loader import load_facts
from qtxvol.orders.lifecycle import Party
from tests.factories import NOW, make_actor, make_team

TEAM = "市医院测试队"


def settle() -> Actor:
    """Facts, a team without people, and somebody at the office."""
    load_facts(NOW)
    make_team("health", themes=("health",), name=TEAM, people=0)
    return make_actor(Party.OFFICE, "纲要办")


@pytest.fixture
def office(ctx: None) -> Actor:
    return settle()


@pytest.fixture
def office_sqlite(app_sqlite: Flask, ctx_sqlite: None) -> Actor:
    return settle()
