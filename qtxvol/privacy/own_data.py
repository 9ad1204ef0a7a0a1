"""Everything that is stored about one person, to be handed to that person: an order, an account, a volunteer.

Columns are read from the tables themselves, so one that is added tomorrow comes along; left out are secrets and
what the service made for itself (digests, hashes, folded search texts).
"""

from collections import defaultdict
from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

from sqlalchemy import Row, select

from qtxvol.accounts.actor import Actor
from qtxvol.accounts.models import Account, SavedView, Seat
from qtxvol.accounts.permissions import visible_orders
from qtxvol.base import Base
from qtxvol.extensions import db
from qtxvol.notices.models import ContactPoint, Delivery, NoticeWish
from qtxvol.offers.learn import VOLUNTEERS, belief_key
from qtxvol.offers.models import CounterOffer, JointInvite, JointSession, MatchBelief
from qtxvol.orders.lifecycle import Party
from qtxvol.orders.models import (
    Attachment,
    CallBack,
    ContactAttempt,
    Order,
    OrderEvent,
    OrderNote,
    Rating,
    Reply,
    WishedTime,
)
from qtxvol.privacy.models import Correction, Erasure, Reveal
from qtxvol.refusals import NotFound
from qtxvol.volunteers.models import Volunteer

#: Secrets, and what says nothing about the person.
_LEFT_OUT = frozenset(
    {"password_hash", "session_epoch", "link_nonce", "place_key", "search_text", "version", "fingerprint"}
    | {"previous_hash", "row_hash", "idempotency_key", "key", "actor_account_id", "account_id", "jpeg", "name_digest"}
    | {"key", "claimed_by", "claimed_until", "bundle_id", "reference", "detail"}
)
#: Tables about a volunteer that say how others decided about two rows, not who the person is.
_NOT_OWN = frozenset({"seats", "merges", "distinct_pairs", "volunteers"})

Data = dict[str, Any]


def export_order(actor: Actor, number: str) -> Data:
    """One order of the actor's: what was asked for, who was told, what was done, who looked.

    :raise NotFound: no such order within the actor's scope.
    """
    found = db.session.scalar(select(Order.id).where(Order.number == number, visible_orders(actor)))
    if found is None:
        raise NotFound(number)
    return _orders([found])[0]


def export_account(account_id: int) -> Data:
    """An account with its seats, its orders, and the volunteer that it belongs to; a constant number of statements.

    :raise NotFound: no such account.
    """
    mine = select(Order.id).where(Order.placed_by_account_id == account_id, Order.is_on_behalf.is_(False))
    return {
        **get_card(account_id),
        "saved_views": _rows(SavedView.__table__, SavedView.__table__.c.account_id == account_id),
        "contact_points": _rows(ContactPoint.__table__, ContactPoint.__table__.c.account_id == account_id),
        "notice_wishes": _rows(NoticeWish.__table__, NoticeWish.__table__.c.account_id == account_id),
        "corrections": _rows(Correction.__table__, Correction.__table__.c.account_id == account_id),
        "orders": _orders(db.session.scalars(mine.order_by(Order.id)).all()),
    }


def get_card(account_id: int) -> Data:
    """The account itself, its seats, and the volunteer that it belongs to.

    :raise NotFound: no such account.
    """
    accounts = _rows(Account.__table__, Account.__table__.c.id == account_id)
    if not accounts:
        raise NotFound(account_id)
    people = db.session.scalars(select(Seat.volunteer_id).where(Seat.account_id == account_id)).all()
    return {
        "account": accounts[0],
        "seats": _rows(Seat.__table__, Seat.__table__.c.account_id == account_id),
        "volunteers": [export_volunteer(person) for person in people if person is not None],
    }


def export_volunteer(volunteer_id: int) -> Data:
    """A volunteer's card and everything that points to it, over all rows of the person."""
    person = db.session.get(Volunteer, volunteer_id)
    if person is None:
        raise NotFound(volunteer_id)
    ids = db.session.scalars(Volunteer.rows_of(person.merged_into_id or person.id)).all()
    data: Data = {"card": _rows(Volunteer.__table__, Volunteer.__table__.c.id.in_(ids))}
    for table in Base.metadata.sorted_tables:
        if table.name in _NOT_OWN:
            continue
        for key in table.foreign_keys:
            if key.column.table is Volunteer.__table__:
                rows = _rows(table, key.parent.in_(ids))
                data[table.name] = [_without_body(row) for row in rows]
    data["match_beliefs"] = _beliefs(ids)
    _number_orders(data)
    return data


def _beliefs(volunteer_ids: Sequence[int]) -> list[Data]:
    """What was learned from the person's own answers: how likely a yes is."""
    table = MatchBelief.__table__
    keys = [belief_key(each) for each in volunteer_ids]
    return _rows(table, (table.c.model == VOLUNTEERS) & table.c.key.in_(keys))


def _number_orders(data: Data) -> None:
    """Beside the id of an order its number, by which the person knows it; one statement."""
    rows = [row for part in data.values() for row in part if row.get("order_id") is not None]
    found = db.session.execute(select(Order.id, Order.number).where(Order.id.in_({row["order_id"] for row in rows})))
    numbers = {order_id: number for order_id, number in found}
    for row in rows:
        row["order_number"] = numbers[row["order_id"]]


