"""Several orders in one go: each its own step and its own transaction, so that one that fails takes none with it."""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.exc import OperationalError

from qtxvol.accounts.actor import Actor
from qtxvol.extensions import db
from qtxvol.orders.claim import claim_order
from qtxvol.orders.dispatch import dispatch_order
from qtxvol.orders.transition import Outcome
from qtxvol.refusals import NotFound, Refused

#: More at once is no longer looked at by anybody before it is done.
MOST_AT_ONCE = 50

_LOG = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Pick:
    """An order that somebody ticked: as they saw it, and where it is to go (dispatching only).

    :ivar suggested_department_id: which department the service suggested first.
    """

    number: str
    version: int
    department_id: str = ""
    suggested_department_id: str = ""


@dataclass(frozen=True, slots=True)
class Taken:
    """How one order's step ended: done, or refused with the reason.

    :ivar refused: None when it was done, now or by the same request before. `not_tried`: the database was busy.
    """

    pick: Pick
    refused: Refused | None = None


def dispatch_each(picks: Sequence[Pick], actor: Actor, *, now: datetime, key: str) -> list[Taken]:
    """Dispatch each order to its department, through the same verb as a single one.

    :param key: of the page; the same page sent twice does nothing a second time.
    :return: one `Taken` per order, in the same order. Never raises for one of them.
    :raise Refused: `too_many_at_once` (422), before anything is done.
    """

    def dispatch(pick: Pick, key: str) -> Outcome:
        return dispatch_order(
            pick.number,
            actor,
            department_id=pick.department_id,
            suggested_department_id=pick.suggested_department_id,
            now=now,
            version=pick.version,
            key=key,
        )

    return _take_each(picks, dispatch, key)


def claim_each(
    picks: Sequence[Pick], actor: Actor, *, now: datetime, key: str, is_auto_asked: bool = False
) -> list[Taken]:
    """Claim each order for the actor's department; else as `dispatch_each`.

    :param is_auto_asked: as `claim_order`, for all of them.
    """

    def claim(pick: Pick, key: str) -> Outcome:
        return claim_order(pick.number, actor, is_auto_asked=is_auto_asked, now=now, version=pick.version, key=key)

    return _take_each(picks, claim, key)


def _take_each(picks: Sequence[Pick], verb: Callable[[Pick, str], Outcome], key: str) -> list[Taken]:
    if len(picks) > MOST_AT_ONCE:
        raise Refused("too_many_at_once", 422, most=MOST_AT_ONCE)
    return [_take(pick, verb, f"{key}:{pick.number}") for pick in picks]


def _take(pick: Pick, verb: Callable[[Pick, str], Outcome], key: str) -> Taken:
    try:
        verb(pick, key)
    except Refused as refused:
        return Taken(pick, refused)
    except NotFound:
        return Taken(pick, Refused("no_such_order", 404))
    except OperationalError:
        # a lock that was not to be had in time: the others are tried all the same, and the page says which was not done
        _LOG.exception("one order of several could not be written")
        db.session.rollback()
        return Taken(pick, Refused("not_tried", 503))
    return Taken(pick)
