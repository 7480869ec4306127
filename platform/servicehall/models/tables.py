"""Every table there is, Flask-AppBuilder's included, in one metadata: what migrations are held against."""

from __future__ import annotations

from servicehall.models import (
    approvals,
    background,
    clocks,
    definitions,
    directory,
    fulfilment,
    log,
    operations,
    pictures,
    requests,
    search,
)
from servicehall.models.base import accounts, metadata

__all__ = [
    "accounts",
    "approvals",
    "background",
    "clocks",
    "definitions",
    "directory",
    "fulfilment",
    "log",
    "metadata",
    "operations",
    "pictures",
    "requests",
    "search",
]
