"""Figures of lead units: nothing counts before a second person has said so, and nothing is ever changed."""

import io
import zipfile
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from qtxvol.accounts.actor import Actor
from qtxvol.extensions import db
from qtxvol.orders.lifecycle import Party
from qtxvol.progress.goals import Light
from qtxvol.progress.models import Period, Target, TargetUnit
from qtxvol.progress.papers import LARGEST_BYTES, read_paper
from qtxvol.progress.periods import PeriodCard, close_period, next_names, next_span, open_period
from qtxvol.progress.reported import ReportCard, decide_report, get_paper, report_value
from qtxvol.progress.targets import get_target, list_periods, list_reports, list_targets, list_waiting
from qtxvol.refusals import NotFound, Refused
from tests.factories import NOW, City, counted, make_actor, make_city

END = date(2025, 12, 31)
TODAY = date(2026, 11, 24)
LATER = NOW + timedelta(hours=1)


@pytest.fixture
def city(ctx: None) -> City:
    return make_city()


@pytest.fixture
def small_city(ctx_sqlite: None) -> City:
    return make_city()


def lead() -> Actor:
    return make_actor(Party.DEPARTMENT, "市农业农村局", department_id="agriculture")


def card(value: float = 2600, **values: Any) -> ReportCard:
    return ReportCard(**{"value": value, "as_of_on": END, "source": "培训台账", **values})


def test_a_figure_counts_once_somebody_else_has_confirmed_it(city: City) -> None:
    first, second = lead(), lead()
    report = report_value("T07", first, card(), NOW)
    assert report_value("T07", first, card(), LATER) == report  # sent twice
    waiting = get_target("T07", TODAY)
    assert (waiting.figure, waiting.light, waiting.waiting, waiting.is_overdue) == (None, Light.NO_DATA, 1, True)
    assert [each.id for each in list_waiting(TODAY, lead_id="agriculture")] == [report]
    with pytest.raises(Refused, match="own_report"):
        decide_report(report, first, is_confirmed=True, now=LATER)
    assert decide_report(report, second, is_confirmed=True, now=LATER)
    assert decide_report(report, second, is_confirmed=True, now=LATER) is False
    done = get_target("T07", TODAY)
    assert done.figure is not None
    assert (done.figure.value, done.figure.report_id, done.light, done.waiting) == (2600, report, Light.DONE, 0)
    assert (done.due_on, done.is_overdue, list_waiting(TODAY)) == (None, False, [])


def test_a_correction_replaces_the_figure_once_it_is_confirmed_itself(city: City) -> None:
    wrong = report_value("T07", lead(), card(9999), NOW)
    decide_report(wrong, city.office, is_confirmed=True, now=NOW)
    right = report_value("T07", lead(), card(2400, corrects_id=wrong), LATER)
    figures = [get_target("T07", TODAY).figure]
    decide_report(right, city.office, is_confirmed=True, now=LATER)
    figures.append(get_target("T07", TODAY).figure)
    assert [figure.value for figure in figures if figure] == [9999, 2400]
    assert get_target("T07", TODAY).light is Light.ENDED
    assert [(each.value, each.is_superseded) for each in list_reports("T07")] == [(2400, False), (9999, True)]


def test_a_refused_figure_never_counts_and_says_why(city: City) -> None:
    report = report_value("T07", lead(), card(), NOW)
    with pytest.raises(Refused) as caught:
        decide_report(report, city.office, is_confirmed=False, now=LATER)
    assert caught.value.about["field"] == "reason"
    decide_report(report, city.office, is_confirmed=False, now=LATER, reason="台账对不上")
    with pytest.raises(Refused, match="decided"):
        decide_report(report, city.office, is_confirmed=True, now=LATER)
    (only,) = list_reports("T07")
    assert (only.is_confirmed, only.reason, get_target("T07", TODAY).figure) == (False, "台账对不上", None)


@pytest.mark.parametrize(
    ("target", "values", "field"),
    [
        ("T07", {"value": -1}, "value"),
        ("T07", {"value": 12.5}, "value"),
        ("T07", {"value": float("nan")}, "value"),
        ("T05", {"value": 101}, "value"),
        ("Q01", {"value": 2, "text": "x"}, "value"),
        ("Q01", {"value": 1}, "text"),
        ("T07", {"as_of_on": date(2026, 1, 1)}, "as_of_on"),
        ("T07", {"as_of_on": date(2020, 12, 31)}, "as_of_on"),
        ("T07", {"source": "  "}, "source"),
        ("T07", {"source": "x" * 201}, "source"),
    ],
)
def test_a_figure_that_cannot_be_is_refused_at_its_field(
    small_city: City, target: str, values: dict[str, Any], field: str
) -> None:
    with pytest.raises(Refused) as caught:
        report_value(target, small_city.office, card(**{"value": 50, **values}), NOW)
    assert (caught.value.status, caught.value.about["field"]) == (422, field)
    assert list_reports(target) == []


def test_only_a_lead_unit_and_the_office_report_and_only_what_is_not_counted_here(small_city: City) -> None:
    for actor in (small_city.department, small_city.other_department, small_city.community, small_city.team):
        with pytest.raises(Refused, match="wrong_party"):
            report_value("T07", actor, card(), NOW)
    with pytest.raises(Refused, match="counted_here"):
        report_value("T23", small_city.office, card(), NOW)
    with pytest.raises(NotFound):
        report_value("T99", small_city.office, card(), NOW)
    other = report_value("T08", small_city.office, card(), NOW)
    with pytest.raises(NotFound):
        report_value("T07", small_city.office, card(corrects_id=other), NOW)


