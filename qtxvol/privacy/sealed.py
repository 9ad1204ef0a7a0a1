"""The column type of what is sealed at rest."""

from sqlalchemy import Text
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeDecorator

from qtxvol.privacy.vault import current_vault


class Sealed(TypeDecorator[str]):
    """Text that is readable in Python and sealed in the database. It can't be searched: keep a digest beside it.

    The empty string stays empty: there is nothing to hide, and "has none" can be asked for.

    :raise LostKey: read without the key that it was sealed with.
    """

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        return current_vault().seal(value) if value else value

    def process_result_value(self, value: str | None, dialect: Dialect) -> str | None:
        return current_vault().open(value) if value else value
