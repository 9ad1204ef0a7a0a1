"""Scheduled work: one table of jobs (`schedule`), one ledger of runs (`ledger`), one place that starts the
scheduler (`worker`)."""

from flask import Flask


def init_app(app: Flask) -> None:
    """Nothing runs by itself: `qtxvol serve` or `qtxvol worker` starts the scheduler."""
    app.extensions["qtxvol_worker"] = None
