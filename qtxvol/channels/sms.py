"""SMS through whatever the city has: an HTTP request written as a template, and a sentence that says when the answer
means yes. docs/channels.md has worked examples."""

import json
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote, quote_plus

from qtxvol.channels.message import Fault, Message, Receipt, State, Way
from qtxvol.channels.wire import Answer, post

_GAP = re.compile(r"\{([a-z]+)\}")
#: What a template may name.
GAPS = ("phone", "text", "key", "secret", "account")
_RULE = re.compile(r"status:\d{3}|json:[\w.\-]+=.*|contains:.+")


def send(message: Message, way: Way) -> Receipt:
    """:raise Fault: not taken."""
    setup = way.setup
    if not re.fullmatch(r"[0-9]{5,20}", message.address):
        raise Fault(State.REFUSED, "bad_address")
    values = {
        "phone": message.address,
        "text": message.whole_text,
        "key": message.key,
        "secret": setup.get("secret", ""),
        "account": setup.get("account", ""),
    }
    headers = read_headers(setup.get("headers", ""), values)
    kind = next((value for name, value in headers.items() if name.casefold() == "content-type"), "")
    body = fill(setup.get("body", ""), values, kind).encode()
    url = fill(setup.get("url", ""), values, "url")
    answer = post(url, body, headers, way, method=setup.get("method") or "POST")
    return judge(answer, setup)


def judge(answer: Answer, setup: Mapping[str, str]) -> Receipt:
    """The office's own sentence decides; HTTP alone only where it says nothing.

    :raise Fault: `retry` for the answers listed as such, 408, 425, 429, 5xx, and a rejected sign-in, which is the
        channel's fault and not the message's; `refused` for all others.
    """
    if matches(setup.get("success") or "status:200", answer):
        return Receipt(State.SENT, f"HTTP {answer.status}", find_reference(setup.get("reference", ""), answer))
    again = [line for line in setup.get("again", "").splitlines() if line.strip()]
    is_worth_it = answer.status in (401, 403, 408, 425, 429) or answer.status >= 500
    if is_worth_it or any(matches(line.strip(), answer) for line in again):
        raise Fault(State.RETRY, _detail(answer, setup), answer.retry_after)
    raise Fault(State.REFUSED, "redirect" if 300 <= answer.status < 400 else _detail(answer, setup))


def fill(template: str, values: Mapping[str, str], kind: str) -> str:
    """Put values into the gaps, so that none of them can end the place where it stands.

    :param kind: `url`, or the content type of the body.
    """

    def put(gap: re.Match[str]) -> str:
        value = values.get(gap[1])
        return gap[0] if value is None else _escape(value, kind)

    return _GAP.sub(put, template)


def _escape(value: str, kind: str) -> str:
    if kind == "url":
        return quote(value, safe="")
    if "json" in kind:
        return json.dumps(value, ensure_ascii=False)[1:-1]
    if "xml" in kind:
        return value.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace('"', "&quot;")
    if "urlencoded" in kind:
        return quote_plus(value)
    return value


def read_headers(text: str, values: Mapping[str, str]) -> dict[str, str]:
    """One `Name: value` a line.

    :raise Fault: `not_configured` for a line that is none.
    """
    headers = {}
    for line in filter(None, map(str.strip, text.splitlines())):
        name, colon, value = line.partition(":")
        if not colon or not re.fullmatch(r"[A-Za-z0-9-]+", name.strip()):
            raise Fault(State.RETRY, "not_configured")
        headers[name.strip()] = re.sub(r"[\r\n]", " ", fill(value.strip(), values, "header"))
    return headers


def find_unknown_gaps(template: str) -> list[str]:
    """Names in braces that nothing is put into. Braces of JSON have no bare word in them."""
    return [name for name in _GAP.findall(template) if name not in GAPS]


def is_rule(text: str) -> bool:
    """`status:200`, `json:Code=OK` or `contains:success`."""
    return _RULE.fullmatch(text) is not None


def matches(rule: str, answer: Answer) -> bool:
    """The answer is as the rule says; a rule on the content holds only with a 2xx."""
    what, _, rest = rule.partition(":")
    if what == "status":
        return str(answer.status) == rest
    if not 200 <= answer.status < 300:
        return False
    if what == "contains":
        return rest in answer.text
    path, _, wanted = rest.partition("=")
    return _find(answer, path) == wanted


def find_reference(path: str, answer: Answer) -> str:
    """The provider's own number, from where the office says that it stands."""
    return (_find(answer, path) or "")[:64] if path else ""


def _find(answer: Answer, path: str) -> str | None:
    """What stands at `SendStatusSet.0.Code`, as text."""
    try:
        found: Any = json.loads(answer.body)
    except ValueError:
        return None
    for step in path.split("."):
        if isinstance(found, dict):
            found = found.get(step)
        elif isinstance(found, list) and step.isdecimal() and int(step) < len(found):
            found = found[int(step)]
        else:
            return None
    if isinstance(found, bool):
        return "true" if found else "false"
    return str(found) if isinstance(found, str | int | float) else None


def _detail(answer: Answer, setup: Mapping[str, str]) -> str:
    """The value that the rule looks at tells a person more than the status."""
    success = setup.get("success", "")
    said = _find(answer, success[5:].partition("=")[0]) if success.startswith("json:") else None
    return f"HTTP {answer.status} {said}" if said else f"HTTP {answer.status}"
