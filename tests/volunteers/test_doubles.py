"""Two rows, one person: found, merged, taken apart again; hours and sign-in follow. On both databases."""

from datetime import date, timedelta

import pytest

from qtxvol.accounts.seats import find_signed_in
from qtxvol.extensions import db
from qtxvol.hours.queries import get_served
from qtxvol.orders.lifecycle import Party
from qtxvol.privacy.erase import erase_volunteer
from qtxvol.privacy.vault import current_vault
from qtxvol.refusals import NotFound, Refused
from qtxvol.storage import transaction
from qtxvol.volunteers.doubles import (
    count_doubles,
    dismiss_double,
    find_doubles,
    list_merges,
    merge_volunteers,
    undo_merge,
)
from qtxvol.volunteers.events import list_events
from qtxvol.volunteers.models import Volunteer
from qtxvol.volunteers.queries import get_volunteer, list_members
from qtxvol.volunteers.register import ONESELF, register_volunteer
from qtxvol.volunteers.states import verify_volunteer
from tests.factories import NOW, City, closed, make_actor, make_volunteer
from tests.volunteers.cards import card


def phone(digits: str) -> dict[str, str]:
    return {"phone": digits, "phone_digest": current_vault().digest("phone", digits)}


def state() -> list[tuple[int, str, int | None, str | None]]:
    rows = db.session.query(Volunteer).order_by(Volunteer.id)
    return [(row.id, row.status, row.merged_into_id, row.team_role) for row in rows]


def test_same_name_with_same_phone_or_birth_date_is_shown_best_row_first(own_city: City):
    listed = make_volunteer(None, name="重名", status="applied", **phone("19900001111"))
    checked = make_volunteer(None, name="重名", birth_on=date(1980, 1, 1), **phone("19900001111"))
    born = make_volunteer(None, name="重名", status="paused", birth_on=date(1980, 1, 1), **phone("19900002222"))
    make_volunteer(None, name="重名", birth_on=date(1999, 1, 1))
    make_volunteer(None, name="别名", birth_on=date(1980, 1, 1), **phone("19900001111"))
    pairs = [(each.suggested.id, each.other.id, each.same) for each in find_doubles().rows]
    assert pairs == [(checked, listed, ("phone",)), (checked, born, ("birth",))]
    assert dismiss_double(own_city.office, born, checked, NOW)
    assert not dismiss_double(own_city.office, checked, born, NOW)
    merge_volunteers(own_city.office, checked, listed, NOW, "同一人")
    assert count_doubles() == 0


def test_a_merged_persons_hours_add_up_and_come_apart_again(own_city: City):
    closed(own_city)
    served, other = own_city.crew[0], own_city.crew[1]
    before = state()
    merge = merge_volunteers(own_city.office, other, served, NOW, "同一人登记了两次")
    assert (get_served(other).minutes, get_served(other).services) == (90, 1)
    members = {row.Volunteer.id: row.minutes for row in list_members(own_city.team.team_id or 0)}
    assert members == {other: 90, own_city.crew[2]: 0}
    assert [(each.action, each.reason) for each in list_events(served)] == [("merge", "同一人登记了两次")]
    (row,) = list_merges(served)
    assert (row.Merge.id, row[1].id, row[2].id) == (merge, other, served)
    assert undo_merge(own_city.office, merge, NOW)
    assert not undo_merge(own_city.office, merge, NOW)
    assert state() == before
    assert get_served(other).minutes == 0
    assert get_served(served).minutes == 90


def test_a_chain_of_merges_stays_flat_and_comes_apart_last_first(own_city: City):
    a, b, c = own_city.crew
    start = state()
    first = merge_volunteers(own_city.office, b, a, NOW, "同一人")
    middle = state()
    second = merge_volunteers(own_city.office, c, b, NOW, "同一人")
    assert {get_volunteer(each).merged_into_id for each in (a, b)} == {c}
    with pytest.raises(Refused) as refused:
        undo_merge(own_city.office, first, NOW)
    assert refused.value.status == 409
    undo_merge(own_city.office, second, NOW)
    assert state() == middle
    undo_merge(own_city.office, first, NOW)
    assert state() == start


