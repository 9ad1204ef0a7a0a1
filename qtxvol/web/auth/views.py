"""Sign in, sign out, change the password."""

from urllib.parse import SplitResult, urlsplit

from flask import flash, make_response, redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user, login_user, logout_user
from wtforms import PasswordField, StringField

from qtxvol.accounts.attempts import REGISTER_ADDRESS, count_attempt, seconds_to_wait
from qtxvol.accounts.manage import register_resident
from qtxvol.accounts.seats import SignedIn, change_password, find_signed_in, sign_in, sign_out_everywhere
from qtxvol.orders.lifecycle import Party
from qtxvol.refusals import Refused
from qtxvol.web.access import ask_to_sign_in, client_address, make_blueprint, open_to_all, signed_in_user
from qtxvol.web.desk import DESKS, TITLES
from qtxvol.web.forms import BaseForm, Required, choice_field, clean_text, form_data, now, strip, text_field
from qtxvol.web.i18n import LANGUAGES, _, _l
from qtxvol.web.order_form import place_choices

bp = make_blueprint("auth", __name__, gate=open_to_all)

#: Fields of a form that are never carried along: they are made anew or are secret.
_NOT_CARRIED = {
    "csrf_token", "username", "password", "password_again", "old_password", "new_password", "new_password_again",
    "resume_path",
}  # fmt: skip
_MOST_CARRIED = 400


class LoginForm(BaseForm):
    username = StringField(
        _l("用户名"),
        filters=[strip],
        validators=[clean_text, Required(_l("请填用户名。"))],
        render_kw={"autocomplete": "username", "autocapitalize": "none", "spellcheck": "false"},
    )
    password = PasswordField(
        _l("密码"), validators=[Required(_l("请填密码。"))], render_kw={"autocomplete": "current-password"}
    )


class PasswordForm(BaseForm):
    old_password = PasswordField(
        _l("现在的密码"), validators=[Required(_l("请填现在的密码。"))], render_kw={"autocomplete": "current-password"}
    )
    new_password = PasswordField(
        _l("新密码"),
        validators=[Required(_l("请填新密码。"))],
        description=_l("至少 10 个字符。可以用几个不相干的词连起来，好记又难猜。"),
        render_kw={"autocomplete": "new-password"},
    )
    new_password_again = PasswordField(
        _l("再填一次新密码"),
        validators=[Required(_l("请再填一次新密码。"))],
        render_kw={"autocomplete": "new-password"},
    )


class RegisterForm(BaseForm):
    username = StringField(
        _l("用户名"),
        filters=[strip],
        validators=[clean_text, Required(_l("请填用户名。"))],
        description=_l("3 到 64 个小写字母、数字、点、下划线或连字符，也可以用手机号"),
        render_kw={"autocomplete": "username", "autocapitalize": "none", "spellcheck": "false"},
    )
    display_name = text_field(_l("怎么称呼您"), longest=32, required=_l("请填称呼，例如：王女士。"))
    division_code = choice_field(_l("您住在哪个社区或村"))
    password = PasswordField(
        _l("密码"),
        validators=[Required(_l("请填密码。"))],
        description=_l("至少 10 个字符。可以用几个不相干的词连起来，好记又难猜。"),
        render_kw={"autocomplete": "new-password"},
    )
    password_again = PasswordField(
        _l("再填一次密码"), validators=[Required(_l("请再填一次密码。"))], render_kw={"autocomplete": "new-password"}
    )


@bp.get("/register")
def register() -> ResponseReturnValue:
    """An account for a resident who wants all own orders in one place; nobody needs one."""
    return _show_register(RegisterForm(formdata=None))


@bp.post("/register")
def submit_register() -> ResponseReturnValue:
    """Make the account and sign in."""
    form = RegisterForm(formdata=form_data())
    form.division_code.choices = place_choices()
    is_good = form.validate()
    if form.password.data != form.password_again.data:
        form.password_again.errors = [*form.password_again.errors, _("两次填的密码不一样。")]
        is_good = False
    if not is_good:
        return _show_register(form), 422
    key = f"register:address:{client_address()}"
    try:
        if wait := seconds_to_wait(key, REGISTER_ADDRESS, now()):
            raise Refused("wait", 429, seconds=wait)
        count_attempt(key, REGISTER_ADDRESS, now())
        account_id = register_resident(
            username=form.username.data,
            display_name=form.display_name.data,
            password=form.password.data,
            division_code=form.division_code.data,
            now=now(),
        )
    except Refused as refused:
        form.refuse(refused)
        return _show_register(form), refused.status
    if user := find_signed_in(f"{account_id}.1"):
        _start_session(user)
    flash(_("账号已建好。以后登录点单，所有的单都在这里。"), "done")
    return redirect(url_for("my.inbox"), 303)


def _show_register(form: RegisterForm) -> str:
    form.division_code.choices = place_choices()
    return render_template("auth/register.html", form=form)


@bp.get("/login")
def login() -> ResponseReturnValue:
    """The sign-in page; whoever is signed in already goes on to their desk."""
    if current_user.is_authenticated:
        return redirect(_home_of(signed_in_user()), 303)
    return _show_login(LoginForm(formdata=None))


