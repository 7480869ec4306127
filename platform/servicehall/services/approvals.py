"""Approvals: a chain starts, its stages open, voices are asked and decide, and the request goes on or back."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import select

from servicehall.clock import as_instant
from servicehall.domain import approvals as rules
from servicehall.domain import events as e
from servicehall.domain.approval_chains import parse_chain
from servicehall.domain.approvals import Outcome, StageState
from servicehall.domain.separation import is_stranded
from servicehall.domain.voices import Voice, fallback_voice
from servicehall.models.approvals import Approval, Stage
from servicehall.models.base import new_id
from servicehall.models.fulfilment import Task
from servicehall.models.requests import Request
from servicehall.services import approval_timers, releases
from servicehall.services.asking import Case, load_case, voices_of
from servicehall.services.releases import Release
from servicehall.services.requests import move
from servicehall.services.submission import stream_of
from servicehall.services.work import Recorded, Work

SYSTEM = "system:approvals"


def begin(w: Work, recorded: Recorded) -> None:
    """At submission: which stages decide (again), and whether anybody is asked at all."""
    row = w.get(Request, recorded.subject)
    release = releases.load(w.session, row.release)
    if release.chain is None:
        move(w, row, "submit", to="in_progress")
        return
    case = load_case(w, row, release, release.chain)
    afresh = _afresh(case, recorded.event)
    stages = [_stage_said(case, key) for key in case.keys if key in afresh]
    if stages:
        w.record(stream_of(row.id), e.ChainStarted(round=row.round, content=row.content, stages=stages), actor=SYSTEM)
    asks = any(one["state"] == "waiting" for one in stages)
    move(w, row, "submit", to="pending_approval" if asks else "in_progress")


def start_gate(w: Work, row: Request, release: Release, task: Task) -> None:
    """A gate inside the plan: a chain of its own, over the request's content."""
    chain = release.gate(task.key)
    case = load_case(w, row, release, chain, task=task)
    stages = [_stage_said(case, key) for key in case.keys]
    again = max((one.round for one in case.stages.values()), default=0) + 1
    w.record(
        stream_of(row.id),
        e.ChainStarted(round=again, content=row.content, stages=stages, task=task.id),
        actor=SYSTEM,
    )
    _go_on(load_case(w, row, release, chain, task=task))


def advance(w: Work, recorded: Recorded) -> None:
    """Opens what comes next, once the request waits for approval."""
    row = w.get(Request, recorded.subject)
    release = releases.load(w.session, row.release)
    if row.state == "pending_approval" and release.chain is not None:
        _go_on(load_case(w, row, release, release.chain))


def stage_closed(w: Work, recorded: Recorded) -> None:
    """A stage has its outcome: the chain goes on, or is through."""
    stage = w.get(Stage, recorded.event.stage)  # type: ignore[attr-defined]
    if stage.state not in ("passed", "rejected", "not_needed"):
        return
    case = case_of_stage(w, stage)
    if case.is_open:
        _go_on(case)


def count(w: Work, recorded: Recorded) -> None:
    """After each vote: a return ends the round, otherwise the stage closes as soon as its outcome is certain."""
    stage = w.get(Stage, recorded.event.stage)  # type: ignore[attr-defined]
    if stage.state != "open":
        return
    case = case_of_stage(w, stage)
    if getattr(recorded.event, "decision", None) == "return":
        comment = recorded.event.comment  # type: ignore[attr-defined]
        move(w, case.row, "return", comment=comment)
        return
    outcome = case.outcome(stage.key)
    if outcome != Outcome.OPEN:
        close_stage(case, stage, outcome)
    _rescue_stranded(w, stage)


def withdraw(w: Work, recorded: Recorded) -> None:
    """What is still asked, when the request goes back or ends, is superseded (cancelled with the request)."""
    cancelled = isinstance(recorded.event, e.StateChanged) and recorded.event.act == "cancel"
    _supersede(w, recorded.subject, None, "cancelled" if cancelled else "superseded")


def withdraw_gate(w: Work, recorded: Recorded) -> None:
    """A gate whose task is skipped or cancelled asks nobody any more."""
    event = recorded.event
    task = w.get(Task, event.task)  # type: ignore[attr-defined]
    if task.kind == "approval":
        _supersede(w, task.request_id, task.id, "superseded" if task.state == "skipped" else "cancelled")


