"""Pages that only the office has."""

from qtxvol.orders.lifecycle import Party
from qtxvol.web.desk import make_desk

bp = make_desk(Party.OFFICE, __name__)
