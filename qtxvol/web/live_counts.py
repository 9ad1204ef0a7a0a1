"""The numbers of a desk's menu, asked for again and again by pages that lie open."""

from datetime import datetime, timedelta

from flask import jsonify, request
from flask.typing import ResponseReturnValue

from qtxvol.web.access import current_actor
from qtxvol.web.desk_frame import count_numbers
from qtxvol.web.forms import now
from qtxvol.web.i18n import _, ngettext
from qtxvol.web.list_filters import read_filters
from qtxvol.web.sessions import leave_session_alone

_LONGEST_OPEN = timedelta(days=2)


def counts() -> ResponseReturnValue:
    """What stands behind each line of the menu, as JSON, with an ETag: mostly the answer is 304.

    The address may carry the filters of a list and the moment `since` of its page; then the answer says how many
    orders the list holds now, and in words how many of them are new. Asking does not prolong the session.
    """
    leave_session_alone()
    actor = current_actor()
    since = _moment(request.args.get("since", ""))
    shown = read_filters(request.args, actor.party) if since else None
    numbers = count_numbers(actor, shown, since)
    news = ngettext("有 %(num)d 个新单，点此刷新", "有 %(num)d 个新单，点此刷新", numbers.fresh)
    answer = jsonify(
        counts=numbers.counts,
        total=numbers.total,
        fresh=numbers.fresh,
        news=news if numbers.fresh else _("列表有变化，点此刷新"),
    )
    answer.add_etag()
    return answer.make_conditional(request)


def _moment(text: str) -> datetime | None:
    """A moment of these days, aware; None when it is none. No page lies open longer than its session lives."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment if moment.tzinfo is not None and now() - _LONGEST_OPEN <= moment <= now() else None