def photo() -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (40, 30), "red").save(file, "PNG")
    return file.getvalue()


def office_file(*parts: str) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for part in parts:
            archive.writestr(part, "x")
    return file.getvalue()


def test_a_paper_is_known_by_its_content_and_only_its_units_read_it(city: City) -> None:
    paper = read_paper("..\\C:\\台账.exe", b"%PDF-1.7 demo")
    assert (paper.name, paper.media_type) == ("台账.pdf", "application/pdf")
    report = report_value("T07", lead(), card(paper=paper), NOW)
    assert get_paper(report, city.office) == paper
    assert get_paper(report, lead()) == paper
    for stranger in (city.department, city.community):
        with pytest.raises(NotFound):
            get_paper(report, stranger)


@pytest.mark.parametrize(
    ("content", "ending"),
    [
        (photo(), ".jpg"),
        (office_file("[Content_Types].xml", "xl/workbook.xml"), ".xlsx"),
        (office_file("[Content_Types].xml", "word/document.xml"), ".docx"),
    ],
)
def test_photos_and_office_files_are_taken(content: bytes, ending: str) -> None:
    assert read_paper("a.bin", content).name == f"a{ending}"


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"MZ\x90",
        b"<html>",
        b"PK\x03\x04broken",
        office_file("x.txt"),
        office_file("xl/workbook.xml", "xl/vbaProject.bin"),
        b"%PDF-" + b"x" * LARGEST_BYTES,
    ],
)
def test_other_files_are_refused_in_a_sentence(content: bytes) -> None:
    with pytest.raises(Refused) as caught:
        read_paper("a.pdf", content)
    assert (caught.value.status, caught.value.about["field"]) == (422, "file")
    assert caught.value.about["message"]


@given(st.text(max_size=150))
def test_any_name_makes_a_short_clean_one(name: str) -> None:
    clean = read_paper(name, b"%PDF-").name
    assert clean.endswith(".pdf")
    assert 4 < len(clean) <= 110
    assert not set(clean) & {"/", "\\", "\0", "\n", "\r"}


# Periods

NEXT = PeriodCard("十五五", "15th Five-Year Plan", {"T23": 3000.0, "T07": 2800.0, "Q03": None})


def test_the_next_period_takes_over_what_the_office_chooses(city: City) -> None:
    counted(TODAY - timedelta(days=1))
    opened = open_period(city.office, "2021-2025", NEXT, NOW)
    assert (opened.period_id, set(opened.carried)) == ("2026-2030", {"T23-2026", "T07-2026", "Q03-2026"})
    new = {target.code: target for target in list_targets("2026-2030", TODAY)}
    assert {code: target.value for code, target in new.items()} == {"T23": 3000, "T07": 2800, "Q03": None}
    assert [unit.id for unit in new["T07"].leads] == ["agriculture", "hr_social_security"]
    assert new["T07"].is_for_all_members
    assert len(list_targets("2021-2025", TODAY)) == 28
    assert counted(TODAY).numbers == {
        "T07-2026": 0,
        "T23-2026": 6,
    }  # the old ones are over, and the volunteers have moved on
    assert [period.id for period in list_periods(TODAY)] == ["2026-2030", "2021-2025"]


def test_opening_twice_changes_nothing_and_more_can_follow(city: City) -> None:
    open_period(city.office, "2021-2025", NEXT, NOW)
    again = open_period(city.office, "2021-2025", NEXT, LATER)
    assert again.carried == ()
    more = open_period(city.office, "2021-2025", PeriodCard("", "", {"T23": 1.0, "T01": 15.0}), LATER)
    assert more.carried == ("T01-2026",)
    assert db.session.get_one(Target, "T23-2026").value == 3000
    assert db.session.query(TargetUnit).filter_by(target_id="T23-2026").count() == 8


@pytest.mark.parametrize(
    ("period", "field"),
    [
        (PeriodCard("", "", {}), "name"),
        (PeriodCard("十五五", "", {"T23": None}), "value-T23"),
        (PeriodCard("十五五", "", {"T01": 101.0}), "value-T01"),
        (PeriodCard("十五五", "", {"Q03": 1.0}), "value-Q03"),
    ],
)
def test_a_period_that_cannot_be_is_refused_whole(small_city: City, period: PeriodCard, field: str) -> None:
    with pytest.raises(Refused) as caught:
        open_period(small_city.office, "2021-2025", period, NOW)
    assert caught.value.about["field"] == field
    assert len(list_periods(TODAY)) == 1


def test_a_closed_period_is_read_and_no_longer_written(city: City) -> None:
    with pytest.raises(Refused, match="no_next_period"):
        close_period(city.office, "2021-2025", NOW)
    with pytest.raises(Refused, match="wrong_party"):
        close_period(city.department, "2021-2025", NOW)
    open_period(city.office, "2021-2025", NEXT, NOW)
    with pytest.raises(Refused, match="period_runs"):
        close_period(city.office, "2026-2030", NOW)
    assert close_period(city.office, "2021-2025", NOW)
    assert close_period(city.office, "2021-2025", NOW) is False
    with pytest.raises(Refused, match="period_closed"):
        report_value("T07", lead(), card(), NOW)
    assert len(list_targets("2021-2025", TODAY)) == 28


def test_periods_are_named_and_dated_one_after_the_other() -> None:
    period = Period(name="十四五", starts_on=date(2021, 1, 1), ends_on=END)
    assert next_names(period) == ("十五五", "15th Five-Year Plan")
    assert next_span(period) == (date(2026, 1, 1), date(2030, 12, 31))
    assert next_names(Period(name="三年行动")) == ("", "")
