"""The working calendar: a year of days off and make-up workdays, edited by day or by file, and confirmed."""

from datetime import date
from typing import Any

from flask import Response, flash, redirect, request, url_for
from flask.typing import ResponseReturnValue
from werkzeug.datastructures import FileStorage
from wtforms import Field, FileField
from wtforms.validators import ValidationError

from qtxvol.base import CITY_TIME
from qtxvol.directory.workday_file import LARGEST_BYTES, Reading, import_workdays, read_workdays
from qtxvol.directory.workdays import Day, Year, confirm_year, get_year, set_day, withdraw_confirmation, write_template
from qtxvol.orders.lifecycle import Party
from qtxvol.refusals import Refused
from qtxvol.web.access import current_actor
from qtxvol.web.desk_frame import EXTRA_NAV, ID, render_desk
from qtxvol.web.display import is_english, pick
from qtxvol.web.forms import BaseForm, Required, choice, choice_field, form_data, now, parse_day, text_field
from qtxvol.web.i18n import _, _l, ngettext
from qtxvol.web.office.views import bp

EXTRA_NAV[Party.OFFICE].append(("office.workdays", _l("工作日历")))

#: What a day can be made.
_KINDS = {"off": False, "work": True, "usual": None}
YEAR = ID


class DayForm(BaseForm):
    """One day that differs from its weekday, or does so no more."""

    day = text_field(_l("哪一天"), longest=10, required=_l("请选择日期。"), render_kw={"type": "date"})
    kind = choice_field(
        _l("这一天"),
        required=_l("请选择这一天上不上班。"),
        choices=[choice("off", _l("放假")), choice("work", _l("上班（调休）")), choice("usual", _l("按平常的星期"))],
    )
    name = text_field(_l("名称"), longest=64, description=_l("例如：国庆节、调休上班。"))

    def validate_day(self, field: Field) -> None:
        day = parse_day(field.data or "")
        if day is None or not 2000 <= day.year <= 2100:
            raise ValidationError(_("请填 2000 到 2100 年之间的日期，例如 2026-10-10。"))


class FileForm(BaseForm):
    """A file of days, or what was read of it and is sent again to be written."""

    file = FileField(
        _l("日历文件"),
        validators=[Required(_l("请选择文件。"))],
        description=_l("CSV，每行一天：日期,是否上班（1 或 0）,名称。先看会改什么，确认后才写入。"),
        render_kw={"accept": ".csv,.txt", "data-max-mb": "1", "data-too-big": _l("文件太大了，请不超过 200 KB。")},
    )

    def validate_file(self, field: Field) -> None:
        if not isinstance(field.data, FileStorage) or not field.data:
            raise ValidationError(_("请选择文件。"))


@bp.get("/calendar")
def workdays() -> ResponseReturnValue:
    """The calendar of this year."""
    return _show(now().astimezone(CITY_TIME).year)


@bp.get(f"/calendar/<{YEAR}:year>")
def workdays_of(year: int) -> ResponseReturnValue:
    """A year of the calendar."""
    return _show(year)


@bp.post(f"/calendar/<{YEAR}:year>/day")
def set_workday(year: int) -> ResponseReturnValue:
    """Make one day off, a make-up workday or an ordinary one."""
    form = DayForm(formdata=form_data())
    if not form.validate():
        return _show(year, form=form), 422
    day = parse_day(form.day.data) or date(year, 1, 1)
    is_changed = set_day(day, _KINDS[form.kind.data], form.name.data or "", current_actor(), now())
    flash(_("已保存。") if is_changed else _("没有改动。"), "done" if is_changed else "note")
    return redirect(url_for(".workdays_of", year=day.year), 303)


@bp.post(f"/calendar/<{YEAR}:year>/confirm")
def confirm_workdays(year: int) -> ResponseReturnValue:
    """Say that the year is as it was announced."""
    is_new = confirm_year(year, current_actor(), now())
    flash(_("已确认 %(year)s 年的日历。", year=year) if is_new else _("这一年已经确认过了。"), "done")
    return redirect(url_for(".workdays_of", year=year), 303)


@bp.post(f"/calendar/<{YEAR}:year>/withdraw")
def withdraw_workdays(year: int) -> ResponseReturnValue:
    """Take the confirmation back."""
    withdraw_confirmation(year, current_actor())
    flash(_("已撤回确认，这一年重新标为暂定。"), "done")
    return redirect(url_for(".workdays_of", year=year), 303)


@bp.get(f"/calendar/<{YEAR}:year>.csv")
def workday_template(year: int) -> Response:
    """The year's days as a file to change and send back."""
    return Response(
        "\ufeff" + write_template(year),
        mimetype="text/csv",
        headers={"Content-Disposition": f"attachment; filename=workdays-{year}.csv"},
    )


