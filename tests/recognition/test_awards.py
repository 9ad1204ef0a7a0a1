"""Stars that are awarded, on both databases: once, for good, and never by looking at anybody else."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from qtxvol.directory.edit import deactivate_fact, edit_fact
from qtxvol.extensions import db
from qtxvol.orders.serve import reopen_order
from qtxvol.recognition.awards import (
    award_stars,
    count_short,
    get_standing,
    has_agreed,
    search_awards,
    set_publication,
    withdraw_star,
)
from qtxvol.recognition.models import StarAward
from qtxvol.refusals import NotFound, Refused
from qtxvol.storage import transaction
from qtxvol.volunteers.models import Volunteer
from tests.factories import NOW, City
from tests.recognition.ledgers import add_hours

LATER = NOW + timedelta(days=8)


def test_hours_that_stand_are_awarded_once_with_what_it_took(own_city: City):
    me, other = own_city.crew[1], own_city.crew[2]
    add_hours(own_city, me, 310)
    add_hours(own_city, other, 99)
    assert award_stars(LATER) == 2
    assert award_stars(LATER + timedelta(days=1)) == 0
    standing = get_standing(me)
    assert [(each.stars, each.threshold_hours, each.minutes) for each in standing.awards] == [
        (2, 300, 310 * 60),
        (1, 100, 310 * 60),
    ]
    assert standing.highest is not None
    assert standing.highest.stars == 2
    assert standing.ahead is not None
    assert (standing.ahead.level.stars, standing.ahead.missing) == (3, 290 * 60)
    assert get_standing(other).awards == []


def test_a_threshold_that_changes_takes_no_star_away(own_city: City):
    me, other = own_city.crew[1], own_city.crew[2]
    add_hours(own_city, me, 120)
    award_stars(LATER)
    edit_fact("star_level", "star1", {"hours": 200}, LATER)
    add_hours(own_city, other, 120, now=NOW + timedelta(days=20))
    assert award_stars(LATER) == 0
    assert [(each.stars, each.threshold_hours) for each in get_standing(me).awards] == [(1, 100)]
    assert count_short() == 0
    deactivate_fact("star_level", "star1", LATER)
    assert get_standing(me).highest is not None
    assert get_standing(other).highest is None


@pytest.mark.parametrize("values", [{"hours": 90}, {"hours": 700}, {"stars": 3}])
def test_thresholds_rise_with_the_stars(city: City, values: dict[str, int]):
    with pytest.raises(Refused) as refused:
        edit_fact("star_level", "star2", values, LATER)
    assert (refused.value.status, refused.value.about["field"]) == (422, next(iter(values)))


def test_only_verified_people_are_awarded(own_city: City):
    me = own_city.crew[1]
    add_hours(own_city, me, 120)
    with transaction():
        db.session.get_one(Volunteer, me).status = "paused"
    assert award_stars(LATER) == 0
    with transaction():
        db.session.get_one(Volunteer, me).status = "verified"
    assert award_stars(LATER, only=own_city.crew[2]) == 0
    assert award_stars(LATER, only=me) == 1


def test_the_hours_of_merged_rows_count_together(own_city: City):
    me, twin = own_city.crew[1], own_city.crew[2]
    add_hours(own_city, me, 60)
    add_hours(own_city, twin, 50, now=NOW + timedelta(days=20))
    assert award_stars(LATER) == 0
    with transaction():
        row = db.session.get_one(Volunteer, twin)
        row.status, row.merged_into_id = "merged", me
    assert award_stars(LATER) == 1
    assert get_standing(me).served.minutes == 110 * 60
    assert db.session.scalars(select(StarAward.volunteer_id)).all() == [me]


def test_a_star_is_taken_back_only_after_its_hours_and_may_be_earned_again(own_city: City):
    me = own_city.crew[1]
    order = add_hours(own_city, me, 120)
    award_stars(LATER)
    (award_id,) = db.session.scalars(select(StarAward.id)).all()
    with pytest.raises(Refused) as refused:
        withdraw_star(own_city.office, award_id, "不实", LATER)
    assert refused.value.code == "still_earned"
    reopen_order(order.number, own_city.office, text="没有来过", now=LATER)
    assert get_standing(me).highest is not None
    assert count_short() == 1
    assert search_awards(show="short").total == 1
    for actor, reason, code in ((own_city.team, "不实", "wrong_party"), (own_city.office, " ", "missing")):
        with pytest.raises(Refused) as refused:
            withdraw_star(actor, award_id, reason, LATER)
        assert refused.value.code == code
    with pytest.raises(NotFound):
        withdraw_star(own_city.office, 999_999, "不实", LATER)
    assert withdraw_star(own_city.office, award_id, "服务没有进行", LATER)
    assert not withdraw_star(own_city.office, award_id, "又一次", LATER)
    standing = get_standing(me)
    assert standing.highest is None
    assert [each.withdraw_reason for each in standing.awards] == ["服务没有进行"]
    assert search_awards(show="withdrawn").total == 1
    add_hours(own_city, me, 130, now=NOW + timedelta(days=20))
    assert award_stars(LATER + timedelta(days=30)) == 1
    assert get_standing(me).highest is not None


def test_whether_a_name_is_published_is_said_by_its_bearer_alone(own_city: City):
    me = own_city.crew[0]
    assert not has_agreed(me)
    with pytest.raises(Refused):
        set_publication(own_city.office, True, LATER)
    set_publication(own_city.volunteer, True, LATER)
    set_publication(own_city.volunteer, True, LATER)
    assert has_agreed(me)
    set_publication(own_city.volunteer, False, LATER)
    assert not has_agreed(me)
    set_publication(own_city.volunteer, True, LATER)
    assert has_agreed(me)
