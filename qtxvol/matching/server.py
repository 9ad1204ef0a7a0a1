"""`qtxvol match-server`: the matching core over JSON lines, for whoever wants to measure or use it from outside.

One request per line, one answer per line; a line with `ev` tells what happened and gets no answer. `init` brings the
city, then come `dispatch`, `wave` and `crew`. Numbers of topics, audiences and departments are the caller's.
"""

import json
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from typing import Any, TextIO

from qtxvol.matching.candidates import list_openings
from qtxvol.matching.city import City
from qtxvol.matching.crew import choose_crew
from qtxvol.matching.departments import suggest_departments
from qtxvol.matching.likelihood import Clue, Likelihood
from qtxvol.matching.needs import Need, Urgency
from qtxvol.matching.profiles import Department, Place, Point, Remit, Team, Volunteer
from qtxvol.matching.score import rank
from qtxvol.matching.settings import MatchSettings
from qtxvol.matching.situation import Situation
from qtxvol.matching.waves import MOST_ASKS, choose_wave

Message = Mapping[str, Any]
Answer = dict[str, Any]

#: Minutes, slots and numbers of people beyond which nobody means what a message says.
_MOST = 10**9


def serve(lines: Iterable[str], out: TextIO) -> None:
    """Answer requests until `lines` ends. A line that can't be understood, or whose numbers can't be, is answered with
    `{"error": …}` and changes nothing."""
    server: MatchServer | None = None
    for line in lines:
        try:
            message = json.loads(line)
            if message.get("op") == "init":
                server = MatchServer(message["instance"])
                answer: Answer | None = {"ok": True}
            elif server is None:
                answer = {"error": "init first"}
            else:
                answer = server.handle(message)
        except (ValueError, LookupError, TypeError, AttributeError, ArithmeticError, RecursionError) as error:
            answer = {"error": f"{type(error).__name__}: {error}"}
        if answer is not None:
            out.write(json.dumps(answer, separators=(",", ":")) + "\n")
            out.flush()


class MatchServer:
    """One city and what happens in it, told message by message."""

    def __init__(self, instance: Message, settings: MatchSettings | None = None) -> None:
        self._settings = settings or MatchSettings()
        self._situation = Situation(read_city(instance, self._settings), self._settings)
        self._needs: dict[int, Need] = {}
        self._asked: dict[int, Counter[int]] = {}  # order -> how often each team was asked about its times
        self._serving: dict[int, tuple[int, int]] = {}  # order -> (team, slot) while a crew is asked
        self._pending: dict[tuple[str, int, int], tuple[Clue, float, int]] = {}

    def handle(self, message: Message) -> Answer | None:
        """The answer to a request; None for an event.

        :raise ValueError: a number that can't be. Nothing has changed then, as after any other error.
        """
        for key in ("now", "asked", "slot", "team", "vol"):
            if key in message:
                _check_number(key, message[key], is_whole=key not in ("now", "asked"))
        if "ev" in message:
            handler: Callable[[Message], None] | None = getattr(self, f"_on_{message['ev']}", None)
            if handler:
                handler(message)
            return None
        answers = {"dispatch": self._dispatch, "wave": self._wave, "crew": self._crew}
        return answers[message["op"]](message)

    # ---- requests

    def _dispatch(self, message: Message) -> Answer:
        need = self._note_need(message["order"])
        choices = suggest_departments(self._situation, need, message.get("open", {}))
        return {"dept": int(choices[0].code) if choices else None}

    def _wave(self, message: Message) -> Answer:
        need, now = self._note_need(message["order"]), message["now"]
        without = self._asked_enough(need).union(message["exclude"])
        ranking = rank(self._situation, need, now, without=without)
        pending = [self._chance_of_pending(need.id, team) for team in message["pending"]]
        wave = choose_wave(self._situation.settings, need, ranking, pending, message["wave"], now)
        return {"teams": [suggestion.team for suggestion in wave]}

    def _crew(self, message: Message) -> Answer:
        need, now = self._note_need(message["order"]), message["now"]
        team = self._situation.city.teams[message["team"]]
        openings = list_openings(self._situation, need, team, now)
        slots = [opening.slot for opening in openings if opening.slot in message["slots"]] or message["slots"]
        crew = choose_crew(self._situation, need, team, slots[0], now)
        if crew is None:
            return {"slot": slots[0], "ask": None}
        self._serving[need.id] = (team.id, slots[0])
        return {"slot": slots[0], "ask": crew.ask, "reserve": crew.reserve}

    # ---- events

    def _on_ask_team(self, event: Message) -> None:
        need, team = self._needs[event["order"]], self._situation.city.teams[event["team"]]
        clue = self._situation.captain_clue(need, team, event["now"])
        chance = self._situation.captains.chance(clue)
        self._pending["team", need.id, team.id] = (clue, chance, 0)
        self._asked.setdefault(need.id, Counter())[team.id] += 1
        is_emergency = need.urgency is Urgency.EMERGENCY
        self._situation.ledger.note_team_asked(team.id, event["now"], is_emergency=is_emergency)

    def _on_team_answer(self, event: Message) -> None:
        self._learn(self._situation.captains, ("team", event["order"], event["team"]), event["yes"])

    def _on_mute_team(self, event: Message) -> None:
        self._situation.ledger.muted_teams.add(event["team"])

    def _on_mute_vol(self, event: Message) -> None:
        self._situation.ledger.muted_volunteers.add(event["vol"])

    def _on_hold(self, event: Message) -> None:
        self._serving[event["order"]] = (event["team"], event["slot"])
        self._situation.ledger.hold(event["team"], event["slot"])

    def _on_release(self, event: Message) -> None:
        self._situation.ledger.release(event["team"], event["slot"], event["vols"])

    def _on_ask_vol(self, event: Message) -> None:
        need, person = self._needs[event["order"]], self._situation.city.volunteers[event["vol"]]
        team, slot = self._serving[need.id]
        clue = self._situation.volunteer_clue(need, person, team, event["now"])
        self._pending["person", need.id, person.id] = (clue, 0.0, slot)
        is_emergency = need.urgency is Urgency.EMERGENCY
        self._situation.ledger.note_volunteer_asked(person.id, slot, event["now"], is_emergency=is_emergency)

    def _on_vol_answer(self, event: Message) -> None:
        slot = self._learn(self._situation.volunteers, ("person", event["order"], event["vol"]), event["yes"])
        if slot is not None:
            self._situation.ledger.note_volunteer_answered(event["vol"], slot)

    def _on_book(self, event: Message) -> None:
        self._situation.ledger.book(event["vol"], event["slot"])

    def _on_done(self, event: Message) -> None:
        self._situation.ledger.note_agreed(event["team"], event["vols"], event["now"])

    # ---- memory

    def _note_need(self, order: Message) -> Need:
        need = read_need(order)
        known = self._needs.get(need.id)
        if known and known.slots != need.slots:
            self._asked.pop(need.id, None)
        self._needs[need.id] = need
        return need

    def _asked_enough(self, need: Need) -> frozenset[int]:
        """Teams that were asked about this order as often as anybody is; an emergency may ask on."""
        if need.urgency is Urgency.EMERGENCY:
            return frozenset()
        asked = self._asked.get(need.id, Counter())
        return frozenset(team for team, times in asked.items() if times >= MOST_ASKS)

    def _chance_of_pending(self, order: int, team: int) -> float:
        pending = self._pending.get(("team", order, team))
        return pending[1] if pending else 0.0

    def _learn(self, model: Likelihood, key: tuple[str, int, int], yes: int) -> int | None:
        """Learn from an answer; the slot that was asked about, or None when nobody asked."""
        pending = self._pending.pop(key, None)
        if pending is None:
            return None
        model.learn(pending[0], bool(yes))
        return pending[2]


