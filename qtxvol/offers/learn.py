"""Learning from answers: from each exactly once, in the order of the answers, remembered in the database.

What is learned are weights of `matching.likelihood`; what a chance was read from is kept with the question (its clue),
so that all of it can be learned again from the records and comes out the same.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import and_, delete, func, null, or_, select, update

from qtxvol.extensions import db
from qtxvol.matching.city import City
from qtxvol.matching.likelihood import Belief, Clue, Likelihood
from qtxvol.matching.needs import Need
from qtxvol.matching.settings import MatchSettings
from qtxvol.matching.situation import Situation
from qtxvol.offers.models import MatchBelief
from qtxvol.orders.models import CrewAsk, Offer, Order
from qtxvol.storage import transaction

CAPTAINS, VOLUNTEERS = "captains", "volunteers"
_SHARED = "shared:"
#: The row of a model that counts: answers learned from, and how many of them were a yes.
_TALLY = "answers"
#: So many answers are learned from in one run; the rest has its turn in the next.
MOST_ANSWERS = 2_000
#: Questions older than this are no longer looked at: whatever became of them was learned long ago.
MEMORY = timedelta(days=180)
#: Answers of leaders that were a yes, whatever came of it.
_YES = frozenset({"held", "accepted", "standby"})
#: Beyond so many keys it is quicker to read all.
_MOST_KEYS = 4000


def clue_to_json(clue: Clue) -> dict[str, object]:
    """What a chance was read from, for keeping with the question."""
    return {"features": list(clue.features), "leanings": list(clue.leanings)}


def clue_from_json(data: Mapping[str, Any]) -> Clue:
    """The other way round.

    :raise ValueError: it isn't one.
    """
    try:
        return Clue(tuple(map(float, data["features"])), tuple(map(str, data["leanings"])))
    except (KeyError, TypeError) as error:
        raise ValueError("not a clue") from error


def load_beliefs(situation: Situation, needs: Iterable[Need] | None = None) -> None:
    """Put what was learned into the situation; one statement.

    :param needs: only what can speak about these orders and the situation's people; None: everything.
    """
    statement = select(MatchBelief.model, MatchBelief.key, MatchBelief.value, MatchBelief.sureness)
    keys = None if needs is None else _keys(situation, list(needs))
    if keys is not None and sum(map(len, keys.values())) <= _MOST_KEYS:
        statement = statement.where(
            or_(*(and_(MatchBelief.model == model, MatchBelief.key.in_(mine)) for model, mine in keys.items()))
        )
    models = {CAPTAINS: situation.captains, VOLUNTEERS: situation.volunteers}
    for model, key, value, sureness in db.session.execute(statement):
        if model in models:
            put_belief(models[model], key, Belief(value, sureness))


def put_belief(model: Likelihood, key: str, belief: Belief) -> None:
    """A weight under its key; a shared one that this version of the model doesn't have is passed over."""
    if key == _TALLY:
        return
    if not key.startswith(_SHARED):
        model.leanings[key] = belief
    elif (place := int(key.removeprefix(_SHARED))) < len(model.shared):
        model.shared[place] = belief


def list_beliefs(model: Likelihood) -> dict[str, Belief]:
    """All weights of a model under their keys."""
    return {**{f"{_SHARED}{place}": belief for place, belief in enumerate(model.shared)}, **model.leanings}


def _keys(situation: Situation, needs: list[Need]) -> dict[str, list[str]]:
    teams = [team for team, members in situation.city.members.items() if members]
    abouts = {
        *(f":topic:{need.topic}" for need in needs),
        *(f":audience:{need.audience}" for need in needs),
    }
    return {
        CAPTAINS: [
            *(f"{_SHARED}{place}" for place in range(len(situation.captains.shared))),
            *(f"team:{team}{about}" for team in teams for about in ("", *sorted(abouts))),
        ],
        VOLUNTEERS: [
            *(f"{_SHARED}{place}" for place in range(len(situation.volunteers.shared))),
            *(belief_key(person) for person in situation.city.volunteers),
        ],
    }


