"""Lists of people that come as a file: send one, look at what was read, take it in or leave it."""

import tempfile
from io import BytesIO
from pathlib import Path
from typing import Any

from flask import Response, flash, redirect, request, send_file, url_for
from flask.typing import ResponseReturnValue
from werkzeug.datastructures import FileStorage
from wtforms import Field, FileField
from wtforms.validators import ValidationError

from qtxvol.orders.lifecycle import Label, Party
from qtxvol.privacy.vault import LostKey
from qtxvol.refusals import NotFound, Refused
from qtxvol.roster.answer import CSV, XLSX, answer_name, make_template, write_answer
from qtxvol.roster.checking import PROBLEMS
from qtxvol.roster.columns import COLUMNS
from qtxvol.roster.models import RosterRun
from qtxvol.roster.queries import find_same_file, find_team_name, get_roster, list_rosters
from qtxvol.roster.reading import LARGEST_FILE
from qtxvol.roster.staging import has_staging, open_staging, staging_folder
from qtxvol.roster.take import cancel_roster, clear_roster, read_roster, take_roster
from qtxvol.volunteers.teams import list_team_names
from qtxvol.web.access import current_actor
from qtxvol.web.desk_frame import EXTRA_NAV, ID, render_desk
from qtxvol.web.display import is_english, say
from qtxvol.web.forms import BaseForm, Required, choice, choice_field, form_data, now
from qtxvol.web.i18n import _, _l, ngettext
from qtxvol.web.office.views import bp, page_number, url_for_page
from qtxvol.web.wording import refusal_sentence

EXTRA_NAV[Party.OFFICE].append(("office.rosters", _l("名单导入")))

#: Words and tone of a list's state.
_STATES = {
    "read": (Label("等您决定", "Waiting for you"), "wait"),
    "taken": (Label("已导入", "Taken in"), "good"),
    "cancelled": (Label("已取消", "Cancelled"), "ended"),
}
#: The same of a line; a list that was taken has people for those who could be.
_OUTCOMES = {
    "fresh": (Label("可以导入", "Can be taken in"), "good"),
    "unchanged": (Label("已登记，没有变化", "Registered, no change"), "ended"),
    "differs": (Label("已登记，内容不同", "Registered otherwise"), "wait"),
    "refused": (Label("有问题", "Problem"), "bad"),
}


