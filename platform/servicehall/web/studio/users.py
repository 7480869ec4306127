"""Used by: the published documents that name this one, and the services whose releases hold it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from servicehall.services.affected import affected
from servicehall.web.studio import kinds
from servicehall.web.studio.page import Page, base_of

NEVER_NAMED = frozenset({"notification", "department"})
"""Kinds that no reference names."""


def values(page: Page) -> Mapping[str, Any]:
    viewer = page.viewer
    return {
        "users": [one for one in affected(viewer.session, page.name) if one.document.name != page.name],
        "may_author": viewer.may_author,
        "kind_name": kinds.name_of,
        "base_of": base_of,
    }
