"""Each answer is learned from once, in order, and what was learned can be had again from the records."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path
from random import Random

import pytest
from sqlalchemy import select, update

from qtxvol.extensions import db
from qtxvol.matching.likelihood import Clue
from qtxvol.offers.learn import (
    CAPTAINS,
    VOLUNTEERS,
    Tally,
    clue_from_json,
    clue_to_json,
    forget_people,
    learn_from_answers,
    list_beliefs,
    read_models,
    replay_answers,
)
from qtxvol.offers.models import MatchBelief
from qtxvol.orders.models import CrewAsk, Hold, Offer, Order, OrderEvent
from qtxvol.storage import transaction
from tests.databases import running_app, settings_for
from tests.emergencies.plans import opened
from tests.factories import LATER, NOW, City, claimed, make_city, window

WINDOW = window(3)


def captain_clue(team: int, km: float = 1.0) -> Clue:
    leanings = (f"team:{team}", f"team:{team}:topic:S05", f"team:{team}:audience:elderly")
    return Clue((1.0, 1.0, km / 10, 0.2, 0.0, 0.0), leanings)


def person_clue(person: int, km: float = 1.0) -> Clue:
    return Clue((1.0, km / 10, 0.0, 0.1, 2.0, 0.0, 0.0), (f"person:{person}",))


def offer(city: City, order_id: int, wave: int, **values: object) -> int:
    given = {
        "team_id": city.team.team_id,
        "asked_at": NOW,
        "clue": clue_to_json(captain_clue(city.team.team_id or 0)),
        **values,
    }
    with transaction():
        row = Offer(order_id=order_id, wave=wave, **given)
        db.session.add(row)
        db.session.flush()
        return row.id


def hold(city: City, order_id: int) -> int:
    with transaction():
        event_id = db.session.scalars(select(OrderEvent.id).where(OrderEvent.order_id == order_id)).first()
        row = Hold(
            order_id=order_id, team_id=city.team.team_id, event_id=event_id, starts_at=WINDOW.starts_at,
            ends_at=WINDOW.ends_at, leads=1, people=1, held_at=NOW, until=LATER,
        )  # fmt: skip
        db.session.add(row)
        db.session.flush()
        return row.id


def crew_ask(hold_id: int, order_id: int, person: int, **values: object) -> int:
    given = {"asked_at": NOW, "clue": clue_to_json(person_clue(person)), **values}
    with transaction():
        row = CrewAsk(
            hold_id=hold_id, order_id=order_id, volunteer_id=person, position=1, may_lead=True,
            starts_at=WINDOW.starts_at, ends_at=WINDOW.ends_at, **given,
        )  # fmt: skip
        db.session.add(row)
        db.session.flush()
        return row.id


def known() -> dict[str, dict[str, tuple[float, float]]]:
    models, _tallies = read_models()
    return {
        name: {key: (b.value, b.sureness) for key, b in list_beliefs(model).items()} for name, model in models.items()
    }


def replayed() -> dict[str, dict[str, tuple[float, float]]]:
    return {
        name: {key: (b.value, b.sureness) for key, b in list_beliefs(model).items()}
        for name, model in replay_answers().items()
    }


def assert_same(one: object, other: object) -> None:
    assert isinstance(one, dict)
    assert isinstance(other, dict)
    for name in one:
        assert one[name].keys() == other[name].keys()
        for key, values in one[name].items():
            assert values == pytest.approx(other[name][key], rel=1e-12), key


def test_a_clue_survives_the_database():
    clue = captain_clue(7, 12.345678901234567)
    assert clue_from_json(clue_to_json(clue)) == clue
    with pytest.raises(ValueError, match="not a clue"):
        clue_from_json({"features": None})


def test_a_yes_makes_the_next_yes_likelier_and_a_no_less_likely(ctx):
    city = make_city()
    order = claimed(city)
    clue = captain_clue(city.team.team_id or 0)
    before = read_models()[0][CAPTAINS].chance(clue)
    offer(city, order.order_id, 1, answer="held", answered_at=NOW)
    assert str(learn_from_answers(LATER)) == "1 leaders, 0 people"
    after_yes = read_models()[0][CAPTAINS].chance(clue)
    offer(city, order.order_id, 2, answer="declined", answered_at=NOW, reason="no_time")
    learn_from_answers(LATER)
    assert before < after_yes > read_models()[0][CAPTAINS].chance(clue)


def test_each_answer_is_learned_from_once(ctx):
    city = make_city()
    order = claimed(city)
    offer(city, order.order_id, 1, answer="accepted", answered_at=NOW)
    crew_ask(hold(city, order.order_id), order.order_id, city.crew[0], answer="no", answered_at=NOW)
    assert str(learn_from_answers(LATER)) == "1 leaders, 1 people"
    learned = known()
    assert str(learn_from_answers(LATER)) == "0 leaders, 0 people"
    assert known() == learned
    assert read_models()[1] == {CAPTAINS: Tally(1, 1), VOLUNTEERS: Tally(1, 0)}


def test_a_silence_counts_as_a_no_and_a_late_yes_changes_nothing(ctx):
    city = make_city()
    order = claimed(city)
    offer(city, order.order_id, 1, silent_at=NOW + timedelta(hours=8))
    late = offer(city, order.order_id, 2, silent_at=NOW, answer="held", answered_at=NOW + timedelta(hours=1))
    quick = offer(city, order.order_id, 3, silent_at=LATER, answer="held", answered_at=NOW)
    crew_ask(hold(city, order.order_id), order.order_id, city.crew[0], ending="silent")
    assert str(learn_from_answers(LATER)) == "3 leaders, 1 people"
    said = {row.id: (row.clue or {})["agreed"] for row in db.session.scalars(select(Offer))}
    assert (said[late], said[quick]) == (False, True)
    assert read_models()[1] == {CAPTAINS: Tally(3, 1), VOLUNTEERS: Tally(1, 0)}


def test_questions_that_wait_were_given_back_or_are_not_needed_teach_nothing(ctx):
    city = make_city()
    order = claimed(city)
    offer(city, order.order_id, 1)
    offer(city, order.order_id, 2, voided_at=NOW)
    asked = hold(city, order.order_id)
    crew_ask(asked, order.order_id, city.crew[0])
    crew_ask(asked, order.order_id, city.crew[1], ending="not_needed")
    crew_ask(asked, order.order_id, city.crew[2], asked_at=None)
    assert str(learn_from_answers(LATER)) == "0 leaders, 0 people"


def test_an_exercise_and_a_question_without_a_clue_teach_nothing_and_are_not_looked_at_again(ctx):
    city = make_city()
    order, drill = claimed(city), claimed(city, headcount=31)
    exercise = opened(city, is_drill=True)
    with transaction():
        values = {"is_drill": True, "emergency_id": exercise}
        db.session.execute(update(Order).where(Order.id == drill.order_id).values(**values))
    offer(city, drill.order_id, 1, answer="declined", answered_at=NOW)
    offer(city, order.order_id, 1, answer="declined", answered_at=NOW, clue=None)
    offer(city, order.order_id, 2, answer="declined", answered_at=NOW, clue={"features": [1.0], "leanings": ["team:1"]})
    offer(city, order.order_id, 3, answer="declined", answered_at=NOW, clue={"old": "shape"})
    assert str(learn_from_answers(LATER)) == "0 leaders, 0 people"
    assert all(row.learned_at == LATER for row in db.session.scalars(select(Offer)))
    assert db.session.scalars(select(MatchBelief)).all() == []


def test_what_was_learned_is_what_the_records_say(ctx):
    """Whatever the answers, their times, and how often the job comes by; also when a question changes afterwards."""
    city = make_city()
    order, chance = claimed(city), Random(6)
    asked = hold(city, order.order_id)
    people = iter(range(100))
    for wave in range(1, 25):
        at = NOW + timedelta(minutes=chance.randrange(600))
        team = chance.choice((city.team.team_id or 0, city.other_team.team_id or 0))
        answer = chance.choice(("held", "accepted", "standby", "declined", None))
        offer(
            city, order.order_id, wave, team_id=team, answer=answer, answered_at=at if answer else None,
            silent_at=None if answer else at, clue=clue_to_json(captain_clue(team, chance.uniform(0, 30))),
        )  # fmt: skip
        if next(people) < 3:
            person = city.crew[wave - 1]
            crew_ask(asked, order.order_id, person, answer=chance.choice(("yes", "no")), answered_at=at)
        if wave % 7 == 0:
            learn_from_answers(at + timedelta(days=1))
            assert_same(known(), replayed())
    learn_from_answers(LATER)
    with transaction():
        db.session.execute(update(Offer).values(voided_at=LATER))
    assert str(learn_from_answers(LATER)) == "0 leaders, 0 people"
    assert_same(known(), replayed())
    assert read_models()[1][CAPTAINS].answers == 24


def test_answers_of_one_run_are_learned_from_in_their_order(ctx):
    city = make_city()
    order = claimed(city)
    times: Sequence[datetime] = [NOW + timedelta(minutes=m) for m in (30, 10, 20)]
    ids = [offer(city, order.order_id, wave, answer="declined", answered_at=at) for wave, at in enumerate(times, 1)]
    learn_from_answers(LATER)
    turns = {row.id: (row.clue or {})["turn"] for row in db.session.scalars(select(Offer))}
    assert [turns[each] for each in ids] == [3, 1, 2]


def test_what_was_learned_of_a_person_goes_with_them(ctx):
    city = make_city()
    order = claimed(city)
    crew_ask(hold(city, order.order_id), order.order_id, city.crew[0], answer="no", answered_at=NOW)
    learn_from_answers(LATER)
    assert f"person:{city.crew[0]}" in known()[VOLUNTEERS]
    with transaction():
        forget_people([city.crew[0]], NOW)
    assert f"person:{city.crew[0]}" not in known()[VOLUNTEERS]


def test_an_answer_that_is_just_being_given_waits_for_the_next_run(postgres_database: str, tmp_path: Path):
    with running_app(settings_for(postgres_database, tmp_path)) as app, app.app_context():
        city = make_city()
        order = claimed(city)
        busy = offer(city, order.order_id, 1, answer="held", answered_at=NOW)
        offer(city, order.order_id, 2, answer="declined", answered_at=NOW)
        with db.engine.connect() as other, other.begin():
            other.execute(select(Offer.id).where(Offer.id == busy).with_for_update())
            assert str(learn_from_answers(LATER)) == "1 leaders, 0 people"
        assert str(learn_from_answers(LATER)) == "1 leaders, 0 people"
        assert_same(known(), replayed())
