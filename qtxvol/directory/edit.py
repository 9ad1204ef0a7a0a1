"""How the office edits facts: three verbs that read the table in `kinds.py`.

Not here: what may be edited (`kinds.py`), reading facts (`queries.py`), and who may edit (the office's gate).
"""

import math
import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import Any, NoReturn

from sqlalchemy import inspect, select
from sqlalchemy.exc import IntegrityError

from qtxvol.directory.kinds import (
    REFERENCES,
    Field,
    FieldType,
    Key,
    Kind,
    Values,
    get_kind,
    key_text,
    refuse_field,
    split_key,
)
from qtxvol.extensions import db
from qtxvol.refusals import NotFound
from qtxvol.storage import transaction


def edit_fact(kind: str, key: Key, values: Mapping[str, Any], now: datetime) -> bool:
    """Change some fields of one fact; from now on reloads of the data leave it alone (`edited_at`).

    :param values: new values by field name, typed or as a form sends them; fields left out stay as they are.
    :return: whether anything changed. A form saved without a change does not mark the row as edited.
    :raise NotFound: no such kind or fact.
    :raise Refused: `invalid` (422) with `field`, `message` and `message_en`; nothing is written.
    """
    what = get_kind(kind)
    new = _parse(what, values)
    with transaction():
        row = _get_row(what, key)
        old = {f.name: getattr(row, f.name) for f in (*what.keys, *what.fields)}
        for name, value in new.items():
            spec = what.find_field(name)
            if spec is not None and (spec in what.keys or spec.is_fixed) and value != old[name]:
                refuse_field(name, f"{spec.label.zh}不能修改。", f"{spec.label.en} can't be changed.")
        changed = {name: value for name, value in new.items() if value != old[name]}
        if not changed:
            return False
        _check_references(what, changed, old)
        what.check({**old, **changed})
        for name, value in changed.items():
            setattr(row, name, value)
        row.edited_at = now
    return True


def add_fact(kind: str, values: Mapping[str, Any], now: datetime) -> str:
    """Add a fact that the data do not know; reloads leave it alone.

    :return: its key in one word, for the address of its page.
    :raise NotFound: no such kind.
    :raise Refused: `invalid` (422), also when the key is taken; nothing is written.
    """
    what = get_kind(kind)
    given = _parse(what, values)
    row: Values = {}
    for spec in (*what.keys, *what.fields):
        if spec.name not in given and spec.is_required:
            refuse_field(spec.name, f"请填写{spec.label.zh}。", f"{spec.label.en} is needed.")
        default = list(spec.default) if isinstance(spec.default, tuple) else spec.default
        row[spec.name] = given.get(spec.name, default)
    key = tuple(row[spec.name] for spec in what.keys)
    with transaction():
        if db.session.get(what.model, key if len(key) > 1 else key[0]) is not None:
            _refuse_taken(what)
        _check_references(what, row, {})
        what.check(row)
        db.session.add(what.model(**row, edited_at=now))
        try:
            db.session.flush()
        except IntegrityError:  # on PostgreSQL another one may have added it since the look above
            _refuse_taken(what)
    return key_text(what.name, row)


def deactivate_fact(kind: str, key: Key, now: datetime) -> bool:
    """Take a fact out of use. It stays readable, because orders point at it; `edit_fact` brings it back.

    :return: False when it already was out of use.
    :raise NotFound: no such kind or fact.
    """
    return edit_fact(kind, key, {"is_active": False}, now)


def _get_row(kind: Kind, key: Key) -> Any:
    """The entity, locked on PostgreSQL until the transaction ends (SQLite has one writer anyway)."""
    columns = inspect(kind.model).primary_key
    by_name = dict(zip((spec.name for spec in kind.keys), split_key(kind, key), strict=True))
    statement = select(kind.model).where(*(column == by_name[column.name] for column in columns)).with_for_update()
    row = db.session.scalar(statement)
    if row is None:
        raise NotFound(f"{kind.name} {key}")
    return row


def _refuse_taken(kind: Kind) -> NoReturn:
    last = kind.keys[-1]
    refuse_field(last.name, f"这个{last.label.zh}已经有了。", f"This {last.label.en.lower()} is taken.")


# Checks of single values


def _parse(kind: Kind, values: Mapping[str, Any]) -> Values:
    parsed: Values = {}
    for name, value in values.items():
        spec = kind.find_field(name)
        if spec is None:
            refuse_field(name, f"没有“{name}”这一栏。", f"There is no field {name!r}.")
        parsed[name] = _PARSERS[spec.type](spec, value)
    return parsed


def _parse_text(spec: Field, value: Any) -> str:
    text = "" if value is None else value
    if not isinstance(text, str):
        refuse_field(spec.name, f"{spec.label.zh}应是文字。", f"{spec.label.en} must be text.")
    text = text.strip()
    if not text and spec.is_required:
        refuse_field(spec.name, f"请填写{spec.label.zh}。", f"{spec.label.en} is needed.")
    if len(text) > spec.high:
        refuse_field(
            spec.name,
            f"{spec.label.zh}最多 {spec.high:.0f} 个字。",
            f"{spec.label.en}: at most {spec.high:.0f} characters.",
        )
    if any(unicodedata.category(letter) in ("Cc", "Cs") for letter in text):
        refuse_field(spec.name, f"{spec.label.zh}不能换行。", f"{spec.label.en} must be a single line.")
    if text and spec.pattern and re.fullmatch(spec.pattern, text, re.ASCII) is None:
        refuse_field(spec.name, f"{spec.label.zh}：{spec.shape.zh}。", f"{spec.label.en}: {spec.shape.en}.")
    return text


