"""The pages about documents: the list, what is published, its versions, and who uses it."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, render_template, request
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import NotFound as NoPage

from servicehall.models.definitions import Document
from servicehall.services import definitions, directory
from servicehall.texts import _
from servicehall.web.admin import document_lists as lists
from servicehall.web.admin import kinds
from servicehall.web.admin.common import author, typed

pages = Blueprint("admin_documents", __name__)

KIND = "any({})".format(", ".join(kinds.NAMES))
ONE = f"/admin/documents/<{KIND}:kind>/<department>/<key>"
FILTERS = ("q", "kind", "department", "state")


def base_of(kind: str, department: str, key: str) -> str:
    """The address of a document's page."""
    return f"/admin/documents/{kind}/{department}/{key}"


def tabs_of(row: Document) -> list[tuple[str, str, str]]:
    """The pages of one document."""
    base = base_of(row.kind, row.department, row.key)
    return [
        ("published", _("Published"), base),
        ("draft", _("Draft"), f"{base}/draft"),
        ("versions", _("History"), f"{base}/versions"),
        ("users", _("Used by"), f"{base}/users"),
    ]


@pages.get("/admin/documents")
def listed() -> ResponseReturnValue:
    """`?q=&kind=&department=&state=draft|published|retired`."""
    viewer = author()
    said = {name: typed(name) for name in FILTERS}
    return render_template(
        "admin/documents.html",
        rows=lists.documents(viewer, **said),
        kinds=kinds.choices(),
        departments=[(key, key) for key in lists.authored_departments(viewer)],
        kind_name=kinds.name_of,
        most=lists.MOST,
        **said,
    )


@pages.get(ONE)
def shown(kind: str, department: str, key: str) -> ResponseReturnValue:
    """What is published, as canonical YAML."""
    row = _row(kind, department, key)
    return _page("admin/document.html", row, "published", text=lists.published_text(row))


@pages.get(f"{ONE}/versions")
def versions(kind: str, department: str, key: str) -> ResponseReturnValue:
    """Every version: who published it, and when."""
    row = _row(kind, department, key)
    found = lists.versions(author(department).session, row)
    names = directory.people(author(department).session, [one.published_by for one in found])
    return _page("admin/document_versions.html", row, "versions", versions=found, names=names)


@pages.get(f"{ONE}/versions/<int:number>")
def version(kind: str, department: str, key: str, number: int) -> ResponseReturnValue:
    """One version, and what it changed of the one before."""
    row = _row(kind, department, key)
    session = author(department).session
    found, now, was = lists.version(session, row, number)
    names = directory.people(session, [found.published_by])
    said = {"version": found, "text": now.canonical(), "comparison": lists.compare(was, now) if was else None}
    return _page("admin/document_version.html", row, "versions", names=names, **said)


@pages.get(f"{ONE}/users")
def users(kind: str, department: str, key: str) -> ResponseReturnValue:
    """The documents that name it, and the services that hold it."""
    row = _row(kind, department, key)
    found = definitions.users(author(department).session, (kind, department, key))
    return _page("admin/document_users.html", row, "users", users=found, kind_name=kinds.name_of)


@pages.get(f"{ONE}/download")
def download(kind: str, department: str, key: str) -> ResponseReturnValue:
    """`?version=n`, `?version=draft`, or what is published: as a YAML file."""
    row = _row(kind, department, key)
    wanted = request.args.get("version", "")
    if wanted.isdecimal() and len(wanted) < 7:
        text = lists.version_text(author(department).session, row, int(wanted))
    else:
        text = lists.draft_text(row) if wanted == "draft" else lists.published_text(row)
    if not text:
        raise NoPage
    answer = Response(text, content_type="application/yaml; charset=utf-8")
    answer.headers.set("Content-Disposition", "attachment", filename=f"{key}.yaml")
    return answer


def _row(kind: str, department: str, key: str) -> Document:
    return definitions.get(author(department).session, (kind, department, key))


def _page(template: str, row: Document, tab: str, **values: Any) -> str:
    base = base_of(row.kind, row.department, row.key)
    shared = {"row": row, "base": base, "tab": tab, "tabs": tabs_of(row), "kind_title": kinds.name_of(row.kind)}
    return render_template(template, **shared, **values)
