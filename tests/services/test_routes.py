"""Default deny: every route asks for sign-in, but for a written list."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from flask import Flask
from flask.testing import FlaskClient
from werkzeug.routing import AnyConverter, BaseConverter
from werkzeug.routing.converters import NumberConverter

from servicehall.web import guard

NO_VERBS = {"HEAD", "OPTIONS"}
NOTHING_TO_COUNT = {
    "ordering.check",
    "editing.check",
    "audit.asked",
    "desk_task.check",
    "inbox.selected",
    "studio_trying.tried",
    "studio_preview.check",
    "studio_writing.check",
    "studio_rules.look",
    "preferences.set_preferences",
    "guest.check",
    "guest.complete",
    "mailed.decide",
    "SignIn.login",
    "SignIn.logout",
}
"""Forms that change no record: they show something, or come to the same when sent twice; one behind a link ends it."""


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
    } == guard.PUBLIC


def test_every_form_of_ours_counts_once(app: Flask) -> None:
    """Each view of ours that takes a form is `@once`, but for a written list."""
    posts = [rule for rule in app.url_map.iter_rules() if "POST" in (rule.methods or set())]
    views = {rule.endpoint: app.view_functions[rule.endpoint] for rule in posts if not rule.rule.startswith("/api/")}
    ours = {name for name, view in views.items() if view.__module__.startswith("servicehall.")}
    assert {name for name in ours if not hasattr(views[name], "counts_once")} == NOTHING_TO_COUNT
    assert len(ours) > 30


def test_every_form_of_ours_carries_what_it_is_counted_by(app: Flask) -> None:
    templates = Path(app.root_path, str(app.template_folder))
    forms = [
        (path, form)
        for path in templates.rglob("*.html")
        for form in re.findall(r'<form[^>]*method="post".*?</form>', path.read_text("utf-8"), re.S)
    ]
    assert len(forms) > 30
    for path, form in forms:
        assert "csrf()" in form or "form.hidden_tag()" in form, f"{path.relative_to(templates)}: {form[:100]}"
    with app.test_request_context():
        macros: Any = app.jinja_env.get_template("macros/ui.html").module
        first, second = (re.findall(r'name="nonce" value="([\w-]{16,})"', str(macros.csrf())) for _ in range(2))
    assert len(first) == len(second) == 1
    assert first != second
