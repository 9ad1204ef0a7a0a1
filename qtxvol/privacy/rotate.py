"""Changing keys: every sealed value sealed anew with the newest key, every digest made anew, while the service runs.

Which columns these are is read from the metadata, so no table can be forgotten. Each row is changed only if nobody
has changed it meanwhile, each batch is one short transaction, and what is done already is left alone: it may be
interrupted and repeated at any time.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, cast

from sqlalchemy import Column, Row, Table, Text, and_, bindparam, column, or_, select, table, tuple_, type_coerce

from qtxvol.base import Base
from qtxvol.extensions import db
from qtxvol.privacy.models import KeyMark
from qtxvol.privacy.sealed import Sealed
from qtxvol.privacy.vault import LostKey, Vault, current_vault
from qtxvol.storage import transaction

BATCH = 200


@dataclass(slots=True)
class Rotated:
    """What became of one table.

    :ivar lost: values that can't be opened with any key at hand; they stay as they are.
    """

    table: str
    rows: int = 0
    sealed_anew: int = 0
    digests_anew: int = 0
    lost: int = 0


@cache
def list_sealed_columns() -> dict[Table, list[Column[Any]]]:
    """Every column of type `Sealed`, by table; the canaries aside."""
    found = {}
    for each in Base.metadata.sorted_tables:
        columns = [column for column in each.columns if isinstance(column.type, Sealed)]
        if columns and each is not KeyMark.__table__:
            found[each] = columns
    return found


def find_sealed(place: Column[Any], stored: str | None) -> str | None:
    """The sealed part of what stands in a column of `list_sealed_columns`; None when nothing is sealed there."""
    return cast(Sealed, place.type).find_sealed(stored)


def digest_column_of(sealed: Column[Any]) -> Column[Any] | None:
    """The column that finds a sealed one, when it has any; its `info` names the kind."""
    return sealed.table.columns.get(f"{sealed.name}_digest")


def rotate_keys(batch: int = BATCH, tell: Callable[[Rotated], None] = lambda done: None) -> list[Rotated]:
    """Bring every sealed value and digest under the newest key.

    :param tell: called after each batch of a table.
    :return: one entry per table; a second run changes nothing. While a value is `lost`, former keys are still needed.
    """
    results = []
    for each, columns in list_sealed_columns().items():
        done = Rotated(each.name)
        results.append(done)
        for rows in _batches(each, _names_of(columns), batch):
            with transaction():
                for row in rows:
                    _renew(each, columns, row, done)
            tell(done)
    return results


def _names_of(columns: Sequence[Column[Any]]) -> list[str]:
    digests = [digest for each in columns if (digest := digest_column_of(each)) is not None]
    return [each.name for each in (*columns, *digests)]


def _renew(whole: Table, columns: Sequence[Column[Any]], row: Row[Any], done: Rotated) -> None:
    vault, stored = current_vault(), row._mapping
    values: dict[str, str] = {}
    done.rows += 1
    for each in columns:
        sealed = find_sealed(each, stored[each.name])
        if sealed is None:
            continue
        try:
            text = vault.open(sealed)
        except LostKey:
            done.lost += 1
            continue
        if not vault.is_newest(sealed):
            values[each.name] = cast(Sealed, each.type).mark + vault.seal(text)
            done.sealed_anew += 1
        digest = _digest_of(vault, each, text, stored)
        if digest:
            values |= digest
            done.digests_anew += 1
    if values:
        _write(whole, row, {name: stored[name] for name in values}, values)


def _digest_of(vault: Vault, sealed: Column[Any], text: str, stored: Any) -> dict[str, str]:
    """The digest to write; empty when there is none, or it is right."""
    place = digest_column_of(sealed)
    if place is None or not stored[place.name]:  # a row may be left out of the look-up on purpose
        return {}
    digest = vault.digest(place.info["kind"], text)
    return {} if digest == stored[place.name] else {place.name: digest}


def _write(whole: Table, row: Row[Any], was: dict[str, str], values: dict[str, str]) -> None:
    """Change the row unless somebody was faster: then it has the newest key already, or its turn in the next run."""
    plain = _plain(whole, list(values))
    same = and_(
        *(plain.c[each.name] == row._mapping[each.name] for each in whole.primary_key.columns),
        *(plain.c[name] == text for name, text in was.items()),
    )
    db.session.connection().execute(plain.update().where(same).values(values))


def rows_in_batches(whole: Table, names: Sequence[str], size: int) -> Iterator[Row[Any]]:
    """The rows that have something in one of the columns, as it stands in the database, with their primary key."""
    for rows in _batches(whole, names, size):
        yield from rows


def _batches(whole: Table, names: Sequence[str], size: int) -> Iterator[Sequence[Row[Any]]]:
    keys = list(whole.primary_key.columns)
    something = or_(*(type_coerce(whole.c[name], Text) != "" for name in names))
    statement = (
        select(
            *keys, *(type_coerce(whole.c[name], Text).label(name) for name in names if not whole.c[name].primary_key)
        )
        .where(something)
        .order_by(*keys)
        .limit(size)
    )
    after = statement.where(
        tuple_(*keys) > tuple_(*(bindparam(f"after_{each.name}", type_=each.type) for each in keys))
    )
    rows = db.session.execute(statement).all()
    while rows:
        last = {f"after_{each.name}": rows[-1]._mapping[each.name] for each in keys}
        yield rows
        rows = db.session.execute(after, last).all() if len(rows) == size else []


def _plain(whole: Table, names: Sequence[str]) -> Any:
    """The table without its types: what is written stands there as it is."""
    return table(whole.name, *(column(each.name) for each in whole.primary_key.columns), *map(column, names))
