"""Stages and rounds as they are printed: who was asked and why, who decided on which content, and what went back."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping

from servicehall.clock import parse_instant
from servicehall.domain.approval_chains import Decide
from servicehall.domain.approval_chains import Stage as Planned
from servicehall.domain.chain import EventRecord
from servicehall.models.approvals import Approval
from servicehall.models.approvals import Stage as StageRow
from servicehall.reports import words
from servicehall.reports.case import Round, Stage, Voice
from servicehall.services.printing.answers import changes
from servicehall.services.printing.paper import Paper
from servicehall.texts import N_, _

RULES: Mapping[str, str] = {
    "all": N_("All of those asked decide"),
    "any": N_("Any one of those asked decides"),
    "at_least": N_("At least {number} of those asked decide"),
    "percent": N_("{number} % of those asked decide"),
}
MEANINGS: Mapping[str, str] = {
    "approved": N_("approval"),
    "rejected": N_("rejection"),
    "returned": N_("sent back for changes"),
}
PRINTED_STATES: Mapping[str, str] = {"not_needed": "skipped"}
ENDS_ROUND = ("return", "recall")


def stages(paper: Paper) -> tuple[Stage, ...]:
    """Every stage that was opened, in order, and all of the last round; gates inside the plan after them."""
    voices: dict[str, list[Approval]] = defaultdict(list)
    for approval in paper.approvals:
        if approval.voice_person_id or approval.voice_group_id:
            voices[approval.stage_id].append(approval)
    decisions = {str(event.body["approval"]): event for event in paper.events_of("approval.decided")}
    last = {(row.task_id, row.key): row.id for row in paper.stages}
    shown = [row for row in paper.stages if row.opened_at is not None or last[row.task_id, row.key] == row.id]
    return tuple(_stage(paper, row, voices[row.id], decisions) for row in shown)


def rounds(paper: Paper) -> tuple[Round, ...]:
    """Each sending and each going back, with what was changed in between."""
    return tuple(_rounds(paper))


def _stage(paper: Paper, row: StageRow, asked: list[Approval], decisions: Mapping[str, EventRecord]) -> Stage:
    planned = _planned(paper, row)
    needed = _("{needed} of {asked} needed", needed=row.quorum, asked=len(asked)) if row.quorum and asked else ""
    return Stage(
        title=paper.stage_titles[row.id],
        state=_state(row, asked),
        rule=_rule(planned.decide) if planned is not None else "",
        quorum=needed,
        opened_at=row.opened_at,
        closed_at=row.closed_at if row.opened_at is not None else None,
        why=paper.why(row.why),
        voices=tuple(_voice(paper, one, decisions.get(one.id)) for one in asked),
    )


def _state(row: StageRow, asked: list[Approval]) -> str:
    """One that sent the request back says so."""
    returned = any(voice.state == "returned" for voice in asked)
    return "returned" if returned else PRINTED_STATES.get(row.state, row.state)


def _planned(paper: Paper, row: StageRow) -> Planned | None:
    task = next((task for task in paper.tasks if task.id == row.task_id), None)
    chain = paper.release.chain if row.task_id is None else task and paper.release.gate(task.key)
    return next((one for one in chain.stages if one.key == row.key), None) if chain else None


def _rule(decide: Decide) -> str:
    return _(RULES[decide.kind], number=decide.number)


def _voice(paper: Paper, row: Approval, decided: EventRecord | None) -> Voice:
    return Voice(
        name=paper.name(row.voice_person_id) or paper.names.group_name(row.voice_group_id),
        group=row.voice_person_id is None,
        why=_why(paper, row),
        state=row.state,
        asked_at=row.asked_at,
        decided_by=paper.name(row.decided_by_id),
        on_behalf_of=paper.name(row.on_behalf_of_id),
        decided_at=row.decided_at,
        comment=paper.words_of(row.comment),
        comment_sha256=row.comment or "",
        content_sha256=row.content or "",
        signature=signature_in_words(paper, row.signature, row.on_behalf_of_id),
        event=decided.hash if decided is not None else "",
    )


def signature_in_words(paper: Paper, sha256: str | None, on_behalf_of: str | None) -> str:
    """Who signed, for whom, when, and what it means; nothing where nothing was signed."""
    if sha256 is None:
        return ""
    signed = paper.content(sha256)
    if not signed:
        return _("(erased)")
    at = words.moment(parse_instant(signed["at"]), paper.zone.key, seconds=True)
    said = {"name": signed["name"], "at": at, "meaning": _(MEANINGS[signed["meaning"]])}
    if on_behalf_of is not None:
        return _("{name} for {owner}, {at}: {meaning}", owner=paper.name(on_behalf_of), **said)
    return _("{name}, {at}: {meaning}", **said)


def _why(paper: Paper, row: Approval) -> str:
    """Why this voice was asked; where it was not asked after all, that too; and who stood in."""
    why = dict(row.why or {})
    skipped = why.pop("skipped", None)
    told = [paper.why(why), paper.why(skipped)]
    if row.holder_id and row.voice_person_id and row.holder_id != row.voice_person_id:
        told.append(_("{name} stands in", name=paper.name(row.holder_id)))
    return "\n".join(one for one in told if one)


def _rounds(paper: Paper) -> Iterator[Round]:
    for event in paper.records:
        if event.kind == "request.submitted":
            yield _sent(paper, event)
        elif event.kind == "request.state_changed" and event.body["act"] in ENDS_ROUND:
            comment = event.body.get("comment")
            yield Round(
                act=str(event.body["act"]),
                at=parse_instant(event.at),
                by=paper.name(event.actor),
                comment=paper.words_of(comment),
                comment_sha256=comment or "",
                event=event.hash,
            )


def _sent(paper: Paper, event: EventRecord) -> Round:
    body = event.body
    before, after = paper.content(body.get("previous")), paper.content(body["content"])
    return Round(
        act="submit" if body["round"] == 1 else "resubmit",
        at=parse_instant(event.at),
        by=paper.name(event.actor),
        content_sha256=body["content"],
        changes=tuple(changes(paper, before, after, body.get("changed") or ())),
        event=event.hash,
    )
