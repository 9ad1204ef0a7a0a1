"""The office's own words: checked when they are saved, used at once, and taken back without a trace lost."""

import pytest
from sqlalchemy import select, text

from qtxvol.extensions import db
from qtxvol.notices.edit_wordings import (
    edit_wording,
    list_edited,
    list_history,
    list_wordings,
    preview,
    reset_wordings,
)
from qtxvol.notices.seeds import Template, WordingKey, get_seed
from qtxvol.notices.wording_models import Wording, WordingEdit
from qtxvol.refusals import NotFound, Refused
from qtxvol.storage import transaction
from tests.factories import LATER, NOW, City, make_city

pytestmark = pytest.mark.one_database  # words; plain rows of one table

KEY = WordingKey("dispatch", "resident", "short", "zh")


@pytest.fixture
def city(ctx: None) -> City:
    return make_city()


def edit(city: City, words: str = "派好了：{number}{link}", *, seen: int = 0, subject: str = "派好了") -> bool:
    return edit_wording(city.office, KEY, subject=subject, text=words, seen_version=seen, now=NOW)


def test_an_edit_is_kept_with_who_made_it(city: City) -> None:
    assert edit(city)
    view = list_wordings("dispatch", "resident")["short", "zh"]
    assert (view.template, view.version) == (Template("派好了", "派好了：{number}{link}"), 1)
    assert list_edited() == {("dispatch", "resident")}
    (line,) = list_history("dispatch", "resident")
    assert (line.action, line.by_name, line.by_account_id) == ("edit", "纲要办", city.office.account_id)
    others = list_wordings("dispatch", "staff")
    assert not any(view.is_edited for view in others.values())


def test_the_same_words_again_change_nothing(city: City) -> None:
    edit(city)
    assert not edit(city, seen=1)
    assert not edit(city, seen=0)  # a double tap
    assert len(list_history("dispatch", "resident")) == 1


def test_two_clerks_do_not_write_over_each_other(city: City) -> None:
    edit(city)
    with pytest.raises(Refused, match="wording_changed") as caught:
        edit(city, "另一种写法{link}", seen=0)
    assert caught.value.status == 409
    assert edit(city, "另一种写法{link}", seen=1)


def test_going_back_leaves_the_history(city: City) -> None:
    edit(city)
    assert reset_wordings(city.office, "dispatch", "resident", LATER)
    assert not reset_wordings(city.office, "dispatch", "resident", LATER)
    assert db.session.scalars(select(Wording)).all() == []
    assert [line.action for line in list_history("dispatch", "resident")] == ["reset", "edit"]


def test_a_page_from_before_a_reset_does_not_write_over_what_came_after(city: City) -> None:
    edit(city)
    reset_wordings(city.office, "dispatch", "resident", LATER)
    assert edit(city, "新的写法{link}")
    with pytest.raises(Refused, match="wording_changed"):
        edit(city, "旧页面上的写法{link}", seen=1)
    view = list_wordings("dispatch", "resident")["short", "zh"]
    assert (view.template.text, view.version) == ("新的写法{link}", 3)


def test_typing_the_first_words_again_is_a_reset_so_that_upgrades_reach_it(city: City) -> None:
    edit(city)
    seed = get_seed(KEY)
    assert edit(city, seed.text, seen=1, subject=seed.subject)
    assert list_edited() == set()
    assert list_history("dispatch", "resident")[0].action == "reset"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("{numbr}好了", "{number}"),
        ("电话 19900001234", "不要写电话"),
        ("{number", "大括号"),
        ("   ", "不能空着"),
        ("长" * 301, "请删去 1 个"),
    ],
)
def test_what_cannot_be_used_is_refused_with_its_field_and_nothing_is_kept(city: City, words: str, said: str) -> None:
    with pytest.raises(Refused) as caught:
        edit(city, words)
    assert (caught.value.status, caught.value.about["field"]) == (422, "text")
    assert said in caught.value.about["message"]
    assert list_edited() == set()


def test_only_the_office_edits(city: City) -> None:
    for actor in (city.community, city.department, city.team, city.volunteer, city.resident):
        with pytest.raises(Refused, match="wrong_party"):
            edit_wording(actor, KEY, subject="x", text="y{link}", seen_version=0, now=NOW)
        with pytest.raises(Refused, match="wrong_party"):
            reset_wordings(actor, "dispatch", "resident", NOW)


def test_a_kind_that_this_reader_never_gets_has_no_words(city: City) -> None:
    for kind, audience in (("dispatch", "volunteer"), ("nothing", "resident"), ("any", "any")):
        with pytest.raises(NotFound):
            list_wordings(kind, audience)


def test_full_width_braces_are_braces(city: City) -> None:
    edit(city, "好了：｛number｝｛link｝")
    assert list_wordings("dispatch", "resident")["short", "zh"].template.text == "好了：{number}{link}"


def test_a_short_wording_is_one_line(city: City) -> None:
    edit(city, "好了：{number}\r\n\r\n请看 {link}")
    assert list_wordings("dispatch", "resident")["short", "zh"].template.text == "好了：{number} 请看 {link}"


def test_the_preview_speaks_of_an_invented_order(city: City) -> None:
    shown = preview(KEY, Template("{item}", "{number}：{department}"))
    assert shown == Template("合理膳食讲座", "QTX 4821 9037：市卫生健康局")


@pytest.mark.parametrize("statement", ["UPDATE wording_edits SET text = 'x'", "DELETE FROM wording_edits"])
def test_who_changed_what_cannot_be_changed(city: City, statement: str) -> None:
    edit(city)
    with pytest.raises(Exception, match="append-only"), transaction():
        db.session.execute(text(statement))
    assert db.session.scalars(select(WordingEdit)).one().text == "派好了：{number}{link}"
