"""Examples: what they come to with the draft as it is, green or red, above the controls that they are written with."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from servicehall.services import examples
from servicehall.services.shelf import Shelf
from servicehall.web.studio.found import expected
from servicehall.web.studio.page import Page

COLOURS = {
    "green": ("circle-check", "success"),
    "red": ("alert-circle", "danger"),
    "not_run": ("circle-dashed", "neutral"),
}


def values(page: Page) -> Mapping[str, Any]:
    session = page.viewer.session
    results = examples.run(page.document, Shelf(session).find, session)
    return {
        "root": page.node(only=("examples",)),
        "results": results,
        "colours": COLOURS,
        "expected": expected,
        "cases": bool(page.body.get("examples")),
    }
