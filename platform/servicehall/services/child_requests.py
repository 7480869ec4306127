"""Child requests: what a task of a plan orders of another service, in the family of the request it belongs to."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from servicehall.domain import events as e
from servicehall.domain.conditions import NoValue
from servicehall.domain.plans import Task as Planned
from servicehall.errors import Conflict, ServicehallError
from servicehall.models.base import new_id
from servicehall.models.fulfilment import Task
from servicehall.models.requests import Request
from servicehall.services import contexts, directory, releases
from servicehall.services.releases import Release
from servicehall.services.requests import check_answers, move
from servicehall.services.submission import create, new_facts, record_submission, refuse, stream_of
from servicehall.services.work import Work
from servicehall.texts import _

SYSTEM = "system:fulfilment"
LONGEST_REASON = 500
DEEPEST = 10
"""So many requests stand above one at most, each the child of the next."""


def order(w: Work, row: Request, release: Release, task: Task) -> None:
    """The child is ordered in the requester's name; where its answers are refused, the task fails and says why."""
    planned = release.plan_task(task.key)
    assert planned is not None and planned.request is not None  # noqa: S101 - of kind `request`
    try:
        _order(w, row, task, service=planned.request, answers=_answers(w, row, release, planned))
    except ServicehallError as error:
        _refused(w, task, str(error)[:LONGEST_REASON])


def cancel(w: Work, task: Task) -> None:
    """The child of a task that is cancelled ends with it, unless it has ended or is done."""
    if task.child_id is None:
        return
    child = w.get(Request, task.child_id)
    if child.state not in ("closed", "rejected", "cancelled", "resolved"):
        move(w, child, "cancel", actor=SYSTEM, why={"code": "parent_cancelled"})


def _order(w: Work, parent: Request, task: Task, *, service: str, answers: Mapping[str, Any]) -> None:
    """Errors: Conflict where the family is nested as deep as it may be: a service may come to itself again."""
    if _depth(w, parent) == DEEPEST:
        raise Conflict(_("Requests are nested as deep as they may be here; a service seems to request itself."))
    session = w.session
    release = releases.current(session, service)
    requester = directory.person(session, parent.requester_id)
    beneficiary = directory.person(session, parent.beneficiary_id)
    facts = new_facts(release, at=w.at, priority=parent.priority)
    context = contexts.for_people(session, requester, beneficiary, facts, at=w.at)
    checked = check_answers(session, release, answers, context, author=requester.id)
    refuse(checked)
    child_id = new_id()
    family = {"root": parent.root_id, "parent": parent.id, "task": task.id}
    create(w, child_id, release, facts, requester, beneficiary, checked, **family)
    child = w.get(Request, child_id)
    w.record(stream_of(parent.id), e.ChildRequested(task=task.id, child=child_id, number=child.number))
    record_submission(w, child, release, checked)


def _depth(w: Work, row: Request) -> int:
    """How many requests stand from this one up to the topmost, itself counted."""
    return 1 if row.parent_id is None else 1 + _depth(w, w.get(Request, row.parent_id))


def _answers(w: Work, row: Request, release: Release, planned: Planned) -> dict[str, Any]:
    """The answers of the child, evaluated over the parent; one without a value is left out."""
    context = contexts.for_request(w.session, row, at=w.at)
    activation = release.activation(context, contexts.answers_of(w.session, row))
    answers: dict[str, Any] = {}
    for key, text in planned.answers.items():
        try:
            answers[key] = _as_answer(release.condition(text, boolean=False).evaluate(activation))
        except NoValue:
            continue
    return answers


def _as_answer(value: Any) -> Any:
    """A value of an expression as an answer is given: dates as dates, decimals as text."""
    if isinstance(value, datetime):
        midnight = (value.hour, value.minute, value.second) == (0, 0, 0)
        return value.date().isoformat() if midnight else value.isoformat()
    if isinstance(value, float):
        return repr(value)
    return value


def _refused(w: Work, task: Task, reason: str) -> None:
    """The reason may repeat an answer, so it is content, which can be erased."""
    event = e.TaskStateChanged(
        task=task.id,
        act="report_failed",
        before=task.state,
        state="failed",
        comment=w.keep({"body": reason}),
        why={"code": "child_refused"},
    )
    w.record(stream_of(task.request_id), event, actor=SYSTEM)
