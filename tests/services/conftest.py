"""Services are tested in a small company of their own."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy.orm import Session
from tests.factories.postbox import mailing, postbox  # noqa: F401 - fixtures
from tests.factories.small import Small, small_company


@pytest.fixture
def small(session: Session, world: Callable[..., Any], tmp_path: Path) -> Small:
    """A few people and groups, and nothing published yet."""
    return small_company(world, tmp_path)
