"""Asking teams wave after wave: whom, when, how often, and what follows from a yes, a no and a silence."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select, update

from qtxvol.accounts.actor import Actor, system_actor
from qtxvol.accounts.models import Account
from qtxvol.base import CITY_TIME
from qtxvol.emergencies.raising import mark_order
from qtxvol.extensions import db
from qtxvol.matching.settings import MatchSettings
from qtxvol.notices.answers import Given, answer_at_desk
from qtxvol.notices.models import Notice
from qtxvol.offers import waves
from qtxvol.offers.holds import hold_order, let_go_order
from qtxvol.offers.models import MatchRule
from qtxvol.offers.other_times import answer_times, propose_times
from qtxvol.offers.pace import after_waking, is_quiet, next_waking
from qtxvol.offers.rules import set_weights
from qtxvol.offers.waves import ask_due, ask_next_wave, is_nobody_left, list_switches, switch_auto
from qtxvol.orders.ask import answer_question, ask_resident
from qtxvol.orders.automatic import lapse_order, reinstate_order
from qtxvol.orders.claim import claim_order, offer_order, release_order
from qtxvol.orders.dispatch import dispatch_order
from qtxvol.orders.models import Offer, Order
from qtxvol.orders.serve import (
    accept_order,
    close_order,
    crew_ids,
    reopen_order,
    report_no_show,
    withdraw_order,
)
from qtxvol.orders.transition import Outcome
from qtxvol.orders.undo import unclaim_order
from qtxvol.refusals import Refused
from qtxvol.storage import transaction
from qtxvol.volunteers.models import Team, Volunteer
from tests.emergencies.plans import opened
from tests.factories import (
    DEPARTMENT,
    NOW,
    City,
    accepted,
    dispatched,
    link_of,
    make_city,
    make_team,
    window,
)
from tests.orders.answers import events_of, findings, order_of, refused

MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
USUAL = MatchSettings()
#: Ten at night and half past seven in the morning of the city, after `NOW`.
NIGHT = datetime(2026, 11, 24, 22, 0, tzinfo=CITY_TIME).astimezone(UTC)
MORNING = datetime(2026, 11, 25, 7, 30, tzinfo=CITY_TIME).astimezone(UTC)


@pytest.fixture
def city(ctx_sqlite: None) -> City:
    return make_city()


@pytest.fixture
def big_city(city: City) -> tuple[City, list[Actor]]:
    """With eight teams more."""
    return city, [make_team("health", themes=("health",))[0] for _ in range(8)]


@pytest.fixture
def both(ctx: None) -> City:
    """On both databases."""
    return make_city()


def auto(city: City, now: datetime = NOW, **values: object) -> Outcome:
    """An order that the department claims and lets the service ask for."""
    order = dispatched(city, now, **values)
    return claim_order(order.number, city.department, is_auto_asked=True, now=now)


def offers(order: Outcome) -> list[Offer]:
    db.session.rollback()
    return list(
        db.session.scalars(
            select(Offer)
            .where(Offer.order_id == order.order_id)
            .order_by(Offer.wave, Offer.id)
            .execution_options(populate_existing=True)
        )
    )


def next_at(order: Outcome) -> datetime | None:
    return order_of(order.number).next_wave_at


def actor_of(city: City, team_id: int, more: list[Actor] | None = None) -> Actor:
    return next(each for each in (city.team, city.other_team, *(more or [])) if each.team_id == team_id)


def say_no(order: Outcome, team: Actor, now: datetime, reason: str = "no_time") -> None:
    answer_at_desk(order.number, team, Given(is_yes=False, reason=reason), now)


def told(order: Outcome, kind: str) -> list[tuple[str, str]]:
    db.session.rollback()
    rows = db.session.execute(
        select(Notice.party, Notice.scope)
        .where(Notice.order_id == order.order_id, Notice.kind == kind)
        .order_by(Notice.party, Notice.scope)
    )
    return [tuple(row) for row in rows]


# The first wave


def test_the_service_asks_as_few_teams_as_probably_suffice_and_keeps_what_it_knew(both: City):
    order = auto(both)
    assert ask_due(NOW) == 1
    [offer] = offers(order)
    assert (offer.wave, offer.asked_by, offer.asked_at, offer.answer, offer.silent_at) == (1, "system", NOW, None, None)
    assert offer.suggested_place == 1
    assert 0.2 < offer.chance < 1
    assert {"features", "leanings"} <= set(offer.clue)
    assert offer.proposed_start == window(3).starts_at
    assert offer.proposed_end - offer.proposed_start <= timedelta(hours=2)
    event = events_of(order.number)[-1]
    assert (event.action, event.party, event.payload["asked_by"]) == ("offer", "system", "system")
    assert told(order, "offer") == [("team", str(offer.team_id))]
    assert next_at(order) == NOW + 240 * MINUTE
    assert findings() == []


def test_who_looks_again_before_the_wait_is_over_asks_nobody(city: City):
    order = auto(city)
    assert [ask_due(NOW) for _ in range(3)] == [1, 0, 0]
    assert ask_due(NOW + 239 * MINUTE) == 0
    assert ask_due(NOW + 240 * MINUTE) == 1
    assert [offer.wave for offer in offers(order)] == [1, 2]
    assert len({offer.team_id for offer in offers(order)}) == 2


def test_an_order_that_the_department_asks_for_itself_is_left_alone(city: City):
    order = dispatched(city)
    claim_order(order.number, city.department, now=NOW)
    assert ask_due(NOW + DAY) == 0
    assert offers(order) == []


@pytest.mark.parametrize(("urgency", "minutes"), [("normal", 240), ("urgent", 45)])
def test_the_more_urgent_the_shorter_the_wait(city: City, urgency: str, minutes: int):
    order = auto(city, urgency=urgency)
    ask_due(NOW)
    assert next_at(order) == NOW + minutes * MINUTE


def test_the_waits_are_the_offices(city: City):
    set_weights(city.office, {"wave_wait.normal": 30}, NOW)
    order = auto(city)
    ask_due(NOW)
    assert next_at(order) == NOW + 30 * MINUTE


# Night


def test_nobody_is_asked_at_night_and_everybody_in_the_morning(city: City):
    order = auto(city, now=NIGHT)
    assert ask_due(NIGHT) == 0
    due = next_at(order)
    assert MORNING <= due < MORNING + waves.MORNING_SPREAD * MINUTE
    assert ask_due(due - MINUTE) == 0
    assert ask_due(due) == 1


def test_a_wait_that_ends_at_night_ends_in_the_morning(city: City):
    order = auto(city, now=NIGHT - HOUR)
    assert ask_due(NIGHT - HOUR) == 1
    assert MORNING <= next_at(order) < MORNING + waves.MORNING_SPREAD * MINUTE


def test_an_emergency_is_asked_for_at_night_and_more_teams_at_once(big_city: tuple[City, list[Actor]]):
    city, _more = big_city
    order = auto(city, now=NIGHT, actor=city.community, emergency_id=opened(city, now=NIGHT))
    asked = ask_due(NIGHT)
    assert 3 <= asked <= USUAL.wave_limit[2]
    assert next_at(order) == NIGHT + 6 * MINUTE
    wakes = select(Notice.is_emergency).where(Notice.order_id == order.order_id, Notice.kind == "offer")
    assert set(db.session.scalars(wakes)) == {True}


def test_an_exercise_wakes_nobody(city: City):
    order = auto(city, now=NIGHT, actor=city.community, emergency_id=opened(city, now=NIGHT, is_drill=True))
    assert ask_due(NIGHT) == 0
    assert ask_due(next_at(order)) >= 1


def test_nobodys_sleep_counts_as_silence():
    assert is_quiet(NIGHT, USUAL)
    assert not is_quiet(NIGHT - MINUTE, USUAL)
    assert next_waking(NIGHT + 3 * HOUR, USUAL) == MORNING
    assert after_waking(NIGHT - HOUR, 60, USUAL) == NIGHT
    assert after_waking(NIGHT - HOUR, 61, USUAL) == MORNING + MINUTE
    assert after_waking(NIGHT, 480, USUAL) == MORNING + 8 * HOUR
    assert after_waking(NOW, 3 * 14.5 * 60, USUAL) == NOW + 3 * DAY
    sleepless = MatchSettings(quiet_from=0, quiet_until=0)
    assert after_waking(NIGHT, 480, sleepless) == NIGHT + 8 * HOUR


# A no, and a silence


def test_a_refusal_is_replaced_at_once(both: City):
    order = auto(both)
    ask_due(NOW)
    [first] = offers(order)
    say_no(order, actor_of(both, first.team_id), NOW + 5 * MINUTE)
    assert next_at(order) == NOW + 5 * MINUTE
    assert ask_due(NOW + 5 * MINUTE) == 1
    declined, second = offers(order)
    assert (declined.answer, declined.reason, declined.answered_at) == ("declined", "no_time", NOW + 5 * MINUTE)
    assert second.team_id != declined.team_id
    assert findings() == []


def test_a_refusal_is_not_replaced_while_the_others_probably_suffice(big_city: tuple[City, list[Actor]]):
    city, more = big_city
    order = auto(city)
    offer_order(order.number, city.department, team_ids=[each.team_id for each in (city.team, *more)], now=NOW)
    say_no(order, city.team, NOW + MINUTE)
    assert ask_due(NOW + MINUTE) == 0
    assert next_at(order) == NOW + 240 * MINUTE  # the wait for the others goes on as it was


def test_a_silence_counts_as_no_after_two_waits_and_may_still_be_answered(both: City):
    order = auto(both)
    ask_due(NOW)
    ask_due(NOW + 479 * MINUTE)
    assert [offer.silent_at for offer in offers(order)] == [None, None]
    ask_due(NOW + 480 * MINUTE)
    first, second = offers(order)
    assert (first.silent_at, first.answer, second.silent_at) == (NOW + 480 * MINUTE, None, None)
    team = actor_of(both, first.team_id)
    crew = both.crew if team is both.team else both.other_crew
    accept_order(order.number, team, agreed=window(3), volunteer_ids=crew[:1], now=NOW + 500 * MINUTE)
    assert offers(order)[0].answer == "accepted"


def test_the_night_is_no_part_of_a_silence(city: City):
    order = auto(city, now=NIGHT - HOUR)
    ask_due(NIGHT - HOUR)
    for minutes in (0, 60, 419):
        ask_due(MORNING + minutes * MINUTE)
        assert offers(order)[0].silent_at is None
    ask_due(MORNING + 420 * MINUTE)
    assert offers(order)[0].silent_at == MORNING + 420 * MINUTE


def test_nobody_is_called_silent_about_an_order_that_another_team_has(city: City):
    order = auto(city)
    offer_order(order.number, city.department, team_ids=[city.team.team_id, city.other_team.team_id], now=NOW)
    accept_order(order.number, city.team, agreed=window(3), volunteer_ids=city.crew[:1], now=NOW + HOUR)
    ask_due(NOW + DAY)
    assert {offer.silent_at for offer in offers(order)} == {None}


def test_teams_that_a_person_asked_fall_silent_too(city: City):
    order = dispatched(city)
    claim_order(order.number, city.department, now=NOW)
    offer_order(order.number, city.department, team_ids=[city.team.team_id], now=NOW)
    ask_due(NOW + 481 * MINUTE)
    assert offers(order)[0].silent_at == NOW + 481 * MINUTE


# Nobody left


def exhaust(order: Outcome, until: datetime) -> datetime:
    """Everybody is asked and stays silent."""
    moment = NOW
    while moment <= until:
        ask_due(moment)
        before, moment = moment, next_at(order) or until
        assert before < moment
    return moment


def test_when_nobody_is_left_the_department_hears_of_it_once(city: City):
    order = auto(city, windows=(window(9), window(10)))
    moment = NOW
    for _ in range(2):
        ask_due(moment)
        say_no(order, actor_of(city, offers(order)[-1].team_id), moment + MINUTE)
        moment += MINUTE
    assert not is_nobody_left(order_of(order.number))
    assert ask_due(moment) == 0
    assert told(order, "nobody_left") == [("department", DEPARTMENT)]
    assert is_nobody_left(order_of(order.number))
    assert next_at(order) == moment + DAY
    for days in (1, 2, 3):
        assert ask_due(moment + days * DAY) == 0
    assert told(order, "nobody_left") == [("department", DEPARTMENT)]
    assert len(offers(order)) == 2


def test_a_team_that_can_again_is_asked_after_all(city: City):
    order = auto(city, windows=(window(9), window(10)))
    with transaction():
        db.session.execute(update(Team).values(asks_paused_until=NOW + 20 * HOUR))
    assert ask_due(NOW) == 0
    assert is_nobody_left(order_of(order.number))
    assert ask_due(NOW + DAY) >= 1
    assert not is_nobody_left(order_of(order.number))


def test_teams_that_were_silent_are_asked_once_more_a_day_later_and_refusals_never(city: City):
    order = auto(city, windows=(window(19), window(20)))
    ask_due(NOW)
    say_no(order, actor_of(city, offers(order)[0].team_id), NOW + MINUTE)
    ask_due(NOW + MINUTE)
    silent = offers(order)[1].team_id
    exhaust(order, NOW + 2 * DAY)
    assert [offer.team_id for offer in offers(order)][2:] == [silent]
    first, second = (offer.asked_at for offer in offers(order) if offer.team_id == silent)
    assert second - first >= DAY
    exhaust(order, NOW + 9 * DAY)
    assert len(offers(order)) == 3  # once more, and no more
    assert is_nobody_left(order_of(order.number))


def test_the_last_few_are_asked_together_after_a_first_wave_in_vain(big_city: tuple[City, list[Actor]]):
    city, more = big_city
    with transaction():
        gone = [each.team_id for each in more[2:]]
        db.session.execute(update(Team).where(Team.id.in_(gone)).values(is_active=False))
    order = auto(city, windows=(window(9), window(10)))
    assert ask_due(NOW) == 1
    assert ask_due(NOW + 240 * MINUTE) == 3
    assert {offer.wave for offer in offers(order)} == {1, 2}


def test_no_times_left_is_nobody_left_and_is_not_looked_at_any_more(city: City):
    order = auto(city, windows=(window(0.2),))
    assert ask_due(NOW) == 0
    assert told(order, "nobody_left") == [("department", DEPARTMENT)]
    assert is_nobody_left(order_of(order.number))
    assert next_at(order) is None
    assert ask_due(NOW + 5 * DAY) == 0
    assert told(order, "nobody_left") == [("department", DEPARTMENT)]


def test_once_the_last_time_has_gone_by_the_department_is_told_once_and_a_new_time_is_looked_for(city: City):
    order = auto(city, windows=(window(4),))
    with transaction():  # nobody can be asked before that day
        db.session.execute(update(Team).values(asks_paused_until=NOW + 20 * DAY))
    moment = NOW
    while next_at(order) is not None:
        moment = next_at(order)
        assert ask_due(moment) == 0
        assert moment < NOW + 5 * DAY
    assert moment > NOW + 3 * DAY
    department = ("department", DEPARTMENT)
    assert told(order, "nobody_left") == [department, department]  # nobody by then; and no time is left
    with transaction():
        db.session.execute(update(Team).values(asks_paused_until=None))
    assert ask_due(moment + DAY) == 0
    # the resident agrees to another time
    later = moment + DAY
    propose_times(order.number, city.department, windows=[window(12)], now=later)
    answer_times(order.number, link_of(order), chosen=window(12), now=later + MINUTE)
    assert next_at(order) == later + MINUTE
    assert not is_nobody_left(order_of(order.number))
    assert ask_due(later + MINUTE) >= 1
    assert offers(order)[0].proposed_start == window(12).starts_at
    assert findings() == []


def test_an_order_without_a_time_is_looked_at_again_when_it_is_claimed_anew_or_becomes_an_emergency(city: City):
    first, second = (auto(city, windows=(window(0.3),)) for _ in range(2))
    assert ask_due(NOW) == 0
    assert (next_at(first), next_at(second)) == (None, None)
    release_order(first.number, city.department, reason="no_team", now=NOW + MINUTE)
    dispatch_order(first.number, city.community, department_id=DEPARTMENT, now=NOW + 2 * MINUTE)
    claim_order(first.number, city.department, is_auto_asked=True, now=NOW + 3 * MINUTE)
    assert next_at(first) == NOW + 3 * MINUTE
    mark_order(second.number, opened(city, now=NOW), city.community, now=NOW + 3 * MINUTE)
    assert ask_due(NOW + 3 * MINUTE) >= 1
    assert offers(second)  # an emergency takes less notice


# Falling free again


def taken(city: City, **values: object) -> tuple[Outcome, Actor]:
    """An order of which the team that was asked first has become the owner."""
    order = auto(city, windows=(window(6), window(7)), **values)
    ask_due(NOW)
    team = actor_of(city, offers(order)[0].team_id)
    crew = city.crew if team is city.team else city.other_crew
    accept_order(order.number, team, agreed=window(6), volunteer_ids=crew[:1], now=NOW + MINUTE)
    assert next_at(order) is None
    return order, team


def other(city: City, team: Actor) -> Actor:
    return city.other_team if team is city.team else city.team


@pytest.mark.parametrize("fall", ["withdraw", "no_show", "lapse", "reopen"])
def test_an_order_that_falls_free_is_asked_for_at_once(city: City, fall: str):
    order, team = taken(city)
    moment = NOW + HOUR if fall in ("withdraw", "lapse") else window(6).ends_at + HOUR
    match fall:
        case "withdraw":
            withdraw_order(order.number, team, reason="work", now=moment)
        case "no_show":
            report_no_show(order.number, city.community, text="没有来。", now=moment)
        case "lapse":
            lapse_order(order.number, reason="no_call", now=moment)
        case "reopen":
            [person] = crew_ids(order.order_id)
            close_order(
                order.number, team, actual=window(6), attendance=9, report="讲了。", minutes={person: 60}, now=moment
            )
            reopen_order(order.number, city.community, text="没有讲完。", now=moment)
    assert next_at(order) == moment
    assert ask_due(moment) == 1
    assert offers(order)[-1].team_id == other(city, team).team_id


def test_an_order_of_a_department_that_chooses_itself_falls_free_and_waits(city: City):
    order = accepted(city, agreed=window(6))
    withdraw_order(order.number, city.team, reason="work", now=NOW + HOUR)
    assert next_at(order) is None
    assert ask_due(NOW + HOUR) == 0


def test_what_the_system_took_back_can_be_given_back_although_it_asks_others_at_once(both: City):
    order, team = taken(both)
    lapse_order(order.number, reason="no_call", now=NOW + HOUR)
    assert ask_due(NOW + HOUR) == 1
    reinstate_order(order.number, both.department, now=NOW + 2 * HOUR)
    row = order_of(order.number)
    assert (row.status, row.team_id, row.next_wave_at) == ("accepted", team.team_id, None)
    assert ("team", str(other(both, team).team_id)) in told(order, "reinstate")  # whoever was asked hears of it
    assert ask_due(NOW + DAY) == 0
    assert findings() == []


def test_it_can_not_be_given_back_once_a_team_has_said_yes(city: City):
    order, team = taken(city)
    lapse_order(order.number, reason="no_call", now=NOW + HOUR)
    ask_due(NOW + HOUR)
    hold_order(order.number, other(city, team), agreed=window(6), now=NOW + 90 * MINUTE)
    with refused("lapse_used", 409):
        reinstate_order(order.number, city.department, now=NOW + 2 * HOUR)


def test_a_claim_can_be_taken_back_although_the_service_has_asked(both: City):
    order = auto(both)
    ask_due(NOW)
    unclaim_order(order.number, both.department, now=NOW + MINUTE)
    row = order_of(order.number)
    assert (row.status, row.is_auto_asked, row.next_wave_at) == ("dispatched", False, None)
    asked = offers(order)
    assert [(offer.answer, offer.voided_at) for offer in asked] == [(None, NOW + MINUTE)] * len(asked)
    told = db.session.scalars(select(Notice.scope).where(Notice.kind == "unclaim", Notice.party == "team")).all()
    assert sorted(told) == sorted(str(offer.team_id) for offer in asked)
    assert ask_due(NOW + DAY) == 0
    assert findings() == []
    claim_order(order.number, both.department, is_auto_asked=True, now=NOW + DAY)
    assert ask_due(NOW + DAY) >= 1


def test_a_claim_can_not_be_taken_back_once_a_person_has_asked(city: City):
    order = auto(city)
    ask_due(NOW)
    ask_next_wave(order.number, city.department, now=NOW + MINUTE)
    with refused("claim_used", 409):
        unclaim_order(order.number, city.department, now=NOW + 2 * MINUTE)


def test_whoever_stands_by_is_asked_first_when_the_order_falls_free(big_city: tuple[City, list[Actor]]):
    city, more = big_city
    order = auto(city, windows=(window(6), window(7)))
    offer_order(order.number, city.department, team_ids=[city.team.team_id, more[5].team_id], now=NOW)
    accept_order(order.number, city.team, agreed=window(6), volunteer_ids=city.crew[:1], now=NOW + MINUTE)
    with transaction():
        standby = update(Offer).where(Offer.order_id == order.order_id, Offer.team_id == more[5].team_id)
        db.session.execute(standby.values(answer="standby", answered_at=NOW + MINUTE))
    withdraw_order(order.number, city.team, reason="work", now=NOW + HOUR)
    ask_due(NOW + HOUR)
    assert offers(order)[2].team_id == more[5].team_id
    assert (offers(order)[2].suggested_place, offers(order)[2].answer) == (1, None)


def test_a_team_that_was_let_go_of_is_not_the_first_to_be_asked_again(big_city: tuple[City, list[Actor]]):
    city, more = big_city
    order = auto(city)
    ask_due(NOW)
    team = actor_of(city, offers(order)[0].team_id, more)
    hold_order(order.number, team, agreed=window(3), now=NOW + MINUTE)
    assert ask_due(NOW + HOUR) == 0  # nobody else is asked while it finds its people
    let_go_order(order.number, city.department, reason="no_people", now=NOW + HOUR)
    assert next_at(order) == NOW + HOUR
    assert ask_due(NOW + HOUR) >= 1
    assert team.team_id not in {offer.team_id for offer in offers(order)[1:]}


def test_an_order_that_is_given_back_is_not_asked_for_until_it_is_claimed_anew(city: City):
    order = auto(city)
    ask_due(NOW)
    release_order(order.number, city.department, reason="no_team", now=NOW + HOUR)
    row = order_of(order.number)
    assert (row.is_auto_asked, row.next_wave_at) == (False, None)
    assert ask_due(NOW + DAY) == 0


# Pauses


def test_while_a_question_to_the_resident_is_open_nobody_is_asked(city: City):
    order = auto(city)
    ask_resident(order.number, city.department, text="多少人？", now=NOW)
    assert ask_due(NOW + HOUR) == 0
    answer_question(order.number, city.community, text="三十人。", now=NOW + 2 * HOUR)
    assert ask_due(NOW + 2 * HOUR) == 1


def test_an_order_that_was_handed_to_one_team_waits_for_that_team(city: City):
    order = auto(city)
    offer_order(order.number, city.department, team_ids=[city.team.team_id], is_handed=True, now=NOW)
    assert ask_due(NOW + 240 * MINUTE) == 0
    say_no(order, city.team, NOW + 250 * MINUTE)
    assert ask_due(NOW + 250 * MINUTE) == 1
    assert order_of(order.number).handed_team_id is None


def test_a_team_that_paused_is_not_asked_before_the_day(city: City):
    with transaction():
        paused = update(Team).where(Team.id == city.team.team_id)
        db.session.execute(paused.values(asks_paused_until=NOW + DAY))
    order = auto(city, windows=(window(9), window(10)))
    ask_due(NOW)
    ask_due(NOW + 240 * MINUTE)
    assert [offer.team_id for offer in offers(order)] == [city.other_team.team_id]
    ask_due(NOW + 2 * DAY)
    assert offers(order)[-1].team_id == city.team.team_id


# Caps


def full_week(team: Actor, crew: tuple[int, ...], city: City, services: int, capacity: int) -> None:
    """The team can carry so many services a week, and has promised so many in the week after next Monday."""
    with transaction():
        db.session.execute(update(Team).where(Team.id == team.team_id).values(weekly_capacity=capacity))
        db.session.execute(update(Volunteer).where(Volunteer.id.in_(crew)).values(weekly_load=20))
    for number in range(services):
        order = dispatched(city)
        claim_order(order.number, city.department, now=NOW)
        times = window(6 + number / 3, hours=1)
        accept_order(order.number, team, agreed=times, volunteer_ids=crew[number % 3 :][:1], now=NOW)


@pytest.mark.parametrize(("urgency", "is_asked"), [("normal", False), ("urgent", True)])
def test_a_tenth_of_a_teams_week_is_kept_for_urgent_orders(city: City, urgency: str, is_asked: bool):
    """Nine of ten are taken: the tenth service is for orders that can't wait."""
    with transaction():
        db.session.execute(update(Team).where(Team.id == city.other_team.team_id).values(is_active=False))
    full_week(city.team, city.crew, city, services=9, capacity=10)
    auto(city, windows=(window(9.5), window(9.6)), urgency=urgency)
    assert ask_due(NOW) == int(is_asked)


