"""Help in place: pages for anybody, the first-run guide of a desk, and words that explain themselves."""

from flask import Flask, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from qtxvol.accounts.guide import put_guide_away
from qtxvol.refusals import NotFound
from qtxvol.web.access import current_actor, make_blueprint, open_to_all, seated
from qtxvol.web.desk_frame import DESKS
from qtxvol.web.forms import now
from qtxvol.web.glossary import CHAPTERS, STATUS_TERMS, TAB_TERMS, TERMS
from qtxvol.web.guides import GUIDES, Guide

bp = make_blueprint("help", __name__, gate=open_to_all, url_prefix="/help")


def _seated_at_the_named_desk() -> ResponseReturnValue | None:
    """Only who sits at a desk puts its guide away."""
    return seated(_get_guide((request.view_args or {}).get("party", "")).party)()


guide_bp = make_blueprint("guide", __name__, gate=_seated_at_the_named_desk, url_prefix="/help")


@bp.get("")
def index() -> ResponseReturnValue:
    """Where to find help: by party, or by word."""
    return render_template("help/index.html", guides=GUIDES.values())


@bp.get("/words")
def words() -> ResponseReturnValue:
    """Every word of the trade."""
    return render_template("help/words.html", chapters=CHAPTERS)


@bp.get("/<party>")
def party(party: str) -> ResponseReturnValue:
    """First steps and frequent questions of one party, for anybody: a clerk may read before there is an account."""
    return render_template("help/party.html", guide=_get_guide(party))


@guide_bp.post("/<party>/seen")
def put_away(party: str) -> ResponseReturnValue:
    """The guide has been read; the desk opens with its list from now on."""
    actor = current_actor()
    put_guide_away(actor, now())
    return redirect(url_for(f"{DESKS[actor.party]}.inbox"), 303)


def _get_guide(party: str) -> Guide:
    """:raise NotFound: no such party, or one without a desk."""
    guide = next((each for each in GUIDES.values() if each.party == party), None)
    if guide is None:
        raise NotFound(party)
    return guide


def find_open_guide() -> Guide | None:
    """The guide that the desk at hand still shows, for `help/_guide.html`."""
    seat = g.get("seat")
    return None if seat is None or seat.is_guide_seen else GUIDES[seat.actor.party]


def init_app(app: Flask) -> None:
    app.register_blueprint(bp)
    app.register_blueprint(guide_bp)
    app.jinja_env.globals.update(
        find_open_guide=find_open_guide,
        get_term=TERMS.__getitem__,
        find_tab_term=TAB_TERMS.get,
        get_status_term=STATUS_TERMS.__getitem__,
    )
