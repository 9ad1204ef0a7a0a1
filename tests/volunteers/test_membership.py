"""Joining, leaving and changing teams; own wishes; insurances and trainings. On both databases."""

from datetime import date

import pytest

from qtxvol.accounts.actor import Actor
from qtxvol.orders.lifecycle import Party
from qtxvol.refusals import NotFound, Refused
from qtxvol.volunteers.events import list_events
from qtxvol.volunteers.membership import (
    Preferences,
    ask_to_join,
    count_requests,
    decide_request,
    edit_preferences,
    leave_team,
    list_own_requests,
    list_requests,
    remove_member,
    withdraw_request,
)
from qtxvol.volunteers.queries import get_volunteer
from qtxvol.volunteers.records import RecordCard, add_record, list_records, remove_record
from qtxvol.volunteers.states import leave_volunteer
from tests.factories import NOW, City, accepted, make_team, make_volunteer


def me(volunteer_id: int) -> Actor:
    return Actor(Party.VOLUNTEER, "志愿者", account_id=1, volunteer_id=volunteer_id)


def test_a_transfer_is_asked_for_and_the_receiving_leader_decides(city: City):
    person, there = city.crew[2], city.other_team
    request = ask_to_join(me(person), there.team_id or 0, NOW, "离家近")
    row = next(row for row in list_requests(there.team_id) if row.TeamRequest.id == request)
    assert (row.TeamRequest.text, row.from_team) == ("离家近", "市医院测试队")
    with pytest.raises(NotFound):
        decide_request(city.team, request, True, NOW)
    before = count_requests(there.team_id or 0)
    assert decide_request(there, request, True, NOW)
    assert not decide_request(there, request, True, NOW)
    assert get_volunteer(person).team_id == there.team_id
    event = list_events(person)[0]
    assert (event.action, event.was, event.became, event.reason) == ("team", "市医院测试队", "卫校测试队", "")
    assert count_requests(there.team_id or 0) == before - 1
    with pytest.raises(Refused) as refused:
        decide_request(there, request, False, NOW, "晚了")
    assert refused.value.status == 409


def test_a_refusal_says_why_and_a_new_wish_replaces_the_old(city: City):
    person = make_volunteer(None)
    first = ask_to_join(me(person), city.team.team_id or 0, NOW)
    second = ask_to_join(me(person), city.other_team.team_id or 0, NOW)
    with pytest.raises(Refused) as refused:
        decide_request(city.office, second, False, NOW)
    assert refused.value.about["field"] == "answer"
    assert decide_request(city.office, second, False, NOW, "已满员")
    own = list_own_requests(person)
    assert [(row.TeamRequest.id, row.TeamRequest.status) for row in own] == [(second, "declined"), (first, "withdrawn")]
    assert own[0].TeamRequest.answer == "已满员"
    assert not withdraw_request(me(person), NOW)
    ask_to_join(me(person), city.team.team_id or 0, NOW)
    assert withdraw_request(me(person), NOW)


def test_who_is_named_for_a_service_stays_until_it_is_over(own_city: City):
    order = accepted(own_city)
    person = own_city.crew[0]
    request = ask_to_join(me(person), own_city.other_team.team_id or 0, NOW)
    for attempt in (
        lambda: leave_team(me(person), NOW),
        lambda: remove_member(own_city.team, person, NOW, "调岗"),
        lambda: decide_request(own_city.other_team, request, True, NOW),
    ):
        with pytest.raises(Refused) as refused:
            attempt()
        assert order.number in refused.value.about["message"]
    assert get_volunteer(person).team_id == own_city.team.team_id
    assert leave_team(me(own_city.crew[1]), NOW)
    assert not leave_team(me(own_city.crew[1]), NOW)


def test_a_leader_lets_go_with_a_reason_and_only_own_people(city: City):
    person = city.crew[1]
    with pytest.raises(Refused) as refused:
        remove_member(city.team, person, NOW, " ")
    assert refused.value.status == 422
    with pytest.raises(NotFound):
        remove_member(city.team, city.other_crew[0], NOW, "不认识")
    assert remove_member(city.team, person, NOW, "调到外地")
    assert get_volunteer(person).team_id is None
    assert list_events(person)[0].reason == "调到外地"
    with pytest.raises(Refused, match="wrong_party"):
        remove_member(city.community, person, NOW, "因为")


def test_not_every_wish_makes_sense(city: City):
    person, gone = city.crew[0], make_volunteer(None)
    leave_volunteer(city.office, gone, NOW, "搬家")
    idle, _nobody = make_team("health", themes=("health",), people=0)
    for who, team, status in (
        (person, city.team.team_id, 422),
        (person, 99999, 422),
        (gone, idle.team_id, 409),
    ):
        with pytest.raises(Refused) as refused:
            ask_to_join(me(who), team or 0, NOW)
        assert refused.value.status == status
    for verb in (ask_to_join, decide_request):
        with pytest.raises(Refused, match="wrong_party"):
            verb(city.resident, 1, True, NOW) if verb is decide_request else verb(city.resident, 1, NOW)


def test_one_says_when_and_for_whom_one_likes_to_serve(city: City):
    person = city.crew[0]
    edit_preferences(me(person), Preferences(("sun-morning", "mon-morning"), ("health",), ("elderly",), 8, 1))
    row = get_volunteer(person)
    assert (row.availability, row.topics, row.audiences) == (["mon-morning", "sun-morning"], ["health"], ["elderly"])
    assert (row.max_distance_km, row.weekly_load) == (8, 1)
    for bad, field in (
        (Preferences(topics=("nothing",)), "topics"),
        (Preferences(audiences=("nobody",)), "audiences"),
        (Preferences(max_distance_km=999), "max_distance_km"),
        (Preferences(weekly_load=0), "weekly_load"),
    ):
        with pytest.raises(Refused) as refused:
            edit_preferences(me(person), bad)
        assert refused.value.about["field"] == field


def test_insurances_and_trainings_are_written_down_by_office_and_own_team(city: City):
    person, year = city.crew[0], date(2026, 1, 1)
    training = add_record(city.team, person, RecordCard("training", "急救培训", year, hours=6), NOW)
    add_record(city.office, person, RecordCard("insurance", "意外险", year, date(2026, 12, 31), hours=9), NOW)
    assert {(each.kind, each.hours, each.entered_by) for each in list_records(person)} == {
        ("training", 6, "市医院测试队"),
        ("insurance", 0, "纲要办"),
    }
    remove_record(city.office, person, training)
    assert [each.kind for each in list_records(person)] == ["insurance"]
    for bad, field in (
        (RecordCard("medal", "x", year), "kind"),
        (RecordCard("training", " ", year), "title"),
        (RecordCard("training", "x", year, date(2025, 1, 1)), "until_on"),
        (RecordCard("training", "x", year, hours=501), "hours"),
    ):
        with pytest.raises(Refused) as refused:
            add_record(city.office, person, bad, NOW)
        assert refused.value.about["field"] == field
    with pytest.raises(NotFound):
        add_record(city.team, city.other_crew[0], RecordCard("training", "x", year), NOW)
    with pytest.raises(NotFound):
        remove_record(city.office, person, training)
    with pytest.raises(Refused, match="wrong_party"):
        add_record(city.volunteer, person, RecordCard("training", "x", year), NOW)