def test_nobody_is_asked_more_often_than_a_week_allows(city: City):
    set_weights(city.office, {"team_asks_a_week": 2}, NOW)
    asked = 0
    for _ in range(4):
        auto(city)
    for hours in range(12):
        asked += ask_due(NOW + hours * HOUR)
    by_team = list(db.session.scalars(select(Offer.team_id)))
    assert asked == len(by_team) == 4
    assert {by_team.count(team) for team in by_team} == {2}


# By hand


def test_one_tap_asks_the_next_wave_now(both: City):
    order = auto(both)
    ask_due(NOW)
    done = ask_next_wave(order.number, both.department, now=NOW + MINUTE, version=order.version + 1, key="tap")
    first, second = offers(order)
    assert (second.asked_by, second.wave, second.suggested_place) == ("department", 2, 1)
    assert second.team_id != first.team_id
    assert next_at(order) == NOW + 241 * MINUTE
    again = ask_next_wave(order.number, both.department, now=NOW + MINUTE, version=order.version + 1, key="tap")
    assert (again.is_repeat, again.version) == (True, done.version)
    assert len(offers(order)) == 2


def test_one_tap_works_for_an_order_that_a_person_asks_for(city: City):
    order = dispatched(city)
    claim_order(order.number, city.department, now=NOW)
    ask_next_wave(order.number, city.department, now=NOW)
    assert len(offers(order)) == 1
    assert next_at(order) is None


