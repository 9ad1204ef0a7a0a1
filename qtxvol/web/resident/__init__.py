"""Pages of residents without an account: place, track, follow by secret link."""

from qtxvol.web.resident import data
from qtxvol.web.resident.views import bp

__all__ = ["bp", "data"]
