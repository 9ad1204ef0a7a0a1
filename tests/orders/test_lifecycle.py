"""The rules of the flow against a table written by hand from DESIGN.md §3: a slip in either shows here."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import product

import pytest

from qtxvol.orders.lifecycle import (
    ENDED,
    FINAL,
    OPEN,
    PARTY_LABELS,
    RULES,
    STATUS_LABELS,
    WAITS,
    Action,
    OrderFacts,
    Party,
    Status,
    find_refusal,
    find_undo,
    get_rule,
    list_rules_of,
)

NOW = datetime(2026, 11, 24, 2, 0, tzinfo=UTC)
SECOND = timedelta(seconds=1)
STAYS = "stays"

#: action: (parties, statuses it starts from, status it leads to), as the page says it
BY_HAND = {
    "place": ("resident community department", "", "placed"),
    "ask": ("community department team", "placed dispatched claimed accepted", STAYS),
    "answer": ("resident community system", "placed dispatched claimed accepted", STAYS),
    "dispatch": ("community", "placed", "dispatched"),
    "reject": ("community", "placed", "rejected"),
    "merge": ("community", "placed", "merged"),
    "return": ("department", "dispatched", "placed"),
    "rule": ("office", "placed dispatched", "dispatched"),
    "claim": ("department", "dispatched", "claimed"),
    "release": ("department", "claimed", "placed"),
    "offer": ("department system", "claimed", STAYS),
    "accept": ("team", "claimed", "accepted"),
    "withdraw": ("team", "accepted", "claimed"),
    "reschedule": ("team", "accepted", STAYS),
    "no_show": ("resident community", "accepted", "claimed"),
    "close": ("team", "accepted", "closed"),
    "reopen": ("community office", "closed", "claimed"),
    "cancel": ("resident community", "placed dispatched claimed accepted", "cancelled"),
    "give_up": ("office", "placed dispatched claimed accepted", "unmet"),
    "rate": ("resident community", "closed", STAYS),
    "recall": ("community", "dispatched", "placed"),
    "unclaim": ("department", "claimed", "dispatched"),
    "restore": ("community", "rejected", "placed"),
    "split": ("community", "merged", "placed"),
    "crew": ("team", "accepted", STAYS),
    "reroute": ("system", "dispatched", "dispatched"),
    "turn_back": ("community office", "dispatched", "dispatched"),
    "lapse": ("system", "accepted", "claimed"),
    "reinstate": ("department office", "claimed", "accepted"),
    "end_unreachable": ("community", "placed dispatched claimed accepted", "unreachable"),
    "resume": ("community", "unreachable", "placed"),
    "push": ("department", "placed", "claimed"),
    "hold": ("team", "claimed", STAYS),
    "let_go": ("team department system", "claimed", STAYS),
    "join": ("resident", "placed dispatched claimed", "merged"),
}

#: action: what it must carry
CARRIED = {
    "place": {"audience", "headcount", "division_code", "venue", "wished_times", "consent"},
    "ask": {"text"},
    "answer": {"text"},
    "dispatch": {"department_id"},
    "reject": {"reason", "text"},
    "merge": {"into_number"},
    "return": {"reason"},
    "rule": {"department_id", "text"},
    "claim": set(),
    "release": {"reason"},
    "offer": {"team_ids"},
    "accept": {"agreed_start", "agreed_end", "volunteer_ids"},
    "withdraw": {"reason"},
    "reschedule": {"agreed_start", "agreed_end"},
    "no_show": {"text"},
    "close": {"actual_start", "actual_end", "attendance", "report", "minutes"},
    "reopen": {"text"},
    "cancel": {"reason"},
    "give_up": {"text"},
    "rate": {"stars", "took_place"},
    "recall": set(),
    "unclaim": set(),
    "restore": set(),
    "split": set(),
    "crew": {"volunteer_ids"},
    "reroute": {"department_id", "reason"},
    "turn_back": set(),
    "lapse": {"reason"},
    "reinstate": set(),
    "end_unreachable": set(),
    "resume": set(),
    "push": {"department_id"},
    "hold": {"agreed_start", "agreed_end"},
    "let_go": {"reason"},
    "join": {"into_number"},
}

#: action: what the page calls it in Chinese
WORDS = {
    "place": "点单",
    "ask": "询问",
    "answer": "补充",
    "dispatch": "派单",
    "reject": "不予受理",
    "merge": "并单",
    "return": "退单",
    "rule": "裁定",
    "claim": "领单",
    "release": "退领",
    "offer": "推单",
    "accept": "接单",
    "withdraw": "撤回接单",
    "reschedule": "改期",
    "no_show": "未到场",
    "close": "办结",
    "reopen": "重办",
    "cancel": "撤单",
    "give_up": "未能满足",
    "rate": "评单",
    "recall": "收回派单",
    "unclaim": "撤销领单",
    "restore": "恢复受理",
    "split": "撤销并单",
    "crew": "换人",
    "reroute": "转派",
    "turn_back": "撤销转派",
    "lapse": "逾约收回",
    "reinstate": "恢复接单",
    "end_unreachable": "联系不上",
    "resume": "重新受理",
    "push": "送单",
    "hold": "应单",
    "let_go": "放手",
    "join": "并场",
}

#: action: what it takes back
UNDOES = {
    "recall": "dispatch",
    "unclaim": "claim",
    "restore": "reject",
    "split": "merge",
    "turn_back": "reroute",
    "reinstate": "lapse",
    "resume": "end_unreachable",
}

#: undos of what nobody did: a person takes back what the system decided
UNDOES_THE_SYSTEM = {"turn_back": {"community", "office"}, "reinstate": {"department", "office"}}

#: action: who reads of an undo; the one that did it is not told
UNDO_TELLS = {
    "recall": {"department", "resident"},
    "unclaim": {"community", "resident", "team"},
    "restore": {"resident"},
    "split": {"resident"},
    "turn_back": {"community", "department", "resident"},
    "reinstate": {"resident", "community", "department", "team", "volunteer"},
    "resume": {"resident"},
}

OPEN_BY_HAND = {"placed", "dispatched", "claimed", "accepted"}
NEEDS_STARTED = {"close", "no_show"}
#: undone only as long as nothing else was done
LAST_MUST_BE = {"unclaim", "turn_back", "reinstate"}


def facts(status: str = "accepted", **changes: object) -> OrderFacts:
    """An order on which no guard looks askance unless `changes` make it."""
    given = OrderFacts(
        status=Status(status),
        now=NOW,
        due_at=NOW - SECOND,
        returns_count=2,
        agreed_start=NOW + timedelta(hours=1),
        agreed_end=NOW + timedelta(hours=2),
        closed_at=NOW - timedelta(days=1),
        status_since=NOW - timedelta(minutes=5),
        last_action=Action.CLAIM,
        can_leave_joined=True,
        has_tried_enough=True,
        is_push=True,
    )
    return replace(given, **changes)


def welcoming_facts(action: str, status: str) -> OrderFacts:
    """Facts to which no guard of `action` objects."""
    last = Action(UNDOES[action]) if action in LAST_MUST_BE else Action.CLAIM
    given = facts(status, clock_stopped_at=NOW if action == "answer" else None, last_action=last)
    if action == "let_go":
        given = replace(given, held_team_id=7)
    return replace(given, agreed_start=NOW - timedelta(hours=1)) if action in NEEDS_STARTED else given


def test_the_matrix_covers_ten_statuses_thirty_five_actions_and_seven_parties():
    assert (len(Status), len(Action), len(Party)) == (10, 35, 7)
    assert set(BY_HAND) == set(CARRIED) == set(WORDS) == {str(action) for action in Action}


@pytest.mark.parametrize("action", BY_HAND)
def test_every_cell_of_the_matrix_answers_as_the_page_says(action: str):
    parties, starts, _ = (column.split() for column in BY_HAND[action])
    for status, party in product(Status, Party):
        refusal = find_refusal(get_rule(Action(action)), party, welcoming_facts(action, status))
        expected = "wrong_party" if party not in parties else "wrong_status" if status not in starts else None
        assert refusal == expected, f"{party} {action} from {status}"


@pytest.mark.parametrize("action", BY_HAND)
def test_every_action_leads_where_the_page_says(action: str):
    rule = get_rule(Action(action))
    leads_to = BY_HAND[action][2]
    assert rule.to == (None if leads_to == STAYS else leads_to)
    assert rule.stays == (leads_to == STAYS)


@pytest.mark.parametrize("action", BY_HAND)
def test_every_action_carries_what_the_page_says(action: str):
    assert set(get_rule(Action(action)).carries) == CARRIED[action]


def test_buttons_are_the_same_cells_as_the_matrix():
    for status, party in product(Status, Party):
        shown = {str(rule.action) for rule in list_rules_of(party) if status in rule.when}
        expected = {
            action
            for action, (parties, starts, _) in BY_HAND.items()
            if party in parties.split() and status in starts.split()
        }
        assert shown == expected, f"{party} at {status}"


def test_each_action_has_exactly_one_row():
    assert sorted(rule.action for rule in RULES) == sorted(Action)


def test_open_ended_and_final_are_what_the_page_calls_so():
    assert OPEN == OPEN_BY_HAND
    assert {"rejected", "merged", "cancelled", "unmet", "unreachable"} == ENDED
    assert {"cancelled", "unmet"} == FINAL
    assert not OPEN & ENDED


def test_every_status_can_be_reached_from_nothing():
    reached: set[str] = set()
    grown = {"placed"}
    while grown - reached:
        reached |= grown
        grown = {rule.to or status for status in reached for rule in RULES if status in rule.when}
    assert reached == set(Status)


def test_no_open_status_is_a_dead_end():
    """From each of them a chain of steps still leads to a service that was held."""
    ways = {status: {rule.to for rule in RULES if status in rule.when and rule.to} for status in Status}
    for status in OPEN:
        seen, todo = set(), [status]
        while todo:
            here = todo.pop()
            if here not in seen:
                seen.add(here)
                todo.extend(ways[here])
        assert Status.CLOSED in seen, status


def test_nothing_leads_out_of_a_final_status():
    assert [rule.action for rule in RULES if rule.when & FINAL] == []


def test_every_open_status_has_an_owner_with_a_clock_and_a_way_out():
    assert {str(s): (str(w.owner), w.step) for s, w in WAITS.items()} == {
        "placed": ("community", "dispatch"),
        "dispatched": ("department", "claim"),
        "claimed": ("team", "accept"),
        "accepted": ("team", "close"),
    }
    for status, wait in WAITS.items():
        rules = [rule for rule in list_rules_of(wait.owner) if status in rule.when]
        ways_out = {rule.action for rule in rules if rule.to not in (None, status)}
        assert wait.step in ways_out


@pytest.mark.parametrize("moment", ["before", "at", "after"])
@pytest.mark.parametrize(
    ("action", "party"),
    [
        ("withdraw", "team"),
        ("reschedule", "team"),
        ("crew", "team"),
        ("cancel", "resident"),
        ("cancel", "community"),
        ("end_unreachable", "community"),
    ],
)
def test_ways_out_of_an_agreed_time_end_with_its_first_second(action: str, party: str, moment: str):
    start = NOW + {"before": SECOND, "at": timedelta(0), "after": -SECOND}[moment]
    refusal = find_refusal(get_rule(Action(action)), Party(party), facts(agreed_start=start))
    assert refusal == (None if moment == "before" else "has_started")


@pytest.mark.parametrize("moment", ["before", "at", "after"])
@pytest.mark.parametrize(("action", "party"), [("close", "team"), ("no_show", "resident"), ("no_show", "community")])
def test_a_service_is_held_or_missed_from_its_first_second_on(action: str, party: str, moment: str):
    start = NOW + {"before": SECOND, "at": timedelta(0), "after": -SECOND}[moment]
    refusal = find_refusal(get_rule(Action(action)), Party(party), facts(agreed_start=start))
    assert refusal == ("not_started" if moment == "before" else None)


def test_every_second_of_an_accepted_order_has_a_way_on_for_its_team():
    team_ways = [Action.WITHDRAW, Action.CLOSE]
    for shift in (-SECOND, timedelta(0), SECOND):
        given = facts(agreed_start=NOW + shift)
        assert sum(find_refusal(get_rule(a), Party.TEAM, given) is None for a in team_ways) == 1


def test_an_order_without_an_agreed_time_may_be_cancelled():
    assert find_refusal(get_rule(Action.CANCEL), Party.RESIDENT, facts("placed", agreed_start=None)) is None


@pytest.mark.parametrize("party", ["community", "office"])
def test_a_dispute_reopens_for_fifteen_days_to_the_second(party: str):
    reopen = get_rule(Action.REOPEN)
    last = NOW - timedelta(days=15)
    assert find_refusal(reopen, Party(party), facts("closed", closed_at=last)) is None
    assert find_refusal(reopen, Party(party), facts("closed", closed_at=last - SECOND)) == "too_late"
    assert find_refusal(reopen, Party(party), facts("closed", closed_at=None)) == "too_late"


@pytest.mark.parametrize("status", ["placed", "dispatched"])
@pytest.mark.parametrize(
    ("changes", "refusal"),
    [
        ({"returns_count": 1, "due_at": NOW + SECOND}, "needs_no_ruling"),
        ({"returns_count": 2, "due_at": NOW + SECOND}, None),
        ({"returns_count": 3, "due_at": NOW + SECOND}, None),
        ({"returns_count": 0, "due_at": NOW}, "needs_no_ruling"),
        ({"returns_count": 0, "due_at": NOW - SECOND}, None),
        ({"returns_count": 0, "due_at": None}, "needs_no_ruling"),
        # a question stops the clock, and does not undo a delay
        ({"returns_count": 0, "due_at": NOW - SECOND, "clock_stopped_at": NOW - 2 * SECOND}, "needs_no_ruling"),
        ({"returns_count": 0, "due_at": NOW - 2 * SECOND, "clock_stopped_at": NOW - SECOND}, None),
        ({"returns_count": 2, "due_at": NOW - SECOND, "clock_stopped_at": NOW - 2 * SECOND}, None),
    ],
)
def test_the_office_rules_after_two_returns_or_when_overdue(status: str, changes: dict, refusal: str | None):
    assert find_refusal(get_rule(Action.RULE), Party.OFFICE, facts(status, **changes)) == refusal


def test_an_undo_takes_one_step_back_and_asks_for_nothing():
    assert {str(r.action): str(r.undoes) for r in RULES if r.undoes} == UNDOES
    for action, undone in UNDOES.items():
        rule, back = get_rule(Action(undone)), get_rule(Action(action))
        assert find_undo(rule.action) is back
        assert back.by == UNDOES_THE_SYSTEM.get(action, rule.by), action
        assert (rule.by == {"system"}) == (action in UNDOES_THE_SYSTEM), action
        assert back.when == {rule.to}, action
        assert back.to in rule.when, action
        assert back.carries == (), action
        assert set(back.tells) == UNDO_TELLS[action], action
    assert find_undo(Action.CLOSE) is None


def test_an_undo_leads_back_to_where_the_order_was_except_where_it_may_have_been_anywhere_open():
    for action, undone in UNDOES.items():
        rule, back = get_rule(Action(undone)), get_rule(Action(action))
        assert rule.when == (OPEN if action == "resume" else {back.to}), action


@pytest.mark.parametrize(
    ("undo", "party", "status", "code"),
    [
        ("unclaim", "department", "claimed", "claim_used"),
        ("turn_back", "community", "dispatched", "reroute_used"),
        ("turn_back", "office", "dispatched", "reroute_used"),
        ("reinstate", "department", "claimed", "lapse_used"),
        ("reinstate", "office", "claimed", "lapse_used"),
    ],
)
def test_what_was_built_on_is_not_taken_back(undo: str, party: str, status: str, code: str):
    for last in Action:
        refusal = find_refusal(get_rule(Action(undo)), Party(party), facts(status, last_action=last))
        assert refusal == (None if last == UNDOES[undo] else code), last


def test_the_system_moves_on_no_ruling_of_the_office():
    reroute = get_rule(Action.REROUTE)
    assert find_refusal(reroute, Party.SYSTEM, facts("dispatched")) is None
    assert find_refusal(reroute, Party.SYSTEM, facts("dispatched", is_ruled=True)) == "is_ruled"


def test_what_the_system_does_by_itself_can_be_taken_back_by_a_person_or_changes_no_status():
    own = [rule for rule in RULES if rule.by == {Party.SYSTEM}]
    assert {str(rule.action) for rule in own} == {"reroute", "lapse"}
    for rule in own:
        assert (back := find_undo(rule.action)) is not None
        assert Party.SYSTEM not in back.by
    assert all(rule.stays for rule in RULES if Party.SYSTEM in rule.by and rule not in own)


def test_nobody_is_unreachable_before_enough_attempts_nor_after_the_start():
    end = get_rule(Action.END_UNREACHABLE)
    for status in OPEN:
        assert find_refusal(end, Party.COMMUNITY, facts(status, has_tried_enough=False)) == "tried_too_little"
        assert find_refusal(end, Party.COMMUNITY, facts(status, agreed_start=NOW)) == "has_started"
    assert find_refusal(end, Party.COMMUNITY, facts("placed", agreed_start=None)) is None


def test_only_what_a_department_placed_in_an_emergency_is_pushed():
    push = get_rule(Action.PUSH)
    assert find_refusal(push, Party.DEPARTMENT, facts("placed")) is None
    assert find_refusal(push, Party.DEPARTMENT, facts("placed", is_push=False)) == "no_push"


def test_a_ruling_cannot_be_recalled():
    recall = get_rule(Action.RECALL)
    assert find_refusal(recall, Party.COMMUNITY, facts("dispatched")) is None
    assert find_refusal(recall, Party.COMMUNITY, facts("dispatched", is_ruled=True)) == "is_ruled"


@pytest.mark.parametrize(
    ("action", "party", "status", "span", "code"),
    [
        ("unclaim", "department", "claimed", timedelta(minutes=30), "claim_settled"),
        ("restore", "community", "rejected", timedelta(days=15), "rejection_settled"),
    ],
)
def test_an_undo_has_its_time_to_the_second(action: str, party: str, status: str, span: timedelta, code: str):
    undo = get_rule(Action(action))
    last = NOW - span
    assert find_refusal(undo, Party(party), facts(status, status_since=last)) is None
    assert find_refusal(undo, Party(party), facts(status, status_since=last - SECOND)) == code
    assert find_refusal(undo, Party(party), facts(status, status_since=None)) == code


def test_a_merging_is_undone_only_while_the_joined_order_waits_to_be_served():
    split = get_rule(Action.SPLIT)
    assert find_refusal(split, Party.COMMUNITY, facts("merged")) is None
    assert find_refusal(split, Party.COMMUNITY, facts("merged", can_leave_joined=False)) == "joined_ended"


def test_a_ruling_cannot_be_returned():
    turn_back = get_rule(Action.RETURN)
    assert find_refusal(turn_back, Party.DEPARTMENT, facts("dispatched")) is None
    assert find_refusal(turn_back, Party.DEPARTMENT, facts("dispatched", is_ruled=True)) == "is_ruled"


def test_one_question_at_a_time():
    asked, calm = facts("claimed", clock_stopped_at=NOW), facts("claimed")
    assert find_refusal(get_rule(Action.ASK), Party.TEAM, calm) is None
    assert find_refusal(get_rule(Action.ASK), Party.TEAM, asked) == "question_open"
    assert find_refusal(get_rule(Action.ANSWER), Party.RESIDENT, asked) is None
    assert find_refusal(get_rule(Action.ANSWER), Party.RESIDENT, calm) == "no_question"


def test_an_open_question_stops_no_other_step():
    for action, (parties, starts, _) in BY_HAND.items():
        for status in set(starts.split()):
            if action in ("ask", "answer") or status not in OPEN:
                continue
            given = replace(welcoming_facts(action, status), clock_stopped_at=NOW)
            assert find_refusal(get_rule(Action(action)), Party(parties.split()[0]), given) is None, action


def test_a_closing_is_rated_once():
    assert find_refusal(get_rule(Action.RATE), Party.RESIDENT, facts("closed")) is None
    assert find_refusal(get_rule(Action.RATE), Party.RESIDENT, facts("closed", is_rated=True)) == "is_rated"


@pytest.mark.parametrize(
    ("handed_to", "asking", "refusal"),
    [(None, 7, None), (7, 7, None), (8, 7, "handed_elsewhere"), (8, None, "handed_elsewhere")],
)
def test_an_order_handed_to_one_team_waits_for_it(handed_to: int | None, asking: int | None, refusal: str | None):
    given = facts("claimed", handed_team_id=handed_to, asking_team_id=asking)
    assert find_refusal(get_rule(Action.ACCEPT), Party.TEAM, given) == refusal


def test_who_may_not_is_told_so_before_what_is_not_possible():
    given = facts("closed", handed_team_id=8)
    assert find_refusal(get_rule(Action.ACCEPT), Party.OFFICE, given) == "wrong_party"
    assert find_refusal(get_rule(Action.ACCEPT), Party.TEAM, given) == "wrong_status"


@pytest.mark.parametrize("action", WORDS)
def test_actions_are_called_as_on_the_page(action: str):
    label = get_rule(Action(action)).label
    assert label.zh == WORDS[action]
    assert label.en.strip()
    assert label.en.isascii()


@pytest.mark.parametrize("labels", [PARTY_LABELS, STATUS_LABELS, {rule.action: rule.label for rule in RULES}])
def test_labels_are_filled_and_tell_things_apart(labels: dict):
    kind = type(next(iter(labels)))
    assert set(labels) == set(kind)
    for language in ("zh", "en"):
        words = [getattr(label, language).strip() for label in labels.values()]
        assert all(words)
        assert len(set(words)) == len(words)
    assert all(label.zh != label.en for label in labels.values())
