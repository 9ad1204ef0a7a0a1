"""Certificates of service at the desks that have to do with them: ask for one, list them, print one."""

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from typing import Any

from flask import Blueprint, Response, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from wtforms import RadioField
from wtforms.validators import ValidationError

from qtxvol.directory.queries import term_names
from qtxvol.orders.lifecycle import Party
from qtxvol.recognition.certificates import (
    CertificateView,
    Period,
    get_certificate,
    get_reachable_volunteer,
    has_identity,
    issue_certificate,
    list_certificates,
    reissue_certificate,
    spoken_code,
)
from qtxvol.refusals import Refused
from qtxvol.web import certificate_words
from qtxvol.web.access import current_actor
from qtxvol.web.calendar import today
from qtxvol.web.certificate_pdf import draw_certificate
from qtxvol.web.desk_frame import ID, desk_of, render_desk
from qtxvol.web.forms import BaseForm, Required, choice, form_data, now, parse_day, text_field, tick_field
from qtxvol.web.i18n import _, _l
from qtxvol.web.papers import external, qr_svg
from qtxvol.web.pdf import Sheet

#: Where a certificate's page leads back to.
_NAV = {Party.TEAM: "team.members", Party.OFFICE: "office.certificates"}


class CertificateForm(BaseForm):
    """For which days."""

    span = RadioField(_l("哪段时间的服务"), validators=[Required(_l("请选一段时间。"))], validate_choice=False)
    from_on = text_field(_l("从哪天起"), longest=10, render_kw={"type": "date"})
    until_on = text_field(_l("到哪天止"), longest=10, render_kw={"type": "date"})
    identity = tick_field(_l("印上证件类型和号码后四位（对方单位要求时才需要）"))

    def __init__(self, **given: Any) -> None:
        super().__init__(**given)
        year = today().year
        self.span.choices = [
            choice("all", _("全部，从第一次服务到今天")),
            choice("this", _("今年（%(year)s 年）", year=year)),
            choice("last", _("去年（%(year)s 年）", year=year - 1)),
            choice("own", _("自己选起止日期（填在下面）")),
        ]

    def validate_span(self, field: Any) -> None:
        if field.data not in _SPANS:
            raise ValidationError(_("请选一段时间。"))

    def validate_from_on(self, field: Any) -> None:
        self._check_day(field)

    def validate_until_on(self, field: Any) -> None:
        self._check_day(field)

    def _check_day(self, field: Any) -> None:
        if self.span.data == "own" and parse_day(field.data or "") is None:
            raise ValidationError(_("请填日期，例如 2026-03-01。"))

    def period(self) -> Period:
        """Once it is valid."""
        own = parse_day(self.from_on.data or ""), parse_day(self.until_on.data or "")
        return _SPANS[self.span.data](today(), own)


_Days = tuple[date | None, date | None]
_SPANS: Mapping[str, Callable[[date, _Days], Period]] = {
    "all": lambda today, own: Period(None, today),
    "this": lambda today, own: Period(date(today.year, 1, 1), today),
    "last": lambda today, own: Period(date(today.year - 1, 1, 1), date(today.year - 1, 12, 31)),
    "own": lambda today, own: Period(own[0], own[1] or today),
}


def add_certificates(bp: Blueprint, of_person: str) -> None:
    """Give a desk the certificates of a person, at `of_person`, and each on paper."""
    bp.add_url_rule(of_person, "person_certificates", person_certificates)
    bp.add_url_rule(of_person, "issue_certificate", issue, methods=["POST"])
    one = f"/certificates/<{ID}:certificate_id>"
    bp.add_url_rule(one, "certificate", certificate)
    bp.add_url_rule(f"{one}.pdf", "certificate_pdf", certificate_pdf)
    bp.add_url_rule(f"{one}/reissue", "reissue_certificate", reissue, methods=["POST"])


def person_certificates(volunteer_id: int = 0) -> ResponseReturnValue:
    """What was issued to somebody, and the form for another."""
    return _show(volunteer_id or _own_id(), CertificateForm(formdata=None, data={"span": "all"}))


