"""Whatever happens to orders and teams, the service keeps to its rules when it asks: played at random."""

from collections import defaultdict
from datetime import datetime, timedelta
from random import Random

import pytest
from sqlalchemy import select, update

from qtxvol.accounts.actor import Actor
from qtxvol.extensions import db
from qtxvol.matching.settings import MatchSettings
from qtxvol.notices.answers import Given, answer_at_desk
from qtxvol.offers.holds import hold_order, let_go_order
from qtxvol.offers.pace import is_quiet
from qtxvol.offers.waves import AGAIN_AFTER, URGENCIES, ask_due
from qtxvol.orders.claim import claim_order
from qtxvol.orders.models import Offer, Order, OrderEvent
from qtxvol.orders.serve import withdraw_order
from qtxvol.orders.transition import Outcome
from qtxvol.refusals import NotFound, Refused
from qtxvol.storage import transaction
from qtxvol.volunteers.models import Team, Volunteer
from tests.emergencies.plans import opened
from tests.factories import NOW, OTHER_COMMUNITY, City, dispatched, make_city, make_team, window
from tests.orders.answers import findings

SETTINGS = MatchSettings()


@pytest.mark.parametrize("seed", [1, 2])
def test_the_service_keeps_to_its_rules_whatever_happens(ctx_sqlite: None, seed: int):
    random, city = Random(seed), make_city()
    teams = [city.team, city.other_team, *(make_team("health", themes=("health",))[0] for _ in range(4))]
    never, foreign = never_to_be_asked()
    paused_until = NOW + timedelta(days=2)
    with transaction():
        pause = update(Team).where(Team.id == teams[3].team_id)
        db.session.execute(pause.values(asks_paused_until=paused_until))
    orders = [an_order(city, random, number) for number in range(6)]
    moment = NOW
    for _ in range(30):
        moment += timedelta(minutes=random.choice((1, 7, 50, 240, 300)))
        ask_due(moment)
        for _ in range(2):
            happen(random, city, random.choice(orders), random.choice(teams), moment)
    check_all({teams[3].team_id: paused_until}, never, foreign)
    assert findings() == []


def never_to_be_asked() -> tuple[set[int], int]:
    """Teams that the rules leave out: out of use, serving elsewhere, without the skill; and one of a department that
    has nothing to do with the topic, which is asked in an emergency only."""
    gone, elsewhere, foreign, unable = (
        make_team(department, themes=("health",))[0].team_id
        for department in ("health", "health", "agriculture", "health")
    )
    with transaction():
        db.session.execute(update(Team).where(Team.id == gone).values(is_active=False))
        db.session.execute(update(Team).where(Team.id == elsewhere).values(area=[OTHER_COMMUNITY]))
        db.session.execute(update(Volunteer).where(Volunteer.team_id == unable).values(skills=[]))
    return {gone, elsewhere, unable}, foreign


def an_order(city: City, random: Random, number: int) -> Outcome:
    first = 4 + random.randrange(6)
    values: dict[str, object] = {"windows": [window(first + i) for i in range(3)]}
    if number == 0:
        values |= {"actor": city.community, "emergency_id": opened(city, is_drill=True)}
    elif number % 2:
        values["urgency"] = "urgent"
    order = dispatched(city, **values)
    return claim_order(order.number, city.department, is_auto_asked=True, now=NOW)


def happen(random: Random, city: City, order: Outcome, team: Actor, moment: datetime) -> None:
    """Something that a person may do; what can't be done is refused and changes nothing."""
    try:
        match random.randrange(6):
            case 0 | 1:
                answer_at_desk(order.number, team, Given(is_yes=False, reason="no_time"), moment)
            case 2:
                hold_order(order.number, team, agreed=window(6 + random.randrange(6)), now=moment)
            case 3:
                let_go_order(order.number, team, reason="no_people", now=moment)
            case 4:
                answer_at_desk(order.number, team, Given(is_yes=True), moment)
            case 5:
                withdraw_order(order.number, team, reason="work", now=moment)
    except (Refused, NotFound):
        db.session.rollback()


def check_all(paused: dict[int, datetime], never: set[int], foreign: int) -> None:
    db.session.rollback()
    rows = db.session.execute(
        select(Offer, Order).join(Order, Order.id == Offer.order_id).order_by(Offer.order_id, Offer.wave)
    ).all()
    assert len(rows) > 12
    waves, before = defaultdict(list), {}
    for offer, order in rows:
        urgency = list(URGENCIES).index(order.urgency)
        assert order.is_emergency or not is_quiet(offer.asked_at, SETTINGS)
        assert offer.team_id not in never
        if order.urgency != "emergency":
            assert offer.asked_at >= paused.get(offer.team_id, offer.asked_at)
            assert offer.team_id != foreign
        waves[order.id, offer.wave].append(urgency)
        earlier = before.get((order.id, offer.team_id))
        if earlier is not None:
            check_asked_anew(earlier, offer, urgency)
        before[order.id, offer.team_id] = offer
    for asked in waves.values():
        assert len(asked) <= SETTINGS.wave_limit[asked[0]]


def check_asked_anew(earlier: Offer, later: Offer, urgency: int) -> None:
    """Only a team that never said no: it stands by for an order that fell free, or was silent or short of people long
    before, when nobody else was left."""
    assert earlier.answer in (None, "standby")
    has_fallen_free = select(OrderEvent.id).where(
        OrderEvent.order_id == later.order_id,
        OrderEvent.action.in_(("let_go", "withdraw")),
        OrderEvent.happened_at > earlier.asked_at,
        OrderEvent.happened_at <= later.asked_at,
    )
    was_given_up = earlier.silent_at is not None and later.asked_at - earlier.silent_at >= timedelta(
        minutes=AGAIN_AFTER[urgency]
    )
    assert was_given_up or (earlier.answer == "standby" and db.session.scalars(has_fallen_free).first() is not None)
