"""The register of certificates, and declaring one void."""

from flask import flash, redirect, request, url_for
from flask.typing import ResponseReturnValue

from qtxvol.orders.lifecycle import Party
from qtxvol.recognition.certificates import LONGEST_REASON, get_certificate, revoke_certificate, search_certificates
from qtxvol.refusals import Refused
from qtxvol.web.access import current_actor
from qtxvol.web.certificates import add_certificates
from qtxvol.web.desk_frame import EXTRA_NAV, ID, render_desk
from qtxvol.web.forms import BaseForm, form_data, now, text_field
from qtxvol.web.i18n import _, _l
from qtxvol.web.office.views import bp, empty_text, page_number, search_text, url_for_page

add_certificates(bp, f"/volunteers/<{ID}:volunteer_id>/certificates")
EXTRA_NAV[Party.OFFICE].append(("office.certificates", _l("服务证明")))


class RevokeForm(BaseForm):
    reason = text_field(
        _l("为什么撤销"),
        longest=LONGEST_REASON,
        required=_l("请写明撤销的原因。"),
        description=_l("任何人验证这份证明时都会看到这句话，请不要写个人信息。"),
    )


@bp.get("/certificates")
def certificates() -> ResponseReturnValue:
    """All that were ever issued, newest first."""
    text, status = search_text(), request.args.get("status", "")
    status = status if status in ("valid", "revoked") else ""
    return render_desk(
        "office/certificates.html",
        page=search_certificates(text, status, page_number()),
        text=text,
        status=status,
        url_for_page=url_for_page,
        empty_text=empty_text(bool(text or status)),
    )


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


def _show(certificate_id: int, form: RevokeForm) -> str:
    view = get_certificate(current_actor(), certificate_id)
    return render_desk("office/revoke_certificate.html", nav_current="office.certificates", view=view, form=form)
