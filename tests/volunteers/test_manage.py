"""What the office does to teams and volunteers by hand, on both databases."""

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest

from qtxvol.accounts.actor import Actor
from qtxvol.directory.edit import deactivate_fact
from qtxvol.extensions import db
from qtxvol.refusals import NotFound, Refused
from qtxvol.storage import transaction
from qtxvol.volunteers.manage import (
    CHANGES,
    STATUS_LABELS,
    TeamCard,
    VolunteerCard,
    add_team,
    add_volunteer,
    count_by_status,
    edit_team,
    edit_volunteer,
    find_teams,
    get_team,
    get_volunteer,
    leave_volunteer,
    list_team_names,
    list_volunteers,
    pause_volunteer,
    verify_volunteer,
)
from qtxvol.volunteers.models import Volunteer
from tests.factories import COMMUNITY, NOW, City, new_key

TEAM = TeamCard(name="中学科普队", department_id="education", division_code=COMMUNITY, themes=("health",))
PERSON = VolunteerCard(name="欧阳𠮷", phone="199-0000-1234", skills=("nutrition", "clinician"))


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"name": " "}, "name"),
        ({"name": "队" * 65}, "name"),
        ({"name": "空\0"}, "name"),
        ({"name": "市医院测试队"}, "name"),
        ({"name_en": "x" * 121}, "name_en"),
        ({"host": "x" * 65}, "host"),
        ({"department_id": "nobody"}, "department_id"),
        ({"division_code": "nowhere"}, "division_code"),
        ({"themes": ()}, "themes"),
        ({"themes": ("health", "nothing")}, "themes"),
        ({"weekly_capacity": 0}, "weekly_capacity"),
        ({"weekly_capacity": 10**9}, "weekly_capacity"),
    ],
)
def test_a_bad_team_is_refused_at_its_field(city: City, values: dict[str, Any], field: str):
    before, own_name = find_teams().total, f"中学科普队{new_key()}"
    team_id = add_team(city.office, replace(TEAM, name=own_name), NOW)
    for attempt in (
        lambda: add_team(city.office, replace(TEAM, **{"name": "另一支队", **values}), NOW),
        lambda: edit_team(city.office, team_id, replace(TEAM, **{"name": own_name, **values})),
    ):
        with pytest.raises(Refused) as refused:
            attempt()
        assert (refused.value.code, refused.value.status) == ("invalid", 422)
        assert refused.value.about["field"] == field
    team = get_team(team_id)
    assert (team.name, team.host, team.weekly_capacity) == (own_name, "", 2)
    assert find_teams().total == before + 1


def test_a_team_is_edited_and_keeps_a_department_that_went_out_of_use(own_city: City):
    team_id = add_team(own_city.office, TEAM, NOW)
    deactivate_fact("department", "education", NOW)
    edit_team(own_city.office, team_id, replace(TEAM, host="第三中学", is_active=False))
    team = get_team(team_id)
    assert (team.host, team.is_active, team.themes) == ("第三中学", False, ["health"])
    assert team_id not in list_team_names()
    assert list_team_names(keep=team_id)[team_id] == "中学科普队"
    with pytest.raises(Refused):
        add_team(own_city.office, replace(TEAM, name="新队"), NOW)


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"name": ""}, "name"),
        ({"name": "名" * 33}, "name"),
        ({"phone": "12345"}, "phone"),
        ({"team_id": 99999}, "team_id"),
        ({"division_code": "nowhere"}, "division_code"),
        ({"skills": ("flying",)}, "skills"),
        ({"licensed_skills": ("teacher",)}, "licensed_skills"),
        ({"licence_expires_on": date(2027, 1, 1)}, "licensed_skills"),
    ],
)
def test_a_bad_volunteer_is_refused_at_its_field(city: City, values: dict[str, Any], field: str):
    person_id = city.crew[0]
    old_name, before = get_volunteer(person_id).name, list_volunteers().total
    for attempt in (
        lambda: add_volunteer(city.office, replace(PERSON, **values), NOW),
        lambda: edit_volunteer(city.office, person_id, replace(PERSON, **values)),
    ):
        with pytest.raises(Refused) as refused:
            attempt()
        assert (refused.value.code, refused.value.status) == ("invalid", 422)
        assert refused.value.about["field"] == field
    assert list_volunteers().total == before
    assert get_volunteer(person_id).name == old_name


