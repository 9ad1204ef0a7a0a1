"""送单: while an emergency is open a department sends services to communities without waiting for orders."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256

from sqlalchemy import select

from qtxvol.accounts.actor import Actor
from qtxvol.directory.models import Department, MenuItem
from qtxvol.emergencies.models import Emergency
from qtxvol.emergencies.queries import covers_of, expert_teams, list_open
from qtxvol.emergencies.tell import departments_of
from qtxvol.emergencies.trail import note
from qtxvol.extensions import db
from qtxvol.orders.claim import MOST_TEAMS, offer_order
from qtxvol.orders.lifecycle import Action, Party
from qtxvol.orders.models import Order
from qtxvol.orders.place import Wish, place_order
from qtxvol.orders.transition import Effect, Outcome, change_order, hold
from qtxvol.orders.windows import Window
from qtxvol.refusals import NotFound, Refused
from qtxvol.storage import transaction

#: So many communities at a time.
MOST_PLACES = 60


@dataclass(frozen=True, slots=True)
class Push:
    """What goes to every chosen community.

    :ivar headcount: people in each. :ivar contact_name: and `contact_phone`, of the department's own liaison.
    """

    menu_item_id: str
    audience: str
    places: Sequence[str]
    headcount: int
    windows: Sequence[Window]
    venue: str
    contact_name: str
    contact_phone: str
    consent_version: str


def list_pushable(actor: Actor, now: datetime) -> list[tuple[Emergency, list[MenuItem]]]:
    """Open emergencies with topics of this department, each with the items that it may push: those that the menu
    gives to the department."""
    found: list[tuple[Emergency, list[MenuItem]]] = []
    events = list_open(now)
    covers = covers_of([each.id for each in events]) if events else {}
    items = db.session.scalars(
        select(MenuItem).where(MenuItem.is_active).order_by(MenuItem.position, MenuItem.id)
    ).all()
    for emergency in events:
        cover = covers[emergency.id]
        own = [
            item
            for item in items
            if cover.has_topic(item.id, item.theme)
            and actor.department_id in (item.department_id, *item.alternative_department_ids)
        ]
        if own:
            found.append((emergency, own))
    return found


def push_services(emergency_id: int, push: Push, actor: Actor, *, key: str, now: datetime) -> list[Outcome]:
    """One order for each community, placed and claimed by the department at once, all or none. The community is told
    and may cancel; teams with somebody on the list of experts are asked by name, the others as usual.

    :param key: from the form; the same form sent twice is one push.
    :raise NotFound: no such emergency.
    :raise Refused: `wrong_party` (403); `emergency_closed` (409); `missing`, `unknown`, `too_many_places` with `field`
        (422); `key_reused` (409); and as `place_order`.
    """
    if actor.party is not Party.DEPARTMENT:
        raise Refused("wrong_party", 403)
    with transaction():
        # locked: a push and the closing, or the same push twice, wait for each other
        emergency = db.session.get(Emergency, emergency_id, with_for_update=True)
        if emergency is None:
            raise NotFound(emergency_id)
        keys = {place: _key_of(key, place) for place in dict.fromkeys(push.places)}
        if known := _find_pushed(list(keys.values()), key, actor, push):
            return known
        _check(emergency, push, actor)
        outcomes = [_push_one(emergency, push, actor, place, keys[place], now) for place in keys]
        note(
            emergency,
            "push",
            actor,
            now,
            about={
                "item": push.menu_item_id,
                "places": list(keys),
                "numbers": [each.number for each in outcomes],
                "key": sha256(key.encode()).hexdigest()[:16],
            },
        )
        return outcomes


def _key_of(key: str, place: str) -> str:
    return sha256(f"push:{key}:{place}".encode()).hexdigest()


def _find_pushed(keys: Sequence[str], key: str, actor: Actor, push: Push) -> list[Outcome]:
    """What this very form has already led to. :raise Refused: `key_reused` (409): it was edited since."""
    orders = db.session.scalars(select(Order).where(Order.place_key.in_(keys)).order_by(Order.id)).all()
    if not orders:
        return []
    is_same = len(orders) == len(keys) and all(
        order.menu_item_id == push.menu_item_id
        and order.headcount == push.headcount
        and order.placed_by_account_id == actor.account_id
        for order in orders
    )
    if not is_same:
        raise Refused("key_reused", 409)
    return [Outcome(each.id, each.number, each.status, each.version, is_repeat=True) for each in orders]  # type: ignore[arg-type]


def _check(emergency: Emergency, push: Push, actor: Actor) -> None:
    if emergency.closed_at is not None:
        raise Refused("emergency_closed", 409)
    if not push.places:
        raise Refused("missing", 422, field="places")
    if len(set(push.places)) > MOST_PLACES:
        raise Refused("too_many_places", 422, field="places", most=MOST_PLACES)
    cover = covers_of([emergency.id])[emergency.id]
    if not all(map(cover.has_place, push.places)):
        raise Refused("unknown", 422, field="places")
    item = db.session.get(MenuItem, push.menu_item_id)
    department = db.session.get(Department, actor.department_id) if actor.department_id else None
    if item is None or not cover.has_topic(item.id, item.theme) or department is None or not department.is_active:
        raise Refused("unknown", 422, field="menu_item_id")
    if department.id not in (item.department_id, *item.alternative_department_ids):
        raise Refused("unknown", 422, field="menu_item_id")
    if department.id not in departments_of(cover):
        raise Refused("unknown", 422, field="menu_item_id")


def _push_one(emergency: Emergency, push: Push, actor: Actor, place: str, key: str, now: datetime) -> Outcome:
    wish = Wish(
        audience=push.audience,
        headcount=push.headcount,
        division_code=place,
        venue=push.venue,
        windows=push.windows,
        contact_name=push.contact_name,
        contact_phone=push.contact_phone,
        consent_version=push.consent_version,
        menu_item_id=push.menu_item_id,
        requester_kind="organisation",
        organisation=actor.name,
        emergency_id=emergency.id,
        is_push=True,
    )
    order = place_order(wish, actor, key=key, now=now)
    hold(order.order_id, "department", [actor.department_id or ""], now)  # it is theirs to know of from now on
    pushed = _claim_pushed(order.number, actor, now)
    teams = expert_teams(emergency.id)[:MOST_TEAMS]
    if teams:
        pushed = offer_order(order.number, actor, team_ids=teams, now=now)
    return pushed


def _claim_pushed(number: str, actor: Actor, now: datetime) -> Outcome:
    def prepare(order: Order) -> Effect:
        # beside the experts the service asks other teams by itself, as it does for every emergency
        return Effect({"department_id": actor.department_id, "is_auto_asked": True, "next_wave_at": now})

    return change_order(number, Action.PUSH, actor, {"department_id": actor.department_id}, now=now, prepare=prepare)
