"""Pages for anybody."""

from flask import render_template, request
from flask.typing import ResponseReturnValue

from qtxvol.directory.queries import get_menu_item, list_menu, list_terms
from qtxvol.progress.queries import get_board, get_home_counts
from qtxvol.web.access import make_blueprint, open_to_all
from qtxvol.web.display import pick
from qtxvol.web.forms import now
from qtxvol.web.science_days import near_for_residents
from qtxvol.web.view_settings import current_look

bp = make_blueprint("public", __name__, gate=open_to_all)


@bp.get("/")
def home() -> ResponseReturnValue:
    """What this is, and the one big button. 长辈版 has three ways and no figures."""
    if current_look().is_elder:
        return render_template("public/home.html")
    return render_template(
        "public/home.html",
        counts=get_home_counts(now()),
        audiences=[(term.code, pick(term.name, term.name_en)) for term in list_terms("audience")],
        board=get_board(now()),
        near=near_for_residents(),
    )


@bp.get("/menu")
def menu() -> ResponseReturnValue:
    """What can be ordered, by audience, theme and words."""
    audience = request.args.get("audience", "")[:32]
    theme = request.args.get("theme", "")[:32]
    text = request.args.get("q", "").replace("\0", "").strip()[:60]
    return render_template(
        "public/menu.html",
        entries=list_menu(audience=audience or None, theme=theme or None, text=text or None),
        audiences=list_terms("audience"),
        themes=list_terms("theme"),
        audience=audience,
        theme=theme,
        text=text,
    )


@bp.get("/menu/<item_id>")
def menu_item(item_id: str) -> ResponseReturnValue:
    """One item of the menu."""
    item = get_menu_item(item_id.replace("\0", "")[:16])
    names = {term.code: pick(term.name, term.name_en) for term in list_terms("audience")}
    return render_template("public/menu_item.html", item=item, audiences=[names.get(a, a) for a in item.audiences])


@bp.get("/about")
def about() -> ResponseReturnValue:
    """Where facts come from, and how personal data is handled."""
    return render_template("public/about.html")
