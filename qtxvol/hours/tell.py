"""Who is told about hours beside the normal way. Inside the transaction of the step; names stay in their own tables."""

from datetime import datetime

from qtxvol.hours.models import HoursRequest, NoShow
from qtxvol.notices.queue import To, queue_notices
from qtxvol.orders.lifecycle import Party


def tell_waiting(request: HoursRequest, now: datetime) -> None:
    """The office: somebody there, but not who asked, confirms it."""
    queue_notices(
        "late_entry_waiting",
        [To(Party.OFFICE)],
        now=now,
        order_id=request.order_id,
        about={"volunteer_id": request.volunteer_id, "minutes": request.minutes},
        key=f"late_entry_waiting:{request.id}",
    )


def tell_decided(request: HoursRequest, team_id: int | None, now: datetime) -> None:
    """The person; and the team when its leader asked. A correction downwards is told as such."""
    readers = [To(Party.VOLUNTEER, str(request.volunteer_id))]
    if request.proposed_party == Party.TEAM and team_id is not None:
        readers.append(To(Party.TEAM, str(team_id)))
    result = "corrected" if request.kind == "correction" and request.status == "confirmed" else request.status
    queue_notices(
        "hours_decided",
        readers,
        now=now,
        order_id=request.order_id,
        about={"volunteer_id": request.volunteer_id, "minutes": request.minutes, "result": result},
        key=f"hours_decided:{request.id}",
    )


def tell_objection(against: str, order_id: int, now: datetime) -> None:
    """The office decides on objections to late entries and to absences. Who objected stays unnamed.

    :param against: what it is against, once, e.g. `hours:7`.
    """
    queue_notices("objection", [To(Party.OFFICE)], now=now, order_id=order_id, key=f"objection:{against}")


def tell_absent(row: NoShow, now: datetime) -> None:
    """The person, with the day until which the mark counts; the page says how to object."""
    queue_notices(
        "absence",
        [To(Party.VOLUNTEER, str(row.volunteer_id))],
        now=now,
        order_id=row.order_id,
        about={"until": row.expires_on.isoformat()},
        key=f"absence:{row.id}",
    )