# learning


@dataclass(frozen=True, slots=True)
class Learned:
    """How much one run learned from: answers of leaders and of people."""

    captains: int
    volunteers: int

    def __str__(self) -> str:
        return f"{self.captains} leaders, {self.volunteers} people"


@dataclass(frozen=True, slots=True)
class Tally:
    """Answers learned from so far, and how many of them were a yes."""

    answers: int = 0
    yes: int = 0

    @property
    def share(self) -> float | None:
        """From 0.0 to 1.0; None before the first answer."""
        return self.yes / self.answers if self.answers else None


@dataclass(frozen=True, slots=True)
class _Answer:
    row: Offer | CrewAsk
    at: datetime
    has_agreed: bool
    is_drill: bool


def learn_from_answers(now: datetime) -> Learned:
    """Learn from every answer, and every silence that counts as a no, that nobody has learned from yet, in their order.

    Each question keeps what was learned from it and as how manieth (`turn`), so that `replay_answers` comes to the same
    whatever happens to the question later. Answers in an exercise, and to questions without a clue, teach nothing.

    What somebody is just answering is learned in the next run: whoever answers may wait for this one, and this one,
    which stands inside the ledger's transaction, waits for nobody.
    """
    with transaction():
        captains = _learn(CAPTAINS, _list_offers(now), now)
        return Learned(captains, _learn(VOLUNTEERS, _list_crew_asks(now), now))


def replay_answers() -> dict[str, Likelihood]:
    """What has to be known of captains and volunteers, learned anew from the records."""
    models = _fresh_models()
    for name, table in ((CAPTAINS, Offer), (VOLUNTEERS, CrewAsk)):
        rows = db.session.scalars(select(table.clue).where(table.learned_at.is_not(None)))
        clues = sorted((clue for clue in rows if clue and "turn" in clue), key=lambda clue: int(str(clue["turn"])))
        for clue in clues:
            models[name].learn(clue_from_json(clue), bool(clue["agreed"]))
    return models


def read_models() -> tuple[dict[str, Likelihood], dict[str, Tally]]:
    """What is known by now: all weights, and how many answers they were learned from; one statement."""
    models, tallies = _fresh_models(), {CAPTAINS: Tally(), VOLUNTEERS: Tally()}
    for row in db.session.scalars(select(MatchBelief)):
        if row.model in models and row.key == _TALLY:
            tallies[row.model] = Tally(int(row.value), int(row.sureness))
        elif row.model in models:
            put_belief(models[row.model], row.key, Belief(row.value, row.sureness))
    return models, tallies


def belief_key(volunteer_id: int) -> str:
    """Under which what was learned of a person stands among the beliefs of `VOLUNTEERS`."""
    return f"person:{volunteer_id}"


def forget_people(volunteer_ids: Iterable[int], now: datetime) -> None:
    """What was learned of somebody goes with them, and what it was learned from, so that it never comes back. What
    everybody's answers have taught in common stays. Inside the caller's `transaction()`."""
    ids = list(volunteer_ids)
    db.session.execute(
        update(CrewAsk)
        .where(CrewAsk.volunteer_id.in_(ids))
        .values(learned_at=func.coalesce(CrewAsk.learned_at, now), clue=null())
    )
    keys = [belief_key(each) for each in ids]
    db.session.execute(delete(MatchBelief).where(MatchBelief.model == VOLUNTEERS, MatchBelief.key.in_(keys)))


def _fresh_models() -> dict[str, Likelihood]:
    settings = MatchSettings()
    nobody = City(places=(), departments=(), remits={}, teams=(), volunteers=(), settings=settings)
    situation = Situation(nobody, settings)
    return {CAPTAINS: situation.captains, VOLUNTEERS: situation.volunteers}


