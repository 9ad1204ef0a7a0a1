"""The curve towards the 2,000 volunteers, counted from the volunteers and hours of the demo city themselves."""

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta

from sqlalchemy import func, insert, select

from qtxvol.base import CITY_TIME
from qtxvol.extensions import db
from qtxvol.hours.models import HoursEntry
from qtxvol.progress.models import VolunteerCount
from qtxvol.volunteers.models import Volunteer

MONTHS = 18
#: So many days are counted one by one; further back one a week is enough for a curve.
DAILY = 60
ACTIVE_WITHIN = timedelta(days=365)


def make_counts(now: datetime) -> int:
    """Write the counts that the daily job would have written. Inside the caller's `transaction()`.

    Only who is verified today stands in the curve: nobody wrote down when others had left, so the last point
    is exact and the older ones are a little low.
    :return: number of rows.
    """
    verified = sorted(
        moment.astimezone(CITY_TIME).date()
        for moment in db.session.scalars(select(Volunteer.verified_at).where(Volunteer.status == "verified"))
        if moment is not None
    )
    waits = [
        (created.astimezone(CITY_TIME).date(), moment.astimezone(CITY_TIME).date() if moment else None)
        for created, moment in db.session.execute(
            select(Volunteer.created_at, Volunteer.verified_at).where(Volunteer.status.in_(("verified", "applied")))
        )
    ]
    served = _service_days()
    rows = [
        {
            "day": day,
            "registered": bisect_right(verified, day),
            "active": sum(any(day - ACTIVE_WITHIN < on <= day for on in days) for days in served),
            "applied": sum(created <= day and (moment is None or moment > day) for created, moment in waits),
            "counted_at": min(now, datetime.combine(day, time(23, 30), CITY_TIME)),
        }
        for day in _days(now.astimezone(CITY_TIME).date())
    ]
    db.session.execute(insert(VolunteerCount), rows)
    return len(rows)


def _service_days() -> list[list[date]]:
    """Days of confirmed service of each verified volunteer who has any; what was taken back doesn't count."""
    days = defaultdict(list)
    statement = (
        select(HoursEntry.volunteer_id, HoursEntry.served_on)
        .join(Volunteer, Volunteer.id == HoursEntry.volunteer_id)
        .where(Volunteer.status == "verified")
        .group_by(HoursEntry.volunteer_id, HoursEntry.order_id, HoursEntry.served_on)
        .having(func.sum(HoursEntry.minutes) > 0)
    )
    for person, served_on in db.session.execute(statement):
        days[person].append(served_on)
    return list(days.values())


def _days(today: date) -> Iterator[date]:
    for back in range(MONTHS * 365 // 12, DAILY, -7):
        yield today - timedelta(days=back)
    for back in range(DAILY, -1, -1):
        yield today - timedelta(days=back)
