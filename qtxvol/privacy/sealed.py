"""The column types of what is sealed at rest.

A sealed column can't be compared, sorted or searched: keep a digest beside it, in a column of the same name with
`_digest` at its end, whose `info` names the kind: `mapped_column(String(64), info={"kind": "phone"})`.
`rotate.py` finds all of them in the metadata.
"""

from typing import Any

from sqlalchemy import Text
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeDecorator, TypeEngine

from qtxvol.privacy.numbers import has_number
from qtxvol.privacy.vault import LostKey, current_vault

#: What a page shows where a name or a text can't be opened any more: one lost key must not cost a whole list.
UNREADABLE = "（无法打开）"
#: In front of a sealed text among plain ones. No form lets a control character through.
MARK = "sealed\x1f"


class Sealed(TypeDecorator[str]):
    """Text that is readable in Python and sealed in the database: telephone and identity numbers.

    The empty string stays empty: there is nothing to hide, and "has none" can be asked for.

    :raise LostKey: read without the key that it was sealed with.
    :raise TypeError: compared with a text, which would never be equal; look for its digest.
    """

    impl = Text
    cache_ok = True
    #: What stands in front of the sealed part.
    mark = ""

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        return current_vault().seal(value) if value else value

    def process_result_value(self, value: str | None, dialect: Dialect) -> str | None:
        return current_vault().open(value) if value else value

    def coerce_compared_value(self, op: Any, value: Any) -> TypeEngine[Any]:
        if isinstance(value, str) and value:
            raise TypeError("a sealed column can't be compared with a text: look for its digest")
        return self

    @classmethod
    def find_sealed(cls, stored: str | None) -> str | None:
        """The sealed part of what stands in the database; None when nothing is sealed there."""
        return stored.removeprefix(cls.mark) if stored and stored.startswith(cls.mark) else None


class SealedName(Sealed):
    """A name: sealed like a number, but a page goes on without it."""

    cache_ok = True

    def process_result_value(self, value: str | None, dialect: Dialect) -> str | None:
        try:
            return super().process_result_value(value, dialect)
        except LostKey:
            return UNREADABLE


class SealedWords(SealedName):
    """What somebody wrote. Sealed only where a number of a person stands in it, so that lists stay quick."""

    cache_ok = True
    mark = MARK

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        if value and (has_number(value) or value.startswith(MARK)):
            return MARK + current_vault().seal(value)
        return value

    def process_result_value(self, value: str | None, dialect: Dialect) -> str | None:
        sealed = self.find_sealed(value)
        return value if sealed is None else super().process_result_value(sealed, dialect)
