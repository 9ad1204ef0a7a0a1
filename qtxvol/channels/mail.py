"""Mail over SMTP. One connection for one message: a hundred a day need no more, and nothing is left open."""

import contextlib
import hashlib
import re
import smtplib
import time
from collections.abc import Callable
from datetime import datetime
from email import policy
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import format_datetime
from typing import TypeVar

from qtxvol.channels.hosts import look_up
from qtxvol.channels.message import Fault, Message, Receipt, State, Way
from qtxvol.channels.wire import shut_after, tls_context

_ADDRESS = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@(?:[A-Za-z0-9-]{1,63}\.)*[A-Za-z0-9-]{1,63}")
_CONTROL = re.compile(r"[\x00-\x1f\x7f\u2028\u2029]")
#: Mail goes to a mail server, not to any port of any machine; others must be listed.
PORTS = frozenset({25, 465, 587, 2525})

T = TypeVar("T")


def send(message: Message, way: Way) -> Receipt:
    """:raise Fault: not taken, or nobody knows."""
    letter = write(message, way.setup, way.at)
    host, port = way.setup.get("host", ""), int(way.setup.get("port") or 0)
    if port not in PORTS and not {host, f"{host}:{port}"} & way.listed:
        raise Fault(State.REFUSED, "host_forbidden")
    ends = time.monotonic() + way.seconds
    addresses = look_up(host, port, way.seconds)
    smtp = _make(way)
    try:
        with shut_after(ends - time.monotonic(), lambda: getattr(smtp, "sock", None)):
            _ask("cannot_connect", lambda: _greet(smtp, addresses, port, way.setup))
            _sign_in(smtp, way.setup)
            return _hand_over(smtp, message.address, letter, way.setup)
    finally:
        smtp.close()


def is_mail_address(text: str) -> bool:
    """Plain ASCII, one `@`; nothing that could end a header's line."""
    return len(text) <= 254 and _ADDRESS.fullmatch(text) is not None


def write(message: Message, setup: dict[str, str], at: datetime) -> EmailMessage:
    """The letter as it goes out.

    :raise Fault: `bad_address`; a subject or name with a line end.
    """
    sender = setup.get("sender", "")
    if not is_mail_address(message.address) or not is_mail_address(sender):
        raise Fault(State.REFUSED, "bad_address")
    if _CONTROL.search(message.subject + setup.get("sender_name", "") + message.unsubscribe):
        raise Fault(State.REFUSED, "bad_address")
    letter = EmailMessage(policy=policy.SMTP)
    letter["From"] = Address(setup.get("sender_name", ""), addr_spec=sender)
    letter["To"] = Address(addr_spec=message.address)
    letter["Subject"] = message.subject
    letter["Date"] = format_datetime(at)
    letter["Message-ID"] = f"<{hashlib.sha256(message.key.encode()).hexdigest()[:32]}@{sender.rpartition('@')[2]}>"
    letter["Auto-Submitted"] = "auto-generated"  # so that nobody's absence answers it
    if message.unsubscribe:
        letter["List-Unsubscribe"] = f"<{message.unsubscribe}>"
        letter["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"  # RFC 8058: the mail program's own button
    letter.set_content(message.whole_text + "\n", cte="base64")
    if message.calendar is not None:
        _attach(letter, message.calendar)
    return letter


def _attach(letter: EmailMessage, calendar: str) -> None:
    method = re.search(r"^METHOD:([A-Z]+)\s*$", calendar, re.MULTILINE)
    letter.add_attachment(
        calendar.encode(),
        maintype="text",
        subtype="calendar",
        filename="service.ics",
        params={"charset": "utf-8", "method": method[1] if method else "PUBLISH"},
    )


def _make(way: Way) -> smtplib.SMTP:
    """Not connected yet: the time limit has to be there before the first byte."""
    name = way.setup["sender"].rpartition("@")[2]  # or it would ask the network for this machine's name
    if way.setup.get("security") != "tls":
        return smtplib.SMTP(local_hostname=name, timeout=way.seconds)
    return smtplib.SMTP_SSL(local_hostname=name, timeout=way.seconds, context=tls_context())


def _greet(smtp: smtplib.SMTP, addresses: list[str], port: int, setup: dict[str, str]) -> None:
    smtp._host = setup["host"]  # type: ignore[attr-defined]  # whose certificate it must be: we connect by number
    code = _connect(smtp, addresses, port)
    if code != 220:
        raise _fault_of(code)
    smtp.ehlo_or_helo_if_needed()
    if setup.get("security") != "starttls":
        return
    if not smtp.has_extn("starttls"):
        raise Fault(State.RETRY, "tls_missing")  # never in the clear after all
    smtp.starttls(context=tls_context())
    smtp.ehlo_or_helo_if_needed()


def _connect(smtp: smtplib.SMTP, addresses: list[str], port: int) -> int:
    for address in addresses[:-1]:
        try:
            return smtp.connect(address, port)[0]
        except OSError:  # IPv6 without a way out, for example
            continue
    return smtp.connect(addresses[-1], port)[0]


def _sign_in(smtp: smtplib.SMTP, setup: dict[str, str]) -> None:
    """A password that will not do is the channel's fault, not the message's: it waits until somebody mends it."""
    if not setup.get("username"):
        return
    try:
        smtp.login(setup["username"], setup.get("password", ""))
    except (smtplib.SMTPException, OSError, UnicodeError):
        raise Fault(State.RETRY, "sign_in_failed") from None


def _hand_over(smtp: smtplib.SMTP, address: str, letter: EmailMessage, setup: dict[str, str]) -> Receipt:
    """Step by step, to know how far it came: from the last line of the letter on it may have arrived."""
    _check(_ask("no_answer", lambda: smtp.mail(setup["sender"])))
    _check(_ask("no_answer", lambda: smtp.rcpt(address)))
    _check(_ask("no_answer", lambda: smtp.docmd("DATA")), 354)
    body = re.sub(rb"(?m)^\.", b"..", letter.as_bytes())
    _ask("no_answer", lambda: smtp.send(body.rstrip(b"\r\n") + b"\r\n"))
    reply = _ask("no_answer", lambda: _end(smtp), State.UNKNOWN)
    if not 200 <= reply[0] < 300:
        raise _fault_of(reply[0], State.UNKNOWN)
    _leave(smtp)
    return Receipt(State.SENT, f"SMTP {reply[0]}")


def _end(smtp: smtplib.SMTP) -> tuple[int, bytes]:
    smtp.send(b".\r\n")
    return smtp.getreply()


def _leave(smtp: smtplib.SMTP) -> None:
    """Politely; the letter is taken, whatever comes now."""
    with contextlib.suppress(smtplib.SMTPException, OSError):
        smtp.quit()


def _ask(detail: str, step: Callable[[], T], state: State = State.RETRY) -> T:
    try:
        return step()
    except smtplib.SMTPResponseException as error:
        raise _fault_of(error.smtp_code, state) from None
    except (smtplib.SMTPException, OSError, ValueError):
        raise Fault(state, detail) from None


def _check(reply: tuple[int, bytes], *more: int) -> None:
    if not 200 <= reply[0] < 300 and reply[0] not in more:
        raise _fault_of(reply[0])


def _fault_of(code: int, otherwise: State = State.RETRY) -> Fault:
    """4xx: later perhaps. 5xx: never. Anything else is half an answer. The words are left out: they repeat the
    address."""
    if 400 <= code < 600:
        return Fault(State.REFUSED if code >= 500 else State.RETRY, f"SMTP {code}")
    return Fault(otherwise, "no_answer")
