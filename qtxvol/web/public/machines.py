"""What machines ask: does the process answer, is the installation fit, and in numbers, how is it doing."""

import hmac

from flask import Response, abort, current_app, jsonify, request
from flask.typing import ResponseReturnValue

from qtxvol.jobs.health import find_troubles
from qtxvol.settings import Settings
from qtxvol.watch.metrics import render_metrics
from qtxvol.watch.pulse import read_pulse
from qtxvol.web.forms import now
from qtxvol.web.public.views import bp


@bp.get("/healthz")
def healthz() -> ResponseReturnValue:
    """The process answers."""
    return jsonify(status="ok")


@bp.get("/readyz")
def readyz() -> ResponseReturnValue:
    """Database, migrations and last job runs; 503 with what is wrong.

    Warnings are what somebody should look at (`Pulse.warnings`); the installation serves all the same.
    """
    moment = now()
    if troubles := find_troubles(moment):
        return jsonify(status="not ready", troubles=troubles), 503
    pulse = read_pulse(moment)
    done = {job.name: job.done_at.isoformat() if job.done_at else None for job in pulse.jobs}
    return jsonify(status="ok", troubles=[], warnings=pulse.warnings, jobs=done)


@bp.get("/metrics")
def metrics() -> ResponseReturnValue:
    """The pulse for Prometheus. Only with the token of the settings; without one there is no such page."""
    settings: Settings = current_app.extensions["qtxvol_settings"]
    if not settings.metrics_token:
        abort(404)
    shown = request.headers.get("Authorization", "").removeprefix("Bearer ").strip()
    if not hmac.compare_digest(shown.encode(), settings.metrics_token.encode()):
        return Response("a bearer token is needed\n", 401, {"WWW-Authenticate": "Bearer"}, mimetype="text/plain")
    moment = now()
    return Response(render_metrics(read_pulse(moment), moment), content_type="text/plain; version=0.0.4; charset=utf-8")
