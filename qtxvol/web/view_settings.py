"""How one person likes the pages: 长辈版 (fewer and larger things), text size, light or dark.

Kept in a cookie of its own, so it outlives a session and belongs to the device rather than to an account. Nothing
depends on it but looks, so whatever is wrong with it is taken for the default.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from flask import Flask, Response, flash, g, redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue

from qtxvol.web.access import make_blueprint, open_to_all
from qtxvol.web.auth.views import is_own_path, split_address
from qtxvol.web.i18n import LANGUAGES, _

COOKIE = "qtxvol_view"
_YEAR = 365 * 24 * 3600

#: Percent of the browser's own text size.
SIZES = (100, 125, 150, 175, 200)
THEMES = ("auto", "light", "dark")
#: 长辈版 is never smaller.
SMALLEST_FOR_ELDERS = 125

bp = make_blueprint("view_settings", __name__, gate=open_to_all)


@dataclass(frozen=True, slots=True)
class Look:
    """What a person chose. `chosen_size` is kept while 长辈版 asks for more, so that turning it off brings it back."""

    is_elder: bool = False
    chosen_size: int = 100
    theme: str = "auto"

    @property
    def size(self) -> int:
        """Text size in percent, as shown."""
        return max(self.chosen_size, SMALLEST_FOR_ELDERS) if self.is_elder else self.chosen_size

    @property
    def sizes(self) -> tuple[int, ...]:
        """Sizes that can be chosen."""
        return tuple(size for size in SIZES if not self.is_elder or size >= SMALLEST_FOR_ELDERS)

    @property
    def classes(self) -> str:
        """For the `html` element."""
        names = ["elder" if self.is_elder else "", f"size-{self.size}" if self.size > 100 else ""]
        return " ".join(filter(None, [*names, f"theme-{self.theme}" if self.theme != "auto" else ""]))

    def to_cookie(self) -> str:
        return f"{'elder' if self.is_elder else 'plain'}-{self.chosen_size}-{self.theme}"


def parse_look(text: str) -> Look:
    """The look that a cookie holds; every part that is not understood is the default's."""
    parts = [*text.split("-"), "", "", ""]
    size = next((size for size in SIZES if str(size) == parts[1]), SIZES[0])
    return Look(parts[0] == "elder", size, parts[2] if parts[2] in THEMES else THEMES[0])


def current_look() -> Look:
    """How this request's page has to look."""
    if "look" not in g:
        g.look = parse_look(request.cookies.get(COOKIE, ""))
    look: Look = g.look
    return look


def change_look(wanted: Mapping[str, Any]) -> bool:
    """Take over whatever `wanted` says about 长辈版, size, theme and language; from this very page on.

    :return: False when it says nothing about them.
    """
    before, names = current_look(), {"elder", "size", "theme", "language"} & set(wanted)
    look = before
    if wanted.get("elder") in ("on", "off"):
        look = replace(look, is_elder=wanted["elder"] == "on")
    size = next((size for size in SIZES if str(size) == wanted.get("size")), before.size)
    if size != before.size:
        look = replace(look, chosen_size=size)
    if wanted.get("theme") in THEMES:
        look = replace(look, theme=str(wanted["theme"]))
    if wanted.get("language") in LANGUAGES:
        session["language"] = wanted["language"]
    if look != before:
        g.look, g.is_look_new = look, True
    return bool(names)


def return_path() -> str:
    """Where to come back to after a setting was changed: this page, or the one whose form led here."""
    if request.method in ("GET", "HEAD"):
        return request.full_path.rstrip("?")
    came_from = split_address(request.referrer or "")
    if came_from.netloc == request.host and is_own_path(came_from.path):
        return came_from.path + (f"?{came_from.query}" if came_from.query else "")
    return request.path


def init_app(app: Flask) -> None:
    app.register_blueprint(bp)

    @app.context_processor
    def _shared() -> dict[str, object]:
        if not request:
            return {"look": Look(), "here_path": "/"}
        return {"look": current_look(), "here_path": return_path()}

    @app.after_request
    def _keep(response: Response) -> Response:
        if g.get("is_look_new"):
            response.set_cookie(
                COOKIE,
                current_look().to_cookie(),
                max_age=_YEAR,
                path=app.session_interface.get_cookie_path(app),
                secure=app.config["SESSION_COOKIE_SECURE"],
                httponly=True,
                samesite="Lax",
            )
        return response


@bp.get("/view")
def page() -> ResponseReturnValue:
    """显示设置: everything that can be chosen, as a plain form."""
    return render_template("view_settings.html", themes=THEMES)


@bp.post("/view")
def save() -> ResponseReturnValue:
    """Keep what was chosen and go back to the page."""
    change_look(request.form)
    path = request.form.get("next", "")
    if is_own_path(path):
        return redirect(path, 303)
    flash(_("已保存。"), "done")
    return redirect(url_for(".page"), 303)
