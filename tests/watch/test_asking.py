"""What the metrics say about the asking of teams and people."""

from datetime import timedelta

import pytest

from qtxvol.extensions import db
from qtxvol.orders.models import Offer, Order
from qtxvol.storage import transaction
from qtxvol.watch.asking import read_asking
from qtxvol.watch.metrics import render_metrics
from qtxvol.watch.pulse import read_pulse
from tests.factories import NOW, accepted, claimed, make_city, window

pytestmark = pytest.mark.usefixtures("ctx")


def test_asks_waves_and_times_are_read_from_the_records():
    city = make_city()
    assert read_asking(NOW).median_hours is None
    order = claimed(city)
    with transaction():
        for wave, team in ((1, city.team), (2, city.other_team), (2, city.team)):
            offer = {"order_id": order.order_id, "team_id": team.team_id, "wave": wave}
            db.session.add(Offer(**offer, asked_at=NOW - timedelta(hours=1)))
        db.session.add(Offer(**{**offer, "wave": 3}, asked_at=NOW - timedelta(days=2)))
        row = db.session.get_one(Order, order.order_id)
        row.is_auto_asked, row.next_wave_at = True, NOW - timedelta(minutes=6)
    accepted(city, NOW - timedelta(hours=3), agreed=window(3))
    found = read_asking(NOW)
    assert (found.offers, found.waves, found.asks, found.holds) == (3, 2, 0, 0)
    assert (found.auto, found.late, found.accepted) == (1, 1, 1)
    assert found.median_hours == found.p90_hours == 0
    text = render_metrics(read_pulse(NOW), NOW).decode()
    assert 'qtxvol_asked_day{who="teams"} 3.0' in text
    assert 'qtxvol_auto_asked_orders{how="late"} 1.0' in text
    assert 'qtxvol_acceptance_hours{quantile="0.5"} 0.0' in text