def _check_number(name: str, value: object, *, is_whole: bool = True) -> None:
    """:raise ValueError: it is no such number, or beyond all bounds."""
    if not isinstance(value, int if is_whole else (int, float)) or not abs(value) <= _MOST:
        raise ValueError(f"{name} is no number to count with")


def read_need(order: Message) -> Need:
    """An order as the caller writes it.

    :raise ValueError: nobody is needed, or a number can't be.
    """
    for name in ("n_lead", "n_help"):
        _check_number(name, order[name])
    for slot in order["slots"]:
        _check_number("a slot", slot)
    if min(order["n_lead"], order["n_help"]) < 0 or not order["n_lead"] + order["n_help"]:
        raise ValueError("an order needs at least one person")
    _check_number("created", order["created"], is_whole=False)
    return Need(
        id=order["id"],
        topic=str(order["topic"]),
        audience=str(order["aud"]),
        place=order["comm"],
        created_at=order["created"],
        slots=tuple(sorted(order["slots"])),
        leads=order["n_lead"],
        helpers=order["n_help"],
        urgency=Urgency(order["urg"]),
    )


def read_city(instance: Message, settings: MatchSettings) -> City:
    """A city as the caller writes it; a community or team without x and y is not on the map."""
    remits = {
        (str(row["topic"]), str(row["aud"])): Remit(str(row["lead"]), tuple(str(code) for code in row["resp"]))
        for row in instance["rules"]
    }
    return City(
        places=[Place(row["id"], str(row["town"]), _point(row)) for row in instance["city"]["communities"]],
        departments=[Department(str(row["id"]), row["claim_median_min"]) for row in instance["depts"]],
        remits=remits,
        teams=[_read_team(row) for row in instance["teams"]],
        volunteers=[_read_volunteer(row) for row in instance["volunteers"]],
        settings=settings,
    )


def _read_team(row: Message) -> Team:
    topics = frozenset(str(topic) for topic in row["topics"])
    return Team(row["id"], str(row["dept"]), topics, row["cap_slot"], row["cap_week"], _point(row))


def _read_volunteer(row: Message) -> Volunteer:
    return Volunteer(
        id=row["id"],
        team=row["team"],
        availability=row["avail"],
        week_limit=row["max_week"],
        skills=row["skills"],
        reach_km=row["max_km"],
        point=_point(row),
    )


def _point(row: Message) -> Point | None:
    return Point(row["x"], row["y"]) if row.get("x") is not None and row.get("y") is not None else None
