"""Registering a person: who may, what is checked, and one person staying one row. On both databases."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import date, timedelta
from threading import Barrier, Thread
from typing import Any

import pytest
from flask import current_app
from sqlalchemy import func, select, text

from qtxvol.accounts.actor import Actor, system_actor
from qtxvol.extensions import db
from qtxvol.refusals import NotFound, Refused
from qtxvol.storage import transaction
from qtxvol.volunteers.events import list_events
from qtxvol.volunteers.licences import LicenceCard, list_expiring, list_licences
from qtxvol.volunteers.models import TeamRequest, Volunteer
from qtxvol.volunteers.queries import get_volunteer, list_volunteers
from qtxvol.volunteers.register import ONESELF, Registered, VolunteerCard, edit_volunteer, register_volunteer
from qtxvol.volunteers.rules import get_rule_values, set_rules
from qtxvol.volunteers.states import leave_volunteer, refuse_volunteer, verify_volunteer
from tests.factories import COMMUNITY, NOW, City, make_volunteer
from tests.volunteers.cards import card, id_number

IMPORTER = system_actor("名册")


@contextmanager
def refused(field: str, status: int = 422) -> Iterator[None]:
    with pytest.raises(Refused) as caught:
        yield
    assert (caught.value.code, caught.value.status) == ("invalid", status)
    assert caught.value.about["field"] == field


def join(person: VolunteerCard, actor: Actor = ONESELF, by: str = "self") -> Registered:
    return register_volunteer(person, actor=actor, registered_by=by, now=NOW)


def test_somebody_registers_themself_and_waits_to_be_checked(city: City):
    person = card(
        phone="199-0000-1234",
        division_code=COMMUNITY,
        skills=("nutrition", "clinician"),
        licences=(LicenceCard("clinician", "医师执业证书", "110-X", date(2027, 1, 1)),),
        topics=("health",),
        audiences=("elderly",),
        availability=("sun-evening", "sat-morning"),
        weekly_load=2,
        max_distance_km=10,
        sanzhang_role="hospital_head",
        institution="测试医院",
        is_technology_envoy=True,
        preferred_team_id=city.team.team_id,
    )
    done = join(person)
    assert done.outcome == "new"
    row = get_volunteer(done.volunteer_id)
    assert (row.number, row.status, row.registered_by, row.team_id) == (done.number, "applied", "self", None)
    assert (row.phone, row.id_number) == ("19900001234", person.id_number)
    assert row.number not in (person.id_number, person.phone)
    assert (row.availability, row.topics, row.weekly_load) == (["sat-morning", "sun-evening"], ["health"], 2)
    assert (row.sanzhang_role, row.institution, row.is_technology_envoy) == ("hospital_head", "测试医院", True)
    assert (row.consent_version, row.consented_at) == ("2026-11", NOW)
    assert str(row.birth_on).startswith("1980-")
    (licence,) = list_licences([row.id])[row.id]
    assert (licence.skill, licence.number, licence.expires_on) == ("clinician", "110-X", date(2027, 1, 1))
    (event,) = list_events(row.id)
    assert (event.action, event.was, event.became, event.party) == ("register", "self", "applied", "resident")
    wish = db.session.scalars(select(TeamRequest).where(TeamRequest.volunteer_id == row.id)).one()
    assert (wish.team_id, wish.status) == (city.team.team_id, "open")


def test_phone_and_document_are_not_readable_in_the_database(city: City):
    person = card(guardian_name="某监护", guardian_phone="19900009876", has_guardian_consent=True)
    done = join(person)
    row = db.session.execute(text("SELECT * FROM volunteers WHERE id = :id"), {"id": done.volunteer_id}).one()
    written = "\n".join(map(str, row))
    for secret in (person.phone, person.id_number, person.guardian_name, person.guardian_phone):
        assert secret not in written


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"name": " "}, "name"),
        ({"name": "名" * 33}, "name"),
        ({"name": "空\0"}, "name"),
        ({"phone": ""}, "phone"),
        ({"phone": "12345"}, "phone"),
        ({"id_number": ""}, "id_number"),
        ({"id_kind": "library_card"}, "id_kind"),
        ({"id_number": "640381198005170012"}, "id_number"),
        ({"id_number": id_number(date(2009, 1, 1))}, "id_number"),  # seventeen
        ({"id_number": id_number(date(1980, 5, 17)), "birth_on": date(1980, 5, 18)}, "birth_on"),
        ({"id_kind": "passport", "id_number": "E1234567"}, "birth_on"),
        ({"id_kind": "passport", "id_number": "E1234567", "birth_on": date(2010, 1, 1)}, "birth_on"),
        ({"consent_version": ""}, "consent"),
        ({"consent_version": "1999-01"}, "consent"),
        ({"division_code": "nowhere"}, "division_code"),
        ({"preferred_team_id": 99999}, "preferred_team_id"),
        ({"skills": ("flying",)}, "skills"),
        ({"topics": ("nothing",)}, "topics"),
        ({"audiences": ("nobody",)}, "audiences"),
        ({"licences": (LicenceCard("teacher"),)}, "licences"),
        ({"licences": (LicenceCard("nutrition"), LicenceCard("nutrition"))}, "licences"),
        ({"sanzhang_role": "king"}, "sanzhang_role"),
        ({"sanzhang_role": "school_head"}, "institution"),
        ({"max_distance_km": 0}, "max_distance_km"),
        ({"weekly_load": 22}, "weekly_load"),
        ({"has_guardian_consent": True}, "guardian_name"),
        ({"has_guardian_consent": True, "guardian_name": "某"}, "guardian_phone"),
    ],
)
def test_a_bad_card_is_refused_at_its_field(city: City, values: dict[str, Any], field: str):
    before = list_volunteers().total
    with refused(field):
        join(card(**values))
    assert list_volunteers().total == before


def test_at_sixteen_a_guardian_agrees_and_the_office_has_allowed_it(own_city: City):
    young = card(id_number=id_number(date(2010, 1, 1)))
    with_guardian = replace(young, has_guardian_consent=True, guardian_name="某监护", guardian_phone="19900009876")
    with refused("id_number"):
        join(with_guardian)
    set_rules(own_city.office, {"minors_allowed": 1}, NOW)
    assert get_rule_values() == {"minors_allowed": 1, "dormant_months": 6}
    with refused("has_guardian_consent"):
        join(young)
    with refused("id_number"):
        join(replace(with_guardian, id_number=id_number(date(2011, 1, 1))))
    done = join(with_guardian)
    assert verify_volunteer(own_city.office, done.volunteer_id, NOW)
    for bad in ({"minors_allowed": 2}, {"dormant_months": 0}):
        with refused(next(iter(bad))):
            set_rules(own_city.office, bad, NOW)


def test_a_second_registration_changes_nothing_and_says_nothing(city: City):
    person = card()
    first = join(person)
    again = join(replace(person, name="别的名字", phone="19900005555", id_number=person.id_number.lower()))
    assert (again.outcome, again.volunteer_id) == ("known", first.volunteer_id)
    row = get_volunteer(first.volunteer_id)
    assert (row.name, row.phone) == (person.name, person.phone)
    assert len(list_events(row.id)) == 1


@pytest.mark.parametrize("by", ["team", "office"])
def test_a_team_and_the_office_are_told_the_number_of_who_is_there(city: City, by: str):
    person = card()
    number = join(person).number
    actor = city.team if by == "team" else city.office
    with pytest.raises(Refused) as caught:
        join(person, actor, by)
    assert caught.value.about["field"] == "id_number"
    assert number in caught.value.about["message"]


def test_the_same_number_as_another_kind_of_document_is_the_same_person(city: City):
    first = join(card(id_kind="taiwan_permit", id_number="87654321", birth_on=date(1980, 1, 1)))
    again = join(card(id_kind="passport", id_number="87654321", birth_on=date(1980, 1, 1)))
    assert (again.outcome, again.volunteer_id) == ("known", first.volunteer_id)


def test_a_leader_registers_into_the_own_team_only(city: City):
    done = join(card(team_id=city.other_team.team_id), city.team, "team")
    row = get_volunteer(done.volunteer_id)
    assert (row.team_id, row.registered_by) == (city.team.team_id, "team")


def test_off_a_list_a_document_or_a_phone_will_do_and_twice_is_once(city: City):
    listed = card(id_kind="", id_number="", consent_version="", team_id=city.team.team_id)
    first = join(listed, IMPORTER, "import")
    assert (first.outcome, get_volunteer(first.volunteer_id).id_number) == ("new", None)
    assert join(listed, IMPORTER, "import") == replace(first, outcome="known")
    with_document = card(consent_version="", phone="")
    second = join(with_document, city.office, "import")
    assert join(with_document, city.office, "import") == replace(second, outcome="known")
    with refused("id_number"):
        join(card(phone="", id_number=""), IMPORTER, "import")


def test_a_list_brings_nobody_back_but_the_person_comes_back_to_the_old_row(city: City):
    person = card()
    first = join(person)
    verify_volunteer(city.office, first.volunteer_id, NOW)
    leave_volunteer(city.office, first.volunteer_id, NOW, "搬家")
    assert join(person, IMPORTER, "import").outcome == "known"
    assert join(replace(person, name="别人")).outcome == "known"
    assert get_volunteer(first.volunteer_id).status == "left"
    back = join(replace(person, phone="19900007777"))
    assert back == replace(first, outcome="returned")
    row = get_volunteer(first.volunteer_id)
    assert (row.status, row.phone) == ("applied", "19900007777")
    assert [event.action for event in list_events(row.id)] == ["return", "leave", "verify", "register"]


def test_who_was_refused_may_come_again_with_better_papers(city: City):
    person = card()
    done = join(person)
    refuse_volunteer(city.office, done.volunteer_id, NOW, "证件不清")
    assert join(person, city.team, "team").outcome == "returned"
    assert get_volunteer(done.volunteer_id).team_id == city.team.team_id


@pytest.mark.parametrize(
    ("by", "allowed"),
    [("self", {"resident", "volunteer"}), ("team", {"team"}), ("office", {"office"}), ("import", {"office"})],
)
def test_only_who_may_registers(city: City, by: str, allowed: set[str]):
    for party in ("resident", "volunteer", "team", "office", "community", "department"):
        if party in allowed:
            continue
        with pytest.raises(Refused) as caught:
            join(card(), getattr(city, party), by)
        assert (caught.value.code, caught.value.status) == ("wrong_party", 403)


def test_an_edit_keeps_what_it_does_not_name_and_tells_what_changed(city: City):
    person = card(licences=(LicenceCard("nutrition", "营养师证", "N-1", None),))
    done = join(person)
    change = replace(person, phone="", id_number="", id_kind="", employer="第三中学", team_id=city.team.team_id)
    change = replace(change, licences=(LicenceCard("nutrition", "营养师证书"),), consent_version="")
    edit_volunteer(city.office, done.volunteer_id, change, NOW)
    row = get_volunteer(done.volunteer_id)
    assert (row.phone, row.id_number, row.employer) == (person.phone, person.id_number, "第三中学")
    assert (row.consent_version, row.number, row.status) == ("2026-11", done.number, "applied")
    (licence,) = list_licences([row.id])[row.id]
    assert (licence.title, licence.number) == ("营养师证书", "N-1")
    told = {event.action: event for event in list_events(row.id)}
    assert told["team"].became == "市医院测试队"
    assert told["edit"].became == "employer"
    assert person.phone not in str([vars(event) for event in told.values()])


def test_an_edit_can_not_make_two_people_one(city: City):
    one, two = card(), card()
    join(one)
    other = join(two)
    with refused("id_number"):
        edit_volunteer(city.office, other.volunteer_id, replace(two, id_number=one.id_number), NOW)
    nobody = join(card(id_number="", id_kind=""), city.office, "office")
    with refused("phone"):
        edit_volunteer(
            city.office, nobody.volunteer_id, replace(two, id_number="", name=one.name, phone=one.phone), NOW
        )
    with pytest.raises(NotFound):
        edit_volunteer(city.office, 99999, one, NOW)
    with pytest.raises(Refused, match="wrong_party"):
        edit_volunteer(city.team, other.volunteer_id, two, NOW)


def test_licences_that_end_soon_are_listed_first_the_ended_ones(own_city: City):
    today = NOW.date()
    late = make_volunteer(own_city.team.team_id, licence_expires_on=today - timedelta(days=3))
    soon = make_volunteer(own_city.team.team_id, licence_expires_on=today + timedelta(days=30))
    make_volunteer(own_city.team.team_id, licence_expires_on=today + timedelta(days=90))
    make_volunteer(own_city.team.team_id, licence_expires_on=today, status="left")
    assert [row.Volunteer.id for row in list_expiring(today)] == [late, soon]


@pytest.mark.parametrize("same_person", [True, False])
def test_many_register_at_once_and_each_person_is_one_row(own_city: City, same_person: bool):
    people = [card() for _ in range(4)]
    cards = [people[0]] * 4 if same_person else people
    app, gate, ended = current_app._get_current_object(), Barrier(4), []  # type: ignore[attr-defined]

    def run(each: VolunteerCard) -> None:
        with app.app_context():
            gate.wait()
            ended.append(join(each).outcome)

    before = db.session.scalar(select(func.count()).select_from(Volunteer)) or 0
    db.session.rollback()
    threads = [Thread(target=run, args=(each,)) for each in cards]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(ended) == (["known", "known", "known", "new"] if same_person else ["new"] * 4)
    assert db.session.scalar(select(func.count()).select_from(Volunteer)) == before + (1 if same_person else 4)


def test_an_import_that_fails_half_way_leaves_nothing(city: City):
    before = list_volunteers().total

    def bring(people: list[VolunteerCard]) -> None:
        with transaction():
            for person in people:
                join(person, IMPORTER, "import")

    with refused("name"):
        bring([card(), card(name="")])
    assert list_volunteers().total == before
