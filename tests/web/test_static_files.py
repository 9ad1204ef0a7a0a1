"""Style sheets and scripts: compressed for whoever takes it so, kept for a year under an address of their content."""

import gzip
import os
import re
from pathlib import Path

import pytest
from flask import Flask, url_for
from flask.testing import FlaskClient

from qtxvol.web.static_files import Shelf

ROOT = Path(__file__).resolve().parents[2] / "qtxvol" / "static"
GZIP = {"Accept-Encoding": "gzip, deflate, br"}


def address_of(app: Flask, filename: str) -> str:
    with app.test_request_context():
        return url_for("static", filename=filename)


def test_a_page_names_files_with_their_hash_and_the_browser_may_keep_them(app_sqlite: Flask) -> None:
    client = app_sqlite.test_client()
    page = client.get("/about").text
    found = re.findall(r'(?:href|src)="(/static/[^"]+)"', page)
    assert found
    for address in found:
        answer = client.get(address)
        assert re.search(r"\?v=[0-9a-f]{12}$", address), address
        assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable", address


@pytest.mark.parametrize("query", ["", "?v=", "?v=000000000000"])
def test_without_the_right_hash_a_file_is_kept_for_minutes_only(client_sqlite: FlaskClient, query: str) -> None:
    answer = client_sqlite.get("/static/qtxvol.css" + query)
    assert answer.headers["Cache-Control"] == "public, max-age=300"


def test_words_are_compressed_for_whoever_takes_it_so(client_sqlite: FlaskClient) -> None:
    plain = client_sqlite.get("/static/qtxvol.css")
    packed = client_sqlite.get("/static/qtxvol.css", headers=GZIP)
    assert "Content-Encoding" not in plain.headers
    assert packed.headers["Content-Encoding"] == "gzip"
    assert gzip.decompress(packed.data) == plain.data == (ROOT / "qtxvol.css").read_bytes()
    assert len(packed.data) < len(plain.data) / 2
    assert packed.headers["ETag"] != plain.headers["ETag"]
    for answer in (plain, packed):
        assert answer.mimetype == "text/css"
        assert "Accept-Encoding" in answer.headers["Vary"]


def test_compression_can_be_declined(client_sqlite: FlaskClient) -> None:
    answer = client_sqlite.get("/static/qtxvol.css", headers={"Accept-Encoding": "gzip;q=0, br"})
    assert "Content-Encoding" not in answer.headers


def test_a_browser_that_has_the_file_gets_no_body(client_sqlite: FlaskClient) -> None:
    for headers in ({}, GZIP):
        first = client_sqlite.get("/static/qtxvol.js", headers=headers)
        again = client_sqlite.get("/static/qtxvol.js", headers={**headers, "If-None-Match": first.headers["ETag"]})
        assert (again.status_code, again.data) == (304, b"")
    other_form = client_sqlite.get("/static/qtxvol.js", headers={"If-None-Match": first.headers["ETag"]})
    assert other_form.status_code == 200, "the plain form is not the compressed one"


def test_a_file_carries_no_session(app_sqlite: Flask) -> None:
    client = app_sqlite.test_client()
    with client.session_transaction() as session:
        session.permanent = True
        session["language"] = "en"
    assert "Set-Cookie" in client.get("/about").headers  # a lasting session is renewed by every page
    assert "Set-Cookie" not in client.get("/static/qtxvol.css").headers


@pytest.mark.parametrize("path", ["nothing.css", "../settings.py", "%2e%2e/settings.py", "a%00b", "x" * 400, ""])
def test_what_is_not_there_is_not_found(client_sqlite: FlaskClient, path: str) -> None:
    assert client_sqlite.get("/static/" + path).status_code in (400, 404)


def test_pages_are_not_compressed(client_sqlite: FlaskClient) -> None:
    assert "Content-Encoding" not in client_sqlite.get("/about", headers=GZIP).headers


def test_many_ways_to_one_file_are_held_once(tmp_path: Path) -> None:
    (tmp_path / "a.css").write_text("a")
    shelf = Shelf(tmp_path)
    found = shelf.find("a.css")
    assert found is not None
    assert all(shelf.find(f"x{i}/../a.css") is found for i in range(3))


def test_a_changed_file_is_read_again_and_gets_another_address(tmp_path: Path) -> None:
    shelf, file = Shelf(tmp_path), tmp_path / "a.css"
    file.write_text("a{}" * 100, "utf-8")
    first = shelf.find("a.css")
    assert shelf.find("a.css") is first
    file.write_text("b{}" * 100, "utf-8")
    os.utime(file, ns=(1, 1))
    second = shelf.find("a.css")
    assert first is not None
    assert second is not None
    assert second.content_hash != first.content_hash
    assert gzip.decompress(second.packed or b"") == b"b{}" * 100


def test_a_file_that_would_not_shrink_stays_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "a.css").write_text("a", "utf-8")
    (tmp_path / "a.png").write_bytes(bytes(1000))
    shelf = Shelf(tmp_path)
    assert [shelf.find(name).packed for name in ("a.css", "a.png")] == [None, None]  # type: ignore[union-attr]


def test_the_sheet_that_every_page_loads_stays_small() -> None:
    assert len(gzip.compress((ROOT / "qtxvol.css").read_bytes(), 9)) < 10_000
