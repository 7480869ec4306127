"""The shared document that a block names: as it is published, or while it never was, as the viewer's own draft."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from servicehall.documents.document import Document as Authored
from servicehall.documents.examination import split_reference
from servicehall.documents.kinds.kind import is_use
from servicehall.documents.patching import Operation, value_at
from servicehall.services.shelf import row_of
from servicehall.web.studio.page import Page
from servicehall.web.studio.reading import Acts, Sent


@dataclass(frozen=True)
class Used:
    document: Authored
    published: bool


def used_by(page: Page, kind: str, block: Any) -> Used | None:
    """What `{use: …}` stands for; None where it is no use, or where there is no such document."""
    if not is_use(block):
        return None
    reference = str(block["use"])
    found = page.around.of_reference(kind, reference)
    if found is not None:
        return Used(found, True)
    department, key = split_reference(reference, page.row.department)
    if not page.viewer.is_admin and department not in page.viewer.administers:
        return None
    row = row_of(page.viewer.session, (kind, department, key))
    return Used(Authored.of(row.draft_body), False) if row is not None and row.draft_body else None


def _use(kind: str, body: Mapping[str, Any], at: str, more: str, sent: Sent) -> list[Operation]:
    """A shared document takes the place of what stands there; a policy keeps its condition."""
    was = value_at(body, at)
    said = {"use": more} | ({"when": was["when"]} if isinstance(was, Mapping) and "when" in was else {})
    return [{"op": "add", "path": at, "value": said}] if more and was != said else []


ACTS: Acts = {"use-shared": _use}