def test_one_tap_says_why_it_asks_nobody(city: City):
    order = auto(city)
    with refused("wrong_party", 403):
        ask_next_wave(order.number, city.team, now=NOW)
    with refused("stale", 409):
        ask_next_wave(order.number, city.department, now=NOW, version=1)
    with refused("quiet_hours", 409):
        ask_next_wave(order.number, city.department, now=NIGHT)
    for _ in range(2):
        ask_next_wave(order.number, city.department, now=NOW)
    with refused("nobody_left", 409):
        ask_next_wave(order.number, city.department, now=NOW)
    release_order(order.number, city.department, reason="no_team", now=NOW)
    with refused("moved_on", 409):
        ask_next_wave(order.number, city.department, now=NOW)


def test_the_department_lets_the_service_ask_and_stops_it(city: City):
    order = dispatched(city)
    claim_order(order.number, city.department, now=NOW)
    assert switch_auto(order.number, city.department, is_on=True, now=NOW)
    assert not switch_auto(order.number, city.department, is_on=True, now=NOW + MINUTE)
    assert next_at(order) == NOW
    assert ask_due(NOW) == 1
    assert switch_auto(order.number, city.department, is_on=False, now=NOW + MINUTE)
    assert ask_due(NOW + DAY) == 0
    with refused("wrong_party", 403):
        switch_auto(order.number, city.community, is_on=True, now=NOW)
    person = db.session.get_one(Account, city.department.account_id).display_name
    told = [(row.is_on, row.actor_name, row.person, row.switched_at) for row in list_switches(order.order_id)]
    assert told == [
        (False, city.department.name, person, NOW + MINUTE),
        (True, city.department.name, person, NOW),
    ]


