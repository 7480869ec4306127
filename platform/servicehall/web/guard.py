"""The gate that every request passes: default deny, forged requests refused, readers never waiting for writers."""

from __future__ import annotations

import ipaddress
import logging
import time

from flask import Flask, Response, current_app, g, request
from flask_wtf.csrf import CSRFError, CSRFProtect

from servicehall.errors import Forbidden, NotFound, Unauthenticated
from servicehall.models.base import db, set_reading
from servicehall.texts import _
from servicehall.web.identity import identify
from servicehall.web.shell import choose_locale

log = logging.getLogger("servicehall.access")

SAFE = frozenset({"GET", "HEAD", "OPTIONS"})

PUBLIC = {
    "static",
    "appbuilder.static",
    "health.healthz",
    "health.readyz",
    "health.metrics",
    "preferences.set_preferences",
    "mailed.show",
    "mailed.decide",
    "mailed.done",
    "guest.show",
    "guest.check",
    "guest.complete",
    "guest.done",
    "SignIn.login",
    "SignIn.logout",
    "TokenApi.login",
    "TokenApi.refresh",
}
"""Endpoints that answer without sign-in. Everything else asks for it; a test holds the list against the URL map."""

WITHOUT_COOKIE = frozenset({"TokenApi.login", "TokenApi.refresh", "guest.check", "guest.complete"})
"""Endpoints that go by no cookie, and so need no protection against forged requests: a guest's form carries the secret
of its link, which nobody else knows."""

csrf = CSRFProtect()


def init_guard(app: Flask) -> None:
    """Called before every other handler is registered."""
    app.config["WTF_CSRF_CHECK_DEFAULT"] = False
    app.config["WTF_CSRF_TIME_LIMIT"] = None
    csrf.init_app(app)
    app.before_request(enter)
    app.after_request(leave)
    app.teardown_request(forget)


def enter() -> None:
    """Who is asking, and may they at all; then whether the request was forged."""
    g.began = time.perf_counter()
    g.person, g.duties, g.by_header = None, frozenset(), False
    choose_locale()  # whoever is turned away here is told so in their language, not in that of the request before
    set_reading(True)
    if current_app.config["DEMO"] and not _from_loopback():
        raise Forbidden(_("The demo answers this machine only."))
    if "\0" in request.path:
        raise NotFound  # no database keeps it, and PostgreSQL will not even look
    if request.endpoint not in ("static", "appbuilder.static", "health.healthz"):
        identify()
    if request.endpoint is not None and request.endpoint not in PUBLIC and g.person is None:
        raise Unauthenticated
    if request.method not in SAFE:
        _refuse_forged()
        db.session.close()
        set_reading(False)


def _refuse_forged() -> None:
    if g.by_header or request.endpoint is None or request.endpoint in WITHOUT_COOKIE:
        return
    try:
        csrf.protect()
    except CSRFError as error:
        raise Forbidden(_("This page is too old, or the request was forged. Load the page again.")) from error


def _from_loopback() -> bool:
    address = request.remote_addr
    return address is None or ipaddress.ip_address(address).is_loopback


def leave(response: Response) -> Response:
    """One line for each request, without its query: that may hold what is nobody's business."""
    if request.endpoint not in ("static", "appbuilder.static", "health.healthz"):
        took = (time.perf_counter() - g.get("began", time.perf_counter())) * 1000
        person = g.get("person")
        who = person.id if person is not None else "-"
        log.info("%s %s %s %.1f ms %s", request.method, request.path, response.status_code, took, who)
    return response


def forget(error: BaseException | None) -> None:
    set_reading(False)
