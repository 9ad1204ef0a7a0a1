"""English: every sentence has one, the compiled catalogue is fresh, and English pages show Chinese only as data."""

import io
import re
import tomllib
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path

import pytest
import time_machine
from babel.messages.catalog import Catalog, Message
from babel.messages.extract import DEFAULT_KEYWORDS, extract_from_dir
from babel.messages.mofile import read_mo, write_mo
from babel.messages.pofile import read_po
from flask.testing import FlaskClient
from sqlalchemy import select

from qtxvol.directory.models import Division
from qtxvol.extensions import db
from qtxvol.orders.links import link_token
from qtxvol.orders.models import Order
from tests.conftest import csrf_of
from tests.factories import COMMUNITY, ITEM, NOW, City, accepted, closed, counted, make_city, placed

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "qtxvol" / "translations" / "en" / "LC_MESSAGES"
UPDATE = 'CONTRIBUTING.md, "Words in two languages", says how to update the catalogue'

HAN = re.compile(r"[\u2e80-\u2fdf\u3005-\u3007\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff]")
CHINESE_MARKS = "，。：；、？！（）“”《》「」…　"
MASKED_NAME = re.compile(HAN.pattern + r"\*+")
PLACEHOLDER = re.compile(r"%\((\w+)\)([sd])|%%")


def forms_of(value: object) -> tuple[str, ...]:
    """One text, or singular and plural."""
    return tuple(map(str, value)) if isinstance(value, (list, tuple)) else (str(value),)


def name_of(message: Message) -> str:
    return forms_of(message.id)[0]


def extract() -> dict[str, object]:
    """msgid -> the id with its plural, of everything that `_`, `_l` and `ngettext` name in the source."""
    mappings = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["babel"]["mappings"]
    method_map = [(each["pattern"], each["method"]) for each in mappings]
    options = {each["pattern"]: {k: v for k, v in each.items() if k not in ("pattern", "method")} for each in mappings}
    found: dict[str, object] = {}
    for folder in ("qtxvol", "templates"):
        rows = extract_from_dir(
            ROOT / folder,
            [
                (pattern.removeprefix(f"{folder}/"), method)
                for pattern, method in method_map
                if pattern.startswith(folder)
            ],
            {pattern.removeprefix(f"{folder}/"): values for pattern, values in options.items()},
            keywords={**DEFAULT_KEYWORDS, "_l": None},
        )
        for _file, _line, message, _comments, _context in rows:
            found[forms_of(message)[0]] = message
    return found


@pytest.fixture(scope="module")
def catalog() -> Catalog:
    with (FOLDER / "messages.po").open("rb") as file:
        return read_po(file, locale="en")


@pytest.fixture(scope="module")
def messages(catalog: Catalog) -> dict[str, Message]:
    return {name_of(message): message for message in catalog if message.id}


# The catalogue


def test_every_sentence_of_the_source_is_in_english(messages: dict[str, Message]):
    source = extract()
    assert len(source) > 700
    missing = [name for name in source if name not in messages or not all(forms_of(messages[name].string))]
    assert not missing, f"no English for {missing}; {UPDATE}"
    other_form = [
        name for name, message in source.items() if len(forms_of(message)) != len(forms_of(messages[name].id))
    ]
    assert not other_form, f"plural here and not there: {other_form}; {UPDATE}"


def test_nothing_is_kept_that_the_source_no_longer_says(catalog: Catalog, messages: dict[str, Message]):
    gone = sorted(messages.keys() - extract().keys())
    assert not gone, f"no longer said anywhere: {gone}; {UPDATE}"
    assert not catalog.obsolete, UPDATE


def test_nothing_is_fuzzy(messages: dict[str, Message]):
    assert not [name for name, message in messages.items() if message.fuzzy]


def test_a_plural_has_both_forms(messages: dict[str, Message]):
    plurals = [message for message in messages.values() if len(forms_of(message.id)) == 2]
    assert plurals
    wrong = [name_of(each) for each in plurals if len(forms_of(each.string)) != 2 or not all(forms_of(each.string))]
    assert not wrong


def test_placeholders_are_the_same(messages: dict[str, Message]):
    for name, message in messages.items():
        wanted = sorted(PLACEHOLDER.findall(name))
        for form in forms_of(message.string):
            assert sorted(PLACEHOLDER.findall(form)) == wanted, f"{name} -> {form}"


def test_english_has_no_chinese_marks_or_characters(messages: dict[str, Message]):
    for name, message in messages.items():
        for form in forms_of(message.string):
            assert not HAN.search(form), f"{name} -> {form}"
            assert not set(form) & set(CHINESE_MARKS), f"{name} -> {form}"


def test_the_compiled_catalogue_is_fresh(catalog: Catalog):
    """Compared by content: the header names the version of Babel that wrote it."""
    buffer = io.BytesIO()
    write_mo(buffer, catalog)
    buffer.seek(0)
    with (FOLDER / "messages.mo").open("rb") as file:
        committed = read_mo(file)
    assert contents_of(committed) == contents_of(read_mo(buffer)), UPDATE
    assert committed.plural_expr == catalog.plural_expr


def contents_of(catalog: Catalog) -> dict[tuple[str, ...], tuple[str, ...]]:
    return {forms_of(message.id): forms_of(message.string) for message in catalog if message.id}


# The pages


