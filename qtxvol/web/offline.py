"""What goes on without a line: the installable app, the pages that a phone keeps, and the orders that it kept.

The phone does its part in `static/sw.js` (which answers when the line is down), `static/outbox.js` (what waits to be
sent) and `static/offline.js` (the pages). Nothing here is personal: the kept pages are the same for everybody.
"""

import json
from collections.abc import Sequence
from pathlib import Path

from flask import Flask, Response, abort, current_app, jsonify, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import force_locale
from flask_login import current_user
from flask_wtf.csrf import generate_csrf

from qtxvol.directory.queries import MenuEntry, list_menu
from qtxvol.orders.numbers import spoken
from qtxvol.orders.place import MOST_PEOPLE, find_placed_number
from qtxvol.orders.windows import MOST_WINDOWS
from qtxvol.refusals import Refused
from qtxvol.web.access import make_blueprint, open_to_all, signed_in_user
from qtxvol.web.auth.views import is_from_here
from qtxvol.web.forms import Required, now
from qtxvol.web.i18n import _
from qtxvol.web.order_form import FREE_TEXT, OrderForm
from qtxvol.web.resident.placing import link_of, place_for_resident, resident_seat
from qtxvol.web.wording import WINDOW_FAULTS, refusal_sentence

bp = make_blueprint("offline", __name__, gate=open_to_all)

#: Blueprints whose pages start the service worker; once started it answers for the whole site.
APP_PAGES = ("public", "resident", "my", "team", "offline")

#: Sizes of the app's icon in pixels. A maskable one may be cut to a circle and has nothing near its edge.
ICONS = (("icon-192.png", 192, "any"), ("icon-512.png", 512, "any"), ("icon-maskable-512.png", 512, "maskable"))


def init_app(app: Flask) -> None:
    app.register_blueprint(bp)
    app.jinja_env.globals["app_pages"] = APP_PAGES


@bp.get("/manifest.webmanifest")
def manifest() -> Response:
    """Name and icons of the installed app. Browsers ask without a session, so the language is in the address."""
    with force_locale("en" if request.args.get("lang") == "en" else "zh_Hans_CN"):
        answer = {
            "id": _root(),
            "name": _("青铜峡科普点单"),
            "short_name": _("科普点单"),
            "description": _("居民点单、社区派单、部门领单、志愿服务队接单。"),
            "lang": "en" if request.args.get("lang") == "en" else "zh-CN",
            "start_url": _root(),
            "scope": _root(),
            "display": "standalone",
            "background_color": "#f1f4ef",
            "theme_color": "#134239",
            "icons": [
                {"src": url_for("static", filename="favicon.svg"), "sizes": "any", "type": "image/svg+xml"},
                *(
                    {
                        "src": url_for("static", filename=f"icons/{name}"),
                        "sizes": f"{size}x{size}",
                        "type": "image/png",
                        "purpose": purpose,
                    }
                    for name, size, purpose in ICONS
                ),
            ],
            "shortcuts": [
                {"name": _("点单"), "url": url_for("resident.order_form")},
                {"name": _("查进度"), "url": url_for("resident.track")},
            ],
        }
    response = Response(json.dumps(answer, ensure_ascii=False), mimetype="application/manifest+json")
    response.headers["Cache-Control"] = "public, max-age=86400"
    return response


@bp.get("/sw.js")
def worker() -> Response:
    """The service worker, with the addresses that it needs; a browser takes it anew when a byte of it differs."""
    source = (Path(current_app.static_folder or "") / "sw.js").read_text(encoding="utf-8")
    addresses = {
        "root": _root(),
        "static": url_for("static", filename=""),
        "outbox": url_for("static", filename="outbox.js"),
        "order": url_for("resident.order_form"),
        "offline": url_for(".page"),
        "offlineOrder": url_for(".order"),
        "token": url_for(".token"),
        "day": url_for("team.day"),
        "login": url_for("auth.login"),
        "logout": url_for("auth.logout"),
    }
    response = Response(f"self.QTXVOL = {json.dumps(addresses)};\n{source}", mimetype="text/javascript")
    response.headers["Cache-Control"] = "no-cache"
    response.headers["Service-Worker-Allowed"] = _root()
    response.add_etag()
    response.make_conditional(request)
    return response


@bp.get("/offline")
def page() -> ResponseReturnValue:
    """What a phone shows instead of a page that it can't reach."""
    return _kept(render_template("offline/page.html"))


