"""Taking a list in: read it and say what is in it, then take it or leave it.

Reading writes nothing about anybody; taking writes people as `applied`: they count once they are verified. Everything
is looked at again when it is taken, so two lists, or one list twice, register nobody twice.
"""

import hashlib
import secrets
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import nullcontext
from datetime import datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import Any, NoReturn

from sqlalchemy import insert, select, text
from sqlalchemy.exc import IntegrityError

from qtxvol.accounts.actor import Actor
from qtxvol.extensions import db
from qtxvol.orders.lifecycle import Party
from qtxvol.privacy.vault import LostKey, current_vault
from qtxvol.refusals import NotFound, Refused
from qtxvol.roster.book import load_book
from qtxvol.roster.checking import Book, Person, Problem, check_line, find_twin
from qtxvol.roster.compare import Verdict, compare
from qtxvol.roster.models import RosterRun
from qtxvol.roster.reading import Row, open_roster
from qtxvol.roster.staging import Staging, drop_staging, has_staging, new_staging, open_staging, staging_folder
from qtxvol.storage import transaction
from qtxvol.volunteers.events import actor_name
from qtxvol.volunteers.models import Team, Volunteer, VolunteerEvent
from qtxvol.volunteers.register import city_day

#: What was read is thrown away after so long, whether or not somebody decided.
KEPT_FOR = timedelta(days=7)
#: Lines that are compared and written together.
BATCH = 500
_MOST_TRIES = 3

#: Told after every batch how many lines it had.
Progress = Callable[[int], None]


def _no_progress(_lines: int) -> None:
    return None


# Reading


def read_roster(
    actor: Actor,
    path: Path,
    file_name: str,
    now: datetime,
    *,
    team_id: int | None = None,
    progress: Progress = _no_progress,
) -> int:
    """Read the file and keep what is in it for a look: nobody is registered by this.

    :param team_id: of people whose line names no team.
    :return: id of the run.
    :raise Refused: `wrong_party` (403); `invalid` (422) with field `file` or `team_id`; nothing is kept.
    """
    _check_party(actor)
    _check_team(team_id)
    key = secrets.token_hex(16)
    counts: Counter[str] = Counter()
    problems: Counter[str] = Counter()
    with new_staging(key) as staging:
        for lines in _read_lines(path, staging, load_book(team_id), now):
            staging.write_lines(lines)
            for _row, _person, verdict in lines:
                counts[verdict.outcome] += 1
                problems.update({each.code for each in verdict.problems})
            progress(len(lines))
        with transaction():
            run = RosterRun(
                key=key,
                file_name=_file_name(file_name),
                file_digest=_digest(path),
                team_id=team_id,
                account_id=actor.account_id,
                read_by=actor_name(actor),
                read_at=now,
                rows=counts.total(),
                problems=dict(problems),
                **_columns(counts),
            )
            db.session.add(run)
            db.session.flush()
            return run.id


_Line = tuple[Row, Person | None, Verdict]


def _read_lines(path: Path, staging: Staging, book: Book, now: datetime) -> Iterator[list[_Line]]:
    """Every line with its verdict, a batch at a time."""
    seen: dict[tuple[str, str], int] = {}
    with open_roster(path) as (head, rows):
        staging.write_head(head)
        while batch := list(islice(rows, BATCH)):
            checked = [(row, *_check(row, book, seen, now)) for row in batch]
            found = compare({row.number: person for row, person, problems in checked if person and not problems})
            yield [
                (row, person, found.get(row.number) or Verdict("refused", problems))
                for row, person, problems in checked
            ]


def _check(
    row: Row, book: Book, seen: dict[tuple[str, str], int], now: datetime
) -> tuple[Person | None, Sequence[Problem]]:
    person, problems = check_line(row.values, book, city_day(now))
    twin = find_twin(person, row.number, seen) if person else None
    return (None, [twin]) if twin else (person, problems)


def _columns(counts: Mapping[str, int]) -> dict[str, int]:
    return {
        "fresh": counts.get("fresh", 0),
        "unchanged": counts.get("unchanged", 0),
        "differing": counts.get("differs", 0),
        "refused": counts.get("refused", 0),
    }


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _file_name(name: str) -> str:
    """The name alone, short and printable."""
    plain = "".join(char for char in name.replace("\\", "/").rpartition("/")[2] if char.isprintable()).strip()
    plain = plain.encode("utf-8", "replace").decode()
    return plain if len(plain) <= 120 else f"{plain[:110]}…{plain[-8:]}"


# Deciding


