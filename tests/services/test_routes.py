"""Default deny: every route asks for sign-in, but for a written list."""

from __future__ import annotations

from typing import Any

from flask import Flask
from flask.testing import FlaskClient
from werkzeug.routing import AnyConverter, BaseConverter
from werkzeug.routing.converters import NumberConverter

from servicehall.web import guard

NO_VERBS = {"HEAD", "OPTIONS"}


def something_for(converter: BaseConverter) -> Any:
    """A value that fits this part of an address."""
    if isinstance(converter, AnyConverter):
        return next(iter(converter.items))
    return 1 if isinstance(converter, NumberConverter) else "x"


def test_every_route_but_the_listed_ones_asks_for_sign_in(app: Flask, client: FlaskClient) -> None:
    adapter = app.url_map.bind("localhost")
    for rule in app.url_map.iter_rules():
        if rule.endpoint in guard.PUBLIC:
            continue
        values = {name: something_for(rule._converters[name]) for name in rule.arguments}
        for method in (rule.methods or set()) - NO_VERBS:
            path = adapter.build(rule.endpoint, values, method=method)
            answer = client.open(path, method=method)
            expected = 401 if path.startswith("/api/") else 303
            assert answer.status_code == expected, f"{method} {path} ({rule.endpoint})"


def test_the_list_names_only_routes_that_exist(app: Flask) -> None:
    assert {rule.endpoint for rule in app.url_map.iter_rules()} >= guard.PUBLIC


def test_the_list_is_as_it_was_agreed() -> None:
    """Whoever adds a route that answers without sign-in says so here too."""
    assert {
        "static",
        "appbuilder.static",
        "health.healthz",
        "health.readyz",
        "health.metrics",
        "preferences.set_preferences",
        "SignIn.login",
        "SignIn.logout",
        "TokenApi.login",
        "TokenApi.refresh",
    } == guard.PUBLIC