def test_a_volunteer_is_added_to_be_verified_under_a_number_of_their_own(own_city: City):
    first = get_volunteer(add_volunteer(own_city.office, PERSON, NOW))
    assert (first.status, first.phone, first.verified_at) == ("applied", "19900001234", None)
    number = first.number
    second = get_volunteer(add_volunteer(own_city.office, replace(PERSON, phone=""), NOW))
    assert second.number > number
    assert second.phone is None
    assert len(second.number) == 8


def test_a_volunteer_is_edited_but_for_number_and_status(city: City):
    person_id = city.crew[0]
    number = get_volunteer(person_id).number
    card = replace(PERSON, licensed_skills=("clinician",), licence_expires_on=date(2027, 1, 1))
    edit_volunteer(city.office, person_id, card)
    person = get_volunteer(person_id)
    assert (person.name, person.number, person.status) == ("欧阳𠮷", number, "verified")
    assert (person.licensed_skills, person.licence_expires_on) == (["clinician"], date(2027, 1, 1))


VERBS = {"verified": verify_volunteer, "paused": pause_volunteer, "left": leave_volunteer}


@pytest.mark.parametrize("start", STATUS_LABELS)
@pytest.mark.parametrize("to", VERBS)
def test_a_status_changes_only_where_the_table_says(city: City, start: str, to: str):
    person_id, later = city.crew[0], NOW + timedelta(days=1)
    with transaction():
        person = db.session.get_one(Volunteer, person_id)
        person.status, person.verified_at = start, NOW
    if start == to:
        assert not VERBS[to](city.office, person_id, later)
    elif start in CHANGES[to]:
        assert VERBS[to](city.office, person_id, later)
        person = get_volunteer(person_id)
        assert (person.status, person.verified_at) == (to, later if to == "verified" else NOW)
    else:
        with pytest.raises(Refused) as refused:
            VERBS[to](city.office, person_id, later)
        assert refused.value.status == 409
        assert get_volunteer(person_id).status == start


@pytest.mark.parametrize("party", ["community", "department", "team", "volunteer", "resident"])
def test_every_verb_is_for_the_office_alone(city: City, party: str):
    actor: Actor = getattr(city, party)
    team_id, person_id = city.team.team_id or 0, city.crew[0]
    for attempt in (
        lambda: add_team(actor, TEAM, NOW),
        lambda: edit_team(actor, team_id, TEAM),
        lambda: add_volunteer(actor, PERSON, NOW),
        lambda: edit_volunteer(actor, person_id, PERSON),
        lambda: verify_volunteer(actor, person_id, NOW),
        lambda: pause_volunteer(actor, person_id, NOW),
        lambda: leave_volunteer(actor, person_id, NOW),
    ):
        with pytest.raises(Refused) as refused:
            attempt()
        assert (refused.value.code, refused.value.status) == ("wrong_party", 403)


def test_what_is_not_there_is_not_found(city: City):
    for attempt in (
        lambda: get_team(99999),
        lambda: edit_team(city.office, 99999, TEAM),
        lambda: get_volunteer(99999),
        lambda: edit_volunteer(city.office, 99999, PERSON),
        lambda: verify_volunteer(city.office, 99999, NOW),
    ):
        with pytest.raises(NotFound):
            attempt()


def test_lists_are_searched_filtered_and_counted(own_city: City):
    add_volunteer(own_city.office, replace(PERSON, team_id=own_city.team.team_id), NOW)
    assert {row.Team.name: row.people for row in find_teams("测试队").rows} == {"市医院测试队": 3, "卫校测试队": 3}
    assert find_teams("卫校", status="inactive").total == 0
    assert find_teams("%").total == 0
    assert list_volunteers("市医院").total == 4
    assert [row.Volunteer.name for row in list_volunteers("市医院", "applied").rows] == ["欧阳𠮷"]
    assert list_volunteers(team_id=own_city.other_team.team_id).total == 3
    assert count_by_status() == {"applied": 1, "verified": 6}
