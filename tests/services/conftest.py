"""Services are tested in a small company of their own."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy.orm import Session
from tests import databases
from tests.factories.offices import AUTHOR, look_again, make_offices
from tests.factories.postbox import mailing, postbox  # noqa: F401 - fixtures
from tests.factories.small import Small, small_company

from servicehall.cli import main


@pytest.fixture
def environment(app: Flask) -> dict[str, str]:
    """What makes a command work on the test's database."""
    settings = app.extensions["servicehall.settings"]
    return {
        "SERVICEHALL_DATABASE_URL": settings.database_url,
        "SERVICEHALL_DATA_DIR": str(settings.data_dir),
        "SERVICEHALL_SECRET_KEY": databases.SECRET,
        "SERVICEHALL_LOG_LEVEL": "ERROR",
    }


@pytest.fixture
def run(environment: dict[str, str]) -> Callable[..., Result]:
    """`servicehall …` on the test's database."""
    return lambda *arguments, **more: CliRunner().invoke(main, [*map(str, arguments)], env=environment, **more)


@pytest.fixture
def company(session: Session, world: Callable[..., Any]) -> Session:
    """The offices: an administrator, two authors of IT, somebody with no duty, and no document."""
    world(make_offices)
    look_again(session)
    return session


@pytest.fixture
def author(company: Session, browser_of: Callable[[str], FlaskClient]) -> FlaskClient:
    """A browser of one of IT's authors."""
    return browser_of(AUTHOR)


@pytest.fixture
def small(session: Session, world: Callable[..., Any], tmp_path: Path) -> Small:
    """A few people and groups, and nothing published yet."""
    return small_company(world, tmp_path)