# Faults


def test_one_order_that_can_not_be_asked_for_keeps_no_other_from_it(city: City, monkeypatch: pytest.MonkeyPatch):
    broken, sound = auto(city), auto(city)

    def rank(situation: object, need: object, *args: object, **options: object) -> object:
        if need.id == broken.order_id:
            raise RuntimeError("broken row")
        return kept(situation, need, *args, **options)

    kept = waves.rank
    monkeypatch.setattr(waves, "rank", rank)
    assert ask_due(NOW) == 1
    assert (offers(broken), len(offers(sound))) == ([], 1)
    assert NOW < next_at(broken) <= NOW + HOUR
    monkeypatch.undo()
    assert ask_due(next_at(broken)) == 1


def test_who_is_told_to_stop_asks_for_no_further_order(city: City):
    auto(city)
    auto(city)
    stops = iter([False, True])
    assert ask_due(NOW, lambda: next(stops)) == 1


def test_an_order_that_turns_into_an_emergency_is_asked_for_at_once(city: City):
    order = auto(city)
    ask_due(NOW)
    emergency = opened(city, now=NOW)
    mark_order(order.number, emergency, city.community, now=NOW + MINUTE)
    assert next_at(order) == NOW + MINUTE
    assert ask_due(NOW + MINUTE) >= 1


