"""Is this certificate real, and does it still stand? Says what the paper says, never more."""

from flask import redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from qtxvol.accounts.attempts import VERIFY_ADDRESS, count_attempt, seconds_to_wait
from qtxvol.recognition.certificates import CertificateView, find_certificate, is_name_on, parse_code, spoken_code
from qtxvol.refusals import Refused
from qtxvol.web.access import client_address, make_blueprint, open_to_all
from qtxvol.web.certificate_words import ISSUER
from qtxvol.web.forms import BaseForm, form_data, now, text_field
from qtxvol.web.i18n import _, _l

bp = make_blueprint("verify", __name__, gate=open_to_all)


class CodeForm(BaseForm):
    code = text_field(
        _l("验证码"),
        longest=40,
        required=_l("请填证明上的验证码。"),
        description=_l("印在二维码旁边，16 位字母和数字，例如 7KQM-2X9A-…；不分大小写，横线可以不填。"),
        render_kw={"autocomplete": "off", "autocapitalize": "characters", "spellcheck": "false"},
    )


class NameForm(BaseForm):
    name = text_field(
        _l("证明上的姓名"),
        longest=32,
        required=_l("请填证明上的姓名。"),
        description=_l("这里不显示全名。填上纸上的姓名，系统告诉您是否一致。"),
        render_kw={"autocomplete": "off"},
    )


@bp.get("/verify")
def ask() -> ResponseReturnValue:
    """Type a code; with `?code=` on to what it opens."""
    if "code" not in request.args:
        return render_template("verify/ask.html", form=CodeForm(formdata=None))
    form = CodeForm(formdata=request.args)
    if not form.validate():
        return render_template("verify/ask.html", form=form), 422
    code = parse_code(form.code.data)
    if code is None:
        form.code.errors = [_("验证码不对：应是 16 位字母和数字，没有 0、1、I、L、O、U。请对照证明再填一次。")]
        return render_template("verify/ask.html", form=form), 422
    return redirect(url_for(".certificate", code=code), 303)


@bp.get("/verify/<code>")
def certificate(code: str) -> ResponseReturnValue:
    """What a certificate says. Wrong codes slow their address down."""
    found = _find(code)
    return found if isinstance(found, tuple) else _show(found, NameForm(formdata=None))


@bp.post("/verify/<code>")
def name_on(code: str) -> ResponseReturnValue:
    """Is this the name on the paper? Says yes or no, and no name; a wrong one counts like a wrong code."""
    found = _find(code)
    if isinstance(found, tuple):
        return found
    form = NameForm(formdata=form_data())
    if not form.validate():
        return _show(found, form), 422
    answer = is_name_on(found.certificate, form.name.data)
    if not answer:
        count_attempt(f"verify:address:{client_address()}", VERIFY_ADDRESS, now())
    return _show(found, form, {True: "yes", False: "no", None: "unknown"}[answer])


def _find(code: str) -> CertificateView | tuple[str, int]:
    """The certificate, or the page that says there is none."""
    key = f"verify:address:{client_address()}"
    if wait := seconds_to_wait(key, VERIFY_ADDRESS, now()):
        raise Refused("wait", 429, seconds=wait)
    plain = parse_code(code[:60])
    view = find_certificate(plain) if plain else None
    if view is None:
        count_attempt(key, VERIFY_ADDRESS, now())
        form = CodeForm(formdata=None)
        form.code.data = code[:40]
        return render_template("verify/unknown.html", form=form), 404
    return view


def _show(view: CertificateView, form: NameForm, answer: str = "") -> str:
    return render_template(
        "verify/certificate.html",
        view=view,
        certificate=view.certificate,
        code=spoken_code(view.certificate.code),
        issuer=ISSUER,
        form=form,
        answer=answer,
    )