def test_a_leader_who_was_merged_leads_again_unless_somebody_else_does(own_city: City):
    one, two, three = own_city.crew
    with transaction():
        db.session.get_one(Volunteer, one).team_role = "leader"
    merge = merge_volunteers(own_city.office, two, one, NOW, "同一人")
    assert get_volunteer(one).team_role is None
    undo_merge(own_city.office, merge, NOW)
    assert get_volunteer(one).team_role == "leader"
    merge = merge_volunteers(own_city.office, two, one, NOW, "同一人")
    with transaction():
        db.session.get_one(Volunteer, three).team_role = "leader"
    undo_merge(own_city.office, merge, NOW)
    assert get_volunteer(one).team_role is None


def test_a_checked_person_never_drops_out_of_the_count_by_merging(city: City):
    checked, listed = city.crew[0], make_volunteer(None, status="applied")
    with pytest.raises(Refused) as refused:
        merge_volunteers(city.office, listed, checked, NOW, "同一人")
    assert (refused.value.status, refused.value.about["field"]) == (422, "survivor")


def test_what_can_not_be_merged_is_refused(city: City):
    a, b, c = city.crew
    merge_volunteers(city.office, b, a, NOW, "同一人")
    for one, two, status in ((c, a, 409), (a, c, 409), (c, c, 422)):
        with pytest.raises(Refused) as refused:
            merge_volunteers(city.office, one, two, NOW, "同一人")
        assert refused.value.status == status
    with pytest.raises(Refused) as refused:
        merge_volunteers(city.office, c, b, NOW, " ")
    assert refused.value.about["field"] == "reason"
    for attempt in (
        lambda: merge_volunteers(city.office, c, 99999, NOW, "x"),
        lambda: undo_merge(city.office, 99999, NOW),
        lambda: dismiss_double(city.office, c, 99999, NOW),
    ):
        with pytest.raises(NotFound):
            attempt()
    for attempt in (
        lambda: merge_volunteers(city.team, c, b, NOW, "x"),
        lambda: undo_merge(city.team, 1, NOW),
        lambda: dismiss_double(city.team, b, c, NOW),
    ):
        with pytest.raises(Refused, match="wrong_party"):
            attempt()


def test_whoever_signs_in_with_a_merged_row_sees_the_one_that_goes_on(city: City):
    merged, survivor = city.crew[0], city.crew[1]
    actor = make_actor(Party.VOLUNTEER, "志愿者", volunteer_id=merged)
    merge = merge_volunteers(city.office, survivor, merged, NOW, "同一人")
    for expected, step in ((survivor, lambda: undo_merge(city.office, merge, NOW)), (merged, lambda: None)):
        user = find_signed_in(f"{actor.account_id}.1")
        assert user is not None
        seat = user.find_seat(Party.VOLUNTEER)
        assert seat is not None
        assert seat.actor.volunteer_id == expected
        step()


def test_registering_with_the_document_of_a_merged_row_finds_the_person(city: City):
    person = card()
    merged = register_volunteer(person, actor=ONESELF, registered_by="self", now=NOW).volunteer_id
    merge_volunteers(city.office, city.crew[0], merged, NOW, "同一人")
    again = register_volunteer(person, actor=ONESELF, registered_by="self", now=NOW)
    assert (again.outcome, again.volunteer_id) == ("known", city.crew[0])


def test_a_merge_of_somebody_who_is_erased_stays_merged(own_city: City):
    survivor, merged = own_city.crew[0], own_city.crew[1]
    merge = merge_volunteers(own_city.office, survivor, merged, NOW, "同一人")
    erase_volunteer(survivor, own_city.office, now=NOW)
    with pytest.raises(Refused, match="invalid") as refused:
        undo_merge(own_city.office, merge, NOW)
    assert refused.value.status == 409
    assert [get_volunteer(each).status for each in (survivor, merged)] == ["left", "merged"]


def test_nobody_stays_verified_by_the_document_of_a_row_that_is_another_person_again(own_city: City):
    plain = make_volunteer(None, name="重名", status="applied", verified_at=None, birth_on=date(1980, 1, 1))
    shown = register_volunteer(card(name="重名"), actor=ONESELF, registered_by="self", now=NOW).volunteer_id
    merge = merge_volunteers(own_city.office, plain, shown, NOW, "同一人")
    assert verify_volunteer(own_city.office, plain, NOW + timedelta(minutes=1))
    with pytest.raises(Refused) as refused:
        undo_merge(own_city.office, merge, NOW)
    assert refused.value.status == 409
