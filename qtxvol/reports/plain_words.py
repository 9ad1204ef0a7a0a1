"""Is a text free of personal data, as far as a machine can tell? Pure."""

import re
import unicodedata
from collections.abc import Iterable

#: A telephone or an identity number, also written with spaces or hyphens.
_DIGITS = re.compile(r"(?:\d[\s\-·—]?){7,}[\dXx]?")
#: Spans of years and days, which are nobody's number.
_DAYS = re.compile(r"(?<!\d)(?:19|20)\d\d(?:\s?[-—–~至]\s?(?:19|20)\d\d|-\d{1,2}-\d{1,2})(?!\d)")
_WEB = re.compile(r"[\w.+-]+@[\w-]+\.\w+")


def find_personal_data(text: str, names: Iterable[str]) -> str | None:
    """What doesn't belong into a text that everybody reads: `number`, `address` (of mail), the name itself, or None.

    :param names: of people who must not be named. One-letter names can't be told from words and are not looked for.
    """
    plain = unicodedata.normalize("NFKC", text)
    if _DIGITS.search(_DAYS.sub(" ", plain)):
        return "number"
    if _WEB.search(plain):
        return "address"
    squeezed = re.sub(r"\s", "", plain)
    return next((name for name in names if len(name) > 1 and re.sub(r"\s", "", name) in squeezed), None)
