"""The client with which tests ask the application."""

from __future__ import annotations

import contextvars
from typing import Any

from flask.testing import FlaskClient


class Client(FlaskClient):
    """A client whose requests share nothing with the test: no application context, no language, no session."""

    def open(self, *args: Any, **kwargs: Any) -> Any:
        return contextvars.Context().run(super().open, *args, **kwargs)