def issue(volunteer_id: int = 0) -> ResponseReturnValue:
    """Issue one and show the paper."""
    volunteer_id = volunteer_id or _own_id()
    form = CertificateForm(formdata=form_data())
    if not form.validate():
        return _show(volunteer_id, form), 422
    try:
        issued = issue_certificate(
            current_actor(), volunteer_id, form.period(), now(), shows_identity=form.identity.data
        )
    except Refused as refused:
        form.refuse(refused, default="span")
        return _show(volunteer_id, form), refused.status
    return redirect(url_for(".certificate", certificate_id=issued), 303)


def certificate(certificate_id: int) -> ResponseReturnValue:
    """The paper."""
    view = get_certificate(current_actor(), certificate_id)
    paper = view.certificate
    link = link_of(view)
    return render_template(
        "papers/certificate.html",
        view=view,
        certificate=paper,
        words=certificate_words,
        issuer=certificate_words.ISSUER,
        lines=certificate_words.lines_of(view, term_names("theme")),
        code=spoken_code(paper.code),
        link=link,
        verify_address=external(url_for("verify.ask")),
        qr=qr_svg(link, _("验证二维码"), error="m"),
        back_url=url_for(".person_certificates", **_person(paper.volunteer_id)),
        pdf_url=url_for(".certificate_pdf", certificate_id=paper.id),
    )


def certificate_pdf(certificate_id: int) -> ResponseReturnValue:
    """The same as a file, with the font inside."""
    view = get_certificate(current_actor(), certificate_id)
    return certificates_file([view], f"{view.certificate.number}.pdf")


def reissue(certificate_id: int) -> ResponseReturnValue:
    """Another one in place of one that was revoked; shows the new paper."""
    issued = reissue_certificate(current_actor(), certificate_id, now())
    return redirect(url_for(".certificate", certificate_id=issued), 303)


def certificates_file(views: Sequence[CertificateView], filename: str) -> Response:
    """Papers in one file, one page each.

    :raise Refused: `no_font`, `missing_glyphs` (409).
    """
    themes, title = term_names("theme"), f"{certificate_words.title.zh} {views[0].certificate.number}"
    with Sheet(title, views[-1].certificate.issued_at) as sheet:
        for view in views:
            draw_certificate(
                sheet,
                view,
                certificate_words.lines_of(view, themes),
                link=link_of(view),
                verify_address=external(url_for("verify.ask")),
            )
        return sheet.answer(filename)


def link_of(view: CertificateView) -> str:
    """Where its QR code leads."""
    return external(url_for("verify.certificate", code=view.certificate.code))


def _show(volunteer_id: int, form: CertificateForm) -> str:
    actor = current_actor()
    person = get_reachable_volunteer(actor, volunteer_id)
    return render_desk(
        "papers/certificates.html",
        nav_current=_NAV.get(actor.party, ""),
        person=person,
        is_own=actor.party is Party.VOLUNTEER,
        certificates=list_certificates(actor, volunteer_id),
        form=form,
        has_identity=has_identity(volunteer_id),
        record_urls=_record_urls(actor.party, volunteer_id),
        act_url=url_for(f"{desk_of(actor.party)}.issue_certificate", **_person(volunteer_id)),
    )


def _record_urls(party: Party, volunteer_id: int) -> list[tuple[str, str]]:
    """The whole record as files, for the person and the office."""
    if party not in (Party.VOLUNTEER, Party.OFFICE):
        return []
    names = (("PDF", ".record_file"), (_("表格（xlsx）"), ".record_sheet"))
    return [(label, url_for(endpoint, **_person(volunteer_id))) for label, endpoint in names]


def _own_id() -> int:
    return current_actor().volunteer_id or 0


def _person(volunteer_id: int) -> dict[str, Any]:
    """The address of a volunteer's own page names nobody."""
    return {} if current_actor().party is Party.VOLUNTEER else {"volunteer_id": volunteer_id}
