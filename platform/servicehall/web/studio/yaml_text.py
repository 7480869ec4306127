"""YAML: the draft as the canonical text of the files, editable, with what is wrong at its line."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from servicehall.web.studio import lists
from servicehall.web.studio.page import Page


def values(page: Page) -> Mapping[str, Any]:
    text = page.document.canonical()
    return {"text": text, "problems": lists.examine(page.viewer.session, text)}