@bp.post("/login")
def submit_login() -> ResponseReturnValue:
    """Start a session, and take up what its predecessor left behind."""
    form = LoginForm(formdata=form_data())
    if not form.validate():
        return _show_login(form), 422
    try:
        user = sign_in(form.username.data, form.password.data, client_address(), now())
    except Refused as refused:
        form.refuse(refused)
        response = make_response(_show_login(form), refused.status)
        if refused.code == "wait":
            response.headers["Retry-After"] = str(refused.about["seconds"])
        return response
    _start_session(user)
    path = request.form.get("resume_path", "")
    if path and is_own_path(path):
        return render_template("auth/resume.html", path=path, fields=carried_fields())
    return redirect(_next_page() or _home_of(user), 303)


@bp.post("/logout")
def logout() -> ResponseReturnValue:
    """End this session; with `everywhere` every session of the account."""
    if current_user.is_authenticated and request.form.get("everywhere"):
        sign_out_everywhere(signed_in_user().account_id)
    _end_session()
    flash(_("已退出。"), "done")
    response = make_response(redirect(url_for("public.home"), 303))
    response.headers["Clear-Site-Data"] = '"cache"'  # the back button must not bring a page of this person's
    return response


@bp.get("/account")
def account_page() -> ResponseReturnValue:
    """The own account: seats, password, signing out everywhere."""
    if not current_user.is_authenticated:
        return ask_to_sign_in()
    return _show_account(PasswordForm(formdata=None))


@bp.post("/account")
def submit_password() -> ResponseReturnValue:
    """A new password; every other session ends."""
    if not current_user.is_authenticated:
        return ask_to_sign_in()
    form = PasswordForm(formdata=form_data())
    is_good = form.validate()
    if form.new_password.data != form.new_password_again.data:
        form.new_password_again.errors = [*form.new_password_again.errors, _("两次填的新密码不一样。")]
        is_good = False
    if not is_good:
        return _show_account(form), 422
    user = signed_in_user()
    try:
        epoch = change_password(user.account_id, form.old_password.data, form.new_password.data)
    except Refused as refused:
        form.refuse(refused)
        return _show_account(form), 422
    session["_user_id"] = f"{user.account_id}.{epoch}"
    flash(_("密码已更改，其他地方的登录都已退出。"), "done")
    return redirect(_home_of(user), 303)


def offer_to_resume(status: int) -> ResponseReturnValue:
    """A form arrived without its session: show how to go on, with everything that was typed.

    401: sign in first, then confirm. 400: the page was too old; one more tap sends it again.
    Only for forms of our own pages: a foreign page must not get its words shown here.
    """
    if not is_from_here() or not is_own_path(request.full_path):
        return render_template("errors/page.html", status=400, code="csrf"), 400
    if status == 401:
        form = LoginForm(formdata=None)
        return (
            render_template("auth/login.html", form=form, fields=carried_fields(), resume_path=request.full_path),
            401,
        )
    return render_template("auth/resume.html", path=request.full_path.rstrip("?"), fields=carried_fields()), 400


def carried_fields() -> list[tuple[str, str]]:
    """What was typed, to be carried along; files can't be."""
    return [(k, v) for k, v in request.form.items(multi=True) if k not in _NOT_CARRIED][:_MOST_CARRIED]


def is_from_here() -> bool:
    """Did the request come from one of our own pages, as far as the browser tells?"""
    site = request.headers.get("Sec-Fetch-Site")
    if site is not None:
        return site == "same-origin"
    origin = request.headers.get("Origin") or request.headers.get("Referer") or ""
    return bool(origin) and split_address(origin).netloc == request.host


def split_address(text: str) -> SplitResult:
    """The parts of an address that anybody may have typed; all are empty when it is none."""
    try:
        return urlsplit(text)
    except ValueError:  # `http://[`: half of an IPv6 address
        return urlsplit("")


def is_own_path(path: str) -> bool:
    """A path on this site, and not an address of another one in disguise."""
    parts = split_address(path)
    is_plain = path.startswith("/") and not path.startswith(("//", "/\\"))
    return is_plain and not parts.scheme and not parts.netloc and "\\" not in path and path.isprintable()


def _show_login(form: LoginForm) -> str:
    path = request.form.get("resume_path", "")
    return render_template(
        "auth/login.html",
        form=form,
        fields=carried_fields() if path else [],
        resume_path=path if is_own_path(path) else "",
        next_path=_next_page(),
    )


def _show_account(form: PasswordForm) -> str:
    user = signed_in_user()
    desks = [(url_for(f"{DESKS[seat.actor.party]}.inbox"), TITLES[seat.actor.party], seat.place) for seat in user.seats]
    return render_template("auth/account.html", form=form, user=user, desks=desks)


def _start_session(user: SignedIn) -> None:
    language = session.get("language")
    session.clear()  # nothing of the time before survives: no fixed session, no old CSRF token
    if language in LANGUAGES:
        session["language"] = language
    session.permanent = True
    login_user(user)


def _end_session() -> None:
    language = session.get("language")
    logout_user()
    session.clear()
    if language in LANGUAGES:
        session["language"] = language


def _next_page() -> str:
    path = request.values.get("next", "")
    return path if is_own_path(path) else ""


def _home_of(user: SignedIn) -> str:
    if user.must_change_password:
        return url_for("auth.account_page")
    order = [Party.OFFICE, Party.COMMUNITY, Party.DEPARTMENT, Party.TEAM, Party.VOLUNTEER, Party.RESIDENT]
    seats = {seat.actor.party for seat in user.seats}
    party = next((each for each in order if each in seats), None)
    return url_for(f"{DESKS[party]}.inbox") if party else url_for("auth.account_page")