def take_roster(actor: Actor, run_id: int, mode: str, now: datetime, *, progress: Progress = _no_progress) -> int:
    """Register the people of a list as `applied`.

    :param mode: `all`: everybody, or nobody when a line is refused or differs; `valid`: those without problems.
    :return: how many were registered; when it was taken before, how many then.
    :raise NotFound: no such list.
    :raise Refused: `wrong_party` (403); `invalid` (409): cancelled, thrown away, or `all` and not everybody can be.
    """
    _check_party(actor)
    if mode not in ("all", "valid"):
        raise NotFound(mode)
    for is_last in (*[False] * (_MOST_TRIES - 1), True):
        try:
            return _take(actor, run_id, mode, now, progress)
        except IntegrityError:  # on PostgreSQL somebody registered one of these people, or took a number, just now
            if is_last:
                raise
    raise AssertionError("unreachable")


def _take(actor: Actor, run_id: int, mode: str, now: datetime, progress: Progress) -> int:
    key = db.session.scalar(select(RosterRun.key).where(RosterRun.id == run_id)) or ""
    with open_staging(key) if has_staging(key) else nullcontext() as staging:
        with transaction():
            run = _lock_run(run_id)
            if run.state == "taken":
                return run.taken
            if run.state == "cancelled" or staging is None:
                _refuse_gone()
            try:
                verdicts = _take_lines(staging, run, actor, now, progress)
            except LostKey:  # it was sealed with a key that is in use no more
                _refuse_gone()
            counts: Counter[str] = Counter(verdict.outcome for verdict in verdicts.values())
            # those that were refused for what their own line says are not compared again
            counts["refused"] += run.rows - len(verdicts)
            if mode == "all" and (counts["refused"] or counts["differs"]):
                _refuse_some(counts["refused"], counts["differs"])
            for column, count in _columns(counts).items():
                setattr(run, column, count)
            run.state, run.mode, run.taken = "taken", mode, counts["fresh"]
            run.decided_by, run.decided_at = actor_name(actor), now
        staging.write_verdicts(verdicts)
        return counts["fresh"]


def _take_lines(
    staging: Staging, run: RosterRun, actor: Actor, now: datetime, progress: Progress
) -> dict[int, Verdict]:
    """Compare everybody once more and write who is not registered; the verdicts, with the numbers of the new."""
    verdicts: dict[int, Verdict] = {}
    serial = _last_serial()
    for people in staging.people(size=BATCH):
        found = compare(people)
        fresh = {row: people[row] for row, verdict in found.items() if verdict.outcome == "fresh"}
        numbers = {row: f"V{serial + index:07d}" for index, row in enumerate(fresh, 1)}
        serial += len(fresh)
        if fresh:
            _write(fresh, numbers, run, actor, now)
        verdicts |= found | {row: Verdict("fresh", number=number) for row, number in numbers.items()}
        progress(len(people))
    return verdicts


def _write(
    people: Mapping[int, Person], numbers: Mapping[int, str], run: RosterRun, actor: Actor, now: datetime
) -> None:
    rows = [_values(person, numbers[row], now) for row, person in people.items()]
    ids = db.session.scalars(insert(Volunteer).returning(Volunteer.id), rows).all()
    db.session.execute(
        insert(VolunteerEvent),
        [
            {
                "volunteer_id": volunteer_id,
                "action": "register",
                "became": "applied",
                "reason": f"名册导入（第 {run.id} 号）",
                "actor_key": actor.key,
                "party": str(actor.party),
                "actor_name": actor_name(actor),
                "at": now,
            }
            for volunteer_id in ids
        ],
    )


def _values(person: Person, number: str, now: datetime) -> dict[str, Any]:
    """The columns of a new row. Nobody was asked: consent is given when the person is verified."""
    vault, document = current_vault(), person.document
    return {
        "number": number,
        "name": person.name,
        "id_kind": document.kind if document else None,
        "id_number": document.number if document else None,
        "id_number_digest": vault.digest("id", document.number) if document else None,
        "birth_on": person.birth_on,
        "phone": person.phone,
        "phone_digest": vault.digest("phone", person.phone),
        "team_id": person.team_id,
        "division_code": person.division_code,
        "employer": person.employer,
        "job_title": person.title,
        "skills": list(person.skills),
        "registered_by": "import",
        "status": "applied",
        "created_at": now,
    }


