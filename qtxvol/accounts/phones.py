"""Telephone numbers of mainland China, as people write them. Pure."""

import re
import unicodedata

_MOBILE = re.compile(r"1[3-9]\d{9}")
_LANDLINE = re.compile(r"0\d{2,3}[2-9]\d{6,7}")
#: Eleven digits of a mobile number hidden in running text, whatever separates them.
_IN_TEXT = re.compile(r"(?<!\d)1[3-9](?:[\s\-]?\d){9}(?!\d)")


def parse_phone(text: str) -> str | None:
    """Digits of a mobile or landline number (with area code), or None when it is neither."""
    digits = re.sub(r"[\s\-()·]", "", unicodedata.normalize("NFKC", text))
    digits = digits.removeprefix("+86")
    if len(digits) == 13 and digits.startswith("86"):
        digits = digits[2:]
    if not digits.isascii():
        return None
    return digits if _MOBILE.fullmatch(digits) or _LANDLINE.fullmatch(digits) else None


def mask_phone(digits: str) -> str:
    """`138****5678`: enough to recognise one's own, not enough to call."""
    return f"{digits[:3]}****{digits[-4:]}" if len(digits) >= 10 else "****"


def mask_name(name: str) -> str:
    """`张**`: the surname alone."""
    return name[:1] + "*" * max(1, len(name) - 1)


def has_phone_inside(text: str) -> bool:
    """Has somebody written a mobile number into a text that others will read?"""
    return _IN_TEXT.search(unicodedata.normalize("NFKC", text)) is not None
