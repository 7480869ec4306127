"""The parts of a request: approvals, tasks, clocks, events, comments, attachments, watchers, its report."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import Response
from marshmallow import Schema

from servicehall.clock import now
from servicehall.errors import Invalid, NotFound, Problem, Unavailable
from servicehall.forms import FileFacts
from servicehall.models.clocks import Clock
from servicehall.models.directory import Person
from servicehall.models.requests import Request
from servicehall.services import added_tasks, cases, directory, replanning, reporting, requests, watchers
from servicehall.services.access import note_reading
from servicehall.services.visibility import request_for
from servicehall.texts import _, current_locale
from servicehall.web.api import inputs, ledger_shapes, shapes
from servicehall.web.api.calls import as_json, call, listed_parts, no_content, only_read, viewer
from servicehall.web.api.definition_shapes import InTheMaking
from servicehall.web.api.requests import read, shown, to_change
from servicehall.web.api.uploads import download

TAG = "Parts of a request"
AGAIN_AFTER = "2"


PARTS: dict[str, tuple[str, type[Schema], Callable[[Request], list[dict[str, Any]]]]] = {
    "approvals": (
        "Every voice of every round",
        shapes.ApprovalPart,
        lambda row: cases.approval_records(viewer(), row),
    ),
    "tasks": ("The plan's tasks", shapes.Task, lambda row: cases.task_records(viewer(), row)),
    "clocks": ("What was promised", shapes.Clock, lambda row: cases.clock_records(viewer(), row, at=now())),
    "events": (
        "The request's log, verbatim: its hashes can be computed again",
        shapes.Event,
        lambda row: cases.event_records(viewer().session, row),
    ),
    "comments": ("What was said", shapes.Comment, lambda row: cases.comment_records(viewer(), row)),
    "attachments": ("What was attached", shapes.Attachment, lambda row: cases.attachment_records(viewer(), row)),
    "watchers": ("Who watches", shapes.Person, lambda row: cases.watcher_records(viewer(), row)),
}


def _part(name: str) -> None:
    summary, shape, records = PARTS[name]

    def part(number: str, query: dict[str, Any]) -> Response:
        return listed_parts(records(read(number)), query)

    part.__name__ = f"request_{name}"
    path, answer = f"/requests/<number>/{name}", shapes.page_of(shape)
    call("GET", path, summary=summary, tag=TAG, query=inputs.PartsQuery, answer=answer)(part)


for _name in PARTS:
    _part(_name)


@call(
    "GET",
    "/requests/<number>/clocks/<clock_id>/ledger",
    summary="Why a clock is due when it is, to the second",
    tag=TAG,
    answer=ledger_shapes.Ledger,
)
def get_ledger(number: str, clock_id: str) -> Response:
    row = read(number)
    clock = viewer().session.get(Clock, clock_id)
    if clock is None or clock.request_id != row.id:
        raise NotFound(_("There is no such part of this request."))
    [found] = cases.ledgers(viewer().session, row, [clock], at=now(), tasks={})
    return as_json(cases.ledger_record(found))


@call(
    "POST",
    "/requests/<number>/comments",
    summary="Say something; `internal` is for the department's agents",
    tag=TAG,
    body=inputs.NewComment,
    answer=shapes.Comment,
    status=201,
    versioned=True,
)
def add_comment(number: str, said: dict[str, Any]) -> Response:
    row = to_change(number)
    made = requests.comment(row, viewer=viewer(), at=now(), **said)
    only_read()
    return as_json(_found(cases.comment_records(viewer(), row), made), 201)


@call(
    "POST",
    "/requests/<number>/tasks",
    summary="Add a task that the plan did not foresee; for agents of the department",
    tag=TAG,
    body=inputs.AddedTask,
    answer=shapes.Task,
    status=201,
    versioned=True,
)
def add_task(number: str, said: dict[str, Any]) -> Response:
    row = to_change(number)
    made = added_tasks.add(row, added_tasks.Wish(**said), viewer=viewer(), at=now())
    only_read()
    return as_json(_found(cases.task_records(viewer(), row), made), 201)


@call(
    "POST",
    "/requests/<number>/date",
    summary="Move the date that the plan counts from; open tasks are planned anew",
    tag=TAG,
    body=inputs.MovedDate,
    answer=shapes.Request,
    versioned=True,
)
def move_date(number: str, said: dict[str, Any]) -> Response:
    row = to_change(number)
    replanning.move_anchor(row, day=said["date"], comment=said["comment"], viewer=viewer(), at=now())
    return shown(row)


@call(
    "POST",
    "/requests/<number>/attachments",
    summary="Attach a file",
    tag=TAG,
    answer=shapes.Attachment,
    status=201,
    upload=True,
    versioned=True,
)
def add_attachment(number: str, file: FileFacts) -> Response:
    row = to_change(number)
    made = requests.attach(row, file=file.as_answer(), viewer=viewer(), at=now())
    only_read()
    return as_json(_found(cases.attachment_records(viewer(), row), made), 201)


@call(
    "GET",
    "/requests/<number>/attachments/<attachment_id>",
    summary="Download an attachment",
    tag=TAG,
    answer="*/*",
)
def get_attachment(number: str, attachment_id: str) -> Response:
    record = _found(cases.attachment_records(viewer(), read(number, "attachment")), attachment_id)
    return download(record["sha256"], name=record["name"], media_type=record["media_type"])


@call(
    "POST",
    "/requests/<number>/watchers",
    summary="Let somebody watch",
    tag=TAG,
    body=inputs.Watcher,
    answer=shapes.page_of(shapes.Person),
    status=201,
    versioned=True,
)
def add_watcher(number: str, said: dict[str, Any]) -> Response:
    row = to_change(number)
    watchers.watch(row, person=_person(said["person"]), viewer=viewer(), at=now())
    only_read()
    return as_json({"items": cases.watcher_records(viewer(), row), "next": None}, 201)


@call(
    "DELETE",
    "/requests/<number>/watchers",
    summary="Let somebody watch no longer: `person` in the query or the body",
    tag=TAG,
    query=inputs.WatcherQuery,
    body=inputs.WatcherQuery,
    status=204,
    versioned=True,
)
def remove_watcher(number: str, query: dict[str, Any], said: dict[str, Any]) -> Response:
    row = to_change(number)
    watchers.unwatch(row, person=_person(query["person"] or said["person"] or ""), viewer=viewer(), at=now())
    return no_content()


@call(
    "GET",
    "/requests/<number>/report.pdf",
    summary="The approval-chain report; 202 while it is being made",
    tag=TAG,
    query=inputs.ReportQuery,
    answer="application/pdf",
    later=InTheMaking,
)
def get_report(number: str, query: dict[str, Any]) -> Response:
    row, locale = request_for(viewer(), number), query["locale"] or current_locale()
    asked = reporting.ask_for_report(row, locale, at=now())
    if asked.failed:
        raise Unavailable(_("The report could not be made."))
    if asked.pdf is None:
        return as_json({"status": "in the making"}, 202, Retry_After=AGAIN_AFTER)
    note_reading(row, viewer=viewer(), at=now(), kind="report")
    response = Response(asked.pdf, content_type="application/pdf")
    response.headers.set("Content-Disposition", "attachment", filename=reporting.filename(row, locale))
    return response


def _found(records: list[dict[str, Any]], wanted: str) -> dict[str, Any]:
    for record in records:
        if record["id"] == wanted:
            return record
    raise NotFound(_("There is no such part of this request."))


def _person(named: str) -> Person:
    """Somebody by email or id."""
    session = viewer().session
    found = directory.by_email(session, named) if "@" in named else session.get(Person, named)
    if found is None or not found.active:
        text = _("There is no active person with this address.")
        raise Invalid(text, [Problem("person", "unknown", text)])
    return found
