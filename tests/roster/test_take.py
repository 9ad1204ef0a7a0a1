"""Taking a list in: first a look that writes nothing, then everybody or those without problems, and nobody twice."""

import threading
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select, text

from qtxvol.accounts.actor import Actor
from qtxvol.extensions import db
from qtxvol.orders.lifecycle import Party
from qtxvol.refusals import NotFound, Refused
from qtxvol.roster.models import RosterRun
from qtxvol.roster.queries import find_same_file, get_roster, list_rosters
from qtxvol.roster.staging import open_staging, staging_file, staging_folder
from qtxvol.roster.take import (
    KEPT_FOR,
    cancel_roster,
    clear_roster,
    find_team_id,
    read_roster,
    sweep_rosters,
    take_roster,
)
from qtxvol.storage import transaction
from qtxvol.volunteers.models import Volunteer, VolunteerEvent
from qtxvol.volunteers.register import VolunteerCard, register_volunteer
from tests.factories import NOW, make_actor
from tests.roster.conftest import TEAM
from tests.roster.lists import HEADINGS, identity, person, phone, write_csv, wrong_digit

GOOD = [person(1), person(2, 所属服务队=TEAM), person(3, 身份证号码="")]
BAD = [person(4, 姓名=""), person(5, 身份证号码=wrong_digit(identity(5))), person(1, 姓名="李四四", 手机="19900009999")]


def read(office: Actor, folder: Path, lines: Sequence[Sequence[Any]], **more: Any) -> int:
    file = write_csv(folder / "名单.csv", [HEADINGS, *lines])
    return read_roster(office, file, file.name, NOW, **more)


def numbers(run_id: int) -> tuple[int, int, int, int, int]:
    run = get_roster(run_id)
    return run.rows, run.fresh, run.unchanged, run.differing, run.refused


def people() -> dict[str, Volunteer]:
    return {each.name: each for each in db.session.scalars(select(Volunteer))}


def count(model: Any) -> int:
    return db.session.scalar(select(func.count()).select_from(model)) or 0


def outcomes(run_id: int) -> list[str]:
    with open_staging(get_roster(run_id).key) as staging:
        return [line.outcome for line in staging.page(1).rows]


def test_a_list_is_read_then_taken_and_taken_again_changes_nothing(office: Actor, tmp_path: Path) -> None:
    run_id = read(office, tmp_path, GOOD + BAD)
    assert numbers(run_id) == (6, 3, 0, 0, 3)
    assert get_roster(run_id).problems == {"name_missing": 1, "id_digit": 1, "twice": 1}
    assert (count(Volunteer), count(VolunteerEvent)) == (0, 0)  # a look writes nothing about anybody

    with pytest.raises(Refused) as caught:
        take_roster(office, run_id, "all", NOW)
    assert (caught.value.status, count(Volunteer), get_roster(run_id).state) == (409, 0, "read")

    assert take_roster(office, run_id, "valid", NOW) == 3
    found = people()
    one, two, three = (found[line[0]] for line in GOOD)
    assert [each.number for each in (one, two, three)] == ["V0000001", "V0000002", "V0000003"]
    assert {(each.status, each.registered_by, each.consent_version, each.verified_at) for each in found.values()} == {
        ("applied", "import", "", None)
    }
    assert (one.id_number, one.phone, one.division_code) == (identity(1), phone(1), "640381100000")
    assert one.skills == ["first_aid", "speaker"]
    assert two.team_id == find_team_id(TEAM)
    assert (three.id_number_digest, three.id_kind) == (None, None)
    events = db.session.execute(select(VolunteerEvent.volunteer_id, VolunteerEvent.action, VolunteerEvent.party)).all()
    assert sorted(events) == sorted((each.id, "register", "office") for each in found.values())

    assert take_roster(office, run_id, "valid", NOW) == 3  # a double click
    again = read(office, tmp_path, GOOD + BAD)
    assert numbers(again) == (6, 0, 3, 0, 3)
    same = find_same_file(get_roster(again))
    assert same is not None
    assert same.id == run_id
    assert take_roster(office, again, "valid", NOW) == 0
    assert (count(Volunteer), count(VolunteerEvent)) == (3, 3)
    assert [row.RosterRun.taken for row in list_rosters().rows] == [0, 3]


