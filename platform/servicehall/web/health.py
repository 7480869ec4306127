"""For machines that watch: the process lives, it can work, and what it has to do."""

from __future__ import annotations

import hmac

from flask import Blueprint, Response, current_app, jsonify, request
from flask.typing import ResponseReturnValue
from sqlalchemy import func, select, text

from servicehall import config, migrations
from servicehall.clock import now
from servicehall.errors import ServicehallError, Unauthenticated
from servicehall.models.base import db
from servicehall.models.operations import OPEN, PARKED, Outbox, Timers

health = Blueprint("health", __name__)


@health.get("/healthz")
def healthz() -> ResponseReturnValue:
    """The process lives."""
    return jsonify(status="ok")


@health.get("/readyz")
def readyz() -> ResponseReturnValue:
    """Database, migrations and queue are right; 503 and which of them is not."""
    checks = {"database": _database, "migrations": _migrated, "queue": _queue}
    found = {name: _tried(check) for name, check in checks.items()}
    ready = all(state == "ok" for state in found.values())
    return jsonify(status="ok" if ready else "unavailable", **found), 200 if ready else 503


def _tried(check: object) -> str:
    try:
        return "ok" if check() else "wrong"  # type: ignore[operator]
    except (ServicehallError, OSError) as error:
        return str(error) or type(error).__name__


def _database() -> bool:
    return bool(db.session.scalar(text("SELECT 1")) == 1)


def _migrated() -> bool:
    return migrations.is_current(db.engine)


def _queue() -> bool:
    return bool(current_app.extensions["servicehall.queue"]())


@health.get("/metrics")
def metrics() -> ResponseReturnValue:
    """What waits, in Prometheus' text format."""
    wanted = config.current().metrics_token
    given = request.headers.get("Authorization", "").removeprefix("Bearer ")
    if wanted and not hmac.compare_digest(wanted.encode(), given.encode()):
        raise Unauthenticated
    lines = []
    for name, model in (("outbox", Outbox), ("timers", Timers)):
        for state in (OPEN, PARKED):
            counted = db.session.scalar(select(func.count()).select_from(model).where(model.state == state))
            lines.append(f'servicehall_{name}{{state="{state}"}} {counted}')
        late = db.session.scalar(
            select(func.count()).select_from(model).where(model.state == OPEN, model.next_at <= now())
        )
        lines.append(f"servicehall_{name}_due {late}")
    return Response("\n".join(lines) + "\n", content_type="text/plain; version=0.0.4; charset=utf-8")
