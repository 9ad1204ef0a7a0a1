"""What the database knows, as the core's city and ledger."""

import inspect
import re
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import update

from qtxvol.base import CITY_TIME
from qtxvol.directory.models import MenuItem
from qtxvol.emergencies.models import EmergencyExpert
from qtxvol.extensions import db
from qtxvol.matching.candidates import explain_absence
from qtxvol.matching.likelihood import Belief
from qtxvol.matching.needs import Urgency
from qtxvol.matching.profiles import Volunteer as Profile
from qtxvol.matching.score import rank
from qtxvol.notices.wishes import Wisher, set_muted
from qtxvol.offers import situation
from qtxvol.offers.models import MatchBelief
from qtxvol.offers.rules import set_switch
from qtxvol.offers.situation import Matching, load_matching, minute_of, slot_of
from qtxvol.orders.claim import offer_order
from qtxvol.orders.models import CrewAsk, Hold, Order, OrderEvent
from qtxvol.orders.transition import Outcome
from qtxvol.orders.windows import Window
from qtxvol.storage import transaction
from qtxvol.volunteers.models import Team, Volunteer
from qtxvol.web.match_words import REASONS
from tests.emergencies.plans import opened
from tests.factories import (
    COMMUNITY,
    ITEM,
    NOW,
    City,
    accepted,
    claimed,
    closed,
    make_actor,
    make_city,
    make_team,
    make_volunteer,
    placed,
    window,
)
from tests.statements import counted_statements

SHAOGANG = "640381106000"
XIAOBA = "640381100000"
#: The first time of `make_wish` without a word: Friday morning.
AGREED = window(3)
SLOT = slot_of(AGREED.starts_at)


def order_of(outcome: Outcome) -> Order:
    return db.session.get_one(Order, outcome.order_id)


def load(*outcomes: Outcome, now: datetime = NOW, **how: Any) -> Matching:
    return load_matching([order_of(each) for each in outcomes], now, **how)


def change(model: type, row_id: object, **values: object) -> None:
    with transaction():
        db.session.execute(update(model).where(model.id == row_id).values(**values))


def set_item(**values: object) -> None:
    change(MenuItem, ITEM, **values)


def ask_person(city: City, order: Outcome, person: int, **values: Any) -> None:
    """A person asked by name while the team holds the order."""
    with transaction():
        event = db.session.query(OrderEvent).filter_by(order_id=order.order_id).order_by(OrderEvent.id).first()
        assert event is not None
        about = {"order_id": order.order_id, "starts_at": AGREED.starts_at, "ends_at": AGREED.ends_at}
        hold = Hold(**about, team_id=city.team.team_id, event_id=event.id, leads=1, people=1, held_at=NOW, until=NOW)
        db.session.add(hold)
        db.session.flush()
        given = {"position": 1, "may_lead": True, "asked_at": NOW, **values}
        db.session.add(CrewAsk(**about, hold_id=hold.id, volunteer_id=person, **given))


def test_an_order_becomes_a_need(ctx):
    city = make_city()
    set_item(min_volunteers=3, duration_minutes=60)
    order = claimed(city, urgency="urgent")
    matching = load(order)
    need = matching.needs[order.order_id]
    assert (need.topic, need.audience, need.place) == (ITEM, "elderly", int(COMMUNITY))
    assert (need.leads, need.helpers, need.urgency) == (1, 2, Urgency.URGENT)
    assert need.created_at == minute_of(NOW)
    assert need.slots == (SLOT, SLOT + 6)
    assert need.start_in(SLOT) == minute_of(AGREED.starts_at)
    assert matching.windows[order.order_id, SLOT] == Window(AGREED.starts_at, AGREED.starts_at + timedelta(hours=1))


def test_the_department_that_holds_the_order_leads_and_those_the_menu_and_the_plan_name_are_responsible(ctx):
    city = make_city()
    fresh, held = placed(city), claimed(city, headcount=31)
    change(Order, held.order_id, department_id="education")
    needs = load(fresh, held).needs
    remit = needs[fresh.order_id].remit
    assert remit is not None
    assert remit.lead == "health"
    assert remit.responsible
    other = needs[held.order_id].remit
    assert other is not None
    assert other.lead == "education"
    assert "health" in other.responsible
    assert "education" not in other.responsible


