"""The texts of a document as a CSV file: taken away to be translated, and brought back."""

from __future__ import annotations

from flask import Blueprint, Response, request
from flask.typing import ResponseReturnValue

from servicehall.clock import now
from servicehall.errors import Invalid
from servicehall.services import drafting
from servicehall.services.drafting import Clashed, Overtaken
from servicehall.texts import _
from servicehall.web.admin.common import author, sent
from servicehall.web.once import once
from servicehall.web.portal.acting import undo
from servicehall.web.studio import translate
from servicehall.web.studio.page import Page
from servicehall.web.studio.pages import ONE, render

pages = Blueprint("studio_translating", __name__)


@pages.get(f"{ONE}/texts.csv")
def download(kind: str, department: str, key: str) -> ResponseReturnValue:
    """Every text of the draft: its place, in words, and a column for each language."""
    page = Page.of(author(department), (kind, department, key))
    answer = Response(translate.as_csv(translate.lines_of(kind, page.body)), content_type="text/csv; charset=utf-8")
    answer.headers.set("Content-Disposition", "attachment", filename=f"{key}-texts.csv")
    return answer


@pages.post(f"{ONE}/translate")
@once("/studio/{kind}/{department}/{key}/translate")
def upload(kind: str, department: str, key: str) -> ResponseReturnValue:
    """Takes over what the file says of the texts that are there, and tells what found no place."""
    viewer, name = author(department), (kind, department, key)
    file = request.files.get("file")
    data = file.stream.read(translate.LARGEST + 1) if file is not None else b""
    try:
        body = drafting.body_at(viewer.session, name, sent("edition"))
        operations, unplaced = translate.operations_of(kind, body, data)
        if operations:
            drafting.edit(name, operations, viewer=viewer, at=now(), expected=sent("edition"), merging=True)
    except (Clashed, Overtaken, Invalid) as error:
        undo()
        return render(Page.of(viewer, name), "translate", refused=error), error.status
    taken = _("Texts taken over from the file: {count}.", count=len(operations))
    return render(Page.of(viewer, name), "translate", taken=taken, unplaced=unplaced)
