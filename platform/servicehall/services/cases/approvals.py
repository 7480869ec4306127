"""Approvals as records: of a request, of an inbox, and one with the content to decide on."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import select

from servicehall.domain.approval_chains import Stage as Planned
from servicehall.domain.approvals import DECISIONS, GATE_DECISIONS, needs_comment
from servicehall.models.approvals import Approval, Stage
from servicehall.models.fulfilment import Task
from servicehall.models.requests import Request
from servicehall.services import answers, releases
from servicehall.services.cases.names import Names, Record, gather, said_at
from servicehall.services.cases.requests import request_rows
from servicehall.services.releases import Release
from servicehall.services.visibility import Viewer
from servicehall.services.words import why_sentence
from servicehall.services.work import read_contents
from servicehall.texts import current_locale, pick


def approval_records(viewer: Viewer, row: Request) -> list[Record]:
    """Every voice of every round, in the order of the stages; those not asked yet wait without a name."""
    found = viewer.session.scalars(
        select(Approval)
        .join(Stage, Stage.id == Approval.stage_id)
        .where(Approval.request_id == row.id)
        .order_by(Stage.round, Stage.task_id.is_not(None), Stage.position, Approval.position, Approval.id)
    ).all()
    return _records(viewer, found, {row.id: row})


def approval_rows(viewer: Viewer, rows: Sequence[Approval]) -> list[Record]:
    """Rows of an inbox: the approval, and the light row of its request under `case`."""
    ids = {one.request_id for one in rows}
    owners = {one.id: one for one in viewer.session.scalars(select(Request).where(Request.id.in_(ids)))}
    order = list(owners.values())
    light = {record["id"]: record for record in request_rows(viewer, order)}
    return [
        {**record, "case": light[row.request_id]}
        for row, record in zip(rows, _records(viewer, rows, owners), strict=True)
    ]


def approval_record(viewer: Viewer, approval: Approval) -> Record:
    """One approval with what is to be decided on: answers as its reader may read them, and what has changed."""
    session = viewer.session
    row = session.get_one(Request, approval.request_id)
    stage = session.get_one(Stage, approval.stage_id)
    release = releases.load(session, row.release)
    content = _content_of(approval, row)
    shown = answers.for_viewer(viewer, row, content=content)
    planned = planned_stage(release, stage, session.get(Task, stage.task_id) if stage.task_id else None)
    return {
        **approval_rows(viewer, [approval])[0],
        "answers": shown.values,
        "masked": list(shown.masked),
        "price": row.price,
        "previous_content_sha256": row.previous_content,
        "changed": _changed(viewer, row, release, shown),
        "decisions": list(DECISIONS if stage.task_id is None else GATE_DECISIONS),
        "comment_for": [one for one in DECISIONS if planned is not None and needs_comment(planned, one)],
        "sign": planned is not None and planned.sign,
        "fields": list(planned.fields) if planned is not None else [],
        "form": _form(release, planned),
        "content_erased": content is not None and not shown.values,
    }


def planned_stage(release: Release, stage: Stage, task: Task | None) -> Planned | None:
    """The stage as it was authored; None where the release has no such stage any more."""
    chain = release.gate(task.key) if task is not None else release.chain
    return next((one for one in chain.stages if one.key == stage.key), None) if chain is not None else None


def _records(viewer: Viewer, rows: Sequence[Approval], owners: dict[str, Request]) -> list[Record]:
    session = viewer.session
    stages = {one.id: one for one in session.scalars(select(Stage).where(Stage.id.in_({r.stage_id for r in rows})))}
    gates = [one.task_id for one in stages.values() if one.task_id]
    tasks = {one.id: one.key for one in session.scalars(select(Task).where(Task.id.in_(gates)))} if gates else {}
    people = [
        who
        for row in rows
        for who in (row.voice_person_id, row.holder_id, row.decided_by_id, row.on_behalf_of_id, *(row.members or ()))
    ]
    names = gather(session, people, [row.voice_group_id for row in rows])
    written = read_contents(session, [one for row in rows for one in (row.comment, row.signature) if one])
    made = []
    for row in rows:
        owner, stage = owners[row.request_id], stages[row.stage_id]
        release = releases.load(session, owner.release)
        made.append(
            {
                **_light(row, owner, stage, names),
                "stage_title": pick(release.stage_title(stage.key)),
                "task": tasks.get(stage.task_id or ""),
                "comment": (written.get(row.comment or "") or {}).get("body"),
                "signature": written.get(row.signature or ""),
                "may_decide": row.state == "pending" and viewer.id in _speakers(row),
            }
        )
    return made


def _light(row: Approval, owner: Request, stage: Stage, names: Names) -> Record:
    deputised = row.voice_person_id is not None and row.holder_id != row.voice_person_id
    stands_in_for = row.voice_person_id if deputised and row.state == "pending" else row.on_behalf_of_id
    return {
        "id": row.id,
        "request": owner.number,
        "stage": stage.key,
        "stage_state": stage.state,
        "round": stage.round,
        "state": row.state,
        "voice": _voice(row, names),
        "holder": names.person(row.holder_id) if deputised else None,
        "on_behalf_of": names.person(stands_in_for),
        "asked_at": said_at(row.asked_at),
        "due_at": said_at(row.due_at),
        "decided_by": names.person(row.decided_by_id),
        "decided_at": said_at(row.decided_at),
        "decision": row.decision,
        "signed": row.signature is not None,
        "why": why_sentence(row.why) or None,
        "content_sha256": _content_of(row, owner),
    }


def _voice(row: Approval, names: Names) -> Record | None:
    """`{person}` or `{group, members}`; nobody while the stage waits."""
    if row.voice_person_id is not None:
        return {"person": names.person(row.voice_person_id)}
    if row.voice_group_id is None:
        return None
    members = [names.person(one) for one in row.members or ()]
    return {"group": names.group(row.voice_group_id), "members": members}


def _speakers(row: Approval) -> set[str | None]:
    return {row.holder_id} if row.voice_person_id is not None else set(row.members or ())


def _content_of(row: Approval, owner: Request) -> str | None:
    """What was decided on; of an approval that is still open, what is to be decided on now."""
    return row.content if row.state not in ("pending", "waiting") and row.content else owner.content


def _changed(viewer: Viewer, row: Request, release: Release, shown: answers.Shown) -> list[Record]:
    """`{key, label, before, after}` for what differs from the round before; secrets stay masked on both sides."""
    if row.previous_content is None:
        return []
    before = answers.for_viewer(viewer, row, content=row.previous_content)
    contents = read_contents(viewer.session, [row.content, row.previous_content])
    now, then = contents.get(row.content) or {}, contents.get(row.previous_content) or {}
    fields = [one for one in release.form.fields if one.answered and one.type != "computed"]
    return [
        {
            "key": field.key,
            "label": pick(field.label),
            "before": before.values.get(field.key),
            "after": shown.values.get(field.key),
            "masked": field.key in {*shown.masked, *before.masked},
        }
        for field in fields
        if now.get(field.key) != then.get(field.key)
    ]


def _form(release: Release, planned: Planned | None) -> Any:
    """The schema of the fields that this stage fills in; None where it fills in none."""
    if planned is None or not planned.fields:
        return None
    schema = release.form.json_schema(current_locale())
    wanted = set(planned.fields)
    return {
        **{key: schema[key] for key in ("$schema", "type", "additionalProperties")},
        "properties": {key: one for key, one in schema["properties"].items() if key in wanted},
        "required": [key for key in schema["required"] if key in wanted],
    }