def test_a_wish_in_free_text_can_be_led_by_every_verified_member(ctx):
    city = make_city()
    make_volunteer(city.team.team_id, skills=[])
    make_volunteer(city.team.team_id, skills=[], status="applied")
    order = placed(city, menu_item_id=None, wish="想听听怎么防诈骗", audience="residents")
    matching = load(order, also_teams=[city.team.team_id])
    need = matching.needs[order.order_id]
    assert need.topic == "wish:"
    assert need.people == 1
    assert matching.situation.city.count_leads(city.team.team_id, need.topic) == 4


def test_a_wish_that_nobody_has_named_goes_to_the_teams_of_its_department_alone(ctx):
    """Nobody knows who else could tell about it, and nobody is called able to."""
    city = make_city()
    others, _crew = make_team("education", themes=("science",), name="教育局测试队")
    order = claimed(city, menu_item_id=None, wish="想听听怎么防诈骗", audience="residents")
    matching = load(order, is_whole_city=True)
    need = matching.needs[order.order_id]
    ranking = rank(matching.situation, need, minute_of(NOW))
    assert {each.team for each in ranking} == {city.team.team_id, city.other_team.team_id}
    assert explain_absence(matching.situation, need, matching.situation.city.teams[others.team_id], minute_of(NOW)) == (
        "other_department"
    )
    crew = next(reason for each in ranking for reason in each.reasons if reason.code.startswith("crew"))
    assert crew.code == "crew_of_anybody"
    assert "主讲" not in REASONS[crew.code](crew.facts)


def test_where_its_department_has_no_team_such_a_wish_waits_for_a_person(ctx):
    city = make_city()
    order = claimed(city, menu_item_id=None, wish="想听听怎么防诈骗", audience="residents")
    with transaction():
        db.session.execute(update(Team).values(department_id="education"))
    matching = load(order, is_whole_city=True)
    assert rank(matching.situation, matching.needs[order.order_id], minute_of(NOW)) == []


def test_who_is_qualified_leads_who_likes_the_theme_too_stands_higher_and_others_help(ctx):
    city = make_city()
    order = claimed(city)
    likes = make_volunteer(city.team.team_id, topics=["health"])
    helps = make_volunteer(city.team.team_id, skills=["physics"])
    people = load(order).situation.city.volunteers
    assert [people[each].skills[ITEM] for each in (city.crew[0], likes, helps)] == [2, 3, 1]


def test_a_licence_counts_only_as_long_as_it_lasts(ctx):
    city = make_city()
    set_item(needed_skills=["clinician"], is_licence_required=True)
    day = window(5).starts_at.astimezone(CITY_TIME).date()
    lasting = make_volunteer(city.team.team_id, licence_expires_on=day)
    ending = make_volunteer(city.team.team_id, licence_expires_on=day - timedelta(days=1))
    without = make_volunteer(city.team.team_id, licensed_skills=[])
    people = load(claimed(city)).situation.city.volunteers
    assert [people[each].skills[ITEM] for each in (city.crew[0], lasting, ending, without)] == [2, 2, 1, 1]


def test_what_people_have_not_said_is_taken_kindly(ctx):
    city = make_city()
    silent = make_volunteer(city.team.team_id)
    choosy = make_volunteer(
        city.team.team_id, availability=["mon-morning", "sun-evening", "no-such"], weekly_load=0, max_distance_km=3
    )
    people = load(claimed(city)).situation.city.volunteers
    assert (people[silent].availability, people[silent].week_limit, people[silent].reach_km) == (2**21 - 1, 2, 10.0)
    assert (people[choosy].availability, people[choosy].week_limit, people[choosy].reach_km) == (1 + 2**20, 0, 3.0)


