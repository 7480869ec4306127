"""Who reads which answer: classification, what a stage or a task shows, and what is masked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select

from servicehall.models.approvals import Approval, ApprovalMember, Stage
from servicehall.models.fulfilment import Task
from servicehall.models.requests import Request
from servicehall.services import contexts, releases
from servicehall.services.releases import Release
from servicehall.services.task_texts import shows_of
from servicehall.services.visibility import Viewer
from servicehall.services.work import read_content

OPEN = ("public", "internal")


@dataclass(frozen=True, slots=True)
class Shown:
    """Answers as somebody may read them: a masked one is None, and its key stands in `masked`."""

    values: dict[str, Any]
    masked: tuple[str, ...]


def for_viewer(viewer: Viewer, row: Request, *, content: str | None = None) -> Shown:
    """The answers of a whole request; `content` where another version than the present one is meant."""
    release = releases.load(viewer.session, row.release)
    values = {
        **(read_content(viewer.session, content or row.content) or {}),
        **contexts.stage_answers(viewer.session, row.id),
    }
    return mask(release, values, secrets=_secrets(viewer, row, release))


def task_reads(release: Release, row: Request, task: Task, values: Mapping[str, Any]) -> dict[str, Any]:
    """Of these answers, those that the task's holder reads: what it shows, and all open ones unless confidential."""
    shows = shows_of(release, task)
    kinds = classifications(release)
    open_too = not row.confidential
    return {
        key: value for key, value in values.items() if key in shows or (open_too and kinds.get(key, "public") in OPEN)
    }


def mask(release: Release, values: Mapping[str, Any], *, secrets: frozenset[str] | None) -> Shown:
    """Masks the secret answers but those named; None masks none."""
    if secrets is None:
        return Shown(dict(values), ())
    kinds = classifications(release)
    hidden = tuple(key for key in values if kinds.get(key) == "secret" and key not in secrets)
    return Shown({key: None if key in hidden else value for key, value in values.items()}, hidden)


def classifications(release: Release) -> dict[str, str]:
    return {field.key: field.classification for field in release.form.fields}


def _secrets(viewer: Viewer, row: Request, release: Release) -> frozenset[str] | None:
    """The secret answers this viewer may read; None means all: requester and beneficiary."""
    if viewer.id in (row.requester_id, row.beneficiary_id):
        return None
    return _shown_by_stages(viewer, row, release) | _shown_by_tasks(viewer, row, release)


def _shown_by_stages(viewer: Viewer, row: Request, release: Release) -> frozenset[str]:
    members = select(ApprovalMember.approval_id).where(
        ApprovalMember.person_id == viewer.id, ApprovalMember.request_id == row.id
    )
    asked = (
        (Approval.holder_id == viewer.id)
        | (Approval.voice_person_id == viewer.id)
        | (Approval.decided_by_id == viewer.id)
        | Approval.id.in_(members)
    )
    rows = viewer.session.execute(
        select(Stage.key, Stage.task_id)
        .join(Approval, Approval.stage_id == Stage.id)
        .where(Stage.request_id == row.id, Approval.state != "skipped", asked)
    ).all()
    shown: set[str] = set()
    for key, task_id in rows:
        chains = (
            [release.chain] if task_id is None else [task.gate for task in (release.plan.tasks if release.plan else ())]
        )
        shown |= {
            field for chain in chains if chain for stage in chain.stages if stage.key == key for field in stage.shows
        }
    return frozenset(shown)


def _shown_by_tasks(viewer: Viewer, row: Request, release: Release) -> frozenset[str]:
    held = Task.assignee_id == viewer.id
    if viewer.group_ids:
        held = held | Task.group_id.in_(sorted(viewer.group_ids))
    tasks = viewer.session.scalars(select(Task).where(Task.request_id == row.id, held)).all()
    return frozenset[str]().union(*(shows_of(release, task) for task in tasks))