def test_who_is_registered_otherwise_is_left_alone_and_told(office: Actor, tmp_path: Path) -> None:
    take_roster(office, read(office, tmp_path, [*GOOD, person(7)]), "all", NOW)
    before = {each.id: (each.name, each.phone_digest, each.employer, each.status) for each in people().values()}
    with transaction():
        db.session.scalars(select(Volunteer).where(Volunteer.name == GOOD[2][0])).one().status = "left"
    changed = [
        person(1, 工作单位="另一所小学"),  # other employer
        person(2, 手机="19900008888", 所属服务队=TEAM),  # other phone
        person(3, 身份证号码=""),  # has left
        person(4, 身份证号码=identity(7)),  # somebody else's document
        person(2, 身份证号码=identity(77)),  # the same name and phone, another document
        person(9),
    ]
    run_id = read(office, tmp_path, changed)
    assert outcomes(run_id) == ["differs", "differs", "differs", "refused", "refused", "fresh"]
    assert get_roster(run_id).problems == {"differs": 3, "other_name": 1, "other_id": 1}
    assert take_roster(office, run_id, "valid", NOW) == 1
    after = {each.id: (each.name, each.phone_digest, each.employer, each.status) for each in people().values()}
    assert {key: value[:3] for key, value in after.items() if key in before} == {
        key: value[:3] for key, value in before.items()
    }


def test_somebody_who_registered_in_between_is_not_registered_again(office: Actor, tmp_path: Path) -> None:
    run_id = read(office, tmp_path, GOOD[:2])
    card = VolunteerCard(name=GOOD[0][0], phone=phone(1), id_kind="resident_id", id_number=identity(1))
    register_volunteer(card, actor=office, registered_by="office", now=NOW)
    with pytest.raises(Refused):  # the office's card says less than the list: nothing is overwritten
        take_roster(office, run_id, "all", NOW)
    assert take_roster(office, run_id, "valid", NOW) == 1
    assert numbers(run_id) == (2, 1, 0, 1, 0)
    assert count(Volunteer) == 2


