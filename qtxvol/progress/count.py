"""Count volunteers for a day's snapshot. Distinct people, never attendances."""

from datetime import date, datetime, timedelta

from sqlalchemy import func, select

from qtxvol.extensions import db
from qtxvol.hours.models import HoursEntry
from qtxvol.progress.models import VolunteerCount
from qtxvol.storage import transaction
from qtxvol.volunteers.models import Volunteer

#: Active means: at least one service in so many days before the count.
ACTIVE_DAYS = 365


def count_volunteers(day: date, now: datetime) -> VolunteerCount:
    """Write the snapshot of `day`; counting the same day again replaces it.

    Registered: verified people. Active: verified people whose ledger holds minutes that were not taken back,
    from a service of the last 365 days. Applied: not verified yet, shown and not counted.
    """
    served = (
        select(HoursEntry.volunteer_id, HoursEntry.order_id)
        .where(HoursEntry.served_on > day - timedelta(days=ACTIVE_DAYS), HoursEntry.served_on <= day)
        .group_by(HoursEntry.volunteer_id, HoursEntry.order_id)
        .having(func.sum(HoursEntry.minutes) > 0)
        .subquery()
    )
    is_verified = Volunteer.status == "verified"
    with transaction():
        registered, active, applied = db.session.execute(
            select(
                func.count().filter(is_verified),
                func.count().filter(is_verified, Volunteer.id.in_(select(served.c.volunteer_id))),
                func.count().filter(Volunteer.status == "applied"),
            ).select_from(Volunteer)
        ).one()
        return db.session.merge(
            VolunteerCount(day=day, registered=registered, active=active, applied=applied, counted_at=now)
        )
