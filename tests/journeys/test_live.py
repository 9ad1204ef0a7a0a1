"""The stage itself: a city that goes back to its start, whoever is still looking at it."""

from sqlalchemy import select, text

from qtxvol.accounts.models import Account
from qtxvol.extensions import db
from qtxvol.storage import transaction
from tests.factories import City
from tests.journeys.live import LiveSite

_NAMES = select(Account.display_name).order_by(Account.id)


def test_the_rows_go_back_while_somebody_is_still_reading(served_city: tuple[LiveSite, City]) -> None:
    site, _city = served_city
    site.reset()
    with site.app.app_context():
        before = db.session.scalars(_NAMES).all()
        with transaction():
            db.session.execute(text("UPDATE accounts SET display_name = '改过'"))
        with db.engine.connect() as slow:
            assert set(slow.scalars(_NAMES)) == {"改过"}
            site.reset()
            assert set(slow.scalars(_NAMES)) == {"改过"}, "one answer is of one moment"
            assert db.session.scalars(_NAMES).all() == before
        with transaction():
            db.session.execute(text("UPDATE accounts SET display_name = '又改过'"))
        assert set(db.session.scalars(_NAMES)) == {"又改过"}
    site.reset()
    with site.app.app_context():
        assert db.session.scalars(_NAMES).all() == before
