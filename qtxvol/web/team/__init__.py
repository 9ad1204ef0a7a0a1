"""The team's desk."""

from qtxvol.orders.lifecycle import Party
from qtxvol.web.body_addresses import add_addresses
from qtxvol.web.desk_frame import ID
from qtxvol.web.person_numbers import add_numbers
from qtxvol.web.team import calendar, hours, members, pause
from qtxvol.web.team.views import bp

add_numbers(bp, f"/members/<{ID}:volunteer_id>/numbers")
add_addresses(bp, Party.TEAM)

__all__ = ["bp", "calendar", "hours", "members", "pause"]
