"""Numbers of people hidden in running text: telephones with area code, identity and bank cards. Pure."""

import re
import unicodedata

#: Ten digits or more, whatever stands between them; an identity number may end in X.
_RUN = re.compile(r"\d(?:[\s\-./()·]{0,2}\d){9,}[Xx]?")

_OWN = re.compile(r"(?<!\d)(?:1[3-9]\d(?:[\s\-]?\d{4}){2}|\d{6}\s?\d{8}\s?\d{3}[\dXx])(?!\d)")


def has_number(text: str) -> bool:
    """Does a number stand in it that is somebody's? Rather once too often: a date with its time counts as well."""
    return _RUN.search(unicodedata.normalize("NFKC", text)) is not None


def has_own_number(text: str) -> bool:
    """Does a mobile or an identity number stand in it? For words that can't be erased later or that anybody may read:
    dates and the numbers of papers pass."""
    return _OWN.search(unicodedata.normalize("NFKC", text)) is not None


def drop_numbers(text: str) -> str:
    """The text without them, in compatible forms."""
    return _RUN.sub(" ", unicodedata.normalize("NFKC", text))


def mask_tail(tail: str) -> str:
    """`*******1234`: enough to recognise one's own. Needs no more than the last four digits."""
    return f"*******{tail}" if tail else ""
