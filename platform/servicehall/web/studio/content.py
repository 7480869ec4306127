"""Content: every property of a document as controls, for kinds without a picture of their own."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from servicehall.web.studio.page import Page


def values(page: Page) -> Mapping[str, Any]:
    return {"root": page.node()}
