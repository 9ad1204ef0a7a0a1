"""What the office does to accounts, on both databases."""

import threading
from typing import Any

import pytest
from flask import Flask

from qtxvol.accounts.actor import Actor, system_actor
from qtxvol.accounts.manage import (
    add_seat,
    create_account,
    find_volunteer_id,
    get_account,
    list_accounts,
    remove_seat,
    reset_password,
    set_active,
)
from qtxvol.accounts.models import Account
from qtxvol.accounts.seats import find_signed_in, sign_in
from qtxvol.extensions import db
from qtxvol.orders.lifecycle import Party
from qtxvol.refusals import NotFound, Refused
from tests.factories import COMMUNITY, NOW, PASSWORD, TOWN, City, make_actor, make_city, new_key


@pytest.fixture
def own_city(ctx: None) -> City:
    """A city that no other test has changed: here, who else is of the office decides."""
    return make_city()


def create(actor: Actor, **values: Any) -> tuple[int, str]:
    given = {"username": new_key(), "display_name": "王科员", "party": Party.OFFICE, "now": NOW, **values}
    return create_account(actor, **given)


def other_office() -> Actor:
    return make_actor(Party.OFFICE, "副手")


def account_id_of(actor: Actor) -> int:
    assert actor.account_id is not None
    return actor.account_id


@pytest.mark.parametrize(
    ("party", "bound_to", "place"),
    [
        (Party.COMMUNITY, COMMUNITY, "东街"),
        (Party.COMMUNITY, TOWN, "裕民街道"),
        (Party.DEPARTMENT, "health", "卫生健康"),
        (Party.RESIDENT, None, ""),
        (Party.RESIDENT, COMMUNITY, "东街"),
        (Party.OFFICE, None, ""),
    ],
)
def test_a_new_account_signs_in_with_its_first_password_and_must_change_it(
    city: City, party: Party, bound_to: str | None, place: str
):
    account_id, password = create(city.office, party=party, bound_to=bound_to)
    user = sign_in(get_account(account_id).username, password, "10.0.0.1", NOW)
    assert user.account_id == account_id
    assert user.must_change_password
    (seat,) = get_account(account_id).seats
    assert seat.party == party
    assert place in seat.place


def test_a_seat_can_be_bound_to_a_team_and_a_volunteer(own_city: City):
    create(own_city.office, party=Party.TEAM, bound_to=own_city.team.team_id)
    create(own_city.office, party=Party.VOLUNTEER, bound_to=own_city.crew[1])
    found = {seat.party: seat.place for entry in list_accounts("市医院").rows for seat in entry.seats}
    assert found["team"] == "市医院测试队"


def test_the_service_makes_the_first_account(ctx: None):
    account_id, password = create(system_actor("init"), username="first")
    assert sign_in("first", password, "10.0.0.1", NOW).account_id == account_id


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"username": "ab"}, "username"),
        ({"username": "a" * 65}, "username"),
        ({"username": "王科员"}, "username"),
        ({"username": "Clerk"}, "username"),
        ({"username": "a\0bc"}, "username"),
        ({"username": "clerk\n1"}, "username"),
        ({"username": "taken"}, "username"),
        ({"display_name": "  "}, "display_name"),
        ({"display_name": "名" * 65}, "display_name"),
        ({"display_name": "空\0"}, "display_name"),
        ({"party": Party.SYSTEM}, "party"),
        ({"party": Party.COMMUNITY}, "division_code"),
        ({"party": Party.COMMUNITY, "bound_to": "640000000000"}, "division_code"),
        ({"party": Party.COMMUNITY, "bound_to": "nowhere"}, "division_code"),
        ({"party": Party.RESIDENT, "bound_to": "nowhere"}, "division_code"),
        ({"party": Party.DEPARTMENT}, "department_id"),
        ({"party": Party.DEPARTMENT, "bound_to": "nobody"}, "department_id"),
        ({"party": Party.TEAM, "bound_to": 99999}, "team_id"),
        ({"party": Party.VOLUNTEER, "bound_to": 99999}, "volunteer_id"),
        ({"party": Party.VOLUNTEER, "bound_to": None}, "volunteer_id"),
    ],
)
def test_a_bad_account_is_refused_and_nothing_is_written(city: City, values: dict[str, Any], field: str):
    if values.get("username") == "taken":
        create(city.office, username="taken")
    before = list_accounts().total
    with pytest.raises(Refused) as refused:
        create(city.office, **values)
    assert (refused.value.code, refused.value.status) == ("invalid", 422)
    assert refused.value.about["field"] == field
    assert refused.value.about["message"].endswith("。")
    assert refused.value.about["message_en"]
    assert list_accounts().total == before


def test_a_volunteer_has_one_account(city: City):
    with pytest.raises(Refused) as refused:
        create(city.office, party=Party.VOLUNTEER, bound_to=city.volunteer.volunteer_id)
    assert refused.value.about["field"] == "volunteer_id"


@pytest.mark.parametrize("party", ["community", "department", "team", "volunteer", "resident"])
def test_every_verb_is_for_the_office_alone(city: City, party: str):
    actor: Actor = getattr(city, party)
    theirs = account_id_of(city.department)
    for attempt in (
        lambda: create(actor),
        lambda: add_seat(actor, theirs, Party.OFFICE),
        lambda: remove_seat(actor, theirs, 1),
        lambda: reset_password(actor, theirs),
        lambda: set_active(actor, theirs, False),
    ):
        with pytest.raises(Refused) as refused:
            attempt()
        assert (refused.value.code, refused.value.status) == ("wrong_party", 403)


