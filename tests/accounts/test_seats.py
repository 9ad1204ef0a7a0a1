"""Signing in, what a session knows, and changing a password."""

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import delete, select, update
from sqlalchemy.exc import IntegrityError

from qtxvol.accounts.models import Account, Attempt, Seat
from qtxvol.accounts.seats import change_password, find_signed_in, sign_in, sign_out_everywhere
from qtxvol.extensions import db
from qtxvol.orders.lifecycle import Party
from qtxvol.refusals import NotFound, Refused
from qtxvol.storage import transaction
from tests.factories import NOW, PASSWORD, TOWN, City, make_actor, make_volunteer, new_key

NEW_PASSWORD = "battery-staple-2026"
SECOND = timedelta(seconds=1)


@pytest.fixture
def username(shared_city: City) -> str:
    """Somebody with a desk and a name of their own."""
    name = f"clerk-{new_key()}"
    make_actor(Party.COMMUNITY, "裕民街道", username=name, division_code=TOWN)
    return name


@pytest.fixture
def address() -> str:
    return f"192.0.2.{new_key()}"


def refusal_of(username: str, password: str, address: str, now=NOW) -> Refused:
    with pytest.raises(Refused) as caught:
        sign_in(username, password, address, now)
    return caught.value


def test_the_right_password_opens_the_desk(username: str, address: str):
    who = sign_in(username, PASSWORD, address, NOW)
    assert (who.username, who.is_authenticated, who.must_change_password) == (username, True, False)
    (seat,) = who.seats
    assert (seat.place, seat.actor.party, seat.actor.division_code) == ("裕民街道", "community", TOWN)
    assert db.session.get_one(Account, who.account_id).signed_in_at == NOW


def test_an_unknown_name_and_a_wrong_password_are_answered_alike(username: str, address: str):
    wrong, unknown = refusal_of(username, "wrong", address), refusal_of(f"no-{username}", PASSWORD, address)
    assert (wrong.code, wrong.status, wrong.about) == ("wrong_password", 422, {})
    assert (unknown.code, unknown.status, unknown.about) == (wrong.code, wrong.status, wrong.about)


def test_a_closed_account_is_answered_like_an_unknown_one(username: str, address: str):
    with transaction():
        db.session.execute(update(Account).where(Account.username == username).values(is_active=False))
    assert refusal_of(username, PASSWORD, address).code == "wrong_password"


@pytest.mark.parametrize("password", ["", " ", PASSWORD.upper(), PASSWORD + " ", "x" * 10_000, "密码😀"])
def test_no_other_password_fits(username: str, address: str, password: str):
    assert refusal_of(username, password, address).code == "wrong_password"


def test_five_wrong_passwords_make_the_account_wait(username: str, address: str):
    for n in range(5):
        assert refusal_of(username, "wrong", f"{address}.{n}").code == "wrong_password"
    waiting = refusal_of(username, PASSWORD, f"{address}.other")
    assert (waiting.code, waiting.status, waiting.about) == ("wait", 429, {"seconds": 1})
    assert refusal_of(username, "wrong", address, NOW + SECOND).code == "wrong_password"
    assert refusal_of(username, PASSWORD, address, NOW + SECOND).about == {"seconds": 2}
    assert sign_in(username, PASSWORD, address, NOW + 3 * SECOND).username == username


def test_an_unknown_name_slows_down_like_a_known_one(address: str, shared_city: City):
    name = f"nobody-{new_key()}"
    for n in range(5):
        assert refusal_of(name, "wrong", f"{address}.{n}").code == "wrong_password"
    assert refusal_of(name, "wrong", address).about == {"seconds": 1}


def test_writing_the_name_in_capitals_wins_no_attempts(username: str, address: str):
    for n in range(5):
        refusal_of(username.upper() if n % 2 else username, "wrong", f"{address}.{n}")
    assert refusal_of(username, PASSWORD, address).code == "wait"


