import ast
import io
import json
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

import qtxvol.matching
from qtxvol.cli import main
from qtxvol.matching.server import serve

INSTANCE = {
    "city": {"communities": [{"id": 0, "town": 0, "x": 0.0, "y": 0.0}, {"id": 1, "town": 0}]},
    "depts": [{"id": 0, "claim_median_min": 30}, {"id": 1, "claim_median_min": 40}],
    "rules": [{"topic": 0, "aud": 0, "lead": 0, "resp": [1]}],
    "teams": [{"id": 0, "dept": 0, "topics": [0], "size": 4, "cap_slot": 1, "cap_week": 3, "x": 1.0, "y": 0.0}],
    "volunteers": [
        {
            "id": k,
            "team": 0,
            "avail": (1 << 21) - 1,
            "skills": {"0": 2},
            "max_km": 10,
            "max_week": 2,
            "x": 1.0,
            "y": 0.0,
        }
        for k in range(4)
    ],
}
ORDER = {"id": 7, "topic": 0, "aud": 0, "comm": 0, "created": 400, "slots": [12, 9], "n_lead": 1, "n_help": 1, "urg": 0}
INIT = {"op": "init", "instance": INSTANCE}
WAVE = {"op": "wave", "order": ORDER, "now": 480, "wave": 0, "exclude": [], "pending": []}
CREW = {"op": "crew", "order": ORDER, "team": 0, "slots": [9, 12], "now": 500}


def say(*messages) -> list[dict]:
    out = io.StringIO()
    serve([each if isinstance(each, str) else json.dumps(each) for each in messages], out)
    return [json.loads(line) for line in out.getvalue().splitlines()]


def test_a_whole_order_from_dispatch_to_done():
    ready, sent, wave, crew, full = say(
        INIT,
        {"op": "dispatch", "order": ORDER, "now": 400, "open": {"0": 90}},
        WAVE,
        {"ev": "ask_team", "order": 7, "team": 0, "now": 480},
        {"ev": "team_answer", "order": 7, "team": 0, "asked": 480, "yes": 1},
        CREW,
        {"ev": "hold", "order": 7, "team": 0, "slot": 9},
        {"ev": "ask_vol", "order": 7, "vol": 0, "now": 500},
        {"ev": "vol_answer", "order": 7, "vol": 0, "asked": 500, "yes": 1},
        {"ev": "book", "order": 7, "vol": 0, "slot": 9},
        {"ev": "book", "order": 7, "vol": 1, "slot": 9},
        {"ev": "done", "order": 7, "team": 0, "now": 520, "vols": [0, 1]},
        {"op": "crew", "order": ORDER | {"id": 8, "slots": [9]}, "team": 0, "slots": [9], "now": 530},
    )
    assert ready == {"ok": True}
    assert sent == {"dept": 1}
    assert wave == {"teams": [0]}
    assert crew["slot"] == 9
    assert sorted(crew["ask"] + crew["reserve"]) == [0, 1, 2, 3]
    assert sorted(full["ask"] + full["reserve"]) == [2, 3]


def test_a_release_gives_everything_back():
    first, again = say(
        INIT,
        CREW,
        {"ev": "hold", "order": 7, "team": 0, "slot": 9},
        {"ev": "book", "order": 7, "vol": 0, "slot": 9},
        {"ev": "release", "order": 7, "team": 0, "slot": 9, "vols": [0]},
        CREW,
    )[1:]
    assert first == again


def test_a_muted_team_is_left_alone_and_so_is_a_muted_person():
    assert say(INIT, {"ev": "mute_team", "team": 0}, WAVE)[1] == {"teams": []}
    crew = say(INIT, {"ev": "mute_vol", "vol": 2}, CREW)[1]
    assert 2 not in crew["ask"] + crew["reserve"]


ASKED = {"ev": "ask_team", "order": 7, "team": 0, "now": 480}


def test_nobody_is_asked_a_third_time_about_the_same_times():
    assert say(INIT, WAVE, ASKED, WAVE)[1:] == [{"teams": [0]}] * 2
    assert say(INIT, WAVE, ASKED, ASKED, WAVE)[2] == {"teams": []}


