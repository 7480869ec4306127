"""What expressions may know: requester, beneficiary, request, tasks, now and today."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from servicehall.domain.conditions import Context, RequestFacts
from servicehall.models.approvals import Stage
from servicehall.models.directory import Person
from servicehall.models.fulfilment import Task
from servicehall.models.requests import Request
from servicehall.services import directory
from servicehall.services.work import read_content, read_contents


def for_people(
    session: Session,
    requester: Person,
    beneficiary: Person,
    request: RequestFacts,
    *,
    at: datetime,
    tasks: Mapping[str, Mapping[str, Any]] | None = None,
) -> Context:
    """The context of a request that need not exist yet; `today` is the date in the requester's zone."""
    ordered_by = directory.facts(session, requester)
    ordered_for = ordered_by if beneficiary.id == requester.id else directory.facts(session, beneficiary)
    return Context(
        requester=ordered_by,
        requested_for=ordered_for,
        request=request,
        now=at,
        today=directory.today_of(requester, at),
        tasks=tasks or {},
    )


def for_request(session: Session, row: Request, *, at: datetime) -> Context:
    """The context of a stored request, with what its finished tasks answered."""
    found = directory.people(session, [row.requester_id, row.beneficiary_id])
    return for_people(
        session,
        found[row.requester_id],
        found[row.beneficiary_id],
        request_facts(row),
        at=at,
        tasks=task_answers(session, row.id),
    )


def request_facts(row: Request) -> RequestFacts:
    return RequestFacts(
        type=row.type,
        priority=row.priority,
        impact=row.impact,
        urgency=row.urgency,
        created_at=row.created_at,
        department=row.department,
    )


def task_answers(session: Session, request_id: str) -> dict[str, Mapping[str, Any]]:
    """What was filled in when tasks were done, by task key with underscores."""
    rows = session.execute(
        select(Task.key, Task.answers).where(Task.request_id == request_id, Task.answers.is_not(None))
    ).all()
    values = read_contents(session, [str(answers) for _, answers in rows])
    return {key.replace("-", "_"): values.get(str(answers)) or {} for key, answers in rows}


def answers_of(session: Session, row: Request) -> dict[str, Any]:
    """What was asked for, with what approvers filled in: the latest answers of each stage."""
    return {**(read_content(session, row.content) or {}), **stage_answers(session, row.id)}


def stage_answers(session: Session, request_id: str) -> dict[str, Any]:
    """What approvers filled in, by the latest stage of each key."""
    stages = session.execute(
        select(Stage.key, Stage.answers)
        .where(Stage.request_id == request_id, Stage.answers.is_not(None))
        .order_by(Stage.round, Stage.position)
    ).all()
    contents = read_contents(session, [str(answers) for _, answers in stages])
    return {key: value for _, answers in stages for key, value in (contents.get(str(answers)) or {}).items()}
