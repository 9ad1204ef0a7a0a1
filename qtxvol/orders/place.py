"""Place an order: by the resident, or by community or department staff on the resident's behalf."""

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from qtxvol.accounts.actor import Actor, division_prefix
from qtxvol.directory.models import Division, MenuItem, Term
from qtxvol.emergencies.models import Emergency
from qtxvol.emergencies.queries import covers_of, find_cover
from qtxvol.extensions import db
from qtxvol.orders.chain import fingerprint
from qtxvol.orders.lifecycle import Action, Party, Status
from qtxvol.orders.links import new_nonce
from qtxvol.orders.models import Order, OrderEvent, WishedTime
from qtxvol.orders.numbers import new_number
from qtxvol.orders.pictures import Picture, attach
from qtxvol.orders.transition import Outcome, insert_order
from qtxvol.orders.windows import MOST_WINDOWS, Window, find_fault
from qtxvol.privacy.numbers import drop_numbers
from qtxvol.privacy.vault import current_vault
from qtxvol.refusals import Refused
from qtxvol.storage import transaction

MOST_PEOPLE = 5000
REQUESTER_KINDS = ("resident", "school", "enterprise", "organisation")
URGENCIES = ("normal", "urgent", "emergency")


@dataclass(frozen=True, slots=True)
class Wish:
    """What a resident asks for. Text is already trimmed and free of control characters.

    :ivar menu_item_id: from the menu, or None with a free-text `wish`.
    :ivar contact_phone: digits only, as `accounts.phones.parse_phone` gives it.
    :ivar consent_version: which privacy text was agreed to; empty means none was.
    :ivar emergency_id: staff say that it belongs to this open emergency or exercise; without it place and topic decide.
    :ivar is_push: the department sends it to the community unasked.
    :ivar second_phone: of somebody else to call when the first can't be reached; digits only, or empty.
    :ivar is_joint_ok: would do it together with neighbours who ordered the same.
    """

    audience: str
    headcount: int
    division_code: str
    venue: str
    windows: Sequence[Window]
    contact_name: str
    contact_phone: str
    consent_version: str
    menu_item_id: str | None = None
    wish: str = ""
    requester_kind: str = "resident"
    organisation: str = ""
    urgency: str = "normal"
    second_name: str = ""
    second_phone: str = ""
    browser_mark: str = ""
    is_joint_ok: bool = False
    emergency_id: int | None = None
    is_push: bool = False


def place_order(wish: Wish, actor: Actor, *, key: str, now: datetime, pictures: Sequence[Picture] = ()) -> Outcome:
    """A new order, once per `key`, however often the form is sent.

    :param key: from the form, random; the same form sent twice is one order and a quiet success.
    :raise Refused: `key_reused` with `number`, when the key came with other content (409); `unknown` with `field`,
        `bad_window` with `index` and `fault`, `missing` (422); `wrong_party` (403).
    """
    try:
        with transaction():
            return _place(wish, actor, key, now, pictures)
    except IntegrityError:  # PostgreSQL: the twin of this request was faster by a hair
        with transaction():
            return _place(wish, actor, key, now, pictures)


def find_placed_number(key: str) -> str | None:
    """The number of the order that was placed with `key`; None when none was."""
    return db.session.scalar(select(Order.number).where(Order.place_key == key))


def fold(text: str) -> str:
    """Text as it is searched: compatible forms folded, lower case."""
    return unicodedata.normalize("NFKC", text).casefold()


def search_text_of(*parts: str) -> str:
    """What words find an order by. No number of a person may stand there to be read."""
    return fold(drop_numbers(" ".join(parts)))


def _place(wish: Wish, actor: Actor, key: str, now: datetime, pictures: Sequence[Picture]) -> Outcome:
    payload = _payload(wish, key)
    if known := _find_placed(key, payload):
        return known
    item = _check_facts(wish, actor, now)
    emergency = _find_emergency(wish, item, actor, now)
    order = Order(
        number=_free_number(),
        audience=wish.audience,
        menu_item_id=wish.menu_item_id,
        wish=wish.wish,
        theme=item.theme if item else None,
        search_text=search_text_of(item.name if item else "", wish.wish, wish.venue, wish.organisation),
        headcount=wish.headcount,
        urgency="emergency" if emergency else wish.urgency,
        emergency_id=emergency.id if emergency else None,
        is_drill=emergency is not None and emergency.is_drill,
        is_push=wish.is_push,
        division_code=wish.division_code,
        venue=wish.venue,
        requester_kind=wish.requester_kind,
        organisation=wish.organisation,
        contact_name=wish.contact_name,
        contact_phone=wish.contact_phone,
        contact_phone_tail=wish.contact_phone[-4:],
        contact_phone_digest=current_vault().digest("phone", wish.contact_phone),
        second_name=wish.second_name if wish.second_phone else "",
        second_phone=wish.second_phone,
        second_phone_tail=wish.second_phone[-4:],
        browser_mark=wish.browser_mark,
        is_joint_ok=wish.is_joint_ok,
        consent_version=wish.consent_version,
        link_nonce=new_nonce(),
        place_key=key,
        placed_at=now,
        placed_by_account_id=actor.account_id,
        is_on_behalf=actor.party is not Party.RESIDENT,
        returns_count=0,
    )

    def then(event: OrderEvent) -> None:
        db.session.add_all(
            WishedTime(order_id=order.id, position=position, starts_at=window.starts_at, ends_at=window.ends_at)
            for position, window in enumerate(wish.windows, 1)
        )
        attach(order.id, Action.PLACE, pictures, now)

    noted = {"emergency_id": order.emergency_id, "is_drill": order.is_drill or None, "is_push": order.is_push or None}
    return insert_order(order, actor, payload, noted=noted, now=now, then=then)


