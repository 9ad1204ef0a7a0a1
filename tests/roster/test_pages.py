"""The office's pages: send a list, look at it, take it in or leave it."""

from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event, func, select
from werkzeug.datastructures import FileStorage
from werkzeug.test import TestResponse

from qtxvol.extensions import db
from qtxvol.roster.reading import open_roster
from qtxvol.roster.staging import staging_folder
from qtxvol.volunteers.models import Volunteer
from tests.roster.lists import HEADINGS, identity, person, phone, write_csv, write_xlsx, wrong_digit
from tests.web.conftest import site_sqlite
from tests.web.pages import Page, get_page, post_form, read
from tests.web.site import Site

__all__ = ["site_sqlite"]

BAD = person(40, 姓名="", 身份证号码=wrong_digit(identity(40)))


@pytest.fixture
def site(site_sqlite: Site) -> Site:
    return site_sqlite


def send(site: Site, raw: bytes, name: str = "名单.xlsx", **fields: Any) -> TestResponse:
    file = FileStorage(BytesIO(raw), filename=name)
    browser = site.browser(site.city.office)
    return post_form(browser, "/office/rosters", "/office/rosters", {"file": file, **fields})


def list_of(tmp_path: Path, *lines: list[Any]) -> bytes:
    return write_xlsx(tmp_path / "x", [HEADINGS, *lines]).read_bytes()


def page_of(site: Site, answer: TestResponse) -> Page:
    assert answer.status_code == 303, read(answer).text
    return get_page(site.browser(site.city.office), answer.location)


def press(site: Site, url: str, button: str, data: dict[str, Any] | None = None) -> TestResponse:
    return post_form(site.browser(site.city.office), url, f"{url}/{button}", data)


def count_people(site: Site) -> int:
    with site.app.app_context():
        return db.session.scalar(select(func.count()).where(Volunteer.registered_by == "import")) or 0


def test_a_list_is_looked_at_before_anybody_is_registered(site: Site, tmp_path: Path) -> None:
    answer = send(site, list_of(tmp_path, *(person(serial) for serial in range(35)), BAD))
    page, url = page_of(site, answer), answer.location
    assert "名单.xlsx" in page.text
    assert "到现在还没有写入任何人" in page.text
    assert "只导入没有问题的 35 人" in page.text
    assert count_people(site) == 0
    troubled = get_page(site.browser(site.city.office), f"{url}?show=problems")
    assert "没有填。请补上。" in troubled.text
    assert "第 37 行" in troubled.text
    assert "第 2 行" not in troubled.text
    for shown in (page, get_page(site.browser(site.city.office), f"{url}?page=2"), troubled):
        for serial in (0, 34, 40):
            assert phone(serial) not in shown.html
            assert identity(serial) not in shown.html
    done = page_of(site, press(site, url, "take", {"mode": "valid"}))
    assert "已导入 35 人，核验后计入总数。" in done.text
    assert count_people(site) == 35
    assert "已导入" in get_page(site.browser(site.city.office), "/office/rosters").text
    assert "V0" in done.text


def test_everybody_or_nobody(site: Site, tmp_path: Path) -> None:
    url = send(site, list_of(tmp_path, person(1), BAD)).location
    browser = site.browser(site.city.office)
    token = get_page(browser, url).form(f"{url}/take").get("csrf_token")
    answer = browser.post(f"{url}/take", data={"csrf_token": token, "mode": "all"})
    assert answer.status_code == 409
    assert "没有写入任何人" in read(answer).text
    assert count_people(site) == 0
    good = send(site, list_of(tmp_path, person(1))).location
    assert "全部导入：1 人" in get_page(browser, good).text
    assert browser.post(f"{good}/take", data={"csrf_token": token, "mode": "nonsense"}).status_code == 404
    assert press(site, good, "take", {"mode": "all"}).status_code == 303
    assert count_people(site) == 1
    again = page_of(site, send(site, list_of(tmp_path, person(1))))
    assert "同一个文件" in again.text or "名单上的人都已登记" in again.text