def _parse_number(spec: Field, value: Any) -> float | None:
    if value is None or (isinstance(value, str) and not value.strip()):
        if spec.default is None and not spec.is_required:
            return None
        refuse_field(spec.name, f"请填写{spec.label.zh}。", f"{spec.label.en} is needed.")
    convert = int if spec.type is FieldType.INTEGER else float
    try:
        if isinstance(value, bool) or not isinstance(value, str | int | float):
            raise ValueError
        if convert is int and isinstance(value, float) and not value.is_integer():
            raise ValueError
        number = convert(value)
    except (ValueError, OverflowError):
        number = math.nan
    if not spec.low <= number <= spec.high:  # also refuses nan
        whole = FieldType.INTEGER is spec.type
        refuse_field(
            spec.name,
            f"{spec.label.zh}应是 {spec.low:.0f} 到 {spec.high:.0f} 的{'整数' if whole else '数'}。",
            f"{spec.label.en} must be a {'whole ' if whole else ''}number from {spec.low:.0f} to {spec.high:.0f}.",
        )
    return number


def _parse_boolean(spec: Field, value: Any) -> bool:
    """What a ticked or empty box sends, or a bool."""
    text = str(value).strip().lower()
    if text in ("true", "1", "on", "yes", "y"):
        return True
    if value is None or text in ("", "false", "0", "off", "no", "n"):
        return False
    refuse_field(spec.name, f"{spec.label.zh}只能选是或否。", f"{spec.label.en} is yes or no.")


def _parse_date(spec: Field, value: Any) -> date:
    if isinstance(value, date) and not isinstance(value, datetime):
        return value
    try:
        return date.fromisoformat(str(value).strip())
    except ValueError:
        refuse_field(spec.name, f"{spec.label.zh}应写成 2025-12-31。", f"{spec.label.en} is written like 2025-12-31.")


def _parse_choice(spec: Field, value: Any) -> str | None:
    code = "" if value is None else str(value).strip()
    if not code:
        if spec.offers_nothing:
            return ""
        if spec.is_required or spec.default is not None:
            refuse_field(spec.name, f"请选择{spec.label.zh}。", f"Choose: {spec.label.en}.")
        return None
    if spec.choices and not spec.refers_to and code not in {choice for choice, _ in spec.choices}:
        _refuse_unknown(spec, [code])
    return code


def _parse_choices(spec: Field, value: Any) -> list[str]:
    codes = list(dict.fromkeys(_split(value)))
    if len(codes) < spec.low or (spec.is_required and not codes):
        refuse_field(spec.name, f"请选择{spec.label.zh}。", f"Choose: {spec.label.en}.")
    if len(codes) > spec.high:
        refuse_field(
            spec.name,
            f"{spec.label.zh}最多 {spec.high:.0f} 项。",
            f"{spec.label.en}: at most {spec.high:.0f}.",
        )
    return codes


def _parse_words(spec: Field, value: Any) -> list[str]:
    lines = value.splitlines() if isinstance(value, str) else value or ()
    words = (_parse_text(spec, word) for word in lines)
    found = list(dict.fromkeys(word for word in words if word))
    if len(found) > 20:
        refuse_field(spec.name, f"{spec.label.zh}最多 20 个。", f"{spec.label.en}: at most 20.")
    return found


def _split(value: Any) -> Iterable[str]:
    if value is None:
        return ()
    if isinstance(value, str):
        return re.findall(r"[^\s,，、;；]+", value)
    return [str(part).strip() for part in value if str(part).strip()]


_PARSERS: Mapping[FieldType, Callable[[Field, Any], Any]] = {
    FieldType.TEXT: _parse_text,
    FieldType.INTEGER: _parse_number,
    FieldType.NUMBER: _parse_number,
    FieldType.BOOLEAN: _parse_boolean,
    FieldType.DATE: _parse_date,
    FieldType.CHOICE: _parse_choice,
    FieldType.CHOICES: _parse_choices,
    FieldType.WORDS: _parse_words,
}


def _check_references(kind: Kind, new: Values, old: Values) -> None:
    """Whatever is newly named must be there and in use; what was named before may stay, in use or not."""
    for spec in (*kind.keys, *kind.fields):
        if not spec.refers_to or spec.name not in new:
            continue
        added = set(_as_list(new[spec.name])) - set(_as_list(old.get(spec.name))) - {code for code, _ in spec.choices}
        if not added:
            continue
        to = REFERENCES[spec.refers_to]
        known = db.session.scalars(select(to.code).where(to.code.in_(added), to.is_active, *to.where))
        unknown = added.difference(known)
        if unknown:
            _refuse_unknown(spec, sorted(unknown))


def _as_list(value: Any) -> list[str]:
    if value is None:
        return []
    return [value] if isinstance(value, str) else list(value)


def _refuse_unknown(spec: Field, codes: Sequence[str]) -> NoReturn:
    refuse_field(
        spec.name,
        f"{spec.label.zh}里没有“{'、'.join(codes)}”，或已停用。",
        f"{spec.label.en}: {', '.join(codes)} is unknown or out of use.",
    )