def test_places_lie_where_their_town_lies_and_one_town_is_not_on_the_map(ctx):
    city = make_city()
    order, nowhere = claimed(city), claimed(city, headcount=31)
    change(Order, nowhere.order_id, division_code=SHAOGANG)
    change(Team, city.other_team.team_id, division_code=XIAOBA)
    near, far = (load(order).situation.city.teams[each.team_id] for each in (city.team, city.other_team))
    found = load(order, nowhere).situation
    assert found.city.team_km(near, int(COMMUNITY)) == 0
    assert 2 < (found.city.team_km(far, int(COMMUNITY)) or 0) < 4
    assert found.city.team_km(near, int(SHAOGANG)) is None
    assert found.team_km(near, int(SHAOGANG)) == found.settings.unknown_km
    assert rank(found, load(nowhere).needs[nowhere.order_id], minute_of(NOW))


def test_a_team_serves_the_places_of_its_area(ctx):
    city = make_city()
    order = claimed(city)
    change(Team, city.team.team_id, area=[XIAOBA])
    change(Team, city.other_team.team_id, area=["640381000000"])
    matching = load(order)
    need, teams = matching.needs[order.order_id], matching.situation.city.teams
    assert explain_absence(matching.situation, need, teams[city.team.team_id], matching.now) == "out_of_area"
    assert explain_absence(matching.situation, need, teams[city.other_team.team_id], matching.now) is None


def test_paused_teams_and_people_who_unsubscribed_are_muted_and_teams_out_of_use_are_not_there(ctx):
    city = make_city()
    order = claimed(city)
    change(Team, city.team.team_id, asks_paused_until=NOW + timedelta(hours=1))
    change(Team, city.other_team.team_id, is_active=False)
    by_account = make_volunteer(city.team.team_id)
    account = make_actor(city.volunteer.party, "志愿者", volunteer_id=by_account).account_id
    assert account is not None
    own_wish = make_volunteer(city.team.team_id)
    own_account = make_actor(city.volunteer.party, "志愿者", volunteer_id=own_wish).account_id
    assert own_account is not None
    set_muted(Wisher("volunteer", city.crew[0]), ["join_ask"], True, NOW)
    set_muted(Wisher("account", account), ["join_ask"], True, NOW)
    set_muted(Wisher("volunteer", own_wish), ["join_ask"], False, NOW)
    set_muted(Wisher("account", own_account), ["join_ask"], True, NOW)
    ledger = load(order).situation.ledger
    assert ledger.muted_teams == {city.team.team_id}
    assert ledger.muted_volunteers == {city.crew[0], by_account}
    assert city.other_team.team_id not in load(order).situation.city.teams
    later = load(order, now=NOW + timedelta(hours=2)).situation.ledger
    assert later.muted_teams == set()


def test_services_agreed_book_team_and_people_and_weigh_on_both(ctx):
    city = make_city()
    accepted(city)
    done = closed(city, NOW - timedelta(days=9), headcount=32)
    order = claimed(city, headcount=33)
    ledger = load(order).situation.ledger
    team, person = city.team.team_id, city.crew[0]
    assert team is not None
    assert ledger.held_in_slot(team, SLOT) == 1
    assert ledger.is_booked(person, SLOT)
    assert not ledger.is_booked(city.crew[1], SLOT)
    taken = order_of(done).agreed_start
    assert taken is not None
    assert ledger.is_booked(person, slot_of(taken))
    assert 1 < ledger.team_services(team, minute_of(NOW)) < 2
    assert ledger.volunteer_services(person, minute_of(NOW)) == ledger.team_services(team, minute_of(NOW))
    assert ledger.volunteer_services(city.crew[1], minute_of(NOW)) == 0


def test_an_exercise_keeps_people_busy_and_weighs_on_nobody(ctx):
    city = make_city()
    drill, order = accepted(city), claimed(city, headcount=33)
    offer_order(order.number, city.department, team_ids=[city.team.team_id or 0], now=NOW)
    team = city.team.team_id or 0
    exercise = opened(city, is_drill=True)
    for each in (drill, order):
        change(Order, each.order_id, is_drill=True, emergency_id=exercise)
    ask_person(city, order, city.crew[1])
    ledger = load(order).situation.ledger
    assert ledger.held_in_slot(team, SLOT) == 2
    assert ledger.is_booked(city.crew[0], SLOT)
    assert ledger.team_services(team, minute_of(NOW)) == 0
    assert ledger.team_asks(team, minute_of(NOW)) == 0
    assert ledger.volunteer_asks(city.crew[1], minute_of(NOW)) == 0


