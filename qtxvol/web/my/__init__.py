"""A signed-in resident's own orders."""

from qtxvol.orders.lifecycle import Party
from qtxvol.web.desk import make_desk

bp = make_desk(Party.RESIDENT, __name__)
