"""Design: a form as palette, canvas and the properties of what is selected."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from flask import request

from servicehall.documents.field_changes import compatible, is_unnamed, retyped
from servicehall.documents.form_places import HOLDERS, split
from servicehall.documents.guard_rails import GuardRails
from servicehall.documents.patching import value_at
from servicehall.documents.rule_uses import uses
from servicehall.forms.fields import FIELD_TYPES
from servicehall.forms.fields.base import GROUPS
from servicehall.texts import _, pick
from servicehall.web.studio import options, properties, words
from servicehall.web.studio.canvas import Canvas, Row
from servicehall.web.studio.nodes import Node
from servicehall.web.studio.page import Page
from servicehall.web.studio.removing import told

ABOUT = (
    *("title", "summary", "help", "category", "icon", "image", "keywords"),
    *("type", "audience", "excluded", "confidential"),
)
ABOUT_SERVICE = (*ABOUT, "on_behalf", "price")
_TASK_FORM = re.compile(r"(?:/fulfilment)?/tasks/[0-9]+/form(?=/|\Z)")


@dataclass(frozen=True)
class Selected:
    """The field whose properties show.

    `used_by` are the rules and references elsewhere that name it, in words; `types` those that it may become, with what
    that would drop; `is_new` says that its key still follows its label.
    """

    row: Row
    key: str
    type: str
    is_new: bool
    used_by: Sequence[str]
    types: Sequence[tuple[str, str]]
    groups: Sequence[properties.Group]
    options: options.Options | None
    node: Node | None
    first: bool
    last: bool


def values(page: Page) -> Mapping[str, Any]:
    form = form_of(page)
    canvas = Canvas(page, form)
    at = page.at if page.at.startswith(form) else ""
    selected = _selected(page, form, canvas, at)
    sheet = next((one for one in canvas.sheets if one.page and (at + "/").startswith(one.page + "/")), None)
    node = page.node(sheet.page, only=("key", "title", "visible")) if sheet is not None and selected is None else None
    return {
        "form": form,
        "forms": forms(page),
        "canvas": canvas,
        "selected": selected,
        "sheet": sheet,
        "page_nodes": [properties.shown(page, "", one) for one in node.children] if node is not None else (),
        "palette": palette(page.around.rails),
        "sets": page.around.documents("field_set") if form else (),
        "targets": [(one.listed, one.title or _("Fields")) for one in canvas.sheets],
        "adding": _adding(),
        "only_properties": request.args.get("part") == "properties",
        "about": _about(page, form),
    }


def form_of(page: Page) -> str:
    """The pointer of the form that is designed: `?form=`, else the one in which something is selected."""
    wanted = request.values.get("form", "")[:200]
    known = [one for one, _text in forms(page)]
    task = _TASK_FORM.match(page.at)
    return next((one for one in (wanted, task[0] if task else "") if one in known), known[0])


def forms(page: Page) -> list[tuple[str, str]]:
    """The forms of a document: a service's own and those of its tasks; a field set is one itself."""
    if page.row.kind == "field_set":
        return [("", _("Fields"))]
    plan = "/fulfilment/tasks" if page.row.kind == "service" else "/tasks"
    tasks = value_at(page.body, plan)
    held = [one if isinstance(one, Mapping) else {} for one in tasks] if isinstance(tasks, list) else []
    named = [(f"{plan}/{n}/form", pick(one.get("title")) or str(one.get("key", n))) for n, one in enumerate(held)]
    own = [("/form", _("What is asked when ordering"))] if page.row.kind == "service" else []
    return [*own, *((at, _("Task: {title}", title=title)) for at, title in named)] or [("/form", _("Form"))]


def palette(rails: GuardRails) -> list[tuple[str, list[tuple[str, str, str, bool]]]]:
    """The field types that are allowed, by group: name, title, icon, and whether a table's column can be one."""
    by_group: dict[str, list[tuple[str, str, str, bool]]] = {group: [] for group in GROUPS}
    for name in FIELD_TYPES:
        if not rails.allows("field_types", name):
            continue
        one = FIELD_TYPES[name]
        by_group[one.group].append((name, _(one.title), one.icon, one.in_rows))
    return [(_(GROUPS[group]), found) for group, found in by_group.items() if found]


def _about(page: Page, form: str) -> Node | None:
    """What stands above the form: the service's card, or the head of a set."""
    if _TASK_FORM.match(form):
        return None
    return page.node("", only=ABOUT_SERVICE if page.row.kind == "service" else ABOUT)


def _adding() -> str:
    """The place that a plus sign named."""
    place = request.args.get("add", "")[:200]
    holder = place.rpartition("/")[0].rpartition("/")[2]
    return place if holder in HOLDERS else ""


def _selected(page: Page, form: str, canvas: Canvas, at: str) -> Selected | None:
    rows = {row.pointer: row for row in canvas.rows()}
    inner = next((at[:end] for end in range(len(at), 0, -1) if at[:end] in rows and at[end : end + 1] in ("", "/")), "")
    row = rows.get(inner)
    if row is None:
        return None
    value = value_at(page.body, inner)
    place, index = split(inner)
    kind = str(value.get("type", ""))
    found = uses(page.body, form, inner)
    published = value_at(page.row.body or {}, inner)
    was = published.get("key") if isinstance(published, Mapping) else None
    return Selected(
        row=row,
        key=str(value.get("key", "")),
        type=kind,
        is_new=is_unnamed(value) and not found and was != value.get("key"),
        used_by=[told(page.body, one) for one in found],
        types=[(name, _becoming(value, name)) for name in compatible(kind)],
        groups=() if row.uses else properties.groups(page, inner),
        options=options.of(page, form, inner) if kind in ("choice", "choices") else None,
        node=page.node(inner) if row.uses else None,
        first=index == 0 and place == canvas.sheets[0].listed,
        last=index + 1 == len(value_at(page.body, place)) and place == canvas.sheets[-1].listed,
    )


def _becoming(value: Mapping[str, Any], kind: str) -> str:
    """Another type, with what a field loses by becoming one."""
    lost = ", ".join(words.label(name) for name in retyped(value, kind)[1])
    title = _(FIELD_TYPES[kind].title)
    return _("{type} (without: {properties})", type=title, properties=lost) if lost else title