def test_only_the_services_own_asking_leaves_a_claim_untouched(both: City):
    """A plan's line that the office confirmed is a person's deed, and the offer after a resident's yes is theirs."""
    for actor in (replace(system_actor("纲要办确认的排班"), account_id=both.office.account_id), system_actor("换时间")):
        order = dispatched(both)
        claim_order(order.number, both.department, now=NOW)
        offer_order(order.number, actor, team_ids=[both.team.team_id or 0], asked_by="plan", now=NOW)
        with refused("claim_used", 409):
            unclaim_order(order.number, both.department, now=NOW + MINUTE)


def test_what_a_team_has_said_stays_when_the_order_goes_elsewhere(both: City):
    order = dispatched(both)
    claim_order(order.number, both.department, now=NOW)
    first, second = both.team.team_id or 0, both.other_team.team_id or 0
    offer_order(order.number, both.department, team_ids=[first, second], now=NOW)
    say_no(order, both.other_team, NOW + MINUTE)
    accept_order(order.number, both.team, agreed=window(3), volunteer_ids=both.crew[:1], now=NOW + 2 * MINUTE)
    withdraw_order(order.number, both.team, reason="work", now=NOW + HOUR)
    offer_order(order.number, both.department, team_ids=[first], text="再问一次", now=NOW + HOUR)
    release_order(order.number, both.department, reason="no_team", now=NOW + 2 * HOUR)
    rows = [(each.team_id, each.answer, each.answered_at, each.voided_at) for each in offers(order)]
    assert rows == [
        (first, "accepted", NOW + 2 * MINUTE, NOW + 2 * HOUR),
        (second, "declined", NOW + MINUTE, NOW + 2 * HOUR),
        (first, None, None, NOW + 2 * HOUR),
    ]
    assert told(order, "release") == [
        ("community", both.community.division_code),
        ("office", ""),
        ("team", str(first)),
    ]
    with pytest.raises(Refused):
        answer_at_desk(order.number, both.team, Given(is_yes=False, reason="no_time"), NOW + 3 * HOUR)
    assert findings() == []


