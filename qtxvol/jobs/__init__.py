"""Scheduled work: one table of jobs, one ledger of runs, one place that starts the scheduler."""

from flask import Flask


def init_app(app: Flask) -> None: ...
