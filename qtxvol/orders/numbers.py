"""Order numbers: for talking about an order on the phone. A number opens nothing by itself.

`QTX` and eight digits, said in two groups of four; the last digit is a check digit after Damm, which
catches every single wrong digit and every swap of neighbours.
"""

import re
import secrets
import unicodedata

PREFIX = "QTX"
_FORM = re.compile(r"(?:QTX)?(\d{8})")

# Damm's quasigroup of order 10 (H. M. Damm, Total anti-symmetrische Quasigruppen, 2004)
_DAMM = (
    "0317598642", "7092154863", "4206871359", "1750983426", "6123045978",
    "3674209581", "5869720134", "8945362017", "9438617205", "2581436790",
)  # fmt: skip


def check_digit(digits: str) -> str:
    """The digit that makes `digits` + it valid."""
    interim = 0
    for digit in digits:
        interim = int(_DAMM[interim][int(digit)])
    return str(interim)


def new_number() -> str:
    """A random number, so that it tells nobody how many orders there are. The caller checks that it is free."""
    digits = f"{secrets.randbelow(10**7):07d}"
    return PREFIX + digits + check_digit(digits)


def parse_number(text: str) -> str | None:
    """The number in what a person typed (any case, spaces, hyphens, full-width digits), or None when it is none."""
    plain = re.sub(r"[\s\-·]", "", unicodedata.normalize("NFKC", text)).upper()
    match = _FORM.fullmatch(plain)
    if match is None or not match[1].isascii() or check_digit(match[1]) != "0":
        return None
    return PREFIX + match[1]


def spoken(number: str) -> str:
    """`QTX 4821 9037`: as printed on pages and read out on the phone."""
    return f"{number[:3]} {number[3:7]} {number[7:]}"
