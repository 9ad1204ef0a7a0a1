"""The lists that two persons have confirmed."""

from flask import render_template
from flask.typing import ResponseReturnValue

from qtxvol.recognition.commend import get_published, list_published
from qtxvol.web.access import make_blueprint, open_to_all
from qtxvol.web.certificate_words import ISSUER

bp = make_blueprint("honours", __name__, gate=open_to_all)


@bp.get("/commendations")
def years() -> ResponseReturnValue:
    """Which years there are."""
    return render_template("honours/years.html", lists=list_published())


@bp.get("/commendations/<int(min=2000, max=2999):year>")
def year(year: int) -> ResponseReturnValue:
    """Who is commended, in order of the names; whoever has not agreed stands there with the surname."""
    return render_template("honours/year.html", view=get_published(year), year=year, issuer=ISSUER)