def hand_over(w: Work, request_id: str, person_id: str) -> None:
    """Puts open approvals where they belong at this moment: with the deputy, a deputy's deputy, or back."""
    rows = w.all(
        select(Approval)
        .where(
            Approval.request_id == request_id,
            Approval.state == "pending",
            (Approval.voice_person_id == person_id) | (Approval.holder_id != Approval.voice_person_id),
        )
        .order_by(Approval.asked_at, Approval.position, Approval.id)
    )
    for row in rows:
        owner = str(row.voice_person_id)
        case = case_of_stage(w, w.get(Stage, row.stage_id))
        holder, delegation = case.deputy_for(case.cast(row.id))
        present = row.holder_id if row.holder_id != owner else None
        if holder != present:
            w.record(
                stream_of(request_id),
                e.ApprovalHandedOver(approval=row.id, person=owner, holder=holder, left=present, delegation=delegation),
                actor=SYSTEM,
            )


def case_of_stage(w: Work, stage: Stage) -> Case:
    """The chain that a stage belongs to: the request's, or that of a gate inside its plan."""
    row = w.get(Request, stage.request_id)
    release = releases.load(w.session, row.release)
    if stage.task_id is None:
        return load_case(w, row, release, release.chain or parse_chain({"stages": []}))
    task = w.get(Task, stage.task_id)
    return load_case(w, row, release, release.gate(task.key), task=task)


def _afresh(case: Case, event: Any) -> frozenset[str]:
    if not case.stages:
        return frozenset(case.keys)
    return rules.restart(
        case.chain, case.states, event.changed or (), case.release.reopens, case.release.computed_fields
    )


def _stage_said(case: Case, key: str) -> dict[str, Any]:
    """A stage as `ChainStarted` tells it; one whose condition is false for certain is not needed from the start."""
    needed = case.applies(key) or case.may_still_apply(key)
    said = {
        "id": new_id(),
        "key": key,
        "position": case.keys.index(key),
        "state": "waiting" if needed else "not_needed",
    }
    return {**said, "approval": new_id()} if needed else {**said, "why": {"code": "condition"}}


def _go_on(case: Case) -> None:
    """Opens the next stages; when all are through, the request (or the gate's task) goes on."""
    progress = rules.advance_chain(case.chain, case.states, case.applies)
    for key in progress.not_needed:
        end_votes(case.w, case.row.id, case.waiting(key), "skipped")
        case.w.record(
            stream_of(case.row.id),
            e.StageClosed(stage=case.stages[key].id, state="not_needed", why={"code": "condition"}),
            actor=SYSTEM,
        )
    for index, key in enumerate(progress.opens):
        _open(case if index == 0 else load_case(case.w, case.row, case.release, case.chain, task=case.task), key)
    if progress.outcome != Outcome.OPEN:
        _finish(case, progress.outcome)


def _finish(case: Case, outcome: Outcome) -> None:
    if case.task is not None:
        _finish_gate(case, outcome)
    elif case.row.state == "pending_approval":
        move(case.w, case.row, "approve" if outcome == Outcome.APPROVED else "reject", actor=SYSTEM)


def _finish_gate(case: Case, outcome: Outcome) -> None:
    """A gate that passed does its task; a rejected one fails it."""
    assert case.task is not None  # noqa: S101 - asked by the caller
    task = case.w.get(Task, case.task.id)
    if task.state != "in_progress":
        return
    if outcome == Outcome.APPROVED:
        event: Any = e.TaskCompleted(task=task.id, why={"code": "gate_passed"})
    else:
        why = {"code": "gate_rejected"}
        event = e.TaskStateChanged(task=task.id, act="report_failed", before=task.state, state="failed", why=why)
    case.w.record(stream_of(case.row.id), event, actor=SYSTEM)


def _open(case: Case, key: str) -> None:
    """Resolves who is asked against the directory as it is now, and asks."""
    stage = case.stages[key]
    asked = voices_of(case, key)
    waiting = [one.id for one in case.waiting(key)]
    ids = [waiting.pop() if waiting else new_id() for _voice in asked.voices]
    voices = case.said(asked.voices, ids, key)
    planned = case.chain.stage(key)
    quorum = 1 if asked.fallback is not None else rules.quorum(planned.decide, len(voices))
    due_at = approval_timers.due_at(case, key)
    case.w.record(
        stream_of(case.row.id),
        e.StageOpened(
            stage=stage.id,
            quorum=quorum,
            content=case.row.content,
            voices=voices,
            due_at=as_instant(due_at) if due_at else None,
        ),
        actor=SYSTEM,
    )
    approval_timers.arm(case, stage, due_at)


