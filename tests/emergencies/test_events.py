"""Opening, changing and closing: what is written, who is told, what is refused."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from qtxvol.accounts.actor import Actor
from qtxvol.emergencies.events import change_emergency, close_emergency, open_emergency
from qtxvol.emergencies.models import Emergency, EmergencyArea, EmergencyEvent, EmergencyReview
from qtxvol.emergencies.queries import get_emergency, list_banners, list_open
from qtxvol.emergencies.rules import spread, without_parents
from qtxvol.extensions import db
from qtxvol.notices.models import Notice
from qtxvol.orders.check import check_orders
from qtxvol.refusals import NotFound, Refused
from tests.emergencies.plans import WHOLE_CITY, opened, plan_of
from tests.factories import COMMUNITY, NOW, OTHER_COMMUNITY, TOWN, make_city

pytestmark = pytest.mark.usefixtures("ctx")


def trail(emergency_id: int) -> list[tuple[str, str, str]]:
    rows = db.session.execute(
        select(EmergencyEvent.deed, EmergencyEvent.actor_name, EmergencyEvent.reason)
        .where(EmergencyEvent.emergency_id == emergency_id)
        .order_by(EmergencyEvent.sequence)
    )
    return [tuple(row) for row in rows]


def told(kind: str) -> list[tuple[str, str]]:
    rows = db.session.execute(select(Notice.party, Notice.scope).where(Notice.kind == kind))
    return sorted(tuple(row) for row in rows)


def test_the_same_form_sent_twice_opens_one_emergency():
    city = make_city()
    first = open_emergency(plan_of(), city.office, is_drill=False, reason="指挥部决定", key="k" * 20, now=NOW)
    second = open_emergency(plan_of(), city.office, is_drill=False, reason="指挥部决定", key="k" * 20, now=NOW)
    assert (first[0], True) == second
    assert not first[1]
    assert trail(first[0]) == [("open", "纲要办", "指挥部决定")]


def test_communities_departments_and_teams_of_area_and_topic_are_told_once():
    city = make_city()
    found = opened(city, areas=(TOWN,))
    before = told("emergency_opened")
    expected = {("community", COMMUNITY), ("community", TOWN), ("department", "health"), ("office", "")}
    assert expected <= set(before)
    assert {scope for party, scope in before if party == "team"} == {
        str(city.team.team_id),
        str(city.other_team.team_id),
    }
    assert ("community", OTHER_COMMUNITY) not in told("emergency_opened")
    assert set(db.session.scalars(select(Notice.is_emergency).where(Notice.kind == "emergency_opened"))) == {True}
    change_emergency(found, plan_of(areas=(WHOLE_CITY,)), city.office, reason="扩大到全市", version=1, now=NOW)
    after = told("emergency_opened")
    assert ("community", OTHER_COMMUNITY) in after
    assert len(after) == len(set(after))
    close_emergency(found, city.office, reason="病例数回落", now=NOW + timedelta(days=2))
    assert told("emergency_closed") == after


def test_whoever_was_left_out_later_still_hears_that_it_is_over():
    city = make_city()
    found = opened(city)
    before = told("emergency_opened")
    assert ("community", OTHER_COMMUNITY) in before
    change_emergency(found, plan_of(areas=(COMMUNITY,)), city.office, reason="缩小范围", version=1, now=NOW)
    close_emergency(found, city.office, reason="病例数回落", now=NOW + timedelta(days=2))
    assert told("emergency_closed") == before


def test_an_exercise_wakes_nobody_at_night():
    city = make_city()
    opened(city, is_drill=True)
    notices = db.session.execute(
        select(Notice.is_emergency, Notice.about).where(Notice.kind == "emergency_opened")
    ).all()
    assert notices
    assert not any(row.is_emergency for row in notices)
    assert all(row.about["title"] == "【演练】流感高发应对" for row in notices)


@pytest.mark.parametrize(
    ("values", "code", "field"),
    [
        ({"areas": ()}, "missing", "areas"),
        ({"themes": (), "items": ()}, "missing", "themes"),
        ({"title": ""}, "missing", "title"),
        ({"advice": ""}, "missing", "advice"),
        ({"kind": "war"}, "unknown", "kind"),
        ({"areas": ("999999999999",)}, "unknown", "areas"),
        ({"themes": ("astrology",)}, "unknown", "themes"),
        ({"items": ("S999",)}, "unknown", "items"),
        ({"starts_at": NOW + timedelta(hours=1)}, "bad_span", "starts_at"),
        ({"starts_at": NOW - timedelta(days=31)}, "bad_span", "starts_at"),
        ({"planned_end_at": NOW - timedelta(hours=4)}, "bad_span", "planned_end_at"),
        ({"planned_end_at": NOW - timedelta(minutes=1)}, "bad_span", "planned_end_at"),
        ({"planned_end_at": NOW + timedelta(days=700)}, "bad_span", "planned_end_at"),
    ],
)
def test_what_is_missing_or_wrong_is_named(values: dict, code: str, field: str):
    city = make_city()
    with pytest.raises(Refused) as refused:
        opened(city, **values)
    assert (refused.value.code, refused.value.status, refused.value.about["field"]) == (code, 422, field)
    assert db.session.scalar(select(Emergency.id)) is None


def test_only_the_office_opens_changes_and_closes():
    city = make_city()
    found = opened(city)
    for actor in (city.community, city.department, city.team, city.resident, city.volunteer):
        assert_refused("wrong_party", lambda actor=actor: opened(city, actor=actor))
        assert_refused(
            "wrong_party",
            lambda actor=actor: change_emergency(found, plan_of(title="改"), actor, reason="改", version=1, now=NOW),
        )
        assert_refused("wrong_party", lambda actor=actor: close_emergency(found, actor, reason="结束", now=NOW))
    assert [each.id for each in list_open(NOW)] == [found]


def assert_refused(code: str, act) -> None:
    with pytest.raises(Refused) as refused:
        act()
    assert refused.value.code == code


def test_a_change_says_what_was_before_and_needs_a_reason():
    city = make_city()
    found = opened(city)
    assert_refused(
        "missing", lambda: change_emergency(found, plan_of(title="新标题"), city.office, reason="", version=1, now=NOW)
    )
    later = NOW + timedelta(days=3)
    same_start = plan_of(title="新标题")
    assert change_emergency(found, same_start, city.office, reason="更准确", version=1, now=later)
    assert not change_emergency(found, same_start, city.office, reason="更准确", version=1, now=later), "a second tap"
    line = db.session.scalars(select(EmergencyEvent).where(EmergencyEvent.deed == "change")).one()
    assert line.about == {"title": ["流感高发应对", "新标题"]}
    assert_refused(
        "emergency_stale",
        lambda: change_emergency(found, plan_of(title="又一个"), city.office, reason="改", version=1, now=later),
    )


def test_closing_twice_is_one_closing_and_leaves_one_sheet():
    city = make_city()
    found = opened(city)
    assert_refused("missing", lambda: close_emergency(found, city.office, reason="", now=NOW))
    assert close_emergency(found, city.office, reason="病例数回落", now=NOW + timedelta(days=1))
    assert not close_emergency(found, city.office, reason="病例数回落", now=NOW + timedelta(days=2))
    assert len(db.session.scalars(select(EmergencyReview)).all()) == 1
    assert list_open(NOW + timedelta(days=1)) == []
    assert list_banners(NOW + timedelta(days=1)) == []
    assert_refused(
        "emergency_closed",
        lambda: change_emergency(found, plan_of(title="改"), city.office, reason="改", version=1, now=NOW),
    )
    assert list(check_orders()) == []
    with pytest.raises(NotFound):
        close_emergency(found + 1, city.office, reason="没有", now=NOW)


def test_what_comes_back_is_a_new_one_that_follows_the_old():
    city = make_city()
    old = opened(city)
    with pytest.raises(Refused) as refused:
        open_emergency(plan_of(), city.office, is_drill=False, reason="再次", key="a" * 20, now=NOW, follows_id=old)
    assert refused.value.code == "not_closed_yet"
    close_emergency(old, city.office, reason="回落", now=NOW)
    new, _repeat = open_emergency(
        plan_of(), city.office, is_drill=False, reason="反弹", key="b" * 20, now=NOW, follows_id=old
    )
    assert get_emergency(new).follows.id == old
    assert get_emergency(old).followed_by.id == new


def test_a_town_with_one_of_its_villages_is_the_town():
    city = make_city()
    found = opened(city, areas=(TOWN, COMMUNITY, OTHER_COMMUNITY))
    rows = db.session.scalars(select(EmergencyArea.division_code).where(EmergencyArea.emergency_id == found)).all()
    assert set(rows) == {TOWN, OTHER_COMMUNITY}
    assert without_parents([WHOLE_CITY, TOWN]) == {WHOLE_CITY}


def test_a_spread_is_made_of_values_that_were_measured():
    assert spread([]) == {"count": 0, "median": None, "p90": None, "max": None}
    assert spread([7]) == {"count": 1, "median": 7, "p90": 7, "max": 7}
    assert spread(range(1, 11)) == {"count": 10, "median": 5, "p90": 9, "max": 10}


def test_the_check_finds_a_sheet_that_was_changed():
    city = make_city()
    found = opened(city)
    close_emergency(found, city.office, reason="回落", now=NOW)
    with db.engine.begin() as connection:
        connection.execute(EmergencyReview.__table__.update().values(figures={"orders": 99}))
    db.session.rollback()
    assert [finding.fault for finding in check_orders()] == [
        f"emergency {found}: its review sheet was changed after it was written"
    ]


def test_several_may_be_open_and_exercises_come_last():
    city = make_city()
    drill = opened(city, is_drill=True, title="演练")
    first, second = opened(city, title="一"), opened(city, title="二")
    assert [each.id for each in list_open(NOW)] == [first, second, drill]
    assert [each.is_drill for each in list_banners(NOW)] == [False, False, True]


def test_nobody_without_an_account_opens_one():
    city = make_city()
    assert_refused("wrong_party", lambda: opened(city, actor=Actor(city.resident.party, "居民")))
