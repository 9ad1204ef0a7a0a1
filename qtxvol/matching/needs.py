"""What an order asks of volunteers. Pure."""

from dataclasses import dataclass, field
from enum import IntEnum


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

    @property
    def people(self) -> int:
        """How many volunteers the service takes."""
        return self.leads + self.helpers
