"""Teams: their card, who leads them, which stand above, which sleep. On both databases."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from qtxvol.accounts.actor import Actor
from qtxvol.directory.edit import deactivate_fact
from qtxvol.orders.serve import accept_order, reschedule_order
from qtxvol.refusals import NotFound, Refused
from qtxvol.volunteers.events import list_events
from qtxvol.volunteers.queries import list_members
from qtxvol.volunteers.teams import (
    HOST_KIND_LABELS,
    LEVEL_LABELS,
    TeamCard,
    add_team,
    count_dormant,
    edit_team,
    find_teams,
    get_roles,
    get_team,
    level_label,
    list_leader_choices,
    list_team_names,
    list_teams_below,
)
from tests.factories import COMMUNITY, NOW, TOWN, City, claimed, closed, make_volunteer, new_key, window

TEAM = TeamCard(name="中学科普队", department_id="education", division_code=COMMUNITY, themes=("health",))


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"name": " "}, "name"),
        ({"name": "队" * 65}, "name"),
        ({"name": "空\0"}, "name"),
        ({"name": "市医院测试队"}, "name"),
        ({"name_en": "x" * 121}, "name_en"),
        ({"host": "x" * 65}, "host"),
        ({"host_kind": "palace"}, "host_kind"),
        ({"level": 5}, "level"),
        ({"level_label": "x" * 17}, "level_label"),
        ({"parent_id": 99999}, "parent_id"),
        ({"department_id": "nobody"}, "department_id"),
        ({"division_code": "nowhere"}, "division_code"),
        ({"area": ("nowhere",)}, "area"),
        ({"themes": ()}, "themes"),
        ({"themes": ("health", "nothing")}, "themes"),
        ({"weekly_capacity": 0}, "weekly_capacity"),
        ({"weekly_capacity": 10**9}, "weekly_capacity"),
        ({"parallel_events": 0}, "parallel_events"),
        ({"yearly_minimum": -1}, "yearly_minimum"),
        ({"leader_id": 99999}, "leader_id"),
    ],
)
def test_a_bad_team_is_refused_at_its_field(city: City, values: dict[str, Any], field: str):
    before, own_name = find_teams(NOW).total, f"中学科普队{new_key()}"
    team_id = add_team(city.office, replace(TEAM, name=own_name), NOW)
    for attempt in (
        lambda: add_team(city.office, replace(TEAM, **{"name": "另一支队", **values}), NOW),
        lambda: edit_team(city.office, team_id, replace(TEAM, **{"name": own_name, **values}), NOW),
    ):
        with pytest.raises(Refused) as refused:
            attempt()
        assert (refused.value.code, refused.value.status) == ("invalid", 422)
        assert refused.value.about["field"] == field
    team = get_team(team_id)
    assert (team.name, team.host, team.weekly_capacity) == (own_name, "", 2)
    assert find_teams(NOW).total == before + 1


def test_a_team_is_edited_and_keeps_a_department_that_went_out_of_use(own_city: City):
    team_id = add_team(own_city.office, TEAM, NOW)
    deactivate_fact("department", "education", NOW)
    change = replace(TEAM, host="第三中学", host_kind="school", area=(TOWN,), level=4, is_active=False)
    edit_team(own_city.office, team_id, change, NOW)
    team = get_team(team_id)
    assert (team.host, team.host_kind, team.area, team.is_active) == ("第三中学", "school", [TOWN], False)
    assert level_label(team) == LEVEL_LABELS[4]
    edit_team(own_city.office, team_id, replace(change, level_label="中队"), NOW)
    assert level_label(get_team(team_id)).zh == "中队"
    assert team_id not in list_team_names()
    assert list_team_names(keep=team_id)[team_id] == "中学科普队"
    with pytest.raises(Refused):
        add_team(own_city.office, replace(TEAM, name="新队"), NOW)
    assert set(HOST_KIND_LABELS) >= {"school", "hospital", "community", "enterprise", "society"}


def test_no_team_stands_above_itself(city: City):
    top, middle, low = (add_team(city.office, replace(TEAM, name=f"队{new_key()}"), NOW) for _ in range(3))
    for below, above in ((middle, top), (low, middle)):
        edit_team(city.office, below, replace(TEAM, name=get_team(below).name, parent_id=above), NOW)
    assert [team.id for team in list_teams_below(top)] == [middle]
    for below, above in ((top, low), (top, middle), (top, top)):
        with pytest.raises(Refused) as refused:
            edit_team(city.office, below, replace(TEAM, name=get_team(below).name, parent_id=above), NOW)
        assert refused.value.about["field"] == "parent_id"


def test_leader_and_deputy_are_members_and_may_change_places(city: City):
    team = get_team(city.team.team_id or 0)
    as_it_is = replace(
        TEAM, name=team.name, department_id=team.department_id, themes=tuple(team.themes), division_code=TOWN
    )
    one, two, _three = city.crew
    edit_team(city.office, team.id, replace(as_it_is, leader_id=one, deputy_id=two), NOW)
    edit_team(city.office, team.id, replace(as_it_is, leader_id=two, deputy_id=one), NOW)
    assert get_roles(team.id) == {"leader": two, "deputy": one}
    assert [row.Volunteer.id for row in list_members(team.id)][:2] == [two, one]
    assert [(event.was, event.became) for event in list_events(two)] == [("deputy", "leader"), ("", "deputy")]
    stranger, fresh = city.other_crew[0], make_volunteer(team.id, status="applied")
    assert {stranger, fresh}.isdisjoint(person_id for person_id, _name in list_leader_choices(team.id))
    for values in ({"leader_id": stranger}, {"leader_id": fresh}, {"leader_id": one, "deputy_id": one}):
        with pytest.raises(Refused):
            edit_team(city.office, team.id, replace(as_it_is, **values), NOW)
    edit_team(city.office, team.id, as_it_is, NOW)
    assert get_roles(team.id) == {}


def test_a_team_sleeps_when_nobody_hears_of_it(own_city: City):
    """Both teams were founded at NOW; one closes a service three days later."""
    closed(own_city)
    for days, asleep in ((100, set()), (200, {"市医院测试队", "卫校测试队"})):
        rows = find_teams(NOW + timedelta(days=days), status="dormant").rows
        assert {row.Team.name for row in rows} == asleep, days
    served = replace(TEAM, name="市医院测试队", department_id="health", themes=("health", "mental"), division_code=TOWN)
    edit_team(own_city.office, own_city.team.team_id or 0, replace(served, yearly_minimum=1), NOW)
    after_a_year = NOW + timedelta(days=366)
    assert count_dormant(after_a_year) == 2  # quiet for half a year, however much it served before
    row = next(row for row in find_teams(after_a_year).rows if row.Team.name == "市医院测试队")
    assert (row.closed_in_year, row.is_quiet, row.is_below, row.people) == (1, True, False, 3)
    assert row.last_closed_at == window(3).ends_at + timedelta(hours=1)


def test_a_team_carries_no_more_at_one_time_than_it_said(own_city: City):
    team_id = own_city.team.team_id or 0
    own = replace(TEAM, name="市医院测试队", department_id="health", themes=("health", "mental"), division_code=TOWN)
    edit_team(own_city.office, team_id, replace(own, parallel_events=2), NOW)
    long, second, third = (claimed(own_city) for _ in range(3))
    accept_order(long.number, own_city.team, agreed=window(3, hours=4), volunteer_ids=own_city.crew[:1], now=NOW)
    accept_order(second.number, own_city.team, agreed=window(3, hours=1), volunteer_ids=own_city.crew[1:2], now=NOW)
    with pytest.raises(Refused, match="team_full") as refused:
        accept_order(third.number, own_city.team, agreed=window(3, hours=1), volunteer_ids=own_city.crew[2:], now=NOW)
    assert (refused.value.status, refused.value.about["most"]) == (409, 2)
    after_the_second = window(3 + 1 / 24, hours=1)
    accept_order(third.number, own_city.team, agreed=after_the_second, volunteer_ids=own_city.crew[2:], now=NOW)
    with pytest.raises(Refused, match="team_full"):
        reschedule_order(third.number, own_city.team, agreed=window(3, hours=2), now=NOW)


@pytest.mark.parametrize("party", ["community", "department", "team", "volunteer", "resident"])
def test_teams_are_the_offices(city: City, party: str):
    actor: Actor = getattr(city, party)
    for attempt in (
        lambda: add_team(actor, TEAM, NOW),
        lambda: edit_team(actor, city.team.team_id or 0, TEAM, NOW),
    ):
        with pytest.raises(Refused) as refused:
            attempt()
        assert (refused.value.code, refused.value.status) == ("wrong_party", 403)
    for look in (lambda: get_team(99999), lambda: edit_team(city.office, 99999, TEAM, NOW)):
        with pytest.raises(NotFound):
            look()


def test_teams_are_searched_filtered_and_counted(own_city: City):
    assert {row.Team.name: row.people for row in find_teams(NOW, "测试队").rows} == {"市医院测试队": 3, "卫校测试队": 3}
    assert find_teams(NOW, "卫校", status="inactive").total == 0
    assert find_teams(NOW, "%").total == 0
