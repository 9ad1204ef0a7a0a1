"""Contacts go a set time after the end, not a day before, and a dry run touches nothing."""

from datetime import timedelta

import pytest
from sqlalchemy import func, select, update

from qtxvol.extensions import db
from qtxvol.jobs.ledger import run_due
from qtxvol.jobs.models import JobRun
from qtxvol.orders.check import check_orders
from qtxvol.orders.decline import cancel_order
from qtxvol.orders.models import Order
from qtxvol.privacy.models import Erasure
from qtxvol.privacy.retain import DEFAULT_DAYS, count_due, erase_due, get_days, list_erased_by_month, set_days
from qtxvol.refusals import Refused
from qtxvol.storage import transaction
from tests.factories import NOW, City, accepted, closed, link_of, placed, window

ENDED = window(3).ends_at + timedelta(hours=1)


def with_contact() -> int:
    return db.session.scalar(select(func.count()).where(Order.contact_phone_tail != "")) or 0


def test_a_contact_goes_the_day_it_is_due_and_not_before(own_city: City):
    closed(own_city)
    early, due = ENDED + timedelta(days=DEFAULT_DAYS, seconds=-1), ENDED + timedelta(days=DEFAULT_DAYS, seconds=1)
    assert (count_due(early).total, erase_due(early), with_contact()) == (0, 0, 1)
    assert count_due(due).by_status == {"closed": 1}
    assert with_contact() == 1  # a dry run
    assert (erase_due(due), with_contact(), erase_due(due)) == (1, 0, 0)
    erasure = db.session.scalars(select(Erasure)).one()
    assert (erasure.cause, erasure.party) == ("kept_long_enough", "system")
    assert list_erased_by_month() == [(f"{due:%Y-%m}", "kept_long_enough", 1)]
    assert list(check_orders()) == []


def test_open_orders_keep_theirs_however_old(own_city: City):
    placed(own_city)
    accepted(own_city)
    assert erase_due(NOW + timedelta(days=4000)) == 0
    assert with_contact() == 2


def test_what_was_merged_waits_for_what_it_was_merged_into(own_city: City):
    host, guest = accepted(own_city), placed(own_city)
    with transaction():
        db.session.execute(
            update(Order).where(Order.id == guest.order_id).values(status="merged", merged_into_id=host.order_id)
        )
    assert erase_due(NOW + timedelta(days=4000)) == 0
    with transaction():
        db.session.execute(update(Order).where(Order.id == host.order_id).values(status="unmet"))
    assert erase_due(NOW + timedelta(days=4000)) == 2


def test_the_office_chooses_for_how_long(own_city: City):
    assert get_days() == DEFAULT_DAYS
    set_days(own_city.office, 30, NOW)
    set_days(own_city.office, 60, NOW)
    assert get_days() == 60
    for days in (29, 3651):
        with pytest.raises(Refused) as refused:
            set_days(own_city.office, days, NOW)
        assert refused.value.about["field"] == "days"
    with pytest.raises(Refused, match="wrong_party"):
        set_days(own_city.community, 60, NOW)


def test_the_nightly_job_takes_a_share_and_the_next_night_goes_on(own_city: City, monkeypatch: pytest.MonkeyPatch):
    for _ in range(3):
        order = placed(own_city)
        cancel_order(order.number, link_of(order), reason="other", text="不用了", now=NOW)
    monkeypatch.setattr("qtxvol.jobs.schedule.MOST_AT_ONCE", 2)
    night = NOW + timedelta(days=DEFAULT_DAYS + 1)
    assert "retain" in run_due(night)
    assert with_contact() == 1
    assert "retain" in run_due(night + timedelta(days=1))
    assert with_contact() == 0
    runs = db.session.scalars(select(JobRun).where(JobRun.job == "retain").order_by(JobRun.slot)).all()
    assert [(run.counts["due"], run.counts["erased"]) for run in runs] == [(3, 2), (1, 1)]
