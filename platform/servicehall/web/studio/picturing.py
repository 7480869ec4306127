"""The picture of a service: uploaded on a page of its own, and named in the draft."""

from __future__ import annotations

from flask import Blueprint, redirect, render_template, request
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import NotFound as NoPage

from servicehall.clock import now
from servicehall.errors import Conflict, Invalid, ServicehallError, TooLarge, UnsupportedMedia
from servicehall.services import definitions, drafting, pictures
from servicehall.services.visibility import Viewer
from servicehall.web.admin.common import author, sent
from servicehall.web.once import once
from servicehall.web.portal.acting import undo
from servicehall.web.studio import kinds
from servicehall.web.studio.page import base_of
from servicehall.web.studio.pages import ONE

pages = Blueprint("studio_picturing", __name__)


@pages.get(f"{ONE}/picture")
def ask(kind: str, department: str, key: str) -> ResponseReturnValue:
    """Asks for the picture; shows the one there is."""
    return _page(_author(kind, department), (kind, department, key))


@pages.post(f"{ONE}/picture")
@once("/studio/{kind}/{department}/{key}")
def take(kind: str, department: str, key: str) -> ResponseReturnValue:
    """Keeps it, and writes its name into the draft, in the edition that was looked at."""
    viewer, name = _author(kind, department), (kind, department, key)
    edition = sent("edition") or drafting.edition(definitions.get(viewer.session, name))
    found = request.files.get("file")
    data = found.stream.read(pictures.LARGEST + 1) if found is not None else b""
    viewer.session.rollback()
    try:
        image = pictures.keep(data, by=viewer.id, at=now())
        operation = {"op": "add", "path": "/image", "value": image}
        drafting.edit(name, [operation], viewer=viewer, at=now(), expected=edition, merging=True)
    except (Conflict, Invalid, TooLarge, UnsupportedMedia) as error:
        undo()
        return _page(_author(kind, department), name, refused=error), error.status
    return redirect(base_of(name), code=303)


def _page(viewer: Viewer, name: tuple[str, str, str], *, refused: ServicehallError | None = None) -> str:
    row = definitions.get(viewer.session, name)
    body = row.draft_body or row.body or {}
    return render_template(
        "studio/picture.html",
        row=row,
        title=kinds.title_of(row),
        kind_title=kinds.name_of(row.kind),
        base=base_of(name),
        edition=drafting.edition(row),
        image=next(iter(pictures.named_in([body])), ""),
        icon_name=body.get("icon") if isinstance(body.get("icon"), str) else "",
        refused=refused,
        most=pictures.LARGEST // 1024 // 1024,
    )


def _author(kind: str, department: str) -> Viewer:
    """An author of the department, where a document of this kind can have a picture."""
    found = author(department)
    if kind != "service":
        raise NoPage
    return found