def test_teams_with_an_expert_of_the_emergency_are_known_wherever_they_belong(ctx):
    city = make_city()
    listed, _people = make_team("agriculture", themes=())
    home, people = make_team("agriculture", themes=())
    emergency = opened(city)
    with transaction():
        named = {"emergency_id": emergency, "named_at": NOW}
        db.session.add(EmergencyExpert(**named, role="x", team_id=listed.team_id))
        db.session.add(EmergencyExpert(**named, role="x", volunteer_id=people[0]))
    order = claimed(city)
    change(Order, order.order_id, urgency="emergency", emergency_id=emergency)
    matching = load(order)
    need = matching.needs[order.order_id]
    assert need.experts == {listed.team_id, home.team_id}
    best = rank(matching.situation, need, matching.now)[:2]
    assert {each.team for each in best} == need.experts


def test_a_held_order_takes_the_teams_room_and_those_who_said_yes_are_booked(ctx):
    city = make_city()
    order = claimed(city)
    ask_person(city, order, city.crew[0], answer="yes", answered_at=NOW)
    ask_person(city, order, city.crew[1])
    ask_person(city, order, city.crew[2], ending="silent")
    ledger = load(order).situation.ledger
    team = city.team.team_id
    assert team is not None
    assert ledger.held_in_slot(team, SLOT) == 3, "three holds of this test"
    assert [ledger.is_booked(each, SLOT) for each in city.crew] == [True, False, False]
    assert [ledger.is_asked_for(each, SLOT) for each in city.crew] == [False, True, False]
    assert [ledger.volunteer_asks_in_week(each, minute_of(NOW)) for each in city.crew] == [1, 1, 1]


def test_offers_count_as_asks_and_fade(ctx):
    city = make_city()
    order = claimed(city)
    offer_order(order.number, city.department, team_ids=[city.team.team_id], now=NOW)
    team = city.team.team_id
    assert team is not None
    ledger = load(order).situation.ledger
    assert ledger.team_asks(team, minute_of(NOW)) == 1
    assert ledger.team_asks_in_week(team, minute_of(NOW)) == 1
    week = minute_of(NOW + timedelta(days=7))
    assert load(order, now=NOW + timedelta(days=7)).situation.ledger.team_asks(team, week) == pytest.approx(
        0.3679, rel=0.01
    )
    long = NOW + timedelta(days=29)
    assert load(order, now=long).situation.ledger.team_asks(team, minute_of(long)) == 0


def test_beliefs_come_along(ctx):
    city = make_city()
    order = claimed(city)
    team = city.team.team_id
    with transaction():
        for model, key in (
            ("captains", "shared:1"),
            ("captains", f"team:{team}"),
            ("volunteers", f"person:{city.crew[0]}"),
        ):
            db.session.add(MatchBelief(model=model, key=key, value=1.5, sureness=9.0))
        db.session.add(MatchBelief(model="captains", key="team:999", value=1.5, sureness=9.0))
    situation = load(order).situation
    assert situation.captains.shared[1] == Belief(1.5, 9.0)
    assert situation.captains.leanings == {f"team:{team}": Belief(1.5, 9.0)}
    assert situation.volunteers.leanings == {f"person:{city.crew[0]}": Belief(1.5, 9.0)}
    assert "team:999" in load(order, is_whole_city=True).situation.captains.leanings


def test_people_of_lending_teams_who_live_near_are_there_for_one_order(ctx):
    city = make_city()
    lender, people = make_team("agriculture", themes=())
    other, _people = make_team("agriculture", themes=())
    far = make_volunteer(lender.team_id, division_code="640381102000")
    change(Team, lender.team_id, is_lending=True)
    order = claimed(city)
    found = load(order).situation.city
    assert set(people) <= found.volunteers.keys()
    assert far not in found.volunteers
    assert not found.members[other.team_id or 0]
    set_switch(city.office, "is_lending_open", False, NOW)
    assert not set(people) & load(order).situation.city.volunteers.keys()