def test_a_reset_ends_the_sessions_and_the_old_password(city: City):
    theirs = account_id_of(make_actor(Party.DEPARTMENT, "联络员", department_id="health"))
    name = get_account(theirs).username
    session = sign_in(name, PASSWORD, "10.0.0.1", NOW).get_id()
    for _ in range(7):  # the account is slowed down by then: that is why somebody calls the office
        with pytest.raises(Refused):
            sign_in(name, "wrong", "10.0.0.2", NOW)
    password = reset_password(city.office, theirs)
    assert find_signed_in(session) is None
    user = sign_in(name, password, "10.0.0.3", NOW)
    assert user.must_change_password
    with pytest.raises(Refused):
        sign_in(name, PASSWORD, "10.0.0.3", NOW)


def test_a_closed_account_has_no_session_until_it_is_opened_again(city: City):
    theirs = account_id_of(make_actor(Party.DEPARTMENT, "联络员", department_id="health"))
    name = get_account(theirs).username
    session = sign_in(name, PASSWORD, "10.0.0.1", NOW).get_id()
    assert set_active(city.office, theirs, False)
    assert not set_active(city.office, theirs, False)
    assert find_signed_in(session) is None
    with pytest.raises(Refused):
        sign_in(name, PASSWORD, "10.0.0.1", NOW)
    assert set_active(city.office, theirs, True)
    assert find_signed_in(session) is None
    assert sign_in(name, PASSWORD, "10.0.0.1", NOW)


def test_nobody_closes_or_resets_the_own_account(own_city: City):
    other_office()
    own = account_id_of(own_city.office)
    (seat,) = get_account(own).seats
    for attempt in (
        lambda: set_active(own_city.office, own, False),
        lambda: reset_password(own_city.office, own),
        lambda: remove_seat(own_city.office, own, seat.id),
    ):
        with pytest.raises(Refused) as refused:
            attempt()
        assert (refused.value.code, refused.value.status) == ("invalid", 409)
    assert get_account(own).seats == (seat,)


def test_the_last_office_account_that_works_stays(own_city: City):
    last, other = account_id_of(own_city.office), other_office()
    assert set_active(own_city.office, account_id_of(other), False)
    (seat,) = get_account(last).seats
    for attempt in (lambda: set_active(other, last, False), lambda: remove_seat(other, last, seat.id)):
        with pytest.raises(Refused) as refused:
            attempt()
        assert refused.value.status == 409
        assert "最后一个" in refused.value.about["message"]
    assert get_account(last).is_active
    # one that is closed already may lose its seat
    (idle,) = get_account(account_id_of(other)).seats
    remove_seat(own_city.office, account_id_of(other), idle.id)


def test_two_who_close_each_other_at_once_leave_one(app: Flask):
    with app.app_context():
        city = make_city()
        first, second = city.office, make_actor(Party.OFFICE, "副手")
    barrier, refusals = threading.Barrier(2), []

    def close(actor: Actor, other: Actor) -> None:
        with app.app_context():
            barrier.wait()
            try:
                set_active(actor, account_id_of(other), False)
            except Refused as refused:
                refusals.append(refused.status)

    threads = [threading.Thread(target=close, args=pair) for pair in ((first, second), (second, first))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert refusals == [409]
    with app.app_context():
        still = [get_account(account_id_of(actor)).is_active for actor in (first, second)]
        assert sorted(still) == [False, True]


def test_seats_come_and_go(city: City):
    theirs = account_id_of(city.department)
    seat_id = add_seat(city.office, theirs, Party.TEAM, city.team.team_id)
    with pytest.raises(Refused) as refused:
        add_seat(city.office, theirs, Party.TEAM, city.other_team.team_id)
    assert refused.value.about["field"] == "team_id"
    assert [seat.party for seat in get_account(theirs).seats] == ["department", "team"]
    with pytest.raises(NotFound):
        remove_seat(city.office, account_id_of(city.community), seat_id)
    remove_seat(city.office, theirs, seat_id)
    assert [seat.party for seat in get_account(theirs).seats] == ["department"]


def test_what_is_not_there_is_not_found(city: City):
    for attempt in (
        lambda: get_account(99999),
        lambda: add_seat(city.office, 99999, Party.OFFICE),
        lambda: reset_password(city.office, 99999),
        lambda: set_active(city.office, 99999, False),
        lambda: remove_seat(city.office, account_id_of(city.department), 99999),
    ):
        with pytest.raises(NotFound):
            attempt()
    assert find_volunteer_id("V9999999") is None


def test_accounts_are_found_by_name_place_and_party(own_city: City):
    name = get_account(account_id_of(own_city.community)).username
    assert [entry.id for entry in list_accounts(name).rows] == [own_city.community.account_id]
    assert own_city.community.account_id in {entry.id for entry in list_accounts("东街").rows}
    assert {entry.id for entry in list_accounts(party="team").rows} == {
        own_city.team.account_id,
        own_city.other_team.account_id,
    }
    assert list_accounts("%").total == 0
    assert list_accounts("", page=99).number == 1
    assert db.session.get_one(Account, own_city.office.account_id).must_change_password is False
