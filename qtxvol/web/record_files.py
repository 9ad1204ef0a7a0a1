"""A person's service record (志愿服务记录) as PDF and as a table: each line of the ledger with who vouches for it."""

from collections.abc import Iterator
from typing import Any

from flask import Response

from qtxvol.base import AnyRow
from qtxvol.hours.rules import SOURCE_LABELS
from qtxvol.orders.lifecycle import Label
from qtxvol.orders.numbers import spoken
from qtxvol.recognition.record import Record
from qtxvol.web.access import settings
from qtxvol.web.certificate_words import day, demo
from qtxvol.web.display import hours, item_name, pick, say
from qtxvol.web.forms import now
from qtxvol.web.i18n import _
from qtxvol.web.pdf import LINE, MARGIN, SOFT, Sheet
from qtxvol.web.xlsx import table_file

_TITLE = Label("志愿服务记录", "Record of Volunteer Service")
#: Millimetres of the PDF's columns, 273 in all.
_WIDTHS = (21, 31, 54, 28, 14, 32, 63, 30)


def record_pdf(record: Record) -> Response:
    """The record as a file to keep or to print, A4 across.

    :raise Refused: `no_font`, `missing_glyphs` (409).
    """
    made_at = now()
    foot = f"{record.person.name} {record.person.number} · {_('生成于 %(day)s', day=day(made_at))}"
    if settings().is_demo:
        foot += f" · {say(demo)}"
    with Sheet(f"{say(_TITLE)} {record.person.number}", made_at, is_wide=True, foot=foot) as sheet:
        sheet.add_page()
        sheet.use(20, heading=True)
        sheet.put(MARGIN, MARGIN, say(_TITLE))
        sheet.use(10.5)
        y = sheet.wrap(MARGIN, MARGIN + 11, " · ".join(_facts(record)[:-1]), sum(_WIDTHS))
        y = sheet.wrap(MARGIN, y, _facts(record)[-1], sum(_WIDTHS))
        sheet.use(9, colour=SOFT)
        y = sheet.wrap(MARGIN, y + 0.5, note(), sum(_WIDTHS))
        _draw_rows(sheet, record, y + 3)
        return sheet.answer(f"record-{record.person.number}.pdf")


def _draw_rows(sheet: Sheet, record: Record, y: float) -> None:
    y = _draw_row(sheet, headings(), y, is_heading=True)
    bottom = sheet.h - MARGIN - 6
    for row in rows_of(record):
        cells = ["" if cell is None else str(cell) for cell in row]
        sheet.use(9)
        if y + _height(sheet, cells) > bottom:
            sheet.add_page()
            y = _draw_row(sheet, headings(), MARGIN, is_heading=True)
        y = _draw_row(sheet, cells, y)
    if not record.lines:
        sheet.use(10.5)
        sheet.put(MARGIN, y + 3, _("还没有登记过时长。"))


def _height(sheet: Sheet, cells: list[str]) -> float:
    return max(sheet.height_of(cell, width - 2) for cell, width in zip(cells, _WIDTHS, strict=True)) + 2.4


def _draw_row(sheet: Sheet, cells: list[str], y: float, *, is_heading: bool = False) -> float:
    sheet.use(9, bold=is_heading)
    height = _height(sheet, cells)
    x = MARGIN
    for i, (cell, width) in enumerate(zip(cells, _WIDTHS, strict=True)):
        sheet.wrap(x + 1, y + 1.2, cell, width - 2, align="R" if i == _MINUTES else "L")
        x += width
    sheet.rule(MARGIN, y + height, sum(_WIDTHS), weight=0.4 if is_heading else 0.15, colour=0 if is_heading else LINE)
    return y + height


def record_table(record: Record) -> Response:
    """The record as xlsx."""
    return table_file(
        f"record-{record.person.number}.xlsx",
        say(_TITLE),
        list(zip(headings(), (12, 15, 32, 16, 8, 18, 24, 20), strict=True)),
        rows_of(record),
        notes=[*_facts(record), note()],
    )


def headings() -> list[str]:
    return [_("日期"), _("单号"), _("服务项目"), _("地点"), _("分钟"), _("来源"), _("登记人"), _("第二人确认")]


#: Which of them is the number.
_MINUTES = 4


def rows_of(record: Record) -> Iterator[list[Any]]:
    """The lines in words, as `headings` names them; what a correction corrects is named by its date."""
    by_id = {line.id: line for line in record.lines}
    for line in record.lines:
        yield [
            line.served_on.isoformat(),
            spoken(line.number),
            item_name(line),
            pick(line.town, line.town_en),
            line.minutes,
            _source(line, by_id.get(line.corrects_id)),
            line.vouched_name,
            line.confirmed_by or "",
        ]


def _source(line: AnyRow, corrected: AnyRow | None) -> str:
    source = say(SOURCE_LABELS[line.source])
    if corrected is None:
        return source
    return _("%(source)s（原 %(minutes)s 分钟）", source=source, minutes=corrected.minutes)


def _facts(record: Record) -> list[str]:
    facts = [_("姓名：%(name)s", name=record.person.name), _("志愿者编号：%(number)s", number=record.person.number)]
    if record.team_name:
        facts.append(_("服务队：%(team)s", team=record.team_name))
    if days := record.days:
        facts.append(_("服务时间段：%(first)s 至 %(last)s", first=days[0], last=days[1]))
    facts.append(
        _(
            "更正以后合计：%(hours)s 小时（%(minutes)s 分钟），%(count)s 次服务",
            hours=hours(record.served.minutes),
            minutes=record.served.minutes,
            count=record.served.services,
        )
    )
    if waiting := sum(line.minutes for line in record.lines) - record.served.minutes:
        facts.append(_("各行里另有 %(minutes)s 分钟暂不计入合计：有争议，或补录还在公示、有异议。", minutes=waiting))
    return facts


def note() -> str:
    return _("每一行都是台账里的一条，更正和冲销另记一行，分钟数相加就是合计。对外证明请另开《志愿服务记录证明》。")
