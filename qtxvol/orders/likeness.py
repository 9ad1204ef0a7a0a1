"""Are two orders the same wish, placed twice? A score with its reasons. Pure.

The subject must be the same: the same menu item, or free wishes in much the same words. What speaks for a double
beside it: the place, a day that both wished for, the same telephone, the same organisation.
"""

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from qtxvol.orders.lifecycle import Label


class Why(StrEnum):
    """What two orders have in common."""

    ITEM = "item"
    WORDS = "words"
    COMMUNITY = "community"
    TOWN = "town"
    DATES = "dates"
    PHONE = "phone"
    ORGANISATION = "organisation"


WHY_LABELS: dict[Why, Label] = {
    Why.ITEM: Label("同项目", "same item"),
    Why.WORDS: Label("需求相近", "similar wish"),
    Why.COMMUNITY: Label("同社区", "same community"),
    Why.TOWN: Label("同镇街", "same town"),
    Why.DATES: Label("时间重叠", "dates overlap"),
    Why.PHONE: Label("同电话", "same telephone"),
    Why.ORGANISATION: Label("同单位", "same organisation"),
}

_WEIGHTS = {
    Why.ITEM: 40,
    Why.WORDS: 40,
    Why.COMMUNITY: 25,
    Why.TOWN: 10,
    Why.DATES: 15,
    Why.PHONE: 30,
    Why.ORGANISATION: 15,
}
#: From here on a pair is shown: the same subject, place and dates; or the same subject, town and telephone.
THRESHOLD = 80
#: Free wishes are alike when they share so much of their pairs of characters (Dice coefficient, 0 to 1).
ALIKE = 0.5
_NOT_WORDS = re.compile(r"[\W_]+")


@dataclass(frozen=True, slots=True)
class Trait:
    """What of an order is compared.

    :ivar item: from the menu; None for a free `wish`.
    :ivar community: division code, 12 digits; the first nine are the town's.
    :ivar days: wished for, in the city.
    :ivar phone: digest; empty when it was erased.
    """

    item: str | None
    wish: str
    community: str
    days: frozenset[date]
    phone: str = ""
    organisation: str = ""

    @property
    def town(self) -> str:
        return self.community[:9]


@dataclass(frozen=True, slots=True)
class Likeness:
    """:ivar score: 0 to 125; `reasons` in the order of `Why`."""

    score: int
    reasons: tuple[Why, ...]

    @property
    def is_likely(self) -> bool:
        return self.score >= THRESHOLD


def compare(one: Trait, other: Trait) -> Likeness:
    """How much two orders look like one; nothing when they are about different things."""
    reasons = tuple(_reasons(one, other))
    if not {Why.ITEM, Why.WORDS} & set(reasons):
        return Likeness(0, ())
    return Likeness(sum(_WEIGHTS[each] for each in reasons), reasons)


def _reasons(one: Trait, other: Trait) -> Iterable[Why]:
    if one.item is not None and one.item == other.item:
        yield Why.ITEM
    elif one.item is None and other.item is None and are_alike(one.wish, other.wish):
        yield Why.WORDS
    if one.community == other.community:
        yield Why.COMMUNITY
    elif one.town == other.town:
        yield Why.TOWN
    if one.days & other.days:
        yield Why.DATES
    if one.phone and one.phone == other.phone:
        yield Why.PHONE
    if one.organisation and one.organisation == other.organisation:
        yield Why.ORGANISATION


def are_alike(one: str, other: str) -> bool:
    """Two short texts say much the same, whatever their punctuation."""
    a, b = _pairs(one), _pairs(other)
    return bool(a and b) and 2 * len(a & b) / (len(a) + len(b)) >= ALIKE


def _pairs(text: str) -> frozenset[str]:
    plain = _NOT_WORDS.sub("", unicodedata.normalize("NFKC", text).casefold())
    return frozenset(plain[i : i + 2] for i in range(len(plain) - 1)) or frozenset(filter(None, [plain]))


def list_pairs(traits: Sequence[tuple[int, Trait]]) -> list[tuple[int, int, Likeness]]:
    """All likely doubles among orders, (lower id, higher id, likeness), the likeliest first.

    Cost: within a town and an item each pair is compared once.
    """
    groups: dict[tuple[str, str | None], list[tuple[int, Trait]]] = {}
    for order_id, trait in sorted(traits, key=lambda each: each[0]):
        groups.setdefault((trait.town, trait.item), []).append((order_id, trait))
    found = [
        (low, high, likeness)
        for group in groups.values()
        for i, (low, one) in enumerate(group)
        for high, other in group[i + 1 :]
        if (likeness := compare(one, other)).is_likely
    ]
    return sorted(found, key=lambda pair: (-pair[2].score, pair[0], pair[1]))
