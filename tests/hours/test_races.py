"""Two closes, two confirmations at the same moment: one person is written to one place, one line is written once."""

from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import select

from qtxvol.extensions import db
from qtxvol.hours.check import check_hours
from qtxvol.hours.models import HoursEntry
from qtxvol.hours.requests import decide_request, propose_late
from qtxvol.orders.lifecycle import Party
from qtxvol.orders.serve import accept_order, close_order
from qtxvol.orders.windows import Window
from qtxvol.refusals import Refused
from qtxvol.storage import transaction
from qtxvol.volunteers.models import Volunteer
from tests.databases import running_app, settings_for
from tests.factories import NOW, City, claimed, closed, make_actor, make_city, make_volunteer, window
from tests.hours.test_verbs import AFTER, END, HOUR, MINUTE, START
from tests.orders.test_races import ROOM, at_once


@pytest.fixture
def roomy_app(database_url: str, tmp_path: Path) -> Iterator[Flask]:
    with running_app(settings_for(database_url, tmp_path, extra=ROOM)) as app:
        yield app


@pytest.fixture
def city(roomy_app: Flask) -> City:
    with roomy_app.app_context():
        return make_city()


def test_one_person_on_two_rows_is_closed_into_one_of_two_overlapping_services(roomy_app: Flask, city: City):
    with roomy_app.app_context():
        row, twin = city.crew[0], make_volunteer(city.team.team_id)
        first, second = claimed(city), claimed(city)
        later = Window(START + 30 * MINUTE, END + 30 * MINUTE)
        accept_order(first.number, city.team, agreed=window(3), volunteer_ids=[row], now=NOW)
        accept_order(second.number, city.team, agreed=later, volunteer_ids=[twin], now=NOW)
        with transaction():
            person = db.session.get_one(Volunteer, twin)
            person.status, person.merged_into_id = "merged", row
    runs = [
        partial(
            close_order, order.number, city.team,
            actual=span, attendance=9, report="讲完了。", minutes={who: 60}, now=AFTER + HOUR,
        )
        for order, span, who in ((first, window(3), row), (second, later, twin))
    ]  # fmt: skip
    answers = at_once(roomy_app, runs)
    assert [each.code for each in answers if isinstance(each, Refused)] == ["person_elsewhere"]
    with roomy_app.app_context():
        assert len(db.session.scalars(select(HoursEntry)).all()) == 1
        assert list(check_hours()) == []


def test_a_request_that_two_people_confirm_at_once_is_one_line(roomy_app: Flask, city: City):
    with roomy_app.app_context():
        order = closed(city)
        request = propose_late(
            order.number,
            city.team,
            volunteer_id=city.crew[1],
            minutes=60,
            reason="forgotten",
            text="漏记了。",
            now=AFTER,
        )
        offices = [city.office, *(make_actor(Party.OFFICE, "纲要办") for _ in range(3))]
    runs = [partial(decide_request, request, each, is_confirmed=True, text="", now=AFTER) for each in offices]
    answers = at_once(roomy_app, runs)
    assert [each.code for each in answers if isinstance(each, Refused)] == ["is_decided"] * 3
    with roomy_app.app_context():
        assert len(db.session.scalars(select(HoursEntry).where(HoursEntry.source == "late")).all()) == 1
        assert list(check_hours()) == []