def test_two_lists_at_the_same_moment_register_nobody_twice(app: Flask, office: Actor, tmp_path: Path) -> None:
    lines = [person(serial) for serial in range(40)] + [person(50, 身份证号码="")]
    runs = [read(office, tmp_path, lines) for _ in range(2)]
    db.session.rollback()
    start, taken = threading.Barrier(2), []

    def take(run_id: int) -> None:
        with app.app_context():
            start.wait(30)
            taken.append(take_roster(office, run_id, "valid", NOW))

    threads = [threading.Thread(target=take, args=(run_id,)) for run_id in runs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert sorted(taken) == [0, 41]
    assert (count(Volunteer), count(VolunteerEvent)) == (41, 41)


# What is kept in between


def test_what_was_read_is_for_the_service_alone_and_sealed(office_sqlite: Actor, tmp_path: Path) -> None:
    run_id = read(office_sqlite, tmp_path, GOOD + BAD)
    file = staging_file(get_roster(run_id).key)
    assert (file.stat().st_mode & 0o777, staging_folder().stat().st_mode & 0o777) == (0o600, 0o700)
    take_roster(office_sqlite, run_id, "valid", NOW)
    database = Path(str(db.engine.url.database))
    for raw in (file.read_bytes(), database.read_bytes(), Path(f"{database}-wal").read_bytes()):
        for line in GOOD + BAD:
            assert line[1].encode() not in raw
            assert not line[2] or line[2].encode() not in raw


def test_a_list_that_was_cancelled_is_gone(office_sqlite: Actor, tmp_path: Path) -> None:
    run_id = read(office_sqlite, tmp_path, GOOD)
    with pytest.raises(Refused):  # nobody has decided yet
        clear_roster(office_sqlite, run_id, NOW)
    cancel_roster(office_sqlite, run_id, NOW)
    cancel_roster(office_sqlite, run_id, NOW)
    assert not staging_file(get_roster(run_id).key).exists()
    with pytest.raises(Refused) as caught:
        take_roster(office_sqlite, run_id, "valid", NOW)
    assert caught.value.status == 409
    assert count(Volunteer) == 0


def test_the_answer_of_a_taken_list_stays_until_it_is_cleared(office_sqlite: Actor, tmp_path: Path) -> None:
    run_id = read(office_sqlite, tmp_path, GOOD)
    take_roster(office_sqlite, run_id, "all", NOW)
    with pytest.raises(Refused):
        cancel_roster(office_sqlite, run_id, NOW)
    assert staging_file(get_roster(run_id).key).exists()
    clear_roster(office_sqlite, run_id, NOW)
    assert not staging_file(get_roster(run_id).key).exists()
    assert get_roster(run_id).state == "taken"


def test_after_a_week_everything_that_was_read_is_thrown_away(office_sqlite: Actor, tmp_path: Path) -> None:
    waiting, taken = (read(office_sqlite, tmp_path, GOOD) for _ in range(2))
    take_roster(office_sqlite, taken, "all", NOW)
    stray = staging_folder() / "stray.sqlite3"
    stray.write_bytes(b"")
    assert sweep_rosters(NOW + KEPT_FOR) == 0
    assert sweep_rosters(NOW + KEPT_FOR + timedelta(seconds=1)) == 2
    assert sweep_rosters(NOW + KEPT_FOR + timedelta(days=900)) == 0  # the stray file's own time is this machine's
    assert list(staging_folder().iterdir()) == []
    assert [get_roster(run_id).state for run_id in (waiting, taken)] == ["cancelled", "taken"]


def test_a_file_that_can_not_be_read_leaves_nothing_behind(office_sqlite: Actor, tmp_path: Path) -> None:
    for lines in ([], [person(1)[:1]], [["x"]]):
        file = write_csv(tmp_path / "x.csv", lines)
        with pytest.raises(Refused):
            read_roster(office_sqlite, file, "x.csv", NOW)
    assert count(RosterRun) == 0
    assert list(staging_folder().iterdir()) == []


def test_only_the_office_and_the_command_may(office_sqlite: Actor, tmp_path: Path) -> None:
    run_id = read(office_sqlite, tmp_path, GOOD)
    stranger = make_actor(Party.DEPARTMENT, "市教育局", department_id="education")
    file = tmp_path / "名单.csv"
    for call in (
        lambda: read_roster(stranger, file, "x", NOW),
        lambda: take_roster(stranger, run_id, "valid", NOW),
        lambda: cancel_roster(stranger, run_id, NOW),
        lambda: clear_roster(stranger, run_id, NOW),
    ):
        with pytest.raises(Refused) as caught:
            call()
        assert caught.value.status == 403
    with pytest.raises(NotFound):
        take_roster(office_sqlite, run_id, "some", NOW)
    with pytest.raises(NotFound):
        take_roster(office_sqlite, run_id + 1, "valid", NOW)


def test_people_without_a_team_join_the_one_that_was_named(office_sqlite: Actor, tmp_path: Path) -> None:
    team_id = find_team_id(TEAM)
    take_roster(office_sqlite, read(office_sqlite, tmp_path, GOOD, team_id=team_id), "all", NOW)
    assert {each.team_id for each in people().values()} == {team_id}
    for unknown in (lambda: find_team_id("没有"), lambda: read(office_sqlite, tmp_path, GOOD, team_id=999)):
        with pytest.raises(Refused) as caught:
            unknown()
        assert caught.value.about["field"] == "team_id"


def test_a_file_s_name_is_kept_short_and_without_folders(office_sqlite: Actor, tmp_path: Path) -> None:
    file = write_csv(tmp_path / "x.csv", [HEADINGS, *GOOD])
    names = [
        get_roster(read_roster(office_sqlite, file, name, NOW)).file_name
        for name in ("C:\\用户\\名单.csv", "../../etc/x.csv", "长" * 300 + ".csv", "a\u202eb\ud800.csv", "")
    ]
    assert names[:2] == ["名单.csv", "x.csv"]
    assert len(names[2]) <= 120
    assert names[3:] == ["ab.csv", ""]
    assert db.session.scalar(text("SELECT count(*) FROM roster_runs")) == 5
