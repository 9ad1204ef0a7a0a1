"""The register of certificates with its filter and files, declaring one void, and a whole team's at once."""

from dataclasses import dataclass
from typing import Any

from flask import flash, redirect, request, url_for
from flask.typing import ResponseReturnValue

from qtxvol.base import CITY_TIME
from qtxvol.orders.lifecycle import Party
from qtxvol.recognition.certificates import (
    LONGEST_REASON,
    MOST_AT_ONCE,
    Register,
    get_certificate,
    issue_for_team,
    list_papers,
    list_register,
    revoke_certificate,
    search_certificates,
)
from qtxvol.recognition.record import get_record
from qtxvol.refusals import NotFound, Refused
from qtxvol.volunteers.teams import list_team_names
from qtxvol.web.access import current_actor
from qtxvol.web.calendar import today
from qtxvol.web.certificates import CertificateForm, add_certificates, certificates_file
from qtxvol.web.desk_frame import EXTRA_NAV, ID, render_desk
from qtxvol.web.forms import BaseForm, choice, choice_field, form_data, now, parse_day, text_field
from qtxvol.web.i18n import _, _l
from qtxvol.web.office.views import bp, empty_text, page_number, search_text, url_for_page
from qtxvol.web.record_files import record_pdf, record_table
from qtxvol.web.xlsx import table_file

add_certificates(bp, f"/volunteers/<{ID}:volunteer_id>/certificates")
EXTRA_NAV[Party.OFFICE] += [
    ("office.certificates", _l("服务证明")),
    ("office.stars", _l("星级")),
    ("office.commendations", _l("年度表彰")),
]


class RevokeForm(BaseForm):
    reason = text_field(
        _l("为什么撤销"),
        longest=LONGEST_REASON,
        required=_l("请写明撤销的原因。"),
        description=_l("任何人验证这份证明时都会看到这句话，请不要写个人信息。"),
    )


class TeamForm(CertificateForm):
    """One for everybody in a team."""

    team_id = choice_field(_l("哪支服务队"), required=_l("请选一支服务队。"))

    def __init__(self, **given: Any) -> None:
        super().__init__(**given)
        self.team_id.choices = [choice("", _("请选择")), *(choice(*each) for each in list_team_names().items())]


@dataclass(frozen=True, slots=True)
class _Asked:
    """The register's filter as it stands in the address."""

    register: Register
    args: dict[str, str]


def _asked() -> _Asked:
    status, team = request.args.get("status", ""), request.args.get("team", type=int)
    days = {name: parse_day(request.args.get(name, "")) for name in ("from", "until")}
    register = Register(
        search_text(),
        status if status in ("valid", "revoked") else "",
        team if team and 0 < team < 2**31 else None,
        days["from"],
        days["until"],
    )
    named = {"q": register.search, "status": register.status, "team": register.team_id, **days}
    return _Asked(register, {name: str(value) for name, value in named.items() if value})


@bp.get("/certificates")
def certificates() -> ResponseReturnValue:
    """All that were ever issued, newest first."""
    asked = _asked()
    return render_desk(
        "office/certificates.html",
        page=search_certificates(asked.register, page_number()),
        register=asked.register,
        args=asked.args,
        teams=list_team_names(asked.register.team_id),
        most=MOST_AT_ONCE,
        url_for_page=url_for_page,
        empty_text=empty_text(bool(asked.args)),
    )


@bp.get("/certificates.pdf")
def certificates_pdf() -> ResponseReturnValue:
    """Those of the filter in one file, one page each."""
    views = list_papers(current_actor(), _asked().register)
    if not views:
        raise NotFound("certificates")
    return certificates_file(views, f"certificates-{today()}.pdf")


@bp.get("/certificates.xlsx")
def certificates_table() -> ResponseReturnValue:
    """Those of the filter as a table."""
    columns = [
        (_("编号"), 18), (_("姓名"), 12), (_("志愿者编号"), 14), (_("服务队"), 24), (_("从"), 12), (_("到"), 12),
        (_("分钟"), 9), (_("小时"), 9), (_("次数"), 7), (_("出具日期"), 12), (_("谁开的"), 16), (_("状态"), 9),
        (_("撤销原因"), 30),
    ]  # fmt: skip
    rows = [
        (
            paper.number, row.person, row.person_number, row.team, paper.from_on, paper.until_on, paper.minutes,
            round(paper.minutes / 60, 2), paper.services, _day(paper.issued_at), row.issuer,
            _("已撤销") if paper.revoked_at else _("有效"), paper.revoke_reason,
        )
        for row in list_register(_asked().register)
        for paper in (row.Certificate,)
    ]  # fmt: skip
    return table_file(f"certificates-{today()}.xlsx", _("服务证明登记簿"), columns, rows)


@bp.get("/certificates/team")
def team_form() -> ResponseReturnValue:
    """Ask for which team and which days."""
    return _show_team(TeamForm(formdata=None, data={"span": "all"}))


@bp.post("/certificates/team")
def issue_team() -> ResponseReturnValue:
    """Issue one for each member with hours, and show them in the register, where they are one file."""
    form = TeamForm(formdata=form_data())
    if not form.validate():
        return _show_team(form), 422
    try:
        issued = issue_for_team(current_actor(), int(form.team_id.data), form.period(), now())
    except Refused as refused:
        form.refuse(refused, default="span")
        return _show_team(form), refused.status
    flash(_("已开好 %(count)s 份，可以一次下载成一个 PDF。", count=len(issued)), "done")
    shown: dict[str, Any] = {"team": form.team_id.data, "status": "valid", "from": today()}
    return redirect(url_for(".certificates", **shown), 303)


@bp.get(f"/certificates/<{ID}:certificate_id>/revoke")
def revoke_form(certificate_id: int) -> ResponseReturnValue:
    """Ask for the reason."""
    return _show(certificate_id, RevokeForm(formdata=None))


@bp.post(f"/certificates/<{ID}:certificate_id>/revoke")
def revoke(certificate_id: int) -> ResponseReturnValue:
    """Declare it void."""
    form = RevokeForm(formdata=form_data())
    if not form.validate():
        return _show(certificate_id, form), 422
    try:
        is_new = revoke_certificate(current_actor(), certificate_id, form.reason.data, now())
    except Refused as refused:
        form.refuse(refused, default="reason")
        return _show(certificate_id, form), refused.status
    if is_new:
        flash(_("证明已撤销，验证时会显示原因。"), "done")
    else:
        flash(_("这份证明先前已经撤销了。"), "note")
    return redirect(url_for(".certificates"), 303)


@bp.get(f"/volunteers/<{ID}:volunteer_id>/record.pdf")
def record_file(volunteer_id: int) -> ResponseReturnValue:
    """A person's record on paper."""
    return record_pdf(get_record(current_actor(), volunteer_id))


@bp.get(f"/volunteers/<{ID}:volunteer_id>/record.xlsx")
def record_sheet(volunteer_id: int) -> ResponseReturnValue:
    """A person's record as a table."""
    return record_table(get_record(current_actor(), volunteer_id))


def _day(moment: Any) -> Any:
    return moment.astimezone(CITY_TIME).date()


def _show(certificate_id: int, form: RevokeForm) -> str:
    view = get_certificate(current_actor(), certificate_id)
    return render_desk("office/revoke_certificate.html", nav_current="office.certificates", view=view, form=form)


def _show_team(form: TeamForm) -> str:
    return render_desk("office/team_certificates.html", nav_current="office.certificates", form=form)
