"""What a browser makes of a page: its forms with their fields, its sentences, and sending a form back."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any

from flask.testing import FlaskClient
from werkzeug.datastructures import MultiDict
from werkzeug.test import TestResponse, encode_multipart

#: What a browser adds when a form is sent from a page of this site.
FROM_HERE = {"Origin": "http://localhost", "Sec-Fetch-Site": "same-origin"}


@dataclass
class Form:
    """A form as it stands in a page: what would be sent if its reader changed nothing."""

    action: str
    method: str
    is_multipart: bool = False
    fields: list[tuple[str, str]] = field(default_factory=list)
    #: Names of everything that could be filled in, ticked or not.
    names: set[str] = field(default_factory=set)
    #: What the choices of radios, checkboxes and selects could be.
    options: dict[str, list[str]] = field(default_factory=dict)
    buttons: list[tuple[str, str]] = field(default_factory=list)

    def get(self, name: str) -> str | None:
        return next((value for key, value in self.fields if key == name), None)

    def filled(self, changes: Mapping[str, Any]) -> MultiDict:
        """The fields with `changes`: a list sends a name several times, None leaves it out."""
        data: MultiDict = MultiDict((name, value) for name, value in self.fields if name not in changes)
        for name, value in changes.items():
            if isinstance(value, list):
                data.setlist(name, value)
            elif value is not None:
                data.add(name, value)
        return data


class Page(HTMLParser):
    """A page that was read: `forms`, `tags` with their attributes, `text` without tags."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.html = html
        self.forms: list[Form] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.script_bodies: list[str] = []
        self._texts: list[str] = []
        self._by_id: dict[str, list[str]] = {}
        self._open_ids: list[tuple[str, str]] = []
        self._select: tuple[str, list[tuple[str, bool]]] | None = None
        self._textarea: tuple[str, list[str]] | None = None
        self._form: Form | None = None
        self._in_script = False
        self.feed(html)
        self.close()

    @property
    def text(self) -> str:
        return re.sub(r"\s+", " ", " ".join(self._texts))

    def form(self, action: str) -> Form:
        """The form that posts to `action`."""
        found = [each for each in self.forms if each.action == action and each.method == "post"]
        assert found, f"no form posts to {action}; there are {[each.action for each in self.forms]}"
        return found[0]

    def text_of(self, element_id: str) -> str:
        return re.sub(r"\s+", " ", "".join(self._by_id.get(element_id, ()))).strip()

    def error_of(self, name: str, action: str = "") -> str:
        """The sentence that stands at the field `name`, found as a screen reader finds it; empty without one."""
        ids = {name, f"{action}-{name}"} if action else {name}
        for tag, attributes in self.tags:
            is_it = attributes.get("name") == name or (tag == "fieldset" and attributes.get("id") in ids)
            if is_it and (described := attributes.get("aria-describedby")):
                sentences = [self.text_of(each) for each in described.split() if each.endswith("-error")]
                if any(sentences):
                    return " ".join(sentences)
        return ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        attributes = dict(attrs)
        self.tags.append((tag, attributes))
        if (element_id := attributes.get("id")) and tag not in ("input", "img"):
            self._by_id[element_id] = []
            self._open_ids.append((tag, element_id))
        elif self._open_ids and tag == self._open_ids[-1][0]:
            self._open_ids.append((tag, self._open_ids[-1][1]))  # nested: closed in its turn
        if tag == "script":
            self._in_script = True
        elif tag == "form":
            self._form = Form(
                attributes.get("action") or "",
                (attributes.get("method") or "get").lower(),
                attributes.get("enctype") == "multipart/form-data",
            )
            self.forms.append(self._form)
        elif self._form is not None:
            self._read_control(self._form, tag, attributes)

    def _read_control(self, form: Form, tag: str, attributes: dict[str, str | None]) -> None:
        name, value = attributes.get("name") or "", attributes.get("value") or ""
        kind = attributes.get("type") or "text"
        if tag == "option" and self._select is not None:
            self._select[1].append((value, "selected" in attributes))
        elif tag == "button":
            form.buttons.append((name, value))
        elif not name or "disabled" in attributes:
            return
        elif tag == "select":
            self._select = (name, [])
            form.names.add(name)
        elif tag == "textarea":
            self._textarea = (name, [])
            form.names.add(name)
        elif tag == "input":
            form.names.add(name)
            if kind in ("radio", "checkbox"):
                form.options.setdefault(name, []).append(value)
                if "checked" in attributes:
                    form.fields.append((name, value or "on"))
            elif kind != "file":
                form.fields.append((name, value))

    def handle_endtag(self, tag: str) -> None:
        if tag == "script":
            self._in_script = False
        elif tag == "select" and self._select is not None and self._form is not None:
            name, options = self._select
            self._form.options[name] = [value for value, _ in options]
            chosen = [value for value, is_chosen in options if is_chosen] or [value for value, _ in options[:1]]
            self._form.fields.extend((name, value) for value in chosen)
            self._select = None
        elif tag == "textarea" and self._textarea is not None and self._form is not None:
            name, parts = self._textarea
            self._form.fields.append((name, "".join(parts).removeprefix("\r\n").removeprefix("\n")))
            self._textarea = None
        elif tag == "form":
            self._form = None
        if self._open_ids and self._open_ids[-1][0] == tag:
            self._open_ids.pop()

    def handle_data(self, data: str) -> None:
        if self._in_script:
            self.script_bodies.append(data)
            return
        if self._textarea is not None:
            self._textarea[1].append(data)
        self._texts.append(data)
        for element_id in {each for _, each in self._open_ids}:
            self._by_id[element_id].append(data)


def read(response: TestResponse) -> Page:
    return Page(response.get_data(as_text=True))


def get_page(client: FlaskClient, url: str) -> Page:
    """The page at `url`, which must be there."""
    response = client.get(url)
    assert response.status_code == 200, f"{url} answered {response.status}"
    return read(response)


def submit(
    client: FlaskClient,
    form: Form,
    changes: Mapping[str, Any] | None = None,
    *,
    headers: Mapping[str, str] = FROM_HERE,
    **more: Any,
) -> TestResponse:
    """Send `form` as a browser would, with `changes` typed in."""
    data = form.filled({**(changes or {}), **more})
    if not form.is_multipart:
        kind = "application/x-www-form-urlencoded"
        return client.post(form.action, data=data, content_type=kind, headers=dict(headers))
    boundary, body = encode_multipart(data)  # in memory: the client's own way leaves a temporary file open
    kind = f"multipart/form-data; boundary={boundary}"
    return client.post(form.action, data=body, content_type=kind, headers=dict(headers))


def post_form(
    client: FlaskClient, page_url: str, form_action: str, data: Mapping[str, Any] | None = None, **more: Any
) -> TestResponse:
    """Open the page at `page_url`, fill in its form that posts to `form_action`, and send it."""
    return submit(client, get_page(client, page_url).form(form_action), data, **more)


def post_forms(page: Page) -> Iterable[Form]:
    return (form for form in page.forms if form.method == "post")
