"""The open-data bundle: complete, and without any person in it."""

import sqlite3
from datetime import timedelta
from pathlib import Path

import pytest
from sqlite_utils import Database

from qtxvol.orders.rate import Verdict, rate_order
from qtxvol.progress.open_data import write_open_data
from tests.factories import NOW, closed, counted, make_city, placed

pytestmark = pytest.mark.usefixtures("ctx")
LATER = NOW + timedelta(days=5)


@pytest.fixture
def bundle(tmp_path: Path) -> Path:
    city = make_city()
    order = closed(city, contact_name="独特的名字", contact_phone="19900008765", venue="独特的地点", wish="独特的愿望")
    rate_order(order.number, city.resident, verdict=Verdict(4, True, 25, True, "独特的评语"), now=LATER)
    placed(city)
    counted(LATER.date())
    file = tmp_path / "open.sqlite3"
    write_open_data(file, LATER)
    return file


def test_every_table_is_there_with_its_rows(bundle: Path) -> None:
    data = Database(bundle)
    counts = {table.name: table.count for table in data.tables}
    data.close()
    assert counts["menu_items"] == 60
    assert counts["departments"] == 20
    assert (counts["orders"], counts["steps"], counts["volunteer_counts"]) == (2, 7, 1)


def test_no_person_place_or_text_is_in_the_file(bundle: Path) -> None:
    raw = bundle.read_bytes()
    for secret in ("独特的", "19900008765", "8765", "测试员", "王测试"):
        assert secret.encode() not in raw, secret


def test_an_order_shows_its_town_not_its_village(bundle: Path) -> None:
    with sqlite3.connect(bundle) as connection:
        towns = {row[0] for row in connection.execute("select town from orders")}
        stars = sorted(row[0] or 0 for row in connection.execute("select stars from orders"))
    connection.close()
    assert towns == {"640381001000"}
    assert stars == [0, 4]  # not rated is nothing, never five


def test_writing_again_replaces_the_file_whole(bundle: Path) -> None:
    write_open_data(bundle, LATER)
    data = Database(bundle)
    assert data.table("orders").count == 2
    data.close()
    assert not bundle.with_suffix(".sqlite3.part").exists()
