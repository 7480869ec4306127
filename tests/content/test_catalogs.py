"""The content that is shipped: it passes the check, is written canonically, and every service has a release."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from servicehall.documents.document import Document
from servicehall.documents.pack import check, read_pack
from servicehall.documents.releases import build_release
from servicehall.documents.shipped import content_root, find_shipped

ROOTS = [root for root in (content_root("catalogs"), content_root("forms")) if root is not None]
DOCUMENTS = [document for root in ROOTS for document in read_pack(root).documents]
TEXTS = {"title", "label", "help", "summary", "placeholder", "message", "subject", "body"}
BY_NAME = {document.name: document for document in DOCUMENTS}


def find(kind: str, department: str, key: str) -> Document | None:
    return BY_NAME.get((kind, department, key))


@pytest.mark.parametrize("root", ROOTS, ids=lambda root: root.name)
def test_the_check_finds_nothing(root: Path) -> None:
    assert [str(problem) for problem in check(read_pack(root), find=find_shipped)] == []


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda one: f"{one.kind} {one.reference}")
def test_every_file_is_canonical(document: Document) -> None:
    assert document.canonical() == Path(document.file).read_text(encoding="utf-8")


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda one: f"{one.kind} {one.reference}")
def test_every_text_is_in_both_languages(document: Document) -> None:
    assert isinstance(document.body.get("title"), dict)
    assert [path for path, text in texts(document.body) if set(text) != {"en", "zh"} or not all(text.values())] == []


def texts(value: Any, path: str = "") -> Iterator[tuple[str, dict[str, str]]]:
    """Every text below a value with its path, answers of examples aside; one in no language is there as one of none."""
    entries = enumerate(value) if isinstance(value, list) else value.items() if isinstance(value, dict) else ()
    for key, inner in entries:
        here = f"{path}/{key}"
        if path.startswith("/examples/") and key == "answers":
            continue
        if isinstance(inner, dict) and inner.keys() & {"en", "zh"}:
            yield here, inner
        elif isinstance(inner, str) and (key in TEXTS or path.endswith("/checklist")):
            yield here, {"": inner}
        else:
            yield from texts(inner, here)


def test_onboarding_leads_through_three_departments() -> None:
    plan = BY_NAME["fulfilment_plan", "hr", "first-day"].body["tasks"]
    assert len(plan) >= 12
    assert {task["department"] for task in plan} == {"hr", "it", "facilities"}
    for part in ("after", "when", "due", "form", "request", "undo"):
        assert sum(part in task for task in plan) >= 2, part


@pytest.mark.parametrize("document", [one for one in DOCUMENTS if one.kind == "service"], ids=lambda one: one.reference)
def test_every_service_has_a_release(document: Document) -> None:
    assert build_release(document, find)["sources"]


def test_a_file_is_named_after_its_document_and_stands_with_its_department() -> None:
    for document in DOCUMENTS:
        path = Path(document.file)
        assert path.stem in (document.key, f"{document.kind}.{document.key}")
        assert path.parent.name == ("forms" if document.department == "shared" else document.department)