@bp.post(f"/calendar/<{YEAR}:year>/file")
def read_workday_file(year: int) -> ResponseReturnValue:
    """Say what a file would change; writes nothing."""
    form = FileForm(formdata=form_data())
    if not form.validate():
        return _show(year, file_form=form), 422
    data = form.file.data.read(LARGEST_BYTES + 1)
    try:
        reading = read_workdays(data)
    except Refused as refused:
        form.refuse(refused, default="file")
        return _show(year, file_form=form), refused.status
    return _show_reading(year, reading, _as_text(reading)), 422 if reading.faults else 200


@bp.post(f"/calendar/<{YEAR}:year>/take")
def take_workday_file(year: int) -> ResponseReturnValue:
    """Write what was read: everything or nothing."""
    data = request.form.get("days", "").encode()
    form = FileForm(formdata=None)
    try:
        reading = import_workdays(data, current_actor(), now())
    except Refused as refused:
        form.refuse(refused, default="file")
        return _show(year, file_form=form), refused.status
    count = len(reading.changes)
    flash(ngettext("已写入 %(num)d 天。", "已写入 %(num)d 天。", count) if count else _("没有改动。"), "done")
    return redirect(url_for(".workdays_of", year=reading.years[0] if reading.years else year), 303)


def _as_text(reading: Reading) -> str:
    """The changes as a file again, for the button that writes them."""
    return "\n".join(f"{each.day},{int(each.is_work)},{each.name.replace(',', '，')}" for each in reading.changes)


def _show_reading(year: int, reading: Reading, days: str) -> str:
    return render_desk(
        "office/workday_file.html",
        nav_current="office.workdays",
        year=year,
        reading=reading,
        days=days,
        is_english=is_english(),
    )


def _show(year: int, *, form: DayForm | None = None, file_form: FileForm | None = None) -> str:
    shown, today = get_year(year), now().astimezone(CITY_TIME).date()
    chosen = parse_day(request.args.get("day", ""))
    return render_desk(
        "office/workdays.html",
        nav_current="office.workdays",
        year=shown,
        months=_months(shown, today),
        periods=_periods(shown),
        form=form or _form_for(shown, chosen),
        is_day_open=form is not None or chosen is not None,
        file_form=file_form or FileForm(formdata=None),
        this_year=today.year,
    )


def _form_for(shown: Year, chosen: date | None) -> DayForm:
    """The form, filled with a day that was tapped."""
    day = next((each for each in shown.overrides if each.date == chosen), None)
    kind = "" if day is None else "work" if day.is_work else "off"
    values: dict[str, Any] = {
        "day": chosen.isoformat() if chosen else "",
        "kind": kind,
        "name": day.name if day else "",
    }
    return DayForm(formdata=None, data=values)


def _months(shown: Year, today: date) -> list[tuple[str, list[list[tuple[Day | None, str]]]]]:
    """Name of the month, its weeks from Monday on, each day with the class of its cell."""
    months = []
    for days in shown.months:
        blank: list[tuple[Day | None, str]] = [(None, "")] * days[0].date.weekday()
        cells = [*blank, *((day, _kind_of(day, today)) for day in days)]
        cells += [(None, "")] * (-len(cells) % 7)
        name = pick(f"{days[0].date.month}月", f"{days[0].date:%B}")
        months.append((name, [cells[i : i + 7] for i in range(0, len(cells), 7)]))
    return months


def _kind_of(day: Day, today: date) -> str:
    kind = "work" if day.is_make_up else "holiday" if day.is_override else "usual" if day.is_work else "off"
    return f"{kind} year__day--today" if day.date == today else kind


def _periods(shown: Year) -> list[tuple[str, str, bool, bool]]:
    """Days that differ from their weekday, in runs of the same name: name, from-to, worked or not, edited or not."""
    runs: list[list[Day]] = []
    for day in shown.overrides:
        last = runs[-1][-1] if runs else None
        is_next = last is not None and (day.date - last.date).days == 1
        if is_next and last is not None and (last.is_work, last.name) == (day.is_work, day.name):
            runs[-1].append(day)
        else:
            runs.append([day])
    return [
        (
            pick(run[0].name, run[0].name_en) or (_("上班（调休）") if run[0].is_work else _("放假")),
            _span(run[0].date, run[-1].date),
            run[0].is_work,
            any(day.is_edited for day in run),
        )
        for run in runs
    ]


def _span(first: date, last: date) -> str:
    return f"{first:%m-%d}" if first == last else f"{first:%m-%d} – {last:%m-%d}"
