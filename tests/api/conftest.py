"""Tests of the API run in the demo company; every answer is held against the OpenAPI document as it is given."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from tests.api.contract import Contract
from tests.clients import Client
from tests.factories import company


@pytest.fixture
def app(app: Flask, world: Callable[..., Any]) -> Flask:
    """The application in the demo company."""
    world(company.make_company)
    return app


@pytest.fixture
def contract(app: Flask) -> Contract:
    return Contract.of(app)


@pytest.fixture
def api(app: Flask, contract: Contract, api_of: Callable[[str], FlaskClient]) -> Callable[[str], Any]:
    """`api(email)` is this person's program; the path begins after `/api/v1`."""

    class Program(Client):
        def open(self, *args: Any, **kwargs: Any) -> Any:
            path = args[0] if isinstance(args[0], str) else None
            if path is None or path.startswith("/api"):
                return super().open(*args, **kwargs)
            response = super().open("/api/v1" + path, *args[1:], **kwargs)
            contract.check(response)
            return response

    known: dict[str, FlaskClient] = {}

    def of(email: str) -> FlaskClient:
        if email not in known:
            known[email] = Program(app, app.response_class)
            known[email].environ_base.update(api_of(email).environ_base)
        return known[email]

    return of
