"""What anybody may read: the home page, the menu, the progress board, where the data comes from; health."""

from qtxvol.web.public import hours, machines, progress
from qtxvol.web.public.views import bp

__all__ = ["bp", "hours", "machines", "progress"]
