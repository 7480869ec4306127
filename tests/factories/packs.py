"""Small catalogs for tests, published as the command line publishes them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory

from servicehall.clock import now
from servicehall.services import definitions

DEPARTMENT = "kind: department\nkey: it\ndepartment: it\ntitle: IT\nagents: [it-desk]\n"
LAPTOP = """\
kind: service
department: it
key: laptop
title: A laptop
form: {pages: [{key: main, title: Laptop, fields: [{key: model, type: text, label: Model}]}]}
approval: {stages: [{key: manager, title: Manager, approvers: [manager: {}]}]}
"""
REPAIR = """\
kind: service
department: it
key: repair
title: A repair
form: {pages: [{key: main, title: Repair, fields: [{key: what, type: text, label: What}]}]}
fulfilment: {tasks: [{key: repair-it, title: Repair it, group: it-desk}]}
"""


def publish_documents(documents: Mapping[str, str]) -> None:
    """Publishes documents that need no folder afterwards."""
    with TemporaryDirectory() as folder:
        publish_pack(Path(folder), documents)


def publish_pack(folder: Path, documents: Mapping[str, str]) -> None:
    """Publishes documents by file name; the group `it-desk` must be there."""
    for name, text in documents.items():
        (folder / name).write_text(text, encoding="utf-8")
    outcome = definitions.apply(folder, publish=True, dry_run=False, actor="system", at=now())
    assert not outcome.is_refused, outcome.problems