class Words(HTMLParser):
    """What a reader sees or hears, outside of everything that says it is Chinese."""

    _SPOKEN = ("alt", "title", "aria-label", "placeholder", "data-label", "data-done", "data-too-big", "data-too-many")
    _VOID = ("input", "img", "link", "meta", "br", "hr", "circle", "line", "path", "rect", "polygon", "polyline")

    def __init__(self, html: str) -> None:
        super().__init__()
        self.found: list[str] = []
        self.language: str | None = None
        self._chinese: list[str] = []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        attributes = dict(attrs)
        if tag == "html":
            self.language = attributes.get("lang")
        elif tag not in self._VOID and (self._chinese or (attributes.get("lang") or "").startswith("zh")):
            self._chinese.append(tag)
        if not self._chinese:
            self.found.extend(attributes.get(name) or "" for name in self._SPOKEN)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if not self._chinese:
            self.found.extend(value or "" for name, value in attrs if name in self._SPOKEN)

    def handle_endtag(self, tag: str) -> None:
        if self._chinese and self._chinese[-1] == tag:
            self._chinese.pop()

    def handle_data(self, data: str) -> None:
        if not self._chinese:
            self.found.append(data)


def chinese_in(html: str, data: list[str]) -> list[str]:
    """Texts of a page with Chinese in them that is not `data`."""
    words = Words(html)
    assert words.language == "en"
    left = []
    for text in words.found:
        for each in data:
            text = text.replace(each, "")
        text = MASKED_NAME.sub("", text)
        if HAN.search(text) or set(text) & set(CHINESE_MARKS):
            left.append(text.strip())
    return left


@pytest.fixture
def city(client_sqlite: FlaskClient) -> Iterator[City]:
    """A small city whose visitor has chosen English."""
    with time_machine.travel(NOW, tick=False):
        with client_sqlite.application.app_context():
            city = make_city()
            counted(NOW.date())
        answer = client_sqlite.post(
            "/view", data={"csrf_token": csrf_of(client_sqlite, "/"), "language": "en", "next": "/about"}
        )
        assert answer.status_code == 303
        assert answer.location == "/about"
        yield city


@pytest.fixture
def data(client_sqlite: FlaskClient, city: City) -> list[str]:
    """Chinese that an English page may show: names of places, people and teams, and what residents wrote."""
    with client_sqlite.application.app_context():
        places = db.session.scalars(select(Division.display_name)).all()
    people = [
        "王测试",
        "东街居委会",
        "市卫生健康局",
        "市医院测试队",
        "社区活动室",
        "讲了三减三健，发了控盐勺。",
    ]
    return sorted({*places, *people}, key=len, reverse=True)


WHAT = {"audience": "elderly", "item": ITEM}
WHERE = {"division_code": COMMUNITY, "venue": "社区活动室", "day_1": "2026-11-28", "slot_1": "morning"}

PAGES = (
    "/",
    "/menu",
    "/menu?audience=elderly&theme=health",
    "/menu?q=zzz",
    f"/menu/{ITEM}",
    "/order",
    f"/order?audience=elderly&item={ITEM}",
    "/track",
    "/progress",
    "/about",
    "/login",
    "/register",
)


@pytest.mark.parametrize("path", PAGES)
def test_a_public_page_is_in_english(client_sqlite: FlaskClient, data: list[str], path: str):
    answer = client_sqlite.get(path)
    assert answer.status_code == 200
    assert chinese_in(answer.get_data(as_text=True), data) == []


@pytest.mark.parametrize(("path", "status"), [("/nowhere", 404), ("/logout", 405), ("/menu/S99", 404)])
def test_an_error_page_is_in_english(client_sqlite: FlaskClient, data: list[str], path: str, status: int):
    answer = client_sqlite.get(path)
    assert answer.status_code == status
    assert chinese_in(answer.get_data(as_text=True), data) == []


@pytest.mark.parametrize(
    ("form", "status"),
    [
        ({"screen": "1", "go": "menu", "audience": "elderly"}, 200),
        ({"screen": "1", "go": "next"}, 422),
        ({"screen": "1", "go": "next", **WHAT}, 200),
        ({"screen": "2", "go": "next", **WHAT}, 422),
        ({"screen": "2", "go": "next", **WHAT, **WHERE}, 200),
        ({"screen": "3", "go": "send", **WHAT, **WHERE, "contact_phone": "1", "headcount": "x"}, 422),
    ],
)
def test_the_order_screens_and_their_errors_are_in_english(
    client_sqlite: FlaskClient, data: list[str], form: dict[str, str], status: int
):
    answer = client_sqlite.post("/order", data={**form, "csrf_token": csrf_of(client_sqlite, "/order")})
    assert answer.status_code == status
    assert chinese_in(answer.get_data(as_text=True), data) == []


@pytest.mark.parametrize("form", [{}, {"number": "x", "tail": "12"}, {"number": "QTX 1234 5678", "tail": "1234"}])
def test_looking_for_an_order_in_vain_is_in_english(client_sqlite: FlaskClient, data: list[str], form: dict[str, str]):
    answer = client_sqlite.post("/track", data={**form, "csrf_token": csrf_of(client_sqlite, "/track")})
    assert answer.status_code in (404, 422)
    assert chinese_in(answer.get_data(as_text=True), data) == []


@pytest.mark.parametrize("stage", [placed, accepted, closed])
def test_the_page_behind_the_secret_link_is_in_english(
    client_sqlite: FlaskClient, city: City, data: list[str], stage: type
):
    app = client_sqlite.application
    with app.app_context():
        number = stage(city).number
        nonce = db.session.scalar(select(Order.link_nonce).where(Order.number == number))
    for query in ("", "?new=1"):
        answer = client_sqlite.get(f"/t/{number}/{link_token(app.config['SECRET_KEY'], number, nonce)}{query}")
        assert answer.status_code == 200
        assert chinese_in(answer.get_data(as_text=True), data) == []


def test_a_page_is_chinese_until_somebody_chooses(client_sqlite: FlaskClient):
    page = client_sqlite.get("/", headers={"Accept-Language": "en"}).get_data(as_text=True)
    assert 'lang="zh-CN"' in page
    assert "我要点单" in page