def test_other_times_and_emergencies_may_be_asked_about_again():
    later = WAVE | {"order": ORDER | {"slots": [15]}}
    assert say(INIT, WAVE, ASKED, ASKED, later)[2] == {"teams": [0]}
    emergency = WAVE | {"order": ORDER | {"urg": 2}}
    assert say(INIT, emergency, ASKED, ASKED, emergency)[2] == {"teams": [0]}


def test_same_messages_same_answers():
    assert say(INIT, WAVE, CREW) == say(INIT, WAVE, CREW)


def test_a_place_off_the_map_is_served_all_the_same():
    assert say(INIT, WAVE | {"order": ORDER | {"comm": 1}})[1] == {"teams": [0]}


@pytest.mark.parametrize(
    "line",
    [
        "nonsense",
        "[]",
        "{}",
        '{"op":"dance"}',
        "[" * 100_000,
        '{"op":' * 100_000,
        '{"ev":"book","vol":0}',
        '{"ev":"hold","team":0,"slot":9}',
        '{"ev":"hold","team":0,"slot":"x","order":7}',
        '{"ev":"ask_team","order":7,"team":0,"now":1e12}',
        '{"ev":"ask_team","order":7,"team":0,"now":NaN}',
        '{"ev":"ask_team","order":7,"team":0,"now":1e999}',
        json.dumps(WAVE | {"order": {"id": 1}}),
        json.dumps(WAVE | {"order": ORDER | {"n_lead": 0, "n_help": 0}}),
        json.dumps(WAVE | {"order": ORDER | {"n_lead": -1}}),
        json.dumps(WAVE | {"order": ORDER | {"slots": [10**500]}}),
        json.dumps(WAVE | {"order": ORDER | {"created": "today"}}),
        json.dumps(WAVE | {"now": 10**400}),
    ],
    ids=lambda line: line[:60],
)
def test_a_line_nobody_understands_is_answered_and_changes_nothing(line: str):
    answers = say(INIT, WAVE, line, line, line, WAVE, CREW)
    assert [set(answer) for answer in answers[2:5]] == [{"error"}] * 3
    assert answers[5] == {"teams": [0]}
    assert answers[6] == say(INIT, WAVE, CREW)[2]


def test_before_the_city_is_known_nothing_can_be_asked():
    assert say(WAVE) == [{"error": "init first"}]


def test_an_event_nobody_knows_is_passed_over():
    assert say(INIT, {"ev": "sunrise"}, WAVE)[1:] == [{"teams": [0]}]


def test_the_command_speaks_on_standard_input_and_output():
    result = CliRunner().invoke(main, ["match-server"], input=json.dumps(INIT) + "\n" + json.dumps(WAVE) + "\n")
    assert result.exit_code == 0
    assert [json.loads(line) for line in result.output.splitlines()] == [{"ok": True}, {"teams": [0]}]


def test_a_broken_byte_spoils_its_line_alone():
    lines = [json.dumps(INIT).encode(), b'{"op":"\xff"}', json.dumps(WAVE).encode()]
    result = CliRunner().invoke(main, ["match-server"], input=b"\n".join(lines))
    assert result.exit_code == 0
    ready, broken, wave = [json.loads(line) for line in result.output.splitlines()]
    assert (ready, set(broken), wave) == ({"ok": True}, {"error"}, {"teams": [0]})


def test_the_core_imports_itself_and_the_standard_library_only():
    impure = {
        "asyncio",
        "http",
        "io",
        "logging",
        "os",
        "pathlib",
        "socket",
        "sqlite3",
        "subprocess",
        "threading",
        "time",
    }
    for file in sorted(Path(qtxvol.matching.__file__).parent.glob("*.py")):
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            modules = [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            modules += [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            for module in modules:
                top = module.partition(".")[0]
                assert module.startswith("qtxvol.matching.") or (
                    top in sys.stdlib_module_names and top not in impure
                ), f"{file.name} imports {module}"
