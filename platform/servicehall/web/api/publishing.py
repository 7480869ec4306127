"""Publishing: at once or at a moment to come, after a review where the department wants one."""

from __future__ import annotations

from typing import Any

from flask import Response

from servicehall.clock import now
from servicehall.services import definitions, reviewing, scheduling
from servicehall.web.api import definition_shapes as shapes
from servicehall.web.api import inputs
from servicehall.web.api.authoring import ONE, TAG, answer, expected, named
from servicehall.web.api.calls import call, no_content, viewer


@call(
    "POST",
    f"{ONE}/publish",
    summary="Make the draft the next version, now or from a moment on",
    tag=TAG,
    body=inputs.Publication,
    answer=shapes.Authored,
    versioned=True,
)
def publish_definition(kind: str, department: str, key: str, said: dict[str, Any]) -> Response:
    name = named(kind, department, key)
    comment, moment, edition = said["comment"] or None, said["from_"], expected(name)
    if moment is not None:
        scheduling.schedule(name, publish_at=moment, viewer=viewer(), at=now(), expected=edition, comment=comment)
    else:
        definitions.publish(name, viewer=viewer(), at=now(), expected=edition, comment=comment)
    return answer(name)


@call("DELETE", f"{ONE}/schedule", summary="Take back the date from which it was to hold", tag=TAG, status=204)
def delete_schedule(kind: str, department: str, key: str) -> Response:
    name = named(kind, department, key)
    scheduling.cancel(name, viewer=viewer(), at=now())
    return no_content()


@call(
    "POST",
    f"{ONE}/review",
    summary="Ask the others who may publish it to review the draft",
    tag=TAG,
    body=inputs.Comment,
    answer=shapes.Authored,
    versioned=True,
)
def ask_for_review(kind: str, department: str, key: str, said: dict[str, Any]) -> Response:
    name = named(kind, department, key)
    reviewing.ask(name, comment=said["comment"] or "", viewer=viewer(), at=now(), expected=expected(name))
    return answer(name)


@call(
    "POST",
    f"{ONE}/send-back",
    summary="Give a draft that waits for review back to its authors",
    tag=TAG,
    body=inputs.Comment,
    answer=shapes.Authored,
    versioned=True,
)
def send_back_draft(kind: str, department: str, key: str, said: dict[str, Any]) -> Response:
    name = named(kind, department, key)
    reviewing.send_back(name, comment=said["comment"] or "", viewer=viewer(), at=now(), expected=expected(name))
    return answer(name)
