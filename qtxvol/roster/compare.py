"""Who of a list is registered already, and whether the list says the same of them."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from sqlalchemy import select

from qtxvol.extensions import db
from qtxvol.orders.lifecycle import Label
from qtxvol.privacy.vault import current_vault
from qtxvol.roster.checking import Person, Problem
from qtxvol.roster.columns import BY_KEY
from qtxvol.volunteers.models import Volunteer
from qtxvol.volunteers.states import STATUS_LABELS

#: fresh: not registered yet; unchanged: registered, and the list says nothing else; differs: registered otherwise,
#: nothing is overwritten; refused: something is wrong.
Outcome = Literal["fresh", "unchanged", "differs", "refused"]


@dataclass(frozen=True, slots=True)
class Verdict:
    """What is to become of a line.

    :ivar number: the volunteer's, for one who is registered.
    """

    outcome: Outcome
    problems: Sequence[Problem] = ()
    number: str = ""


def compare(people: Mapping[int, Person]) -> dict[int, Verdict]:
    """A verdict for each person, by the same key; at most two statements.

    One who is registered is found by the document's number, else by name and telephone, as a registration does.
    :param people: a few hundred at a time.
    """
    vault = current_vault()
    documents = {
        digest: key
        for key, person in people.items()
        if person.document
        for digest in vault.digests("id", person.document.number)
    }
    phones: dict[str, list[int]] = {}
    for key, person in people.items():
        for digest in vault.digests("phone", person.phone):
            phones.setdefault(digest, []).append(key)
    by_document = {documents[row.id_number_digest]: row for row in _find(Volunteer.id_number_digest, documents)}
    by_phone: dict[int, Any] = {}
    for row in _find(Volunteer.phone_digest, phones):
        for key in phones[row.phone_digest]:
            if people[key].name == row.name:
                by_phone.setdefault(key, row)
    return {key: _judge(person, by_document.get(key), by_phone.get(key)) for key, person in people.items()}


def _find(column: Any, digests: Iterable[str]) -> Sequence[Any]:
    wanted = list(digests)
    if not wanted:
        return ()
    statement = select(
        Volunteer.id,
        Volunteer.number,
        Volunteer.name,
        Volunteer.status,
        Volunteer.id_number_digest,
        Volunteer.phone_digest,
        Volunteer.division_code,
        Volunteer.employer,
        Volunteer.job_title,
        Volunteer.team_id,
        Volunteer.skills,
    )
    return db.session.execute(statement.where(column.in_(wanted)).order_by(Volunteer.id)).all()


def _judge(person: Person, by_document: Any, by_phone: Any) -> Verdict:
    if by_document is not None and by_document.name != person.name:
        problem = _problem(
            "other_name",
            "id_number",
            "这个号码已登记在另一个姓名下。请核对姓名和号码；确实要改，请到志愿者页面。",
            "registered under another name. Check name and number; to change it, go to the volunteer's page.",
        )
        return Verdict("refused", [problem], by_document.number)
    found = by_document if by_document is not None else by_phone
    if found is None:
        return Verdict("fresh")
    if by_document is None and person.document and found.id_number_digest:
        problem = _problem(
            "other_id",
            "id_number",
            "同名同手机的人登记了别的证件号码。请核对；确实是两个人，请单独登记。",
            "somebody of this name and phone is registered with another ID. Check it; two people: register singly.",
        )
        return Verdict("refused", [problem], found.number)
    return _differences(person, found)


def _differences(person: Person, found: Any) -> Verdict:
    """What is empty in the list says nothing; a merged row is looked after by the one it was merged into."""
    if found.status in ("left", "refused"):
        label = STATUS_LABELS[found.status]
        problem = _problem(
            "differs",
            "name",
            f"登记过，现在是“{label.zh}”，名单不能让人重新加入。",
            f"registered, now “{label.en}”; a list brings nobody back.",
        )
        return Verdict("differs", [problem], found.number)
    if found.status == "merged":
        return Verdict("unchanged", number=found.number)
    is_same_phone = found.phone_digest in current_vault().digests("phone", person.phone)
    other = [
        column
        for column, differs in (
            ("phone", not is_same_phone),
            ("id_number", bool(person.document) and not found.id_number_digest),
            ("division", person.division_code not in (None, found.division_code)),
            ("employer", person.employer not in ("", found.employer)),
            ("title", person.title not in ("", found.job_title)),
            ("team", person.team_id not in (None, found.team_id)),
            ("skills", bool(person.skills) and set(person.skills) != set(found.skills)),
        )
        if differs
    ]
    if not other:
        return Verdict("unchanged", number=found.number)
    names = [BY_KEY[column].label for column in other]
    problem = _problem(
        "differs",
        other[0],
        f"已登记，但{'、'.join(label.zh for label in names)}和名单不同，没有改动。要改请到志愿者页面。",
        f"registered with another {', '.join(label.en.lower() for label in names)}; nothing was changed. "
        "To change it, go to the volunteer's page.",
    )
    return Verdict("differs", [problem], found.number)


def _problem(code: str, column: str, zh: str, en: str) -> Problem:
    label = BY_KEY[column].label
    return Problem(code, column, Label(f"{label.zh}：{zh}", f"{label.en}: {en}"))
