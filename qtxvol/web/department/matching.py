"""Why the suggested teams of an order stand where they stand, and why any other team isn't there."""

from flask import request
from flask.typing import ResponseReturnValue

from qtxvol.extensions import db
from qtxvol.offers.situation import load_matching
from qtxvol.offers.suggest import explain_team, is_handed_elsewhere, rank_teams
from qtxvol.orders.lifecycle import Status
from qtxvol.orders.queries import get_order_view
from qtxvol.refusals import NotFound
from qtxvol.volunteers.models import Team
from qtxvol.volunteers.queries import list_active_teams
from qtxvol.web.access import current_actor
from qtxvol.web.department.views import bp
from qtxvol.web.desk_frame import render_desk
from qtxvol.web.forms import now
from qtxvol.web.match_words import obstacle_in_words, percent, reason_in_words, team_lead, team_obstacle

#: Further down nobody looks; whoever does, asks about the team by its name.
MOST = 20


@bp.get("/orders/<number>/teams")
def teams_for(number: str) -> ResponseReturnValue:
    """The ranking with each term of the score, and the answer about one team (`?team=`)."""
    actor, moment = current_actor(), now()
    view = get_order_view(actor, number, moment)
    order = view.order
    if order.status != Status.CLAIMED or order.department_id != actor.department_id:
        return render_desk("department/teams_for.html", view=view, row=view.row, is_asking=False)
    asked = _team_of(request.args.get("team", ""))
    matching = load_matching([order], moment, also_teams=[asked.id] if asked else ())
    ranking = rank_teams(order, moment, matching=matching)
    why = explain_team(order, asked, moment, matching=matching) if asked else None
    return render_desk(
        "department/teams_for.html",
        view=view,
        row=view.row,
        is_asking=True,
        teams=list_active_teams(),
        asked=asked,
        obstacle=team_obstacle(why, asked, moment) if why and asked else None,
        handed=obstacle_in_words("handed_elsewhere") if asked and is_handed_elsewhere(order, asked) else None,
        place=next((each.place for each in ranking if asked and each.team_id == asked.id), None),
        ranking=ranking[:MOST],
        more=max(0, len(ranking) - MOST),
        worth=round(matching.situation.settings.worth[matching.needs[order.id].urgency]),
        reason_in_words=reason_in_words,
        team_lead=team_lead,
        percent=percent,
    )


def _team_of(text: str) -> Team | None:
    """The team that is asked about; None when nobody is.

    :raise NotFound: no such team.
    """
    if not text:
        return None
    if not (text.isascii() and text.isdecimal() and len(text) < 10):
        raise NotFound(text)
    team = db.session.get(Team, int(text))
    if team is None:
        raise NotFound(text)
    return team
