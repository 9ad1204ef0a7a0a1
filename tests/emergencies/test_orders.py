"""What an emergency does to orders: placed while it is open, raised from before, marked by hand, pushed; experts."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import func, select

from qtxvol.base import CITY_TIME
from qtxvol.directory.queries import list_reasons, suggest_departments
from qtxvol.emergencies.events import close_emergency
from qtxvol.emergencies.experts import drop_expert, name_expert
from qtxvol.emergencies.models import EmergencyEvent
from qtxvol.emergencies.push import push_services
from qtxvol.emergencies.queries import (
    count_to_raise,
    expert_teams,
    experts_first,
    get_emergency,
    list_candidates,
    list_experts,
)
from qtxvol.emergencies.raising import list_markable, mark_order, raise_orders
from qtxvol.extensions import db
from qtxvol.notices.answers import answer_path
from qtxvol.notices.models import Notice
from qtxvol.notices.queue import To
from qtxvol.offers.holds import advance_holds, hold_order
from qtxvol.offers.suggest import rank_teams
from qtxvol.orders.check import check_orders
from qtxvol.orders.claim import return_order
from qtxvol.orders.decline import cancel_order
from qtxvol.orders.lifecycle import Action, Party
from qtxvol.orders.models import Offer, Order, OrderClock, OrderEvent
from qtxvol.orders.place import place_order
from qtxvol.orders.queries import Filters, get_order_view, list_orders
from qtxvol.orders.rate import Verdict, rate_order
from qtxvol.orders.serve import accept_order, close_order
from qtxvol.orders.transition import change_order
from qtxvol.refusals import NotFound, Refused
from qtxvol.web.action_forms import FORMS
from tests.emergencies.plans import opened, push_of
from tests.factories import (
    COMMUNITY,
    ITEM,
    NOW,
    OTHER_COMMUNITY,
    TOWN,
    City,
    claimed,
    dispatched,
    link_of,
    make_city,
    make_team,
    make_wish,
    placed,
    window,
)
from tests.offers.crews import asks_of, hold_of

pytestmark = pytest.mark.usefixtures("ctx")


def order_of(number: str) -> Order:
    return db.session.scalars(select(Order).where(Order.number == number)).one()


def all_is_well() -> bool:
    return list(check_orders()) == []


def test_an_order_that_matches_is_one_of_the_emergency_from_its_placing():
    city = make_city()
    event = opened(city, areas=(TOWN,))
    order = order_of(placed(city).number)
    assert (order.urgency, order.emergency_id, order.is_drill) == ("emergency", event, False)
    assert order.due_at == NOW + timedelta(hours=2), "the office's limit for emergencies, round the clock"
    first = db.session.scalars(select(OrderEvent).where(OrderEvent.order_id == order.id)).one()
    assert first.payload["emergency_id"] == event
    elsewhere = order_of(placed(city, actor=city.other_community, division_code=OTHER_COMMUNITY).number)
    other_topic = order_of(placed(city, menu_item_id="S01").number)
    free = order_of(placed(city, menu_item_id=None, wish="想听听感冒怎么防").number)
    assert [each.emergency_id for each in (elsewhere, other_topic, free)] == [None, None, None]
    assert all_is_well()


def test_the_same_order_sent_again_after_the_opening_is_still_the_same_order():
    city = make_city()
    first = place_order(make_wish(), city.resident, key="once" * 5, now=NOW)
    opened(city)
    again = place_order(make_wish(), city.resident, key="once" * 5, now=NOW)
    assert (again.number, again.is_repeat) == (first.number, True)


def test_nothing_matches_after_the_closing_and_what_matched_goes_on():
    city = make_city()
    event = opened(city)
    before = placed(city).number
    close_emergency(event, city.office, reason="回落", now=NOW)
    assert order_of(before).urgency == "emergency"
    assert order_of(placed(city).number).emergency_id is None


def test_raising_shortens_limits_from_now_on_and_rewrites_nothing():
    city = make_city()
    before = placed(city, NOW - timedelta(hours=1)).number
    other = placed(city, NOW - timedelta(hours=1), menu_item_id="S01").number
    event = opened(city)
    events_before = db.session.scalar(select(func.count()).select_from(OrderEvent))
    assert count_to_raise(get_emergency(event)) == 1
    assert raise_orders(event, city.office, now=NOW) == 1
    assert raise_orders(event, city.office, now=NOW) == 0, "a double tap"
    order = order_of(before)
    assert (order.urgency, order.emergency_id, order.version) == ("emergency", event, 1)
    assert order.due_at == NOW + timedelta(hours=2)
    clocks = db.session.scalars(select(OrderClock).where(OrderClock.order_id == order.id).order_by(OrderClock.id)).all()
    assert [(clock.step, clock.ending) for clock in clocks] == [("dispatch", "void"), ("dispatch", "")]
    assert clocks[0].due_at > clocks[1].due_at
    assert order_of(other).emergency_id is None
    assert db.session.scalar(select(func.count()).select_from(OrderEvent)) == events_before
    line = db.session.scalars(select(EmergencyEvent).where(EmergencyEvent.deed == "raise")).one()
    assert (line.order_id, line.about["number"], line.about["was"]["urgency"]) == (order.id, before, "normal")
    assert all_is_well()


def test_an_overdue_order_stays_overdue_when_it_is_raised():
    city = make_city()
    number = placed(city, NOW - timedelta(days=9)).number
    due = order_of(number).due_at
    event = opened(city)
    raise_orders(event, city.office, now=NOW)
    assert order_of(number).due_at == due


def test_an_exercise_takes_in_nothing_real():
    city = make_city()
    drill = opened(city, is_drill=True)
    order = order_of(placed(city).number)
    assert (order.emergency_id, order.is_drill, order.urgency) == (None, False, "normal")
    with pytest.raises(Refused, match="is_drill"):
        raise_orders(drill, city.office, now=NOW)
    with pytest.raises(Refused, match="unknown"):
        mark_order(order.number, drill, city.community, now=NOW)
    with pytest.raises(Refused, match="unknown"):
        placed(city, emergency_id=drill)
    assert list_markable(order, NOW) == []


def test_a_clerk_marks_a_wish_in_free_words():
    city = make_city()
    event = opened(city, areas=(TOWN,))
    number = placed(city, menu_item_id=None, wish="想听听感冒怎么防").number
    assert [each.id for each in list_markable(order_of(number), NOW)] == [event]
    assert mark_order(number, event, city.community, now=NOW)
    assert not mark_order(number, event, city.community, now=NOW), "a double tap"
    assert order_of(number).due_at == NOW + timedelta(hours=2)
    with pytest.raises(NotFound):
        mark_order(number, event, city.other_community, now=NOW)
    with pytest.raises(Refused, match="wrong_party"):
        mark_order(number, event, city.department, now=NOW)
    outside = placed(city, actor=city.other_community, division_code=OTHER_COMMUNITY).number
    with pytest.raises(Refused, match="unknown"):
        mark_order(outside, event, city.other_community, now=NOW)
    over = placed(city, menu_item_id="S01").number
    cancel_order(over, city.community, reason=first_reason(), now=NOW)
    with pytest.raises(Refused, match="order_over"):
        mark_order(over, event, city.community, now=NOW)
    assert all_is_well()


def first_reason() -> str:
    return list_reasons("cancel")[0].code


def test_emergencies_jump_every_queue():
    city = make_city()
    early = placed(city, NOW - timedelta(days=3), menu_item_id="S01").number
    opened(city)
    late = placed(city).number
    for sort in ("", "due", "place"):
        rows = list_orders(city.community, Filters(tab="waiting", sort=sort), NOW).rows
        assert [row.number for row in rows] == [late, early], sort


def pushed(city: City, event: int, key: str = "push" * 5, **values):
    return push_services(event, push_of(**values), city.department, key=key, now=NOW)


def test_a_push_is_one_claimed_order_for_each_community():
    city = make_city()
    event = opened(city)
    outcomes = pushed(city, event)
    assert len(outcomes) == 2
    for outcome, division in zip(outcomes, (COMMUNITY, OTHER_COMMUNITY), strict=True):
        order = order_of(outcome.number)
        assert (order.status, order.department_id, order.division_code) == ("claimed", "health", division)
        assert (order.is_push, order.is_on_behalf, order.emergency_id) == (True, True, event)
        told = db.session.scalars(
            select(Notice.kind).where(
                Notice.order_id == order.id, Notice.party == "community", Notice.scope == division
            )
        ).all()
        assert told == ["push"], "once, and at once"
    assert {row.number for row in list_orders(city.team, Filters(tab="waiting"), NOW).rows} == {
        each.number for each in outcomes
    }, "teams see them as usual"
    assert all_is_well()


def test_a_department_is_not_asked_about_what_it_sent_and_cannot_rate_it():
    city = make_city()
    order, _other = pushed(city, opened(city))
    agreed = window(2)
    accept_order(order.number, city.team, agreed=agreed, volunteer_ids=city.crew[:2], now=NOW)
    asker = To(Party.RESIDENT, "", order.order_id)
    assert answer_path("took_place", order_id=order.order_id, reader=asker, now=NOW) == ""
    later = agreed.ends_at + timedelta(hours=1)
    minutes = dict.fromkeys(city.crew[:2], 60)
    close_order(order.number, city.team, actual=agreed, attendance=30, report="讲完了。", minutes=minutes, now=later)
    asked = select(Notice.kind).where(
        Notice.order_id == order.order_id, Notice.kind.in_(("took_place", "how_was_it", "remind_day"))
    )
    assert set(db.session.scalars(asked)) == {"remind_day"}
    assert answer_path("rate", order_id=order.order_id, reader=asker, now=later) == ""
    seen = get_order_view(link_of(order), order.number, later)
    assert [each.obstacle for each in seen.refused if each.rule.action is Action.RATE] == ["own_push"]
    verdict = Verdict(stars=5, did_take_place=True)
    with pytest.raises(Refused, match="own_push"):
        rate_order(order.number, link_of(order), verdict=verdict, now=later)
    rate_order(order.number, city.community, verdict=verdict, now=later)
    assert all_is_well()


def test_the_same_push_sent_twice_is_one():
    city = make_city()
    event = opened(city)
    first = pushed(city, event)
    again = pushed(city, event)
    assert [each.number for each in again] == [each.number for each in first]
    assert all(each.is_repeat for each in again)
    with pytest.raises(Refused, match="key_reused"):
        pushed(city, event, headcount=99)
    assert db.session.scalar(select(func.count()).select_from(Order)) == 2
    assert db.session.scalar(select(func.count()).where(EmergencyEvent.deed == "push")) == 1


def test_the_community_may_cancel_what_it_did_not_ask_for():
    city = make_city()
    event = opened(city)
    first, _second = pushed(city, event)
    cancel_order(first.number, city.community, reason=first_reason(), now=NOW)
    assert order_of(first.number).status == "cancelled"


@pytest.mark.parametrize(
    ("values", "code", "field"),
    [
        ({"places": ()}, "missing", "places"),
        ({"places": (COMMUNITY, OTHER_COMMUNITY)}, "unknown", "places"),
        ({"places": ("999999999999",)}, "unknown", "places"),
        ({"menu_item_id": "S01", "places": (COMMUNITY,)}, "unknown", "menu_item_id"),
        ({"menu_item_id": "S999", "places": (COMMUNITY,)}, "unknown", "menu_item_id"),
        ({"headcount": 0, "places": (COMMUNITY,)}, "headcount", "headcount"),
        ({"contact_phone": "", "places": (COMMUNITY,)}, "missing", "contact_phone"),
        ({"windows": (), "places": (COMMUNITY,)}, "bad_window", "wished_times"),
    ],
)
def test_a_bad_push_leaves_nothing(values: dict, code: str, field: str):
    city = make_city()
    event = opened(city, areas=(TOWN,))
    with pytest.raises(Refused) as refused:
        pushed(city, event, **values)
    assert (refused.value.code, refused.value.about["field"]) == (code, field)
    assert db.session.scalar(select(func.count()).select_from(Order)) == 0


def test_only_a_department_of_the_topic_pushes_and_only_while_it_is_open():
    city = make_city()
    event = opened(city)
    with pytest.raises(Refused, match="wrong_party"):
        push_services(event, push_of(), city.community, key="p" * 20, now=NOW)
    with pytest.raises(Refused, match="unknown"):
        push_services(event, push_of(), city.other_department, key="p" * 20, now=NOW)
    close_emergency(event, city.office, reason="回落", now=NOW)
    with pytest.raises(Refused, match="emergency_closed"):
        pushed(city, event)


def test_nothing_but_a_push_can_be_pushed():
    """There is no button for it, and the lifecycle refuses an order that somebody asked for."""
    city = make_city()
    opened(city)
    number = dispatched(city).number
    return_order(number, city.department, reason=list_reasons("return")[0].code, text="x", now=NOW)
    with pytest.raises(Refused, match="no_push"):
        change_order(number, Action.PUSH, city.department, {"department_id": "health"}, now=NOW)
    assert Action.PUSH not in FORMS


def test_experts_are_offered_first_and_asked_at_a_push():
    city = make_city()
    event = opened(city)
    far, people = make_team("agriculture", themes=("farming",), name="应急专家队")
    assert name_expert(event, f"person:{people[0]}", city.office, role="流感防治顾问", now=NOW)
    assert not name_expert(event, f"person:{people[0]}", city.office, role="流感防治顾问", now=NOW), "a double tap"
    assert expert_teams(event) == [far.team_id]
    told = db.session.scalars(
        select(Notice.scope).where(Notice.kind == "emergency_opened", Notice.party == "volunteer")
    )
    assert list(told) == [str(people[0])]
    order = order_of(claimed(city).number)
    best = rank_teams(order, NOW)[0]
    assert best.team_id == far.team_id
    assert "expert" in {reason.code for reason in best.reasons}
    first, _second = pushed(city, event)
    asked = db.session.scalars(select(Offer.team_id).where(Offer.order_id == first.order_id)).all()
    assert asked == [far.team_id]
    (expert,) = list_experts(event)
    assert drop_expert(event, expert.id, city.office, now=NOW)
    assert not drop_expert(event, expert.id, city.office, now=NOW)
    assert expert_teams(event) == []
    assert all_is_well()


def test_only_verified_people_and_teams_in_use_are_named():
    city = make_city()
    event = opened(city)
    for who in ("", "person:999999", "team:999999", "V9999999", "person:x", "team:"):
        with pytest.raises(Refused) as refused:
            name_expert(event, who, city.office, role="顾问", now=NOW)
        assert refused.value.about["field"] == "who", who
    with pytest.raises(Refused) as refused:
        name_expert(event, f"team:{city.team.team_id}", city.office, role="", now=NOW)
    assert refused.value.about["field"] == "role"
    keys = {each.key for each in list_candidates(get_emergency(event))}
    assert f"team:{city.team.team_id}" in keys
    assert f"person:{city.crew[0]}" in keys, "has a skill that the items ask for"


def test_experts_departments_come_first_for_the_clerk():
    city = make_city()
    event = opened(city)
    far, _people = make_team("education", themes=("health",), name="应急专家队")
    name_expert(event, f"team:{far.team_id}", city.office, role="校园防控", now=NOW)
    order = order_of(placed(city).number)
    suggested = experts_first(suggest_departments(ITEM, "elderly"), order)
    assert (suggested[0].department_id, suggested[0].part) == ("education", "expert")
    assert [each.department_id for each in suggested].count("education") == 1


def test_people_who_would_be_asked_in_the_morning_are_asked_at_once():
    city = make_city()
    night = datetime(2026, 11, 24, 22, 50, tzinfo=CITY_TIME).astimezone(UTC)
    order = claimed(city, night)
    hold_order(order.number, city.team, agreed=window(3), now=night)
    asked = [ask.asked_at for ask in asks_of(order) if ask.asked_at]
    was_until = hold_of(order).until
    assert asked
    assert all(at > night + timedelta(hours=8) for at in asked)
    event = opened(city, now=night)
    later = night + timedelta(minutes=10)
    assert raise_orders(event, city.office, now=later) == 1
    after = [ask.asked_at for ask in asks_of(order) if ask.asked_at]
    assert len(after) >= len(asked)
    assert set(after) == {later}
    assert hold_of(order).until < was_until
    notices = db.session.execute(
        select(Notice.due_at, Notice.is_emergency).where(Notice.order_id == order.order_id, Notice.kind == "join_ask")
    ).all()
    assert {tuple(row) for row in notices} == {(later, True)}
    assert len(notices) == len(after)
    assert advance_holds(later + timedelta(minutes=6)) == 1, "silence counts as in any emergency"
    assert all_is_well()
