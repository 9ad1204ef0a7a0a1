"""Who somebody is: identity documents as people write them, their check digits, birth dates and ages. Pure.

A resident's number is judged by its check digit and its date (GB 11643). Its area code is not looked at: counties are
founded and dissolved every year, and a number that was given by one of them stays good for life.
Not here: sealing a number and finding it again (`register.py`).
"""

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from stdnum.cn import ric

from qtxvol.orders.lifecycle import Label

KIND_LABELS: Mapping[str, Label] = {
    "resident_id": Label("居民身份证", "Resident identity card"),
    "passport": Label("护照", "Passport"),
    "hk_macau_permit": Label("港澳居民来往内地通行证", "Mainland travel permit of Hong Kong and Macao residents"),
    "taiwan_permit": Label("台湾居民来往大陆通行证", "Mainland travel permit of Taiwan residents"),
    "foreign_permanent_resident": Label("外国人永久居留身份证", "Foreign permanent resident identity card"),
}

ADULT_AGE = 18
#: From this age a guardian may agree, where the office has switched that on. Nobody younger is ever registered.
YOUNGEST_AGE = 16

_EARLIEST = date(1900, 1, 1)
_SHAPES: Mapping[str, re.Pattern[str]] = {
    "resident_id": re.compile(r"\d{17}[\dX]"),
    "passport": re.compile(r"[A-Z0-9]{5,20}"),
    "hk_macau_permit": re.compile(r"[HM]\d{8}(\d{2})?"),
    "taiwan_permit": re.compile(r"\d{8}(\d{2}|[A-Z]\d?)?"),
    "foreign_permanent_resident": re.compile(r"9\d{16}[\dX]|[A-Z]{3}\d{12}"),
}


@dataclass(frozen=True, slots=True)
class Document:
    """A document whose number holds together.

    :ivar number: upper case, without spaces or dashes.
    :ivar birth_on: what the number itself says; None when it says nothing.
    """

    kind: str
    number: str
    birth_on: date | None


@dataclass(frozen=True, slots=True)
class Fault:
    """Why a number can't be right: `empty`, `shape`, `digit` or `date`."""

    code: str


def parse_document(kind: str, text: str, today: date) -> Document | Fault:
    """Read an identity number as it was typed or scanned; full-width digits, spaces and a small x are fine.

    :param kind: a key of `KIND_LABELS`.
    :param today: in the city; nobody was born after it.
    :raise KeyError: an unknown kind.
    """
    number = re.sub(r"[\s\-‐-―·]", "", unicodedata.normalize("NFKC", text)).upper()
    if not number:
        return Fault("empty")
    if not number.isascii() or not _SHAPES[kind].fullmatch(number):
        return Fault("shape")
    if kind == "passport" and not any(char.isdecimal() for char in number):
        return Fault("shape")
    if len(number) != 18 or kind not in ("resident_id", "foreign_permanent_resident"):
        return Document(kind, number, None)
    if ric.calc_check_digit(number) != number[-1]:
        return Fault("digit")
    try:
        birth_on = date(int(number[6:10]), int(number[10:12]), int(number[12:14]))
    except ValueError:
        return Fault("date")
    return Document(kind, number, birth_on) if _EARLIEST <= birth_on <= today else Fault("date")


def age_on(birth_on: date, day: date) -> int:
    """Full years; who was born on 29 February has a birthday on 1 March of other years."""
    return day.year - birth_on.year - ((day.month, day.day) < (birth_on.month, birth_on.day))


def check_age(birth_on: date, day: date, *, are_minors_allowed: bool, has_guardian: bool) -> str | None:
    """Why somebody of this age can't be registered: `too_young`, `guardian`, `birth_date`; None when they can.

    Adults always; 16 and 17 with a guardian's consent where the office allows it; nobody younger, whatever it says.
    """
    if not _EARLIEST <= birth_on <= day:
        return "birth_date"
    age = age_on(birth_on, day)
    if age >= ADULT_AGE:
        return None
    if age < YOUNGEST_AGE or not are_minors_allowed:
        return "too_young"
    return None if has_guardian else "guardian"


def mask_number(number: str) -> str:
    """`640***********21X`, `E****56`: enough to recognise one's own, nothing to use."""
    if len(number) >= 15:
        return f"{number[:3]}{'*' * (len(number) - 6)}{number[-3:]}"
    return f"{number[:1]}{'*' * max(3, len(number) - 3)}{number[-2:] if len(number) > 4 else ''}"
