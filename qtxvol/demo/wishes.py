"""Who asks for what, where and for how many: invented, and fitting together."""

import random
from collections.abc import Sequence
from dataclasses import dataclass

from qtxvol.demo import words
from qtxvol.demo.people import People
from qtxvol.demo.words import FreeWish
from qtxvol.directory.queries import MenuEntry, TownGroup

STREET_TOWN = "640381001000"  # 裕民街道

#: Who orders for whom; everybody else comes as a resident.
_KINDS = {"youth": "school", "workers": "enterprise", "officials": "organisation"}
_NAMES = {"school": words.SCHOOLS, "enterprise": words.ENTERPRISES, "organisation": words.ORGANISATIONS}
#: How often the menu's themes are asked for, where it isn't 4.
_WEIGHTS = {"health": 9, "fraud_rumour": 7, "digital": 8, "frontier": 2, "info_platform": 2, "customs": 3, "skills": 3}


@dataclass(frozen=True, slots=True)
class Request:
    """What somebody wants, before anybody has done anything.

    :ivar duration: minutes that the service takes.
    :ivar is_by_phone: a clerk writes it down for somebody who called.
    """

    item: MenuEntry | None
    text: str
    audience: str
    department_id: str
    division_code: str
    venue: str
    headcount: int
    kind: str
    organisation: str
    contact_name: str
    contact_phone: str
    duration: int
    is_by_phone: bool


class Inventor:
    """Makes requests. The same generator gives the same requests."""

    def __init__(
        self, rng: random.Random, people: People, menu: Sequence[MenuEntry], towns: Sequence[TownGroup]
    ) -> None:
        self._rng = rng
        self._people = people
        self._menu = {item.id: item for item in menu}
        self._towns = {group.town.code: group for group in towns}

    def request(
        self,
        item_id: str | None = None,
        *,
        department_id: str | None = None,
        division_code: str | None = None,
        free: FreeWish | None = None,
        is_by_phone: bool | None = None,
        town: str | None = None,
    ) -> Request:
        """Something to order; what is not given is chosen.

        :param department_id: an item of the menu that this department owns.
        :param free: a wish in free text instead of an item.
        """
        rng = self._rng
        if free is None and item_id is None and department_id is None and rng.random() < 0.09:
            free = rng.choice(words.FREE_WISHES)
        item = None if free else self._menu[item_id] if item_id else self._choose_item(department_id)
        audience = free.audience if free else rng.choice(item.audiences) if item else ""
        kind = _KINDS.get(audience, "resident")
        if division_code is None:
            division_code = self._choose_division(audience, town)
        least, most = (item.headcount_min, item.headcount_max) if item else (10, 60)
        if is_by_phone is None:
            is_by_phone = kind == "resident" and rng.random() < (0.4 if audience == "elderly" else 0.15)
        return Request(
            item=item,
            text=free.text if free else rng.choice(words.REMARKS) if rng.random() < 0.25 else "",
            audience=audience,
            department_id=free.department_id if free else item.department_id if item else "",
            division_code=division_code,
            venue=self._choose_venue(kind, division_code, item),
            headcount=int(rng.triangular(least, min(most, 120), min(most, max(least, 35)))),
            kind=kind,
            organisation=self._town_name(division_code) + rng.choice(_NAMES[kind]) if kind in _NAMES else "",
            contact_name=self._people.elder() if is_by_phone and rng.random() < 0.5 else self._people.name(),
            contact_phone=self._people.phone(),
            duration=item.duration_minutes if item else 60,
            is_by_phone=is_by_phone,
        )

    def _choose_item(self, department_id: str | None) -> MenuEntry:
        items = [item for item in self._menu.values() if department_id in (None, item.department_id)]
        return self._rng.choices(items, [_WEIGHTS.get(item.theme, 4) for item in items])[0]

    def _choose_division(self, audience: str, town: str | None) -> str:
        """Townspeople order where townspeople live, farmers in villages."""
        if town is None:
            is_rural = audience == "farmers"
            towns = [code for code in self._towns if not (is_rural and code == STREET_TOWN)]
            weights = [12 if code == STREET_TOWN else 4 if code == "640381100000" else 2 for code in towns]
            town = self._rng.choices(towns, [1] * len(towns) if is_rural else weights)[0]
        return self._rng.choice(self._towns[town].communities).code

    def _choose_venue(self, kind: str, division_code: str, item: MenuEntry | None) -> str:
        if item and item.format == "field":
            return self._rng.choice(words.VENUES["field"])
        if kind == "resident" and not division_code.startswith(STREET_TOWN[:9]):
            kind = "village"
        return self._rng.choice(words.VENUES[kind])

    def _town_name(self, division_code: str) -> str:
        return self._towns[division_code[:9] + "000"].town.name
