"""Views that somebody saved: a list's filter under a name, for one's own desk only."""

import re
import unicodedata
from datetime import datetime
from urllib.parse import parse_qs

from sqlalchemy import select

from qtxvol.accounts.actor import Actor
from qtxvol.accounts.models import Account, SavedView
from qtxvol.accounts.phones import has_phone_inside
from qtxvol.base import AnyRow
from qtxvol.extensions import db
from qtxvol.refusals import NotFound, Refused
from qtxvol.storage import transaction

LONGEST_NAME = 24
#: A menu longer than this is no shortcut any more.
MOST_VIEWS = 12
_LONGEST_QUERY = 300
#: The last four digits of a phone find its order: so many in a row are not kept.
_DIGITS = re.compile(r"(?:\d[\s\-·]?){4}")


def list_views(actor: Actor) -> list[AnyRow]:
    """The actor's own views of this desk by name: rows of `id`, `name`, `query`."""
    statement = (
        select(SavedView.id, SavedView.name, SavedView.query)
        .where(SavedView.account_id == actor.account_id, SavedView.party == actor.party)
        .order_by(SavedView.created_at, SavedView.id)
    )
    return list(db.session.execute(statement).all())


def save_view(actor: Actor, *, name: str, query: str, now: datetime, is_replacing: bool = False) -> None:
    """Keep a list's filter under a name.

    :param query: made from checked values by the list; its `q` holds the search text.
    :param is_replacing: the actor knows that a view of this name goes.
    :raise Refused: `missing` or `too_long` name, `digits_in_view`, `view_too_long`, `too_many_views` (422);
        `view_name_taken` unless replacing (409).
    """
    _check_name(name)
    if _has_digits(parse_qs(query).get("q", [""])[0]):
        raise Refused("digits_in_view", 422, field="name")
    if len(query) > _LONGEST_QUERY:
        raise Refused("view_too_long", 422, field="name")
    with transaction():
        views = _lock_views(actor)
        known = next((view for view in views if view.name == name), None)
        if known is not None and known.query == query:
            return  # the same form sent twice
        if known is not None and not is_replacing:
            raise Refused("view_name_taken", 409, name=name)
        if known is not None:
            known.query = query
            return
        if len(views) >= MOST_VIEWS:
            raise Refused("too_many_views", 422, field="name", most=MOST_VIEWS)
        db.session.add(
            SavedView(account_id=actor.account_id, party=actor.party, name=name, query=query, created_at=now)
        )


def rename_view(actor: Actor, view_id: int, name: str) -> None:
    """Give one of the actor's own views another name.

    :raise NotFound: no such view of this desk of the actor's.
    :raise Refused: as `save_view`; `view_name_taken` (409) when another one has the name.
    """
    _check_name(name)
    with transaction():
        views = _lock_views(actor)
        view = _find(views, view_id)
        if any(other.name == name and other.id != view_id for other in views):
            raise Refused("view_name_taken", 409, name=name)
        view.name = name


def remove_view(actor: Actor, view_id: int) -> str:
    """Remove one of the actor's own views.

    :return: the name that it had.
    :raise NotFound: no such view of this desk of the actor's.
    """
    with transaction():
        view = _find(_lock_views(actor), view_id)
        db.session.delete(view)
        return view.name


def _lock_views(actor: Actor) -> list[SavedView]:
    """The actor's views; two windows of one account save one after the other, so that neither rule is slipped past."""
    if actor.account_id is None:
        raise NotFound("saved views")
    db.session.execute(select(Account.id).where(Account.id == actor.account_id).with_for_update())
    statement = select(SavedView).where(SavedView.account_id == actor.account_id, SavedView.party == actor.party)
    return list(db.session.scalars(statement))


def _find(views: list[SavedView], view_id: int) -> SavedView:
    view = next((each for each in views if each.id == view_id), None)
    if view is None:
        raise NotFound(view_id)
    return view


def _check_name(name: str) -> None:
    if not name.strip():
        raise Refused("missing", 422, field="name")
    if len(name) > LONGEST_NAME:
        raise Refused("view_name_too_long", 422, field="name", most=LONGEST_NAME)
    if has_phone_inside(name):
        raise Refused("digits_in_view", 422, field="name")


def _has_digits(text: str) -> bool:
    return _DIGITS.search(unicodedata.normalize("NFKC", text)) is not None