def _last_serial() -> int:
    """Numbers go on where the last registration stopped; another one at the same moment makes this one start anew."""
    if db.engine.dialect.name == "postgresql":  # two lists wait for one another; SQLite has one writer anyway
        db.session.execute(text("LOCK TABLE roster_runs IN SHARE ROW EXCLUSIVE MODE"))
    last = db.session.scalar(
        select(Volunteer.number)
        .where(Volunteer.number.between("V0000000", "V9999999"))
        .order_by(Volunteer.number.desc())
        .limit(1)
    )
    return int(last[1:]) if last and last[1:].isdecimal() else 0


def cancel_roster(actor: Actor, run_id: int, now: datetime) -> None:
    """Not this list: what was read is thrown away. Again: nothing happens.

    :raise NotFound: no such list.
    :raise Refused: `wrong_party` (403); `invalid` (409): it was taken.
    """
    _check_party(actor)
    with transaction():
        run = _lock_run(run_id)
        if run.state == "taken":
            _refuse(409, "这份名单已经导入，不能再取消。", "This list was taken in already and can't be cancelled.")
        _close(run, actor_name(actor), now)
        key = run.key
    drop_staging(key)


def clear_roster(actor: Actor, run_id: int, now: datetime) -> None:
    """The clerk has the answer: throw away what was read of a list that was taken.

    :raise NotFound: no such list.
    :raise Refused: `wrong_party` (403); `invalid` (409): nobody has decided yet.
    """
    _check_party(actor)
    with transaction():
        run = _lock_run(run_id)
        if run.state == "read":
            _refuse(409, "请先决定导入还是取消。", "Take it in or cancel it first.")
        run.cleared_at = run.cleared_at or now
        key = run.key
    drop_staging(key)


def sweep_rosters(now: datetime) -> int:
    """Throw away what was read a week ago, and files that belong to no list. A list that nobody took is cancelled.

    :return: how many lists were cleared.
    """
    with transaction():
        old = db.session.scalars(
            select(RosterRun)
            .where(RosterRun.cleared_at.is_(None), RosterRun.read_at < now - KEPT_FOR)
            .with_for_update()
        ).all()
        for run in old:
            _close(run, "系统", now)
        for run in old:
            drop_staging(run.key)
    kept = set(db.session.scalars(select(RosterRun.key).where(RosterRun.cleared_at.is_(None))))
    for file in staging_folder().iterdir():
        is_old = datetime.fromtimestamp(file.stat().st_mtime, now.tzinfo) < now - timedelta(days=1)
        if file.name.partition(".")[0] not in kept and is_old:
            file.unlink(missing_ok=True)
    return len(old)


def _close(run: RosterRun, by: str, now: datetime) -> None:
    if run.state == "read":
        run.state, run.decided_by, run.decided_at = "cancelled", by, now
    run.cleared_at = run.cleared_at or now


def _lock_run(run_id: int) -> RosterRun:
    run = db.session.get(RosterRun, run_id, with_for_update=True)
    if run is None:
        raise NotFound(run_id)
    return run


def find_team_id(name: str) -> int:
    """The id of a team in use.

    :raise Refused: `invalid` (422), field `team_id`: none of that name.
    """
    team_id = db.session.scalar(select(Team.id).where(Team.name == name.strip(), Team.is_active))
    if team_id is None:
        _refuse(422, f"没有叫“{name}”的在用服务队。", f"No team in use is called “{name}”.", field="team_id")
    return team_id


def _check_party(actor: Actor) -> None:
    if actor.party not in (Party.OFFICE, Party.SYSTEM):
        raise Refused("wrong_party", 403)


def _check_team(team_id: int | None) -> None:
    if team_id is not None and not db.session.scalar(select(Team.id).where(Team.id == team_id, Team.is_active)):
        _refuse(422, "请从列表里选一支在用的服务队。", "Choose a team in use from the list.", field="team_id")


def _refuse_gone() -> NoReturn:
    _refuse(
        409,
        "这份名单读到的内容已经清除。请重新上传文件。",
        "What was read of this list was thrown away. Send the file again.",
    )


def _refuse_some(refused: int, differing: int) -> NoReturn:
    _refuse(
        409,
        f"有 {refused} 行有问题、{differing} 行和已登记的不同，按“全部导入”没有写入任何人。"
        "请改好后重新上传，或选“只导入没有问题的”。",
        f"{refused} lines have problems and {differing} differ from what is registered: nobody was taken in. "
        "Correct them and send the list again, or take those without problems.",
    )


def _refuse(status: int, zh: str, en: str, **about: Any) -> NoReturn:
    raise Refused("invalid", status, message=zh, message_en=en, **about)
