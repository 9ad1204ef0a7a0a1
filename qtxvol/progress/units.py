"""The units that figures come in, a closed list; pure. 人 are distinct people, 人次 attendances: never added up."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

#: Unit as the plan writes it → English.
UNITS: Mapping[str, str] = {
    "人": "persons",
    "人次": "person-times",
    "名": "persons",
    "次": "times",
    "场": "sessions",
    "家": "venues",
    "个": "items",
    "处": "places",
    "支": "teams",
    "户": "households",
    "项": "items",
    "小时": "hours",
    "%": "percent",
}


class MixedUnitsError(ValueError):
    """Figures that must not be added up: their units differ, or they are shares."""


@dataclass(frozen=True, slots=True)
class Quantity:
    """A number with its unit, one of `UNITS`.

    :raise ValueError: another unit.
    """

    value: float
    unit: str

    def __post_init__(self) -> None:
        if self.unit not in UNITS:
            raise ValueError(f"not a unit of this service: {self.unit!r}")

    def __add__(self, other: "Quantity") -> "Quantity":
        """:raise MixedUnitsError: two units, or percentages."""
        if self.unit != other.unit or self.unit == "%":
            raise MixedUnitsError(f"{self.unit} and {other.unit} are not added up")
        return Quantity(self.value + other.value, self.unit)


def add_up(quantities: Iterable[Quantity]) -> Quantity | None:
    """The sum, None of nothing.

    :raise MixedUnitsError: the units differ, or there are several percentages.
    """
    total: Quantity | None = None
    for each in quantities:
        total = each if total is None else total + each
    return total
