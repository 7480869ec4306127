"""Who would be asked, and why: a service, a person and answers, today or with all as it was at a moment."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from flask import render_template, request
from flask.typing import ResponseReturnValue

from servicehall.clock import now
from servicehall.documents.source import read_yaml
from servicehall.errors import Invalid, NotFound, Problem
from servicehall.models.base import reading
from servicehall.services import cases
from servicehall.services.access import note_reading
from servicehall.services.audit_lists import services_ever
from servicehall.services.visibility import Viewer, request_for
from servicehall.services.who import Question, about, who
from servicehall.texts import _
from servicehall.web.audit.common import auditor, pages
from servicehall.web.formats import reader_zone
from servicehall.web.portal import words

ASKED = ("number", "service", "person", "requested_for", "answers", "moment")
LONGEST = 20_000


@pages.get("/audit/who")
def ask() -> ResponseReturnValue:
    """`?number=&service=&person=`: the question, to be sent by a form, so that no answer stands in an address."""
    viewer = auditor()
    return _page(viewer, {name: request.args.get(name, "").strip()[:200] for name in ASKED})


@pages.post("/audit/who")
def asked() -> ResponseReturnValue:
    """The same with what is found. Keeps nothing but the reading of a confidential request."""
    with reading():
        viewer = auditor()
        said = {name: request.form.get(name, "").strip()[:LONGEST] for name in ASKED}
        try:
            if said["number"]:
                note_reading(request_for(viewer, said["number"]), viewer=viewer, at=now(), kind="audit")
            found = cases.answer_record(who(viewer.session, _question(viewer, said), now=now()))
        except (Invalid, NotFound) as error:
            at = "number" if said["number"] else "service"
            problems = list(error.problems) or [Problem(at, error.code, error.detail)]
            return _page(viewer, said, problems=problems), error.status
        return _page(viewer, said, found=found)


def _page(viewer: Viewer, said: Mapping[str, str], **more: Any) -> str:
    services = services_ever(viewer.session)
    return render_template("audit/who.html", said=said, services=services, words=words, **more)


def _question(viewer: Viewer, said: Mapping[str, str]) -> Question:
    at = _moment(said["moment"])
    if said["number"]:
        return about(viewer, said["number"], at=at)
    return Question(
        service=said["service"],
        person=said["person"],
        requested_for=said["requested_for"] or None,
        answers=_answers(said["answers"]),
        at=at,
    )


def _moment(text: str) -> datetime | None:
    """As a browser's control writes it, in the reader's zone."""
    try:
        return datetime.fromisoformat(text).replace(tzinfo=reader_zone()) if text else None
    except ValueError:
        problem = _("Write the moment as 2026-03-02T09:00.")
        raise Invalid(problem, [Problem("moment", "invalid", problem)]) from None


def _answers(text: str) -> Mapping[str, Any]:
    source = read_yaml(text)
    if not text or (isinstance(source.value, dict) and not source.problems):
        return source.value or {}
    problem = _("Write each answer on a line of its own, as “field: value”.")
    raise Invalid(problem, [Problem("answers", "invalid", problem)])
