"""How far a plan has come, told often enough to be stopped within the second. Pure."""

from collections.abc import Callable

#: Called with orders planned and orders in all; may raise to give the plan up.
Progress = Callable[[int, int], None]


class Meter:
    """Counts an order half when its teams are ranked and whole when it has its crew; never goes back."""

    def __init__(self, total: int, progress: Progress | None = None) -> None:
        self._total = total
        self._progress = progress
        self._before = self._part = self._ranked = self._crewed = self._told = 0

    def begin(self, part: int) -> None:
        """A part of so many orders begins."""
        self._part, self._ranked, self._crewed = part, 0, 0

    def end(self) -> None:
        """The part is planned."""
        self._before += self._part
        self._part = self._ranked = self._crewed = 0
        self.tell()

    def ranked(self) -> None:
        """One more order's teams are ranked."""
        self._ranked += 1
        self.tell()

    def crewed(self) -> None:
        """One more order has its crew, or a second look at it."""
        self._crewed = min(self._crewed + 1, self._part)
        self.tell()

    def tell(self) -> None:
        """Say how far it is; also after work that finishes no order."""
        if self._progress:
            self._told = max(self._told, self._before + (self._ranked + self._crewed) // 2)
            self._progress(min(self._told, self._total), self._total)
