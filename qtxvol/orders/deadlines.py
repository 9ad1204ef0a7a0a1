"""Clocks, pure: when the next step is due. Times are aware UTC; `now` is passed in.

First version: limits count plain hours. Office hours and working days come with the working-time calendar.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta

from qtxvol.orders.lifecycle import WAITS, Status

#: A team has so long after the service to write it up, when no limit row says otherwise.
DEFAULT_HOURS = {"dispatch": 24, "claim": 24, "accept": 48, "close": 24}
#: A deadline that is nearer than this is soon: lists mark it, and can be narrowed to it.
SOON = timedelta(hours=4)


def due_at(
    status: Status, since: datetime, limits: Mapping[str, int], *, agreed_end: datetime | None = None
) -> datetime | None:
    """When whoever owns `status` must have acted.

    :param since: when the order entered the status.
    :param limits: hours by step, as edited by the office; a missing step falls back to `DEFAULT_HOURS`.
    :param agreed_end: for accepted orders the clock starts when the service ends.
    :return: None for a status that waits for nobody.
    """
    wait = WAITS.get(status)
    if wait is None:
        return None
    start = agreed_end if status is Status.ACCEPTED and agreed_end is not None else since
    return start + timedelta(hours=limits.get(wait.step, DEFAULT_HOURS[wait.step]))


def resume(due: datetime | None, *, stopped_at: datetime, now: datetime) -> datetime | None:
    """The deadline after a pause: time in which a question to the resident was open is given back."""
    return None if due is None else due + (now - stopped_at)


def standing(due: datetime | None, stopped_at: datetime | None, now: datetime) -> datetime | None:
    """The deadline that counts at `now`, with an open question's time given back."""
    return due if stopped_at is None else resume(due, stopped_at=stopped_at, now=now)
