"""The community's desk: the list, dispatching, ordering for others, call-backs."""

from qtxvol.orders.lifecycle import Party
from qtxvol.web.body_addresses import add_addresses
from qtxvol.web.community import calls, doubles, hours, papers, posters
from qtxvol.web.community.views import bp

add_addresses(bp, Party.COMMUNITY)

__all__ = ["bp", "calls", "doubles", "hours", "papers", "posters"]
