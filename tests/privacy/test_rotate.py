"""Keys are changed while the service runs; nothing is forgotten, nothing is done twice, a lost key is told at once."""

from dataclasses import replace
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import select, text

from qtxvol.accounts.actor import Actor
from qtxvol.base import Base
from qtxvol.extensions import db
from qtxvol.orders.lifecycle import Party
from qtxvol.orders.models import Order, OrderNote
from qtxvol.orders.place import place_order
from qtxvol.privacy import rotate
from qtxvol.privacy.keys import check_sealed, find_lost_keys, forget_former_keys, register_key
from qtxvol.privacy.rotate import digest_column_of, list_sealed_columns, rotate_keys
from qtxvol.privacy.sealed import Sealed
from qtxvol.privacy.vault import Vault, current_vault
from qtxvol.storage import transaction
from qtxvol.volunteers.models import Volunteer
from tests.databases import running_app, settings_for
from tests.factories import NOW, City, closed, make_city, make_volunteer, make_wish, new_key
from tests.migrations.test_migrations import APPEND_ONLY

KEYS = tuple(f"{letter}-key-of-the-tests-0123456789-abcdef" for letter in "xyz")
PHONE = "19900005555"


def app_with(url: str, folder: Path, *keys: str):
    return running_app(settings_for(url, folder, secret_key="s" * 10 + "ecret-of-the-tests-0123456789", data_keys=keys))


def fill(city: City, count: int) -> None:
    for _ in range(count):
        closed(city, contact_phone=PHONE, wish="请先打 13812345678 约时间")
        city = replace(city, crew=tuple(make_volunteer(city.team.team_id) for _ in range(3)))
    make_volunteer(None, phone=PHONE, phone_digest=current_vault().digest("phone", PHONE))


def sealed_values() -> dict[tuple[str, str], list[str]]:
    """Everything sealed, as it stands in the database."""
    found = {}
    for table, columns in list_sealed_columns().items():
        for column in columns:
            rows = db.session.execute(text(f"SELECT {column.name} FROM {table.name}")).scalars().all()
            found[table.name, column.name] = [s for row in rows if (s := column.type.find_sealed(row)) is not None]
    db.session.rollback()
    return found


def test_every_digest_names_its_kind_and_no_sealed_column_stands_where_nothing_may_change():
    for table, columns in list_sealed_columns().items():
        assert table.name not in APPEND_ONLY, f"{table.name} only grows: a sealed column there could never be rotated"
        for column in columns:
            digest = digest_column_of(column)
            assert digest is None or digest.info.get("kind"), f"{table.name}.{digest} names no kind"
    sealed = {table.name for table in list_sealed_columns()}
    assert {"orders", "order_notes", "accounts", "volunteers"} <= sealed
    numbers = [
        f"{table.name}.{column.name}"
        for table in Base.metadata.tables.values()
        for column in table.columns
        if column.name.endswith(("phone", "id_number")) and not isinstance(column.type, Sealed)
    ]
    assert numbers == [], f"{numbers} would be readable in a dump"


def test_everything_comes_under_the_newest_key_and_a_second_run_changes_nothing(database_url: str, tmp_path: Path):
    old, new = KEYS[:2]
    with app_with(database_url, tmp_path, old) as app, app.app_context():
        fill(make_city(), 2)
    with app_with(database_url, tmp_path, new, old) as app, app.app_context():
        assert orders_by_phone() == 2  # found while keys are being changed
        results = {each.table: each for each in rotate_keys(batch=1)}
        assert (results["orders"].sealed_anew, results["orders"].digests_anew) == (2 * 3, 2)
        assert results["volunteers"].digests_anew == 1
        assert sum(each.lost for each in results.values()) == 0
        assert orders_by_phone() == 2
        assert all(current_vault().is_newest(each) for values in sealed_values().values() for each in values)
        assert [(each.sealed_anew, each.digests_anew) for each in rotate_keys()] == [(0, 0)] * len(results)
    with app_with(database_url, tmp_path, new) as app, app.app_context():
        order = db.session.execute(select(Order.contact_phone, Order.wish).limit(1)).one()
        assert tuple(order) == (PHONE, "请先打 13812345678 约时间")
        assert orders_by_phone() == 2
        assert list(check_sealed()) == []


def orders_by_phone() -> int:
    """How many orders are found by the number."""
    digests = current_vault().digests("phone", PHONE)
    people = db.session.scalars(select(Volunteer.id).where(Volunteer.phone_digest.in_(digests))).all()
    assert len(people) == 1
    return len(db.session.scalars(select(Order.id).where(Order.contact_phone_digest.in_(digests))).all())


def test_it_may_be_stopped_in_the_middle_and_begun_again(database_url: str, tmp_path: Path):
    old, new = KEYS[:2]
    with app_with(database_url, tmp_path, old) as app, app.app_context():
        fill(make_city(), 3)

    class StopError(Exception):
        pass

    def stop(done: object) -> None:
        raise StopError

    with app_with(database_url, tmp_path, new, old) as app, app.app_context():
        for _ in range(2):
            with pytest.raises(StopError):
                rotate_keys(batch=2, tell=stop)
        # a process that has not been restarted yet goes on sealing with the former key
        with app_with(database_url, tmp_path, old) as former, former.app_context():
            place_order(make_wish(contact_phone=PHONE), Actor(Party.RESIDENT, "居民"), key=new_key(), now=NOW)
        rotate_keys(batch=2)
        rotate_keys(batch=2)
    with app_with(database_url, tmp_path, new) as app, app.app_context():
        assert list(check_sealed()) == []
        assert orders_by_phone() == 4


def test_a_row_that_changed_meanwhile_is_not_written_over(app: Flask):
    with app.app_context():
        city = make_city()
        number = closed(city, contact_phone=PHONE).number
        former = Vault([KEYS[2]]).seal("19900007777")
        with transaction():
            db.session.execute(text("UPDATE orders SET contact_phone = :sealed"), {"sealed": former})
        app.extensions["qtxvol_vault"] = Vault([KEYS[0], KEYS[2]])

        seen = rotate._batches

        def batches(table, names, size):
            for rows in seen(table, names, size):
                if table.name == "orders":
                    with transaction():
                        order = db.session.scalars(select(Order).where(Order.number == number)).one()
                        order.contact_phone = "19900008888"
                yield rows

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(rotate, "_batches", batches)
            rotate_keys()
        assert db.session.scalar(select(Order.contact_phone)) == "19900008888"


def test_a_missing_key_is_told_before_a_page_fails(database_url: str, tmp_path: Path):
    old, new = KEYS[:2]
    with app_with(database_url, tmp_path, old) as app, app.app_context():
        register_key(NOW)
        register_key(NOW)
        fill(make_city(), 1)
        assert find_lost_keys() == []
    with app_with(database_url, tmp_path, new) as app, app.app_context():
        assert len(find_lost_keys()) == 1
        assert "2026-11-24" in find_lost_keys()[0]
        assert "QTXVOL_DATA_KEYS" in find_lost_keys()[0]
        assert "1 values of orders.contact_phone can't be opened" in "\n".join(check_sealed())
        results = rotate_keys()
        assert sum(each.lost for each in results) == 4  # name, phone and wish of the order, the volunteer's phone
    with app_with(database_url, tmp_path, new, old) as app, app.app_context():
        register_key(NOW)
        assert find_lost_keys() == []
        assert sum(each.lost for each in rotate_keys()) == 0
        with transaction():
            forget_former_keys()
    with app_with(database_url, tmp_path, new) as app, app.app_context():
        assert find_lost_keys() == []
        assert db.session.scalars(select(OrderNote.text)).all() != []
