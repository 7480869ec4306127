"""When a stage lets its time pass: reminders, and what its `timeout` says."""

from __future__ import annotations

from collections.abc import Sequence

from servicehall.domain import events as e
from servicehall.domain.approvals import Outcome
from servicehall.domain.timeouts import Overdue, time_out
from servicehall.domain.voices import Superior
from servicehall.models.approvals import Stage
from servicehall.services import approval_timers, directory
from servicehall.services.approvals import SYSTEM, ask_instead, case_of_stage, close_stage, end_votes
from servicehall.services.asking import Case
from servicehall.services.submission import stream_of
from servicehall.services.work import Work


def remind(w: Work, stage_id: str) -> None:
    """The timer's verb: whoever has not decided is reminded, and the next reminder armed."""
    stage = w.get(Stage, stage_id)
    if stage.state != "open":
        return
    case = case_of_stage(w, stage)
    pending = [case.approvals[cast.id] for cast in case.casts_of(stage.key) if cast.state == "pending"]
    if not pending:
        return
    number = max(one.reminders for one in case.approvals.values() if one.stage_id == stage.id) + 1
    w.record(
        stream_of(case.row.id),
        e.ApprovalReminded(stage=stage.id, approvals=[one.id for one in pending], count=number),
        actor=SYSTEM,
    )
    approval_timers.arm_reminder(case, stage, number)


def expire(w: Work, stage_id: str) -> None:
    """The timer's verb: the stage's time is up, and its `timeout` says what then."""
    stage = w.get(Stage, stage_id)
    if stage.state != "open":
        return
    case = case_of_stage(w, stage)
    planned = case.chain.stage(stage.key)
    if planned.timeout is None:
        return
    ended = time_out(overdue_of(case, stage, group=planned.timeout.group))
    if ended.expired:
        end_votes(w, case.row.id, [case.approvals[one] for one in ended.expired], "expired")
    if ended.asked:
        ask_instead(case, stage, ended.asked, {"code": "timeout"})
    if ended.outcome != Outcome.OPEN:
        close_stage(case_of_stage(w, stage), stage, ended.outcome, why={"code": f"timeout_{planned.timeout.then}"})


def overdue_of(case: Case, stage: Stage, *, group: str | None = None) -> Overdue:
    """The stage as the rules see it, with the line above everybody who was asked; `group` is to take it over."""
    return Overdue(
        chain=case.chain,
        stage=case.chain.stage(stage.key),
        casts=case.casts_of(stage.key),
        around=case.around(stage.key),
        superiors=_superiors(case, stage),
        group=case.members(group) if group else None,
        level=stage.escalated,
    )


def _superiors(case: Case, stage: Stage) -> dict[str, Sequence[Superior]]:
    asked = {
        person for cast in case.casts_of(stage.key) for person in (cast.person, *cast.members) if person is not None
    }
    return {
        person: [
            Superior(one.id, {"code": "manager", "params": {"of": person, "level": level}}, one.active)
            for level, one in enumerate(directory.managers_above(case.w.session, person), start=1)
        ]
        for person in asked
    }