def _payload(wish: Wish, key: str) -> dict[str, object]:
    """What the event keeps: no name, phone or address of the resident, only a mark that tells two of them apart.

    The mark is salted with the form's key, which stands in `orders` alone: once that is erased, nobody can find a
    phone number by trying them all.
    """
    private = [wish.contact_name, wish.contact_phone, wish.wish, wish.venue, wish.organisation]
    if wish.second_phone:
        private += [wish.second_name, wish.second_phone]
    joint = {"is_joint_ok": True} if wish.is_joint_ok else {}
    return {
        **joint,
        "audience": wish.audience,
        "menu_item_id": wish.menu_item_id,
        "headcount": wish.headcount,
        "division_code": wish.division_code,
        "venue": "given" if wish.venue else "",
        "wished_times": [
            [w.starts_at.astimezone(UTC).isoformat(), w.ends_at.astimezone(UTC).isoformat()] for w in wish.windows
        ],
        "private": fingerprint({"salt": key, "private": private}),
        "requester_kind": wish.requester_kind,
        "urgency": wish.urgency,
        "consent": wish.consent_version,
        **({"named_emergency_id": wish.emergency_id} if wish.emergency_id is not None else {}),
    }


def _find_placed(key: str, payload: dict[str, object]) -> Outcome | None:
    found = db.session.execute(
        select(Order.id, Order.number, Order.status, Order.version, OrderEvent.fingerprint)
        .join(OrderEvent, OrderEvent.order_id == Order.id)
        .where(Order.place_key == key, OrderEvent.sequence == 1)
    ).one_or_none()
    if found is None:
        return None
    if found.fingerprint != fingerprint({"action": Action.PLACE, **payload}):
        raise Refused("key_reused", 409, number=found.number)
    return Outcome(found.id, found.number, Status(found.status), found.version, is_repeat=True)


def _check_facts(wish: Wish, actor: Actor, now: datetime) -> MenuItem | None:
    """The menu item, when one was chosen.

    :raise Refused: something named in the wish is not there, or can't be (422).
    """
    division = db.session.get(Division, wish.division_code)
    own = division_prefix(actor.division_code) if actor.party is Party.COMMUNITY and actor.division_code else ""
    if division is None or division.level < 4 or not division.is_active or not division.code.startswith(own):
        raise Refused("unknown", 422, field="division_code")
    audience = db.session.get(Term, ("audience", wish.audience))
    if audience is None or not audience.is_active:
        raise Refused("unknown", 422, field="audience")
    if wish.requester_kind not in REQUESTER_KINDS:
        raise Refused("unknown", 422, field="requester_kind")
    if wish.urgency not in URGENCIES:
        raise Refused("unknown", 422, field="urgency")
    if not 1 <= wish.headcount <= MOST_PEOPLE:
        raise Refused("headcount", 422, field="headcount")
    if not wish.contact_phone:
        raise Refused("missing", 422, field="contact_phone")
    if wish.second_phone == wish.contact_phone:
        raise Refused("same_phone", 422, field="second_phone")
    fault = (MOST_WINDOWS, "too_many") if len(wish.windows) > MOST_WINDOWS else find_fault(wish.windows, now)
    if fault:
        raise Refused("bad_window", 422, field="wished_times", index=fault[0], fault=fault[1])
    if wish.menu_item_id is None:
        if not wish.wish:
            raise Refused("missing", 422, field="wish")
        return None
    item = db.session.get(MenuItem, wish.menu_item_id)
    if item is None or not item.is_active:
        raise Refused("unknown", 422, field="menu_item_id")
    return item


def _find_emergency(wish: Wish, item: MenuItem | None, actor: Actor, now: datetime) -> Emergency | None:
    """The open emergency that the order belongs to: the one that staff have named, or the one that covers it.

    :raise Refused: `unknown` with `field` (422): what was named is not open, or not there; residents name none.
    """
    if wish.emergency_id is None:
        return find_cover(wish.division_code, item.id, item.theme, now) if item else None
    if actor.party is Party.RESIDENT:
        raise Refused("unknown", 422, field="emergency_id")
    # locked: it is not closed, and the exercise's orders ended, before this one is there
    emergency = db.session.get(Emergency, wish.emergency_id, with_for_update={"read": True})
    if emergency is None or emergency.closed_at is not None:
        raise Refused("unknown", 422, field="emergency_id")
    if not covers_of([emergency.id])[emergency.id].has_place(wish.division_code):
        raise Refused("unknown", 422, field="emergency_id")
    return emergency


def _free_number() -> str:
    while True:
        number = new_number()
        if db.session.scalar(select(Order.id).where(Order.number == number)) is None:
            return number
