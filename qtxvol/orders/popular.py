"""What is asked for most: for pages that show a few things instead of all."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import func, select

from qtxvol.extensions import db
from qtxvol.orders.models import Order

#: Older orders say little about this year's menu.
_LOOKS_BACK = timedelta(days=365)


def list_popular_items(audience: str, now: datetime, *, most: int) -> Sequence[str]:
    """Ids of the menu items that were ordered most often for `audience` in the last 365 days, most often first.

    :param most: at most so many ids. Fewer, or none, while there are few orders.
    """
    count = func.count()
    statement = (
        select(Order.menu_item_id)
        .where(Order.audience == audience, Order.menu_item_id.is_not(None), Order.placed_at > now - _LOOKS_BACK)
        .where(Order.counts())
        .group_by(Order.menu_item_id)
        .order_by(count.desc(), Order.menu_item_id)
        .limit(most)
    )
    return [str(item) for item in db.session.scalars(statement)]
