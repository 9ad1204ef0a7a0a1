"""What a person takes along is everything about them, and nothing of anybody else."""

import json
from datetime import timedelta
from typing import Any

from sqlalchemy import update

from qtxvol.extensions import db
from qtxvol.notices.answers import Given, answer_link, answer_path
from qtxvol.notices.models import NoticeWish
from qtxvol.notices.queue import To
from qtxvol.offers.crew_asks import answer_ask
from qtxvol.offers.holds import HOLDS
from qtxvol.offers.joint import propose_joint
from qtxvol.offers.learn import VOLUNTEERS, belief_key
from qtxvol.offers.models import MatchBelief
from qtxvol.orders.lifecycle import Party
from qtxvol.orders.models import Order
from qtxvol.orders.transition import Outcome, lock_order
from qtxvol.privacy.erase import ERASED, erase_volunteer
from qtxvol.privacy.own_data import export_account, export_order, export_volunteer
from qtxvol.privacy.reveal import reveal_contact
from qtxvol.storage import transaction
from qtxvol.volunteers.models import Volunteer
from tests.factories import NOW, City, accepted, closed, link_of, placed, window
from tests.offers.crews import asked_of, asks_of_row, held

HOUR = timedelta(hours=1)

SECRETS = ("link_nonce", "place_key", "password_hash", "_digest", "search_text", "row_hash")


def names_in(content: Any) -> set[str]:
    if isinstance(content, dict):
        return set(content) | {name for value in content.values() for name in names_in(value)}
    return {name for value in content for name in names_in(value)} if isinstance(content, list) else set()


def test_an_order_comes_whole_with_who_looked(own_city: City):
    order = closed(own_city, wish="请带控盐勺")
    reveal_contact(order.number, own_city.community, reason="call_back", now=NOW)
    content = export_order(link_of(order), order.number)
    assert content["order"]["contact_phone"] == "19900001234"
    assert content["order"]["contact_name"] == "王测试"
    assert [step["action"] for step in content["steps"]] == ["place", "dispatch", "claim", "accept", "close"]
    (look,) = content["who_looked"]
    assert (look["actor_name"], look["reason"]) == ("东街居委会", "call_back")
    assert "account_id" not in look
    json.dumps(content, ensure_ascii=False)


def test_what_was_answered_with_one_tap_comes_along(own_city: City):
    order = accepted(own_city)
    path = answer_path("confirm_time", order_id=order.order_id, reader=To(Party.RESIDENT, "", order.order_id), now=NOW)
    answer_link(path.rpartition("/")[2], Given(is_yes=False, text="那天要去医院"), NOW)
    (reply,) = export_order(link_of(order), order.number)["replies"]
    assert (reply["answer"], reply["text"]) == ("no", "那天要去医院")


def test_an_account_comes_with_its_orders_and_no_secret(own_city: City):
    mine = placed(own_city)
    placed(own_city, actor=own_city.community)  # ordered for somebody else
    with transaction():
        person = db.session.get_one(Volunteer, own_city.crew[0])
        person.phone, person.phone_digest = "19900001111", "d" * 64
    content = export_account(own_city.resident.account_id)
    assert [each["order"]["number"] for each in content["orders"]] == [mine.number]
    volunteer = export_account(own_city.volunteer.account_id)["volunteers"][0]
    assert volunteer["card"][0]["phone"] == "19900001111"
    for name in names_in(content) | names_in(volunteer):
        assert not name.endswith(SECRETS), f"{name} is nobody's to take along"


def test_a_volunteer_comes_with_hours_and_licences(own_city: City):
    closed(own_city, agreed=window(2))
    content = export_volunteer(own_city.crew[0])
    assert [entry["minutes"] for entry in content["hours_entries"]] == [90]
    assert content["licences"][0]["skill"] == "clinician"


def test_every_column_of_an_order_comes_along_but_the_secrets(own_city: City):
    order = placed(own_city)
    with transaction():
        db.session.execute(update(Order).values(organisation="第三小学"))
    names = set(export_order(link_of(order), order.number)["order"])
    assert {"wish", "venue", "organisation", "placed_at", "consent_version", "headcount"} - names <= {"wish"}


def test_a_joint_session_comes_with_its_time_and_words(own_city: City):
    host, other = placed(own_city), placed(own_city, headcount=6)
    own_desk = own_city.community
    propose_joint(own_desk, host_number=host.number, numbers=[other.number], text="都在活动室办", now=NOW)
    (asked,) = export_order(link_of(other), other.number)["joint_sessions"]
    assert (asked["text"], asked["status"]) == ("都在活动室办", "open")
    assert {"starts_at", "ends_at", "until", "asked_at"} <= asked.keys()
    assert not [name for name in asked if name.endswith("account_id")]


def say_no_and_be_learned_of(order: Outcome, who: int) -> None:
    """Somebody who was asked by name says why not, wants one message a day, and something is learned of it."""
    with transaction():
        row = lock_order(order.number, HOLDS)
        (ask,) = [each for each in asks_of_row(row) if each.volunteer_id == who]
        answer_ask(row, ask, is_yes=False, reason="work", text="那天要值班", now=NOW + HOUR)
        db.session.add(NoticeWish(volunteer_id=who, is_digest=True, changed_at=NOW))
        db.session.add(MatchBelief(model=VOLUNTEERS, key=belief_key(who), value=-0.5, sureness=2.0))


def test_what_a_volunteer_was_asked_by_name_said_and_wished_comes_along_and_what_was_learned_of_it(own_city: City):
    order = held(own_city)
    who = asked_of(order)[0]
    say_no_and_be_learned_of(order, who)
    with transaction():
        db.session.add(MatchBelief(model=VOLUNTEERS, key=belief_key(who + 1), value=0.5, sureness=2.0))
    content = export_volunteer(who)
    (asked,) = content["crew_asks"]
    assert (asked["answer"], asked["reason"], asked["text"]) == ("no", "work", "那天要值班")
    assert asked["order_number"] == order.number
    assert {"asked_at", "answered_at", "starts_at", "ends_at"} <= asked.keys()
    assert [each["is_digest"] for each in content["notice_wishes"]] == [True]
    assert [each["value"] for each in content["match_beliefs"]] == [-0.5]
    json.dumps(content, ensure_ascii=False)
    assert export_volunteer(own_city.other_crew[0])["match_beliefs"] == []


def test_with_the_person_go_the_words_of_their_answers_and_what_was_learned(own_city: City):
    order = held(own_city)
    who = asked_of(order)[0]
    say_no_and_be_learned_of(order, who)
    erase_volunteer(who, own_city.office, now=NOW + 2 * HOUR)
    content = export_volunteer(who)
    (asked,) = content["crew_asks"]
    assert (asked["answer"], asked["reason"], asked["text"]) == ("no", ERASED, ERASED)
    assert "clue" not in asked
    assert content["notice_wishes"] == content["match_beliefs"] == []
    assert "那天要值班" not in json.dumps(content, ensure_ascii=False)


def test_somebody_who_is_being_asked_and_goes_is_waited_for_no_longer(own_city: City):
    order = held(own_city)
    who = asked_of(order)[0]
    erase_volunteer(who, own_city.office, now=NOW + HOUR)
    (asked,) = export_volunteer(who)["crew_asks"]
    assert asked["ending"] == "void"
    assert who not in asked_of(order)
