"""The team's desk."""

from qtxvol.web.desk_frame import ID
from qtxvol.web.person_numbers import add_numbers
from qtxvol.web.team import calendar, hours, members
from qtxvol.web.team.views import bp

add_numbers(bp, f"/members/<{ID}:volunteer_id>/numbers")

__all__ = ["bp", "calendar", "hours", "members"]
