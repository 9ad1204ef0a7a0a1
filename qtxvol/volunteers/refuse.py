"""Checks and refusals that everything about teams and volunteers shares."""

import unicodedata
from collections.abc import Collection
from typing import NoReturn

from sqlalchemy import exists, select

from qtxvol.directory.models import Department, Division, Term
from qtxvol.extensions import db
from qtxvol.privacy.numbers import has_number
from qtxvol.refusals import NotFound, Refused
from qtxvol.volunteers.models import Volunteer


def refuse(field: str, zh: str, en: str, status: int = 422) -> NoReturn:
    """Say no to one value, in both languages."""
    raise Refused("invalid", status, field=field, message=zh, message_en=en)


def lock_volunteer(volunteer_id: int) -> Volunteer:
    """The row, locked until the end of the transaction.

    :raise NotFound: no such volunteer.
    """
    person = db.session.get(Volunteer, volunteer_id, with_for_update=True)
    if person is None:
        raise NotFound(volunteer_id)
    return person


def clean(field: str, value: str, longest: int) -> str:
    """The text without blanks at its ends.

    :raise Refused: too long, or with characters that can't be shown (422).
    """
    text = value.strip()
    if len(text) > longest:
        refuse(field, f"最多 {longest} 个字。", f"At most {longest} characters.")
    if any(unicodedata.category(char) in ("Cc", "Cs") for char in text):
        refuse(field, "这里有无法显示的字符，请删掉后再提交。", "There are characters that can't be shown.")
    return text


def clean_reason(text: str, field: str = "reason") -> str:
    """A reason in words, or none. It can't be erased later, so no number of a person may stand in it.

    :raise Refused: too long, or with such a number (422).
    """
    reason = clean(field, text, 200)
    if has_number(reason):
        refuse(field, "原因里不要写证件号码和电话。", "No identity or telephone numbers in a reason.")
    return reason


def check_reason(text: str, field: str = "reason") -> str:
    """A reason in words.

    :raise Refused: none was given (422).
    """
    reason = clean_reason(text, field)
    if not reason:
        refuse(field, "请写明原因，本人看得到。", "Say why: the person can read it.")
    return reason


def check_department(department_id: str, kept: str | None) -> None:
    if department_id != kept and not db.session.scalar(
        select(exists().where(Department.id == department_id, Department.is_active))
    ):
        refuse("department_id", "请从列表里选一个在用的部门。", "Choose a department in use from the list.")


def check_division(code: str | None, kept: str | None) -> None:
    if code not in (None, kept) and not db.session.scalar(
        select(exists().where(Division.code == code, Division.is_active))
    ):
        refuse("division_code", "请从列表里选一个在用的区划。", "Choose a division in use from the list.")


def check_terms(kind: str, field: str, codes: Collection[str], kept: Collection[str]) -> None:
    """Every code is a word in use, or one that the row has already."""
    new = set(codes) - set(kept)
    if not new:
        return
    known = db.session.scalars(select(Term.code).where(Term.kind == kind, Term.code.in_(new), Term.is_active))
    if new.difference(known):
        refuse(field, "请从列表里选。", "Choose from the list.")