def test_where_no_department_of_the_rule_has_an_able_team_all_others_are_looked_at(ctx):
    city = make_city()
    set_item(needed_skills=["astronomy"])
    able, _people = make_team("agriculture", themes=())
    expert = make_volunteer(able.team_id, skills=["astronomy"])
    order = claimed(city)
    matching = load(order)
    assert expert in matching.situation.city.volunteers
    assert [each.team for each in rank(matching.situation, matching.needs[order.order_id], matching.now)] == [
        able.team_id
    ]


def test_for_an_emergency_everybody_is_there(ctx):
    city = make_city()
    other, people = make_team("agriculture", themes=())
    order = claimed(city)
    assert not set(people) & load(order).situation.city.volunteers.keys()
    change(Order, order.order_id, urgency="emergency")
    assert set(people) <= load(order).situation.city.volunteers.keys()
    assert (
        set(people)
        <= load(claimed(city, headcount=34), also_teams=[other.team_id or 0]).situation.city.volunteers.keys()
    )


def test_an_order_without_times_has_no_slots(ctx):
    city = make_city()
    order = claimed(city)
    with transaction():
        db.session.connection().exec_driver_sql("DELETE FROM wished_times")
    matching = load(order)
    assert matching.needs[order.order_id].slots == ()
    assert rank(matching.situation, matching.needs[order.order_id], matching.now) == []


def test_no_orders_are_no_needs_and_an_empty_city_has_no_teams(ctx):
    assert load_matching([], NOW).needs == {}


def test_the_number_of_statements_does_not_depend_on_the_numbers(ctx):
    city = make_city()
    one = order_of(claimed(city))
    with counted_statements() as few:
        load_matching([one], NOW)
    for number in range(3):
        lender, _people = make_team("agriculture", themes=("health",))
        change(Team, lender.team_id, is_lending=True)
        accepted(city, headcount=40 + number, agreed=window(4 + number))
    orders = [
        one,
        *(
            order_of(claimed(city, headcount=50 + number, menu_item_id=item))
            for number, item in enumerate(("S05", "S01", "S02"))
        ),
    ]
    db.session.expire_all()
    orders = [db.session.get_one(Order, order.id) for order in orders]
    with counted_statements() as many:
        load_matching(orders, NOW)
    with counted_statements() as whole:
        load_matching(orders, NOW, is_whole_city=True)
    assert len(few) == len(whole) == 13
    assert len(many) == 14, "once more where an order finds no able team among its own departments"


def test_the_narrow_view_ranks_as_the_whole_city_does(ctx):
    city = make_city()
    for theme in ("health", "mental"):
        make_team("agriculture", themes=(theme,))
        make_team("health", themes=(theme,))
    order = claimed(city)
    narrow, whole = load(order), load(order, is_whole_city=True)
    need = narrow.needs[order.order_id]
    assert rank(narrow.situation, need, narrow.now) == rank(whole.situation, need, whole.now)


def test_the_core_knows_no_protected_attribute():
    """What is not read can't weigh: neither age nor sex, origin, belief, employer or the document somebody showed."""
    read = inspect.getsource(situation)
    columns = {column.name for column in Volunteer.__table__.columns}
    assert {name for name in columns if re.search(rf"\b(people\.Volunteer|person|own|home)\.{name}\b", read)} == {
        "id", "team_id", "division_code", "skills", "topics", "availability", "max_distance_km", "weekly_load",
        "status",
    }  # fmt: skip
    assert "Person(*" not in read
    for name in ("birth_on", "id_kind", "id_number", "employer", "job_title", "sanzhang_role", "guardian"):
        assert name not in read
    fields = {*Profile.__dataclass_fields__}
    assert fields == {"id", "team", "availability", "week_limit", "skills", "reach_km", "point"}
