"""What a channel carries and what it answers. Pure."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum


class State(StrEnum):
    """What became of a message."""

    SENT = "sent"
    #: Not taken, and worth another try: nobody there, too many at once, out of order.
    RETRY = "retry"
    #: Not taken, and it would not be the next time either.
    REFUSED = "refused"
    #: It went out whole and no answer came: perhaps it arrived.
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Message:
    """One message to one address.

    :ivar key: the same for each try of the same message: `Message-ID`, `Idempotency-Key`, the provider's own number.
    :ivar address: mail address, telephone number, or a robot's address with its signing secret behind a `#`.
    :ivar link: a whole address of this service; it stands in the text or is added to it.
    :ivar calendar: an iCalendar file; only mail and webhooks carry it.
    :ivar unsubscribe: address of the page where this kind of message is switched off; mail programs show it.
    """

    key: str
    address: str = field(repr=False)
    subject: str = field(repr=False)
    text: str = field(repr=False)
    link: str = field(default="", repr=False)
    calendar: str | None = field(default=None, repr=False)
    unsubscribe: str = field(default="", repr=False)

    @property
    def whole_text(self) -> str:
        """The text, with the link where the text does not have it."""
        return self.text if not self.link or self.link in self.text else f"{self.text}\n{self.link}"


@dataclass(frozen=True, slots=True)
class Receipt:
    """What became of a message.

    :ivar state: one of `State`. :ivar detail: a code of `FAULTS`, or what the other side said, e.g. `errcode 45009 …`;
        never an address, a token or a text. :ivar reference: the other side's own number, where it gave one.
    :ivar retry_after: seconds, when the other side said how long to wait.
    """

    state: str
    detail: str = ""
    reference: str = ""
    retry_after: int | None = None


class Fault(Exception):
    """It was not sent, or nobody knows; the receipt says so. Raised by a sender, never by `send`."""

    def __init__(self, state: State, detail: str, retry_after: int | None = None) -> None:
        super().__init__(detail)
        self.receipt = Receipt(state, detail, retry_after=retry_after)


@dataclass(frozen=True, slots=True)
class Way:
    """What a sender needs to know of this installation.

    :ivar setup: the channel's own settings. :ivar at: now, for signatures.
    :ivar listed: hosts of `QTXVOL_OUTGOING_HOSTS`. :ivar seconds: how long the whole exchange may take.
    """

    setup: dict[str, str] = field(repr=False)
    at: datetime
    listed: frozenset[str] = frozenset()
    seconds: float = 10.0


#: What this side finds out by itself; anything else in `Receipt.detail` is what the other side said.
FAULTS = (
    "bad_address",
    "host_forbidden",
    "cannot_connect",
    "no_answer",
    "unreadable_answer",
    "redirect",
    "not_configured",
    "not_installed",
    "tls_missing",
    "sign_in_failed",
    "broken",
)
