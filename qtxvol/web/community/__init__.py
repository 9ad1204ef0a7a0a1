"""The community's desk: the list, dispatching, ordering for others, call-backs."""

from qtxvol.web.community import hours, papers, posters
from qtxvol.web.community.views import bp

__all__ = ["bp", "hours", "papers", "posters"]
