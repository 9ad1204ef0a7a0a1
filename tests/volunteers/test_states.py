"""A volunteer's states, each change with who and why. On both databases."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from qtxvol.accounts.actor import Actor
from qtxvol.extensions import db
from qtxvol.orders.lifecycle import Party
from qtxvol.refusals import NotFound, Refused
from qtxvol.storage import transaction
from qtxvol.volunteers.events import ACTIONS, list_events
from qtxvol.volunteers.models import Volunteer
from qtxvol.volunteers.queries import get_volunteer
from qtxvol.volunteers.register import ONESELF, edit_volunteer, register_volunteer
from qtxvol.volunteers.states import (
    CHANGES,
    STATUS_LABELS,
    count_by_status,
    leave_by_oneself,
    leave_volunteer,
    pause_oneself,
    pause_volunteer,
    refuse_volunteer,
    resume_oneself,
    verify_volunteer,
)
from tests.factories import NOW, City, make_volunteer
from tests.volunteers.cards import card

LATER = NOW + timedelta(days=1)
VERBS: dict[str, Callable[..., bool]] = {
    "verified": verify_volunteer,
    "paused": pause_volunteer,
    "left": leave_volunteer,
    "refused": refuse_volunteer,
}


def with_papers() -> int:
    """Somebody who has shown a document."""
    return register_volunteer(card(), actor=ONESELF, registered_by="self", now=NOW).volunteer_id


@pytest.mark.parametrize("start", [status for status in STATUS_LABELS if status != "merged"])
@pytest.mark.parametrize("to", VERBS)
def test_a_status_changes_only_where_the_table_says(city: City, start: str, to: str):
    person_id = with_papers()
    with transaction():
        person = db.session.get_one(Volunteer, person_id)
        person.status, person.verified_at = start, NOW
    before = len(list_events(person_id))
    if start == to:
        assert not VERBS[to](city.office, person_id, LATER, "因为")
    elif start in CHANGES[to]:
        assert VERBS[to](city.office, person_id, LATER, "因为")
        person = get_volunteer(person_id)
        assert (person.status, person.verified_at) == (to, LATER if to == "verified" else NOW)
        event = list_events(person_id)[0]
        assert (event.was, event.became, event.reason, event.actor_name) == (start, to, "因为", "纲要办")
        assert event.action in ACTIONS
        return
    else:
        with pytest.raises(Refused) as refused:
            VERBS[to](city.office, person_id, LATER, "因为")
        assert refused.value.status == 409
        assert get_volunteer(person_id).status == start
    assert len(list_events(person_id)) == before


@pytest.mark.parametrize("to", ["paused", "left", "refused"])
def test_nobody_is_sent_away_without_a_reason(city: City, to: str):
    person_id = with_papers()
    for reason in ("", "  ", "字" * 201, "请打 19900001234"):
        with pytest.raises(Refused) as refused:
            VERBS[to](city.office, person_id, NOW, reason)
        assert (refused.value.status, refused.value.about["field"]) == (422, "reason")
    assert get_volunteer(person_id).status == "applied"


def test_nobody_counts_without_a_document_that_was_looked_at(city: City):
    listed = card(id_number="", id_kind="")
    person_id = register_volunteer(listed, actor=city.office, registered_by="import", now=NOW).volunteer_id
    with pytest.raises(Refused) as refused:
        verify_volunteer(city.office, person_id, NOW)
    assert (refused.value.status, refused.value.about["field"]) == (422, "id_number")
    edit_volunteer(city.office, person_id, card(name=listed.name, phone=listed.phone), NOW)
    assert verify_volunteer(city.office, person_id, NOW)


def test_who_was_there_before_documents_were_asked_for_needs_a_birth_date_too(city: City):
    person_id = make_volunteer(None, status="applied", id_kind="passport", id_number="E1", id_number_digest="x" * 60)
    with pytest.raises(Refused) as refused:
        verify_volunteer(city.office, person_id, NOW)
    assert refused.value.about["field"] == "birth_on"


def test_a_rest_that_one_took_oneself_ends_when_one_likes(city: City):
    person_id = with_papers()
    verify_volunteer(city.office, person_id, NOW)
    me = Actor(Party.VOLUNTEER, "志愿者", account_id=1, volunteer_id=person_id)
    assert pause_oneself(me, NOW, "外出")
    assert not pause_oneself(me, NOW)
    assert resume_oneself(me, LATER)
    assert not resume_oneself(me, LATER)
    assert [(each.action, each.actor_name) for each in list_events(person_id)][:2] == [
        ("resume", "本人"),
        ("pause", "本人"),
    ]
    pause_volunteer(city.office, person_id, LATER, "证书过期")
    with pytest.raises(Refused) as refused:
        resume_oneself(me, LATER)
    assert refused.value.status == 409
    assert leave_by_oneself(me, LATER)
    assert get_volunteer(person_id).status == "left"
    for verb in (pause_oneself, leave_by_oneself):
        with pytest.raises(Refused, match="wrong_party"):
            verb(city.team, NOW)


@pytest.mark.parametrize("party", ["community", "department", "team", "volunteer", "resident"])
def test_states_are_the_offices(city: City, party: str):
    for verb in VERBS.values():
        with pytest.raises(Refused, match="wrong_party"):
            verb(getattr(city, party), city.crew[0], NOW, "因为")
        with pytest.raises(NotFound):
            verb(city.office, 99999, NOW, "因为")


def test_people_are_counted_by_their_state(own_city: City):
    with_papers()
    assert count_by_status() == {"applied": 1, "verified": 6}