def test_thirty_wrong_names_make_the_address_wait(username: str, address: str, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("qtxvol.accounts.seats.is_password", lambda *_: False)  # thirty real ones take seconds
    for n in range(30):
        assert refusal_of(f"guess-{n}-{username}", "wrong", address).code == "wrong_password"
    monkeypatch.undo()
    assert refusal_of(username, PASSWORD, address).about == {"seconds": 1}
    assert sign_in(username, PASSWORD, address + "9", NOW).username == username


def test_a_success_forgets_the_accounts_failures_and_not_the_addresss(username: str, address: str):
    for _ in range(4):
        refusal_of(username, "wrong", address)
    sign_in(username, PASSWORD, address, NOW)
    for _ in range(4):
        assert refusal_of(username, "wrong", address).code == "wrong_password"
    tries = select(Attempt.count.label("tries")).where(Attempt.key == f"login:address:{address}")
    assert db.session.scalar(tries) == 8


def test_a_window_later_everybody_may_try_again(username: str, address: str):
    for _ in range(6):
        refusal_of(username, "wrong", address)
    assert refusal_of(username, PASSWORD, address).code == "wait"
    assert sign_in(username, PASSWORD, address, NOW + timedelta(minutes=30)).username == username


# Sessions


def test_a_session_is_found_by_account_and_epoch(username: str, address: str):
    who = sign_in(username, PASSWORD, address, NOW)
    assert find_signed_in(who.get_id()) == who
    for forged in (
        "",
        "1",
        f"{who.account_id}",
        f"{who.account_id}.",
        f"{who.account_id}.2",
        "x.1",
        "-1.1",
        "1.1.1",
        "0.1",
    ):
        assert find_signed_in(forged) is None, forged


def test_signing_out_everywhere_ends_every_session_of_one_account(username: str, address: str, city: City):
    first, second = (sign_in(username, PASSWORD, address, NOW).get_id() for _ in range(2))
    other = f"{city.office.account_id}.1"
    assert first == second
    sign_out_everywhere(find_signed_in(first).account_id)
    assert find_signed_in(first) is None
    assert find_signed_in(other) is not None
    assert find_signed_in(sign_in(username, PASSWORD, address, NOW).get_id()) is not None


def test_closing_an_account_ends_its_sessions(username: str, address: str):
    session_id = sign_in(username, PASSWORD, address, NOW).get_id()
    with transaction():
        db.session.execute(update(Account).where(Account.username == username).values(is_active=False))
    assert find_signed_in(session_id) is None


def test_a_changed_password_ends_the_other_sessions(username: str, address: str):
    elsewhere = sign_in(username, PASSWORD, address, NOW)
    epoch = change_password(elsewhere.account_id, PASSWORD, NEW_PASSWORD)
    assert epoch == elsewhere.session_epoch + 1
    assert find_signed_in(elsewhere.get_id()) is None
    assert find_signed_in(replace(elsewhere, session_epoch=epoch).get_id()) is not None
    assert refusal_of(username, PASSWORD, address).code == "wrong_password"
    assert sign_in(username, NEW_PASSWORD, address, NOW).session_epoch == epoch


def test_a_first_password_needs_changing_only_once(username: str, address: str):
    with transaction():
        db.session.execute(update(Account).where(Account.username == username).values(must_change_password=True))
    who = sign_in(username, PASSWORD, address, NOW)
    assert who.must_change_password
    change_password(who.account_id, PASSWORD, NEW_PASSWORD)
    assert not sign_in(username, NEW_PASSWORD, address, NOW).must_change_password


@pytest.mark.parametrize(
    ("old", "new", "code", "about"),
    [
        ("wrong", NEW_PASSWORD, "wrong_password", {"field": "old_password"}),
        (PASSWORD, "short", "weak_password", {"field": "new_password", "fault": "too_short"}),
        (PASSWORD, "x" * 129, "weak_password", {"field": "new_password", "fault": "too_long"}),
        (PASSWORD, "qwertyuiop", "weak_password", {"field": "new_password", "fault": "too_simple"}),
        (PASSWORD, PASSWORD, "weak_password", {"field": "new_password", "fault": "unchanged"}),
    ],
)
def test_a_refused_change_leaves_password_and_sessions_alone(
    username: str, address: str, old: str, new: str, code: str, about: dict
):
    who = sign_in(username, PASSWORD, address, NOW)
    with pytest.raises(Refused) as caught:
        change_password(who.account_id, old, new)
    assert (caught.value.code, caught.value.status, caught.value.about) == (code, 422, about)
    assert find_signed_in(who.get_id()) == who
    assert sign_in(username, PASSWORD, address, NOW).session_epoch == who.session_epoch


def test_nobody_changes_the_password_of_nobody(shared_city: City):
    with pytest.raises(NotFound):
        change_password(10**6, PASSWORD, NEW_PASSWORD)


# Seats


def test_one_account_may_have_several_desks(username: str, address: str, city: City):
    account_id = sign_in(username, PASSWORD, address, NOW).account_id
    person = make_volunteer(city.team.team_id, name="多岗测试")
    with transaction():
        db.session.add_all(
            [
                Seat(account_id=account_id, party=Party.TEAM, team_id=city.team.team_id),
                Seat(account_id=account_id, party=Party.VOLUNTEER, volunteer_id=person),
                Seat(account_id=account_id, party=Party.RESIDENT, division_code=TOWN),
                Seat(account_id=account_id, party=Party.OFFICE),
            ]
        )
    who = sign_in(username, PASSWORD, address, NOW)
    places = {str(seat.actor.party): (seat.place, seat.actor.name) for seat in who.seats}
    assert places == {
        "community": ("裕民街道", "裕民街道"),
        "team": ("市医院测试队", "市医院测试队"),
        "volunteer": ("多岗测试", "多岗测试"),
        "resident": ("裕民街道", "居民"),
        "office": ("", "纲要办"),
    }
    leader = who.find_seat(Party.TEAM).actor
    assert leader == replace(city.team, account_id=account_id)
    assert who.find_seat(Party.DEPARTMENT) is None
    assert {seat.actor.account_id for seat in who.seats} == {account_id}


def test_an_account_without_a_desk_signs_in_to_nothing(username: str, address: str):
    with transaction():
        account_id = select(Account.id).where(Account.username == username).scalar_subquery()
        db.session.execute(delete(Seat).where(Seat.account_id == account_id))
    assert sign_in(username, PASSWORD, address, NOW).seats == ()


def test_a_desk_is_bound_to_what_it_acts_for(username: str, address: str):
    account_id = sign_in(username, PASSWORD, address, NOW).account_id
    for party in (Party.DEPARTMENT, Party.TEAM, Party.VOLUNTEER, Party.SYSTEM):
        with pytest.raises(IntegrityError, match="ck_seats_bound"), transaction():
            db.session.add(Seat(account_id=account_id, party=party))
