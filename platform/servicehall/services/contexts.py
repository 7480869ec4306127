"""What expressions may know: requester, beneficiary, request, tasks, now and today."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from servicehall.domain.conditions import Context, RequestFacts
from servicehall.models.approvals import Stage
from servicehall.models.directory import Person
from servicehall.models.fulfilment import Task
from servicehall.models.requests import Request
from servicehall.services import directory
from servicehall.services.work import read_content, read_contents, rows_of


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
    rows = [task for task in rows_of(session, Task, request_id) if task.answers is not None]
    values = read_contents(session, [str(task.answers) for task in rows])
    return {task.key.replace("-", "_"): values.get(str(task.answers)) or {} for task in rows}


def answers_of(session: Session, row: Request) -> dict[str, Any]:
    """What was asked for, with what approvers filled in: the latest answers of each stage."""
    return {**(read_content(session, row.content) or {}), **stage_answers(session, row.id)}


def stage_answers(session: Session, request_id: str) -> dict[str, Any]:
    """What approvers filled in, by the latest stage of each key."""
    stages = [stage for stage in rows_of(session, Stage, request_id) if stage.answers is not None]
    contents = read_contents(session, [str(stage.answers) for stage in stages])
    inorder = sorted(stages, key=lambda stage: (stage.round, stage.position))
    return {key: value for stage in inorder for key, value in (contents.get(str(stage.answers)) or {}).items()}