def _orders(ids: Sequence[int]) -> list[Data]:
    told = db.session.execute(
        select(
            OrderEvent.order_id, OrderEvent.action, OrderEvent.happened_at, OrderEvent.party, OrderEvent.actor_name,
            OrderEvent.payload, OrderNote.text,
        )
        .outerjoin(OrderNote, OrderNote.event_id == OrderEvent.id)
        .where(OrderEvent.order_id.in_(ids))
        .order_by(OrderEvent.order_id, OrderEvent.sequence)
    )  # fmt: skip
    parts = {
        "wished_times": _by_order(WishedTime, "order_id", ids),
        "other_times": _by_order(CounterOffer, "order_id", ids),
        "joint_sessions": _joint_sessions(ids),
        "steps": _group([_plain(row) for row in told], "order_id"),
        "ratings": _by_order(Rating, "asker_order_id", ids),
        "photos": _by_order(Attachment, "order_id", ids),
        "messages": _messages(ids),
        "replies": _replies(ids),
        "notice_wishes": _by_order(NoticeWish, "order_id", ids),
        "who_looked": _by_order(Reveal, "order_id", ids),
        "calls": _by_order(ContactAttempt, "order_id", ids),
        "call_backs": _by_order(CallBack, "order_id", ids),
        "corrections": _by_order(Correction, "order_id", ids),
        "erasures": _by_order(Erasure, "order_id", ids),
    }
    return [
        {"order": row, **{name: found[row["id"]] for name, found in parts.items()}}
        for row in _rows(Order.__table__, Order.__table__.c.id.in_(ids))
    ]


def _messages(ids: Sequence[int]) -> defaultdict[int, list[Data]]:
    """What was sent to the resident, by which channel, and how it ended; what others were sent is not theirs."""
    table = Delivery.__table__
    recipients = [f"order:{order_id}" for order_id in ids]
    rows = _rows(table, table.c.order_id.in_(ids) & table.c.recipient.in_(recipients))
    return _group([_without_body(row) for row in rows], "order_id")


def _joint_sessions(ids: Sequence[int]) -> defaultdict[int, list[Data]]:
    """What the resident was asked to hold together with neighbours, when that was to be, and what they said."""
    found = db.session.execute(
        select(
            JointInvite.__table__, JointSession.starts_at, JointSession.ends_at, JointSession.text,
            JointSession.until, JointSession.status,
        )
        .join(JointSession, JointSession.id == JointInvite.session_id)
        .where(JointInvite.order_id.in_(ids))
        .order_by(JointInvite.order_id, JointInvite.session_id)
    )  # fmt: skip
    return _group([_plain(row) for row in found], "order_id")


def _replies(ids: Sequence[int]) -> defaultdict[int, list[Data]]:
    """What the resident answered with one tap; of a merged order they stand with the one that was served."""
    table = Reply.__table__
    rows = _rows(table, (table.c.party == Party.RESIDENT) & table.c.scope.in_(list(map(str, ids))))
    grouped: defaultdict[int, list[Data]] = defaultdict(list)
    for row in rows:
        grouped[int(row["scope"])].append(row)
    return grouped


def _by_order(model: Any, key: str, ids: Sequence[int]) -> defaultdict[int, list[Data]]:
    rows = _rows(model.__table__, model.__table__.c[key].in_(ids))
    return _group([_without_body(row) for row in rows], key)


def _group(rows: Sequence[Data], key: str) -> defaultdict[int, list[Data]]:
    grouped: defaultdict[int, list[Data]] = defaultdict(list)
    for row in rows:
        grouped[row[key]].append(row)
    return grouped


def _rows(table: Any, condition: Any) -> list[Data]:
    keys = list(table.primary_key.columns)
    found = db.session.execute(select(table).where(condition).order_by(*keys))
    return [_plain(row) for row in found]


def _plain(row: Row[*tuple[Any, ...]]) -> Data:
    """As JSON takes it: times in UTC, days as ISO dates, nothing that is empty."""
    return {
        name: _value(value)
        for name, value in row._asdict().items()
        if name not in _LEFT_OUT and not _is_digest(name) and value not in (None, "", [], {})
    }


def _is_digest(name: str) -> bool:
    """What the service made of a number to find it again; `is_digest` is somebody's wish for one message a day."""
    return name.endswith("_digest") and not name.startswith("is_")


def _value(value: Any) -> Any:
    return value.isoformat() if isinstance(value, datetime | date) else value


def _without_body(row: Data) -> Data:
    """Which body acted is told; which of its people is not theirs to know."""
    return {name: value for name, value in row.items() if not name.endswith("account_id")}


def list_own_orders(account_id: int) -> Sequence[Order]:
    """The orders that an account placed for itself, newest first."""
    return db.session.scalars(
        select(Order)
        .where(Order.placed_by_account_id == account_id, Order.is_on_behalf.is_(False))
        .order_by(Order.id.desc())
    ).all()


def list_looks(account_id: int) -> Sequence[Any]:
    """Who looked at a number of this account's owner, over their orders and their volunteer's card, newest first."""
    orders = select(Order.id).where(Order.placed_by_account_id == account_id, Order.is_on_behalf.is_(False))
    people = (
        select(Volunteer.id)
        .join(Seat, Volunteer.person_id() == Seat.volunteer_id)
        .where(Seat.account_id == account_id, Seat.party == Party.VOLUNTEER)
    )
    return db.session.execute(
        select(Reveal, Order.number)
        .outerjoin(Order, Order.id == Reveal.order_id)
        .where(Reveal.order_id.in_(orders) | Reveal.volunteer_id.in_(people))
        .order_by(Reveal.id.desc())
        .limit(200)
    ).all()
