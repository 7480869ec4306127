"""Every table there is, Flask-AppBuilder's included, in one metadata: what migrations are held against."""

from __future__ import annotations

from servicehall.models import (
    access,
    approvals,
    background,
    clocks,
    definitions,
    directory,
    files,
    fulfilment,
    log,
    notices,
    operations,
    pictures,
    requests,
    search,
    tokens,
)
from servicehall.models.base import accounts, metadata

__all__ = [
    "access",
    "accounts",
    "approvals",
    "background",
    "clocks",
    "definitions",
    "directory",
    "files",
    "fulfilment",
    "log",
    "metadata",
    "notices",
    "operations",
    "pictures",
    "requests",
    "search",
    "tokens",
]
