"""What an order asks of volunteers. Pure."""

from dataclasses import dataclass, field
from enum import IntEnum

from qtxvol.matching.profiles import Remit
from qtxvol.matching.slots import start_of


class Urgency(IntEnum):
    """How long an order can wait. The numbers index the three-part weights of `settings`."""

    ORDINARY = 0
    URGENT = 1
    EMERGENCY = 2


@dataclass(frozen=True, slots=True)
class Need:
    """One order, as far as matching is concerned; nothing about who placed it.

    :ivar place: id of the community where the service takes place.
    :ivar created_at: minute in which the order was placed.
    :ivar slots: wished slots, earliest first; may be empty, and then nobody can serve it.
    :ivar leads: people who can lead the topic (skill level 2 and up); at least 1.
    :ivar helpers: further people of any skill; 0 and up.
    :ivar experts: ids of teams on the list of experts of its emergency.
    :ivar starts: minute in which the service would begin, slot by slot; empty: the slots' usual starts.
    :ivar remit: who answers for this very order, where its holder is known; None: as the city's table says.
    :ivar is_for_anybody: no skill is asked for, so whoever may be asked counts as one who may lead.
    """

    id: int
    topic: str
    audience: str
    place: int
    created_at: float
    slots: tuple[int, ...]
    leads: int = 1
    helpers: int = 1
    urgency: Urgency = field(default=Urgency.ORDINARY)
    experts: frozenset[int] = frozenset()
    starts: tuple[int, ...] = ()
    remit: Remit | None = None
    is_for_anybody: bool = False

    @property
    def people(self) -> int:
        """How many volunteers the service takes."""
        return self.leads + self.helpers

    def start_in(self, slot: int) -> int:
        """The minute in which the service begins if it takes place in `slot`."""
        return self.starts[self.slots.index(slot)] if self.starts and slot in self.slots else start_of(slot)
