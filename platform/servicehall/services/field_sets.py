"""Fields of a form become a field set of their own, and the form uses it: two drafts, both or neither."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from servicehall.documents.form_edits import put_set_in_place, values_of
from servicehall.errors import Invalid, Problem
from servicehall.services import drafting
from servicehall.services.drafting import Draft
from servicehall.services.shelf import FAMILY, Name, row_of
from servicehall.services.visibility import Viewer
from servicehall.services.work import work
from servicehall.texts import _


def make_set(
    name: Name,
    fields: Sequence[str],
    *,
    form: str,
    key: str,
    title: Mapping[str, Any],
    viewer: Viewer,
    at: datetime,
    expected: str,
) -> Draft:
    """The fields at these pointers as a new set of the document's department, used where the first of them stood.

    Errors: as `drafting.save` and `drafting.edit`; Invalid where there is such a set, or one of the fields is a set.
    """
    body = drafting.body_at(viewer.session, name, expected)
    held = values_of(body, form, fields)
    if any("use" in one and "key" not in one for one in held):
        raise _refused(_("A field set holds fields only."))
    department = name[1]
    made = {"kind": "field_set", "department": department, "key": key, "title": dict(title), "fields": held}
    with work(FAMILY, actor=viewer.id, at=at) as w:
        if row_of(w.session, ("field_set", department, key)) is not None:
            raise _refused(_("There is a field set {key} already.", key=key))
        drafting.save(("field_set", department, key), body=made, viewer=viewer, at=at, expected="new")
        operations = put_set_in_place(body, form, fields, key)
        return drafting.edit(name, operations, viewer=viewer, at=at, expected=expected, merging=True)


def _refused(message: str) -> Invalid:
    return Invalid(message, [Problem("fields", "invalid", message)])
