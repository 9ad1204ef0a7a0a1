"""One line of a list: what is read out of it, and every kind of trouble that it may be in."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qtxvol.roster.checking import PROBLEMS, Book, Person, check_line, find_twin, name_places
from qtxvol.roster.columns import BY_KEY, Cell, find_columns, heading, plain
from tests.roster.lists import identity, with_digit, wrong_digit

TODAY = date(2026, 11, 24)
PLACES = (
    ("640381000000", "640300000000", "青铜峡市", "青铜峡市"),
    ("640381001000", "640381000000", "裕民街道", "裕民街道"),
    ("640381100000", "640381000000", "小坝镇", "小坝镇"),
    ("640381101000", "640381000000", "大坝镇", "大坝镇"),
    ("640381001002", "640381001000", "东街居委会", "东街居委会"),
    ("640381100200", "640381100000", "小坝村", "小坝村委会"),
    ("640381100202", "640381100000", "红星村", "红星村委会"),
    ("640381101202", "640381101000", "红星村", "红星村委会"),
)
BOOK = Book(
    places=name_places(PLACES),
    teams={"市医院测试队": 7},
    skills={"营养": "nutrition", "急救培训": "first_aid", "nutrition": "nutrition", "农艺(种植)": "agronomist"},
    outer=("宁夏回族自治区", "宁夏", "吴忠市", "青铜峡市"),
)


def cells(**given: str | Cell) -> dict[str, Cell]:
    line = {"name": "张晓华", "phone": "199 0000 1234", "id_number": identity(7), **given}
    return {key: cell if isinstance(cell, Cell) else Cell(plain(cell)) for key, cell in line.items() if cell != ""}


def read(book: Book = BOOK, **given: str | Cell) -> Person:
    person, problems = check_line(cells(**given), book, TODAY)
    assert person is not None, problems
    return person


def codes(book: Book = BOOK, **given: str | Cell) -> list[tuple[str, str]]:
    _person, problems = check_line(cells(**given), book, TODAY)
    return [(each.code, each.column) for each in problems]


def test_a_good_line_is_a_person() -> None:
    person = read(division="东街居委会", employer="市三小", title="教师", team="市医院测试队", skills="营养、急救培训")
    assert (person.name, person.phone, person.division_code, person.team_id) == (
        "张晓华",
        "19900001234",
        "640381001002",
        7,
    )
    assert person.skills == ("nutrition", "first_aid")
    assert person.document is not None
    assert person.birth_on == person.document.birth_on


@pytest.mark.parametrize(
    ("given", "code", "column"),
    [
        ({"name": ""}, "name_missing", "name"),
        ({"name": "张三3"}, "name_odd", "name"),
        ({"name": "张"}, "name_odd", "name"),
        ({"name": Cell("44927", "n")}, "name_odd", "name"),
        ({"name": "长" * 33}, "too_long", "name"),
        ({"name": Cell("张三", "f")}, "computed", "name"),
        ({"name": Cell("", "e")}, "computed", "name"),
        ({"name": Cell("张三", "m")}, "merged", "name"),
        ({"phone": ""}, "phone_missing", "phone"),
        ({"phone": "1990000123"}, "phone_wrong", "phone"),
        ({"phone": "19900001234/19900001235"}, "phone_wrong", "phone"),
        ({"phone": "1.99E+10"}, "phone_damaged", "phone"),
        ({"phone": "19900001234.0"}, "phone_damaged", "phone"),
        ({"phone": Cell("1990000123", "n")}, "phone_damaged", "phone"),
        ({"phone": Cell("9533051234", "n")}, "phone_damaged", "phone"),  # a landline without its zero
        ({"id_number": Cell("6.40381199001011E+17", "n")}, "id_damaged", "id_number"),
        ({"id_number": Cell("640381900101101", "n")}, "id_damaged", "id_number"),
        ({"id_number": "6.40381E+17"}, "id_damaged", "id_number"),
        ({"id_number": identity(7)[:15] + "000"}, "id_damaged", "id_number"),
        ({"id_number": identity(7)[:-1]}, "id_wrong", "id_number"),
        ({"id_number": "640381900101101"}, "id_wrong", "id_number"),
        ({"id_number": wrong_digit(identity(7))}, "id_digit", "id_number"),
        ({"id_number": with_digit("64038119900231012")}, "id_date", "id_number"),
        ({"id_number": with_digit("64038120270101012")}, "id_date", "id_number"),
        ({"id_type": "驾驶证"}, "id_type_unknown", "id_type"),
        ({"id_type": "护照", "id_number": "E12345678"}, "birth_missing", "born_on"),
        ({"born_on": "1990-13-01"}, "birth_wrong", "born_on"),
        ({"born_on": "1850-01-01", "id_number": ""}, "birth_wrong", "born_on"),
        ({"born_on": "1990-01-02"}, "birth_differs", "born_on"),
        ({"id_number": identity(1, born_on=date(2008, 11, 25))}, "too_young", "id_number"),
        ({"id_number": "", "born_on": "2012-01-01"}, "too_young", "born_on"),
        ({"division": "银川市"}, "division_unknown", "division"),
        ({"division": "红星村"}, "division_ambiguous", "division"),
        ({"team": "没有这支队"}, "team_unknown", "team"),
        ({"skills": "营养、唱歌"}, "skill_unknown", "skills"),
        ({"employer": "单" * 65}, "too_long", "employer"),
    ],
)
def test_each_trouble_is_named_with_its_column(given: dict[str, str | Cell], code: str, column: str) -> None:
    assert codes(**given) == [(code, column)]


def test_every_trouble_says_what_to_do_in_both_languages_and_names_its_column() -> None:
    _person, problems = check_line(
        cells(name="", phone="1", id_number="1", division="?", team="?", skills="?"), BOOK, TODAY
    )
    assert len(problems) == 6
    for each in problems:
        assert each.text.zh.startswith(BY_KEY[each.column].label.zh + "：")
        assert each.text.en.startswith(BY_KEY[each.column].label.en + ": ")
        assert each.code in PROBLEMS


def test_no_sentence_repeats_a_whole_number() -> None:
    for cell in ({"id_number": wrong_digit(identity(7))}, {"phone": "1990000123456"}, {"phone": "19900001234.0"}):
        _person, problems = check_line(cells(**cell), BOOK, TODAY)
        (number,) = cell.values()
        assert number not in problems[0].text.zh + problems[0].text.en


def test_an_exact_mobile_number_in_a_number_cell_is_taken() -> None:
    assert read(phone=Cell("19900001234", "n")).phone == "19900001234"


def test_a_document_may_follow() -> None:
    person = read(id_number="")
    assert person.document is None
    assert person.birth_on is None


def test_a_guardian_s_consent_comes_on_no_list() -> None:
    book = Book(**{**{name: getattr(BOOK, name) for name in ("places", "teams", "skills")}, "are_minors_allowed": True})
    assert codes(book, id_number=identity(1, born_on=date(2009, 11, 24))) == [("too_young", "id_number")]
    assert codes(book, id_number=identity(1, born_on=date(2008, 11, 24))) == []  # eighteen today


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("小坝镇", "640381100000"),
        ("宁夏吴忠市青铜峡市小坝镇", "640381100000"),
        ("青铜峡市小坝镇小坝村", "640381100200"),
        ("小坝镇红星村", "640381100202"),
        ("大坝镇 红星村委会", "640381101202"),
        ("东街社区", "640381001002"),
        ("640381001002", "640381001002"),
        ("青铜峡市", "640381000000"),
    ],
)
def test_places_are_known_by_the_names_that_people_write(text: str, code: str) -> None:
    assert read(division=text).division_code == code


def test_spaces_wide_letters_and_invisible_marks_do_not_matter() -> None:
    person = read(
        name="张　晓 华", phone="１９９－００００－１２３４\u200b", id_number=" " + identity(7).lower() + "\ufeff"
    )
    assert (person.name, person.phone) == ("张晓华", "19900001234")
    assert read(name="阿依古丽•买买提").name == "阿依古丽·买买提"
    assert read(name="Mary  Ann O'Neil").name == "Mary Ann O'Neil"


@pytest.mark.parametrize(
    ("title", "key"),
    [
        ("姓名", "name"),
        (" 姓　名* ", "name"),
        ("Name", "name"),
        ("手机号码（必填）", "phone"),
        ("联系电话：", "phone"),
        ("身份证号码", "id_number"),
        ("乡镇/街道", "division"),
        ("所属服务队", "team"),
        ("技能/特长", "skills"),
        ("民族", None),
        ("备注", None),
        ("序号", None),
    ],
)
def test_headings_are_known_by_many_names(title: str, key: str | None) -> None:
    assert find_columns([title]) == [key]


def test_no_two_columns_share_a_name() -> None:
    names = [heading(name) for each in BY_KEY.values() for name in {each.label.zh, each.label.en.lower(), *each.also}]
    twins = {name for name in names if names.count(name) > 1}
    owners = {name: {key for key, each in BY_KEY.items() if name in map(heading, each.also)} for name in twins}
    assert all(len(owner) <= 1 for owner in owners.values()), owners


def test_twins_are_found_by_document_and_by_name_with_phone() -> None:
    seen: dict[tuple[str, str], int] = {}
    assert find_twin(read(), 2, seen) is None
    same_document = find_twin(read(name="李四四", phone="19900009999"), 3, seen)
    assert same_document is not None
    assert (same_document.code, same_document.column) == ("twice", "id_number")
    assert "第 2 行" in same_document.text.zh
    same_phone = find_twin(read(id_number=""), 4, seen)
    assert same_phone is not None
    assert same_phone.column == "phone"


@given(
    st.dictionaries(
        st.sampled_from(sorted(BY_KEY)),
        st.builds(Cell, st.text(max_size=60).map(plain), st.sampled_from(["", "n", "f", "e", "m", "d", "b"])),
    )
)
def test_any_line_is_a_person_or_has_its_troubles(values: dict[str, Cell]) -> None:
    person, problems = check_line(values, BOOK, TODAY)
    assert (person is None) == bool(problems)
    assert all(each.code in PROBLEMS and each.column in BY_KEY for each in problems)
