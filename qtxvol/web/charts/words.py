"""Numbers and days as the pictures write them, and the sizes that they share."""

from datetime import date

from flask_babel import format_date

from qtxvol.web.display import is_english

#: Widths that a picture is planned for: inside a phone of 360 px, and on a desk.
NARROW, WIDE = 328, 960
LETTERS = 13.0


def number(value: float) -> str:
    """`1,446`."""
    return f"{value:,.0f}"


def one_decimal(value: float | None) -> str:
    """`4.6`, or a dash where there is nothing to say."""
    return "—" if value is None else f"{value:.1f}"


def whole_day(day: date) -> str:
    """`2025年12月31日`."""
    return str(format_date(day, "d MMMM y" if is_english() else "y年M月d日"))


def month(day: date) -> str:
    """`2027年6月`."""
    return str(format_date(day, "MMMM y" if is_english() else "y年M月"))