@bp.get("/offline/order")
def order() -> ResponseReturnValue:
    """The whole order form on one page, with the menu and all communities in it."""
    form = OrderForm(formdata=None)
    form.offer(None, now=now())
    form.key.data = ""  # made on the phone: this page is the same for everybody
    sentences = _sentences(form)
    del form.photos
    return _kept(
        render_template(
            "offline/order.html",
            form=form,
            themes=_by_theme(list_menu()),
            rows=[[form[f"{part}_{i}"] for part in ("day", "slot", "from", "to")] for i in range(1, MOST_WINDOWS + 1)],
            sentences=json.dumps(sentences, ensure_ascii=False),
            most_people=MOST_PEOPLE,
            free_text=FREE_TEXT,
        )
    )


@bp.get("/offline/token")
def token() -> ResponseReturnValue:
    """A fresh CSRF token for what a phone has kept, and whose session it is. Only scripts of our own pages can read it.

    Answers `{"csrf_token": …, "account": …}`; `account` is empty when nobody is signed in.
    """
    if not is_from_here():
        abort(403)
    account = str(signed_in_user().account_id) if current_user.is_authenticated else ""
    response = jsonify(csrf_token=generate_csrf(), account=account)
    response.headers["Cache-Control"] = "no-store"
    return response


@bp.post("/offline/orders")
def place() -> ResponseReturnValue:
    """A complete order that a phone has kept. The same key is the same order, however often it is sent.

    201 or, for a repeat, 200: `{"number", "spoken", "link"}`. 409: this key came before with other content, `number`
    says with which order. 422: `sentences` and the `screen` to correct. 429: with Retry-After.
    """
    key = request.form.get("key", "")
    if not (16 <= len(key) <= 64 and key.isalnum()):
        abort(400)  # without a key nobody could tell a repeat from a second order
    form = OrderForm(formdata=request.form)
    form.offer(None, now=now())
    # somebody else may have signed in on this phone since it was filled in
    is_same = current_user.is_authenticated and request.form.get("account") == str(signed_in_user().account_id)
    try:
        outcome = place_for_resident(form, resident_seat() if is_same else None)
    except Refused as refused:
        return _refuse(form, refused, key)
    answer = {"number": outcome.number, "spoken": spoken(outcome.number), "link": link_of(outcome.number)}
    return jsonify(answer), 200 if outcome.is_repeat else 201


def _refuse(form: OrderForm, refused: Refused, key: str) -> ResponseReturnValue:
    if refused.code == "wait":
        response = jsonify(sentences=[refusal_sentence(refused)])
        response.headers["Retry-After"] = str(refused.about["seconds"])
        return response, 429
    # its answer may have been lost days ago, and its times be over by now: it is an order all the same
    number = refused.about.get("number") or find_placed_number(key)
    if number:
        sentence = _("这张单以前已经提交过，后来的改动没有另外生成新单。")
        link = url_for("resident.track", number=number)
        return jsonify(number=number, spoken=spoken(number), link=link, sentences=[sentence]), 409
    if refused.code != "badly_filled":
        form.refuse(refused)
    wrong = [f"{field.label.text}{_('：')}{error}" for field in form for error in field.errors]
    return jsonify(sentences=[*map(str, form.form_errors), *wrong], screen=refused.about.get("screen", 3)), 422


def _sentences(form: OrderForm) -> dict[str, str]:
    """What the page's script says about a field that was left empty or filled in wrongly."""
    needed = {field.name: str(rule.text) for field in form for rule in field.validators if isinstance(rule, Required)}
    return {
        **needed,
        "wish": _("请用一两句话写清楚想要什么。"),
        "organisation": _("请填单位名称。"),
        "day": WINDOW_FAULTS["none"](),
        "past": WINDOW_FAULTS["in_past"](),
        "slot": _("请选上午、下午或晚上。"),
        "phone": _("电话号码不对。请填 11 位手机号，或带区号的座机号，例如 0953 3051234。"),
        "number": _("请填整数，例如 30。"),
    }


def _by_theme(entries: Sequence[MenuEntry]) -> list[tuple[MenuEntry, list[MenuEntry]]]:
    """Items of one theme stand together, themes in the menu's order; each with the first of them."""
    themes: dict[str, list[MenuEntry]] = {}
    for entry in entries:
        themes.setdefault(entry.theme, []).append(entry)
    return [(group[0], group) for group in themes.values()]


def _kept(html: str) -> Response:
    """A page that phones keep: asked for again now and then, sent again only when it has changed."""
    response = Response(html, mimetype="text/html")
    response.headers["Cache-Control"] = "no-cache, private"
    response.add_etag()
    response.make_conditional(request)
    return response


def _root() -> str:
    return url_for("public.home")