def close_stage(case: Case, stage: Stage, outcome: Outcome, *, why: dict[str, Any] | None = None) -> None:
    end_votes(case.w, case.row.id, case.pending(stage.key), "superseded")
    state = StageState.PASSED if outcome == Outcome.APPROVED else StageState.REJECTED
    case.w.record(stream_of(case.row.id), e.StageClosed(stage=stage.id, state=str(state), why=why), actor=SYSTEM)
    approval_timers.disarm(case.w, stage)
    if outcome == Outcome.REJECTED:
        _supersede(case.w, case.row.id, case.task.id if case.task else None, "superseded")


def _supersede(w: Work, request_id: str, task_id: str | None, state: str) -> None:
    """Everything of a chain that is waiting or open ends; all chains of the request where no task is named."""
    stages = [
        one
        for one in w.of(Stage, request_id)
        if one.state in ("waiting", "open") and (task_id is None or one.task_id == task_id)
    ]
    ids = {one.id for one in stages}
    votes = [one for one in w.of(Approval, request_id) if one.stage_id in ids and one.state in ("waiting", "pending")]
    end_votes(w, request_id, votes, state)
    for stage in stages:
        w.record(stream_of(request_id), e.StageClosed(stage=stage.id, state="superseded"), actor=SYSTEM)
        approval_timers.disarm(w, stage)


def end_votes(w: Work, request_id: str, approvals: Sequence[Approval], state: str) -> None:
    if not approvals:
        return
    deputies = sorted({one.holder_id for one in approvals if one.holder_id and one.holder_id != one.voice_person_id})
    w.record(
        stream_of(request_id),
        e.ApprovalsEnded(approvals=[one.id for one in approvals], state=state, deputies=deputies),
        actor=SYSTEM,
    )


def ask_fallback_if_stranded(case: Case, stage: Stage) -> None:
    """Where nobody who was asked may decide any more, the fallback decides; one that is empty waits for a member."""
    if not is_stranded(case.chain.stage(stage.key).decide, case.casts_of(stage.key), case.may_decide):
        return
    voice = fallback_voice(case.chain, case.around(stage.key), {"because": "nobody_left"})
    if not voice.members:
        return
    end_votes(case.w, case.row.id, case.pending(stage.key), "expired")
    ask_instead(case, stage, (voice,), {"code": "nobody_left"})


def ask_instead(case: Case, stage: Stage, voices: Sequence[Voice], why: dict[str, Any]) -> None:
    """A step up: these voices decide, with time of their own."""
    due_at = approval_timers.due_at(case, stage.key)
    level = stage.escalated + 1
    _record_asked(case, stage, voices, why, level=level, due=due_at)
    approval_timers.arm(case, stage, due_at, level=level)


def _rescue_stranded(w: Work, stage: Stage) -> None:
    """Whoever decided, or is awaited, in a stage is out of those kept apart from it: in none may nobody be left.

    Where one of those has its outcome and is not counted yet, whoever is awaited there will be free again: its count
    comes, and looks after the others.
    """
    apart = case_of_stage(w, stage).chain.apart_of(stage.key)
    for key in (stage.key, *sorted(apart)):
        case = case_of_stage(w, stage)
        others = [one for one in case.chain.apart_of(key) if case.is_counting(one)]
        if case.is_open and case.is_counting(key) and all(case.outcome(one) == Outcome.OPEN for one in others):
            ask_fallback_if_stranded(case, case.stages[key])


def ask_in_place(case: Case, stage: Stage, voices: Sequence[Voice], why: dict[str, Any]) -> None:
    """No step up: these voices decide by the same time as those whose place they take."""
    _record_asked(case, stage, voices, why, level=stage.escalated, due=stage.due_at)


def _record_asked(
    case: Case, stage: Stage, voices: Sequence[Voice], why: dict[str, Any], *, level: int, due: datetime | None
) -> None:
    case.w.record(
        stream_of(case.row.id),
        e.AskedInstead(
            stage=stage.id,
            voices=case.said(voices, [new_id() for _voice in voices], stage.key),
            quorum=stage.quorum or 1,
            level=level,
            why=why,
            due_at=as_instant(due) if due else None,
        ),
        actor=SYSTEM,
    )
