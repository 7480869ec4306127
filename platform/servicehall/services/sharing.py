"""A block that stands in a service becomes a document that others can use too, and the other way round."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from servicehall.documents.document import Document, Place
from servicehall.documents.examination import split_reference
from servicehall.documents.kinds.kind import Header, is_use
from servicehall.documents.kinds.registry import KINDS
from servicehall.documents.parts import name_of
from servicehall.documents.patching import value_at
from servicehall.documents.releases import normalised
from servicehall.errors import Invalid, NotFound, Problem
from servicehall.services import drafting
from servicehall.services.drafting import Draft
from servicehall.services.shelf import FAMILY, Name, Shelf, row_of
from servicehall.services.visibility import Viewer
from servicehall.services.work import work
from servicehall.texts import _

CONDITION = "when"
"""Stays where the block stands: under which a service goes by a policy."""
_HEADER = tuple(name_of(part) for part in Header().fields.values())


def share(name: Name, place: str, *, kind: str, key: str, viewer: Viewer, at: datetime) -> Draft:
    """The block at a JSON Pointer becomes the draft of a document of its department, and its use stands there.

    It has the title of where it stood. Both or neither.
    Errors: Invalid where there is no block, or already a document of that key.
    """
    with work(FAMILY, actor=viewer.id, at=at) as w:
        whole = drafting.current(w.session, name).document.body
        block = value_at(whole, place)
        if not isinstance(block, Mapping) or is_use(block):
            raise Invalid(_("There is nothing here that could be shared."))
        shared = (kind, name[1], key)
        if row_of(w.session, shared) is not None:
            message = _("There is already a document with this key.")
            raise Invalid(message, [Problem("key", "duplicate", message)])
        header = {"kind": kind, "department": name[1], "key": key, "title": whole.get("title") or key}
        body = {**header, **{name: value for name, value in block.items() if name != CONDITION}}
        drafting.save(shared, body=body, viewer=viewer, at=at, expected="new")
        return drafting.edit(name, [_replace(place, {"use": key}, block)], viewer=viewer, at=at)


def own(name: Name, place: str, *, kind: str, viewer: Viewer, at: datetime) -> Draft:
    """What is used at a JSON Pointer is written there itself: what is published of it, else the viewer's own draft.

    Errors: Invalid where nothing is used; NotFound where there is no such document, or its draft is another's.
    """
    with work(FAMILY, actor=viewer.id, at=at) as w:
        use = value_at(drafting.current(w.session, name).document.body, place)
        if not is_use(use):
            raise Invalid(_("Nothing shared is used here."))
        used = (kind, *split_reference(str(use["use"]), name[1]))
        row = row_of(w.session, used) if viewer.may_author(used[1]) else None
        found = Shelf(w.session).find(*used) or (Document.of(row.draft_body) if row and row.draft_body else None)
        if found is None:
            raise NotFound(_("There is no such document."))
        return drafting.edit(name, [_replace(place, _block(found, name[1]), use)], viewer=viewer, at=at)


def _block(document: Document, department: str) -> dict[str, Any]:
    """Its properties without its header, as a document of a department names what they name."""
    body: Mapping[str, Any] = document.body
    if document.department != department:
        body = normalised(KINDS[document.kind].part, Place(body, document))
        if isinstance(body.get("tasks"), list):
            owner = {"department": document.department}
            body = {**body, "tasks": [{**owner, **one} if isinstance(one, dict) else one for one in body["tasks"]]}
    return {key: value for key, value in body.items() if key not in _HEADER}


def _replace(place: str, value: Mapping[str, Any], was: Mapping[str, Any]) -> Mapping[str, Any]:
    kept = {CONDITION: was[CONDITION]} if CONDITION in was else {}
    return {"op": "replace", "path": place, "value": {**value, **kept}}
