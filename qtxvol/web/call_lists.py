"""The list of call-backs: a community works it off, the office looks at it."""

from typing import Any

from flask import request, url_for

from qtxvol.orders.call_backs import STATES, CallFilters, count_call_backs, list_call_backs
from qtxvol.orders.calls import CAUSE_LABELS, RESULT_LABELS
from qtxvol.web.access import current_actor
from qtxvol.web.desk_frame import render_desk
from qtxvol.web.display import say
from qtxvol.web.forms import now
from qtxvol.web.i18n import _l

_STATE_LABELS = {"open": _l("待回访"), "late": _l("已超期"), "done": _l("已回访")}


def read_filters(places: tuple[str, ...] = ()) -> CallFilters:
    """What the address asks for; what is unknown is left out."""

    def one_of(name: str, known: Any) -> str:
        text = request.args.get(name, "")
        return text if text in known else ""

    return CallFilters(
        state=one_of("state", STATES),
        cause=one_of("cause", set(CAUSE_LABELS)),
        result=one_of("result", set(RESULT_LABELS)),
        division_code=one_of("division", places),
        page=request.args.get("page", 1, type=int),
    )


def show_call_list(template: str, *, places: Any = (), **more: Any) -> str:
    """:param places: (code, name) pairs to narrow the list to."""
    actor = current_actor()
    filters = read_filters(tuple(code for code, _name in places))
    chosen: dict[str, Any] = {"state": filters.state, "cause": filters.cause, "result": filters.result}
    chosen["division"] = filters.division_code
    return render_desk(
        template,
        page=list_call_backs(actor, filters, now()),
        counts=count_call_backs(actor, now()),
        filters=filters,
        states=[(code, _STATE_LABELS[code]) for code in STATES],
        causes=[(str(code), say(label)) for code, label in CAUSE_LABELS.items()],
        results=[(str(code), say(label)) for code, label in RESULT_LABELS.items()],
        places=[(code, name) for code, name in places],
        now=now(),
        url_for_page=lambda number: url_for(
            ".calls", **{name: value for name, value in chosen.items() if value}, page=number
        ),
        **more,
    )
