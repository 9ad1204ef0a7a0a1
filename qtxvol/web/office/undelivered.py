"""What did not arrive, for the whole city."""

from qtxvol.orders.lifecycle import Party
from qtxvol.web.office.views import bp
from qtxvol.web.undelivered import add_undelivered

add_undelivered(bp, Party.OFFICE)