def test_a_second_question_leaves_the_first_answer_alone(city: City):
    order = dispatched(city)
    claim_order(order.number, city.department, now=NOW)
    offer_order(order.number, city.department, team_ids=[city.team.team_id or 0], now=NOW)
    say_no(order, city.team, NOW + MINUTE)
    offer_order(order.number, city.department, team_ids=[city.team.team_id or 0], text="再问", now=NOW + HOUR)
    accept_order(order.number, city.team, agreed=window(3), volunteer_ids=city.crew[:1], now=NOW + 2 * HOUR)
    said = [(each.answer, each.answered_at) for each in offers(order)]
    assert said == [("declined", NOW + MINUTE), ("accepted", NOW + 2 * HOUR)]


def test_orders_are_asked_for_although_silence_cannot_be_marked(city: City, monkeypatch: pytest.MonkeyPatch):
    def fail(*_about: object) -> int:
        raise RuntimeError("broken")

    auto(city)
    monkeypatch.setattr("qtxvol.offers.waves.mark_silent", fail)
    assert ask_due(NOW) == 1


def test_a_person_may_ask_beyond_the_week_and_the_pause_and_it_is_recorded(city: City):
    first, second = city.team.team_id or 0, city.other_team.team_id or 0
    with transaction():
        db.session.execute(update(Team).where(Team.id == second).values(asks_paused_until=NOW + DAY))
        row = MatchRule(name="team_asks_a_week", value=1, set_by_account_id=city.office.account_id, set_at=NOW)
        db.session.add(row)
    earlier, order, urgent = (dispatched(city) for _ in range(3))
    for each in (earlier, order, urgent):
        claim_order(each.number, city.department, now=NOW)
    with transaction():
        db.session.execute(update(Order).where(Order.id == urgent.order_id).values(urgency="emergency"))
    offer_order(earlier.number, city.department, team_ids=[first], now=NOW)
    offer_order(order.number, city.department, team_ids=[first, second], now=NOW)
    offer_order(urgent.number, city.department, team_ids=[first, second], now=NOW)
    why = [{each.team_id: each.override_why for each in offers(each)} for each in (earlier, order, urgent)]
    assert why == [{first: ""}, {first: "asked_enough", second: "muted"}, {first: "", second: ""}]
    offer_order(order.number, city.department, team_ids=[second], override_why="队长说可以", now=NOW + HOUR)
    assert offers(order)[-1].override_why == "队长说可以"
