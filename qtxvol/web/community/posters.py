"""Posters and cards with a QR code that opens the order form for one community. A town prints those of all its own."""

from collections.abc import Sequence
from dataclasses import dataclass

from flask import Response, render_template, request, url_for
from flask.typing import ResponseReturnValue
from markupsafe import Markup

from qtxvol.accounts.actor import division_prefix
from qtxvol.directory.queries import Place, list_terms, list_towns_with_communities
from qtxvol.refusals import NotFound
from qtxvol.web.access import current_actor
from qtxvol.web.community.views import bp
from qtxvol.web.display import pick
from qtxvol.web.i18n import _
from qtxvol.web.papers import external, qr_file, qr_svg

#: As many cards as fit a sheet.
CARDS = 8


@dataclass(frozen=True, slots=True)
class Poster:
    """What differs between two posters: whose it is, and where its code leads."""

    code: str
    name: str
    town: str
    link: str

    @property
    def qr(self) -> Markup:
        """Folds, rain and sun take their part: as much of it may be lost as the standard allows."""
        return qr_svg(self.link, _("%(place)s的点单二维码", place=self.name), error="h")


@bp.get("/poster")
def poster() -> ResponseReturnValue:
    """The poster of one place; `?community=` chooses it among those of this seat."""
    return _show("community/poster.html", [_chosen()])


@bp.get("/poster/all")
def posters() -> ResponseReturnValue:
    """One sheet for each place of this seat, to be printed in one go."""
    return _show("community/poster.html", list_posters())


@bp.get("/poster/cards")
def poster_cards() -> ResponseReturnValue:
    """The same code on cards to take home."""
    return _show("community/poster_cards.html", [_chosen()], cards=CARDS)


@bp.get("/poster/qr.svg")
def poster_qr() -> Response:
    """The code alone, for other papers and for chat groups."""
    chosen = _chosen()
    response = Response(qr_file(chosen.link, error="h"), mimetype="image/svg+xml")
    response.headers["Content-Disposition"] = f"inline; filename=qr-{chosen.code}.svg"
    return response


def list_posters() -> list[Poster]:
    """Of every place in use within this seat's reach: a town first, then what lies in it."""
    prefix = division_prefix(current_actor().division_code or "-")
    return [
        _make_poster(place, group.town)
        for group in list_towns_with_communities()
        for place in (group.town, *group.communities)
        if place.code.startswith(prefix)
    ]


def _make_poster(place: Place, town: Place) -> Poster:
    link = external(url_for("resident.order_form", community=place.code))
    town_name = "" if place.code == town.code else pick(town.name, town.name_en)
    return Poster(place.code, pick(place.name, place.name_en), town_name, link)


def _chosen() -> Poster:
    """:raise NotFound: not a place in use of this seat's."""
    wanted = request.args.get("community") or current_actor().division_code
    chosen = next((each for each in list_posters() if each.code == wanted), None)
    if chosen is None:
        raise NotFound(wanted)
    return chosen


def _show(template: str, chosen: Sequence[Poster], **more: object) -> str:
    return render_template(
        template,
        posters=chosen,
        choices=list_posters(),
        themes=[pick(each.name, each.name_en) for each in list_terms("theme")],
        **more,
    )