def test_the_answer_can_be_downloaded_until_it_is_cleared(site: Site, tmp_path: Path) -> None:
    browser = site.browser(site.city.office)
    url = send(site, list_of(tmp_path, person(1), BAD)).location
    answer = browser.get(f"{url}/answer")
    assert answer.headers["Cache-Control"] == "no-store"
    assert "attachment" in answer.headers["Content-Disposition"]
    file = tmp_path / "answer"
    file.write_bytes(answer.get_data())
    with open_roster(file) as (head, rows):
        assert head.headings[-1] == "导入结果"
        assert len(list(rows)) == 2
    press(site, url, "take", {"mode": "valid"})
    assert press(site, url, "clear").status_code == 303
    assert browser.get(f"{url}/answer").status_code == 404
    assert "读到的内容已经清除" in get_page(browser, url).text
    with site.app.app_context():
        assert list(staging_folder().iterdir()) == []


def test_a_list_can_be_left(site: Site, tmp_path: Path) -> None:
    url = send(site, list_of(tmp_path, person(1))).location
    assert "没有写入任何人" in page_of(site, press(site, url, "cancel")).text
    page = get_page(site.browser(site.city.office), url)
    assert "已取消" in page.text
    assert not [form for form in page.forms if form.action.startswith(url)]
    assert count_people(site) == 0


def test_a_csv_in_gbk_is_answered_by_a_csv(site: Site, tmp_path: Path) -> None:
    raw = write_csv(tmp_path / "x", [HEADINGS, person(1)], encoding="gbk").read_bytes()
    url = send(site, raw, "名单.csv").location
    answer = site.browser(site.city.office).get(f"{url}/answer")
    assert answer.mimetype == "text/csv"
    assert person(1)[0] in answer.get_data().decode("utf-8-sig")


@pytest.mark.parametrize(
    ("raw", "name", "words"),
    [
        (b"", "", "请选择名单文件。"),
        (b"", "x.xlsx", "文件是空的。"),
        (b"%PDF-1.7\0", "x.xlsx", "这个文件不是表格。"),
        ("姓名,单位\n张三,某某".encode("gbk"), "x.csv", "没有“手机”这一列。"),
    ],
)
def test_a_file_that_can_not_be_read_is_refused_at_its_field(site: Site, raw: bytes, name: str, words: str) -> None:
    answer = send(site, raw, name)
    assert answer.status_code == 422
    assert words in read(answer).error_of("file")
    with site.app.app_context():
        assert list(staging_folder().iterdir()) == []


def test_a_team_that_is_not_on_the_list_is_refused_at_its_field(site: Site, tmp_path: Path) -> None:
    answer = send(site, list_of(tmp_path, person(1)), team_id="99999")
    assert answer.status_code == 422
    assert read(answer).error_of("team_id")


def test_the_template_is_a_workbook(site: Site) -> None:
    answer = site.browser(site.city.office).get("/office/rosters/template.xlsx")
    assert answer.status_code == 200
    assert answer.get_data().startswith(b"PK")


def test_a_list_without_an_end_takes_no_more_statements(site: Site, tmp_path: Path) -> None:
    browser = site.browser(site.city.office)

    def statements(url: str) -> int:
        seen: list[str] = []
        with site.app.app_context():
            engine = db.engine

        def note(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
            seen.append(statement)

        event.listen(engine, "before_cursor_execute", note)
        try:
            get_page(browser, url)
        finally:
            event.remove(engine, "before_cursor_execute", note)
        return len(seen)

    short = send(site, list_of(tmp_path, person(1))).location
    long = send(site, list_of(tmp_path, *(person(serial) for serial in range(60)))).location
    assert statements(short) == statements(long)
    assert statements("/office/rosters") <= statements(short) + 2