class RosterForm(BaseForm):
    file = FileField(
        _l("名单文件"),
        validators=[Required(_l("请选择名单文件。"))],
        description=_l("Excel（.xlsx、.xls）或 CSV，最多 20000 人、10 MB。读完先给您看结果，确认后才写入。"),
        render_kw={
            "accept": ".xlsx,.xls,.csv,.txt",
            "data-max-mb": str(LARGEST_FILE // 1024 // 1024),
            "data-too-big": _l("文件太大了，请不超过 10 MB。"),
        },
    )
    team_id = choice_field(_l("没写服务队的人加入"))

    def validate_file(self, field: Field) -> None:
        # a browser sends an empty file without a name when none was chosen
        if not isinstance(field.data, FileStorage) or not field.data:
            raise ValidationError(_("请选择名单文件。"))

    def offer(self) -> None:
        """Fill the list of teams."""
        self.team_id.choices = [
            choice("", _("不加入服务队")),
            *(choice(str(team_id), name) for team_id, name in list_team_names().items()),
        ]


@bp.get("/rosters")
def rosters() -> ResponseReturnValue:
    """Send a list; the lists so far, with who brought them."""
    return _show_rosters(RosterForm(formdata=None))


@bp.post("/rosters")
def submit_roster() -> ResponseReturnValue:
    """Read the list and show what is in it; nobody is registered yet."""
    form = RosterForm(formdata=form_data())
    form.offer()
    if not form.validate():
        return _show_rosters(form), 422
    try:
        run_id = _read(form.file.data, int(form.team_id.data) if form.team_id.data else None)
    except Refused as refused:
        form.refuse(refused, default="file")
        return _show_rosters(form), refused.status
    return redirect(url_for(".roster", run_id=run_id), 303)


def _read(upload: FileStorage, team_id: int | None) -> int:
    """What was sent lies on the disk only as long as it is read."""
    with tempfile.TemporaryDirectory(dir=staging_folder(), prefix="upload-") as folder:
        path = Path(folder) / "list"
        upload.save(path)
        return read_roster(current_actor(), path, upload.filename or "", now(), team_id=team_id)


@bp.get("/rosters/template.xlsx")
def roster_template() -> Response:
    """An empty list with every column as text."""
    return _download(make_template(), "志愿者名单模板.xlsx", XLSX)


@bp.get(f"/rosters/<{ID}:run_id>")
def roster(run_id: int) -> ResponseReturnValue:
    """What was read of one list, and what to do with it."""
    return _show_roster(get_roster(run_id))


@bp.get(f"/rosters/<{ID}:run_id>/answer")
def roster_answer(run_id: int) -> ResponseReturnValue:
    """The same sheet with a column of what was wrong."""
    run = get_roster(run_id)
    if not has_staging(run.key):
        raise NotFound(run_id)
    file = BytesIO()
    try:
        with open_staging(run.key) as staging:
            head = staging.read_head()
            write_answer(staging, run, file, is_english=is_english())
    except LostKey:
        raise NotFound(run_id) from None
    return _download(file.getvalue(), answer_name(run, head), CSV if head.kind == "csv" else XLSX)


@bp.post(f"/rosters/<{ID}:run_id>/take")
def submit_take_roster(run_id: int) -> ResponseReturnValue:
    """Register the people: everybody or nobody, or those without problems."""
    try:
        count = take_roster(current_actor(), run_id, request.form.get("mode", ""), now())
    except Refused as refused:
        return _show_roster(get_roster(run_id), refusal_sentence(refused)), refused.status
    if count:
        text = ngettext("已导入 %(num)d 人，核验后计入总数。", "已导入 %(num)d 人，核验后计入总数。", count)
        flash(text, "done")
    else:
        flash(_("没有需要写入的人，名单上的人没有变化。"), "note")
    return redirect(url_for(".roster", run_id=run_id), 303)


@bp.post(f"/rosters/<{ID}:run_id>/cancel")
def submit_cancel_roster(run_id: int) -> ResponseReturnValue:
    """Not this list."""
    try:
        cancel_roster(current_actor(), run_id, now())
    except Refused as refused:
        return _show_roster(get_roster(run_id), refusal_sentence(refused)), refused.status
    flash(_("名单已取消，读到的内容已清除，没有写入任何人。"), "done")
    return redirect(url_for(".rosters"), 303)


@bp.post(f"/rosters/<{ID}:run_id>/clear")
def submit_clear_roster(run_id: int) -> ResponseReturnValue:
    """Throw away what was read of a list that was taken."""
    try:
        clear_roster(current_actor(), run_id, now())
    except Refused as refused:
        return _show_roster(get_roster(run_id), refusal_sentence(refused)), refused.status
    flash(_("读到的内容已清除。"), "done")
    return redirect(url_for(".roster", run_id=run_id), 303)


# Pages


def _show_rosters(form: RosterForm) -> str:
    form.offer()
    return render_desk(
        "office/rosters.html",
        nav_current="office.rosters",
        form=form,
        page=list_rosters(page_number()),
        columns=COLUMNS,
        state_badge=_state_badge,
        url_for_page=url_for_page,
    )


def _show_roster(run: RosterRun, message: str = "") -> str:
    is_troubled = request.args.get("show", "") == "problems"
    sheet, unread, lines = "", list[str](), None
    if has_staging(run.key):
        with open_staging(run.key) as staging:
            sheet, unread = staging.about()
            lines = staging.page(page_number(), is_troubled=is_troubled)
    return render_desk(
        "office/roster.html",
        nav_current="office.rosters",
        run=run,
        team=find_team_name(run),
        earlier=find_same_file(run),
        sheet=sheet,
        unread=unread,
        lines=lines,
        is_troubled=is_troubled,
        message=message,
        problems=_count_problems(run),
        state_badge=_state_badge,
        outcome_badge=lambda line: _outcome_badge(run, line),
        url_for_page=url_for_page,
    )


def _count_problems(run: RosterRun) -> list[tuple[str, str]]:
    """Every kind of trouble with how many lines have it, the most frequent first."""
    counts = sorted(run.problems.items(), key=lambda each: (-each[1], each[0]))
    differs = _OUTCOMES["differs"][0]
    return [(say(PROBLEMS.get(code, differs)), ngettext("%(num)d 行", "%(num)d 行", count)) for code, count in counts]


def _state_badge(state: str) -> tuple[str, str]:
    label, tone = _STATES[state]
    return say(label), tone


def _outcome_badge(run: RosterRun, line: Any) -> tuple[str, str]:
    if line.outcome == "fresh" and run.state == "taken":
        return _("已导入"), "good"
    label, tone = _OUTCOMES[line.outcome]
    return say(label), tone


def _download(content: bytes, name: str, kind: str) -> Response:
    response = send_file(BytesIO(content), kind, as_attachment=True, download_name=name)
    response.headers["Cache-Control"] = "no-store"
    return response