def _list_offers(now: datetime) -> Iterator[_Answer]:
    """Offers that have an answer, locked; silence counts from the moment at which the service gave up waiting, and a
    yes that came later is no yes to this question any more."""
    statement = (
        select(Offer, Order.is_drill)
        .join(Order, Order.id == Offer.order_id)
        .where(
            Offer.learned_at.is_(None),
            Offer.asked_at >= now - MEMORY,
            or_(Offer.silent_at.is_not(None), Offer.answer.in_((*_YES, "declined"))),
        )
        .order_by(Offer.id)
        .limit(MOST_ANSWERS)
        .with_for_update(of=Offer, skip_locked=True)
        .execution_options(populate_existing=True)
    )
    for offer, is_drill in db.session.execute(statement):
        silent, answered = offer.silent_at, offer.answered_at
        if silent is not None and (answered is None or silent <= answered):
            yield _Answer(offer, silent, False, is_drill)
        else:
            yield _Answer(offer, answered or now, offer.answer in _YES, is_drill)


def _list_crew_asks(now: datetime) -> Iterator[_Answer]:
    """The same of people asked by name."""
    statement = (
        select(CrewAsk, Order.is_drill)
        .join(Order, Order.id == CrewAsk.order_id)
        .where(
            CrewAsk.learned_at.is_(None),
            CrewAsk.asked_at >= now - MEMORY,
            or_(CrewAsk.answer.is_not(None), CrewAsk.ending == "silent"),
        )
        .order_by(CrewAsk.id)
        .limit(MOST_ANSWERS)
        .with_for_update(of=CrewAsk, skip_locked=True)
        .execution_options(populate_existing=True)
    )
    for ask, is_drill in db.session.execute(statement):
        yield _Answer(ask, ask.answered_at or now, ask.answer == "yes", is_drill)


def _learn(name: str, answers: Iterator[_Answer], now: datetime) -> int:
    """Move the weights of one model, note it with each question; how many answers taught something."""
    found = sorted(answers, key=lambda answer: (answer.at, answer.row.id))
    model = _fresh_models()[name]
    clues = {answer.row.id: clue for answer in found if (clue := _usable_clue(answer, model)) is not None}
    keys = {_TALLY, *list_beliefs(model), *(key for clue in clues.values() for key in clue.leanings)}
    rows = {
        row.key: row
        for row in db.session.scalars(select(MatchBelief).where(MatchBelief.model == name).order_by(MatchBelief.key))
        if row.key in keys
    }
    for row in rows.values():
        put_belief(model, row.key, Belief(row.value, row.sureness))
    tally = Tally(int(rows[_TALLY].value), int(rows[_TALLY].sureness)) if _TALLY in rows else Tally()
    for answer in found:
        answer.row.learned_at = now
        if (clue := clues.get(answer.row.id)) is not None:
            model.learn(clue, answer.has_agreed)
            tally = Tally(tally.answers + 1, tally.yes + answer.has_agreed)
            answer.row.clue = {**clue_to_json(clue), "agreed": answer.has_agreed, "turn": tally.answers}
    if clues:
        beliefs = {**list_beliefs(model), _TALLY: Belief(tally.answers, tally.yes)}
        _write(name, rows, {key: belief for key, belief in beliefs.items() if key in keys})
    return len(clues)


def _usable_clue(answer: _Answer, model: Likelihood) -> Clue | None:
    """None in an exercise, where the team was asked without the suggestion knowing anything of it, and where an older
    version read its chances from something else."""
    if answer.is_drill or not answer.row.clue:
        return None
    try:
        clue = clue_from_json(answer.row.clue)
    except ValueError:
        return None
    sizes = len(clue.features), len(clue.leanings)
    return clue if sizes == (len(model.shared), len(model.leaning_sureness)) else None


def _write(name: str, rows: Mapping[str, MatchBelief], beliefs: Mapping[str, Belief]) -> None:
    for key, belief in beliefs.items():
        row = rows.get(key)
        if row is None:
            db.session.add(MatchBelief(model=name, key=key, value=belief.value, sureness=belief.sureness))
        else:
            row.value, row.sureness = belief.value, belief.sureness
