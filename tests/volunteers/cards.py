"""Invented people with numbers that hold together."""

from datetime import date
from itertools import count
from typing import Any

from stdnum.cn import ric

from qtxvol.volunteers.consent import CONSENT_VERSION
from qtxvol.volunteers.register import VolunteerCard

_serial = count(1)


def id_number(birth_on: date = date(1980, 5, 17), serial: int | None = None) -> str:
    """A resident's number of nobody: its check digit fits."""
    body = f"640381{birth_on:%Y%m%d}{(next(_serial) if serial is None else serial) % 1000:03d}"
    return body + str(ric.calc_check_digit(body + "0"))


def card(**values: Any) -> VolunteerCard:
    """Somebody of their own, who agreed, unless `values` says otherwise."""
    serial = next(_serial)
    given = {
        "name": f"登记员{serial}",
        "phone": f"1990001{serial:04d}",
        "id_kind": "resident_id",
        "id_number": id_number(date(1980, 1 + serial // 28 % 12, 1 + serial % 28)),
        "skills": ("nutrition",),
        "consent_version": CONSENT_VERSION,
        **values,
    }
    return VolunteerCard(**given)
