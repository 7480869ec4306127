"""Events and comments as they are printed, and the contents that a print may carry whole."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from sqlalchemy import select

from servicehall.domain.chain import EventRecord
from servicehall.models.requests import Comment as CommentRow
from servicehall.reports import case
from servicehall.reports.words import MEASURES
from servicehall.services.printing.answers import holds_secret
from servicehall.services.printing.paper import Paper
from servicehall.services.words import event_sentence
from servicehall.texts import _


def events(paper: Paper) -> tuple[case.EventLine, ...]:
    """The whole stream, each event in words."""
    return tuple(
        case.EventLine(
            record=record,
            words=sentence(paper, record),
            actor=paper.name(record.actor),
            on_behalf_of=paper.name(record.on_behalf_of),
        )
        for record in paper.records
    )


def comments(paper: Paper) -> tuple[case.Comment, ...]:
    """Public comments, oldest first; internal ones are in no print."""
    said = {str(event.body["comment"]): event.hash for event in paper.events_of("request.commented")}
    rows = paper.session.scalars(
        select(CommentRow)
        .where(CommentRow.request_id == paper.row.id, CommentRow.internal.is_(False))
        .order_by(CommentRow.at, CommentRow.id)
    )
    return tuple(
        case.Comment(
            author=paper.name(row.author_id),
            at=row.at,
            body=paper.words_of(row.content),
            comment_sha256=row.content,
            event=said.get(row.id, ""),
        )
        for row in rows
    )


def provable(paper: Paper) -> tuple[case.Provable, ...]:
    """Contents without secrets; the report attaches those of which print says every word."""
    internal = {str(event.body["content"]) for event in paper.events_of("request.commented") if event.body["internal"]}
    internal |= {str(event.body["address"]) for event in paper.events_of("task.link_given")}
    secret = {task.answers for task in paper.tasks if _secret_task(paper, task.key, task.answers)}
    form = paper.release.form
    return tuple(
        case.Provable(sha256=sha256, salt=paper.salts[sha256], value=value)
        for sha256, value in sorted(paper.contents.items())
        if value is not None and sha256 not in internal | secret and not holds_secret(form, value)
    )


def sentence(paper: Paper, record: EventRecord) -> str:
    """What an event tells, with the task, the stage or the clock that it is about."""
    why = record.body.get("why")
    body = {**record.body, "why": paper.labelled(why)} if why else record.body
    said = {"kind": record.kind, "body": body, "actor": record.actor, "on_behalf_of": record.on_behalf_of}
    told = event_sentence(said, paper.names)
    about = subject(paper, record)
    return _("{about}: {text}", about=about, text=told) if about else told


def subject(paper: Paper, record: EventRecord) -> str:
    """The title of what the event is about; nothing where it is the request itself."""
    return next((found for key, find in _SUBJECTS.items() if (found := find(paper, str(record.body.get(key, ""))))), "")


def _clock(paper: Paper, clock_id: str) -> str:
    clock = next((one for one in paper.clocks if one.id == clock_id), None)
    if clock is None:
        return ""
    measure = _(MEASURES.get(clock.measure, clock.measure))
    task = paper.task_titles.get(clock.task_id or "", "")
    return f"{measure}, {task}" if task else measure


def _file(paper: Paper, attachment_id: str) -> str:
    event = next(one for one in paper.events_of("request.attached") if one.body["attachment"] == attachment_id)
    return str((paper.content(event.body["content"]) or {}).get("name", ""))


_SUBJECTS: Mapping[str, Callable[[Paper, str], str]] = {
    "attachment": lambda paper, key: _file(paper, key) if key else "",
    "clock": _clock,
    "task": lambda paper, key: paper.task_titles.get(key, ""),
    "stage": lambda paper, key: paper.stage_titles.get(key, ""),
}
"""Key of the body → how what it names is called; the first that finds something counts."""


def _secret_task(paper: Paper, key: str, answers: str | None) -> bool:
    return answers is not None and holds_secret(paper.release.task_form(key), paper.content(answers))
