"""Deciding: the verb behind inbox, API and mail. Who signs has shown who they are before the work opens."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from servicehall.clock import as_instant
from servicehall.domain import approvals as rules
from servicehall.domain import events as e
from servicehall.domain.approval_chains import Stage as Planned
from servicehall.domain.separation import refuses_decision
from servicehall.errors import Conflict, Forbidden, Invalid, Problem
from servicehall.models.approvals import Approval, Stage
from servicehall.models.requests import Request
from servicehall.services import contexts, directory, releases
from servicehall.services.approvals import case_of_stage
from servicehall.services.asking import Case
from servicehall.services.requests import family_of
from servicehall.services.submission import stream_of
from servicehall.services.visibility import Viewer
from servicehall.services.work import Work, work
from servicehall.texts import N_, _

LONGEST = 10_000


@dataclass(frozen=True, slots=True)
class Proof:
    """How an approver has shown with the decision who they are: by which components; `wrong` is what was not right."""

    components: tuple[str, ...] = ()
    wrong: Problem | None = None


def decide(
    approval: Approval,
    *,
    decision: str,
    content: str | None,
    viewer: Viewer,
    at: datetime,
    comment: str | None = None,
    answers: Mapping[str, Any] | None = None,
    proof: Proof | None = None,
    link: str | None = None,
) -> None:
    """One decision on one content; a signed one needs `proof` of who decides; `link` is that of the mail by which it
    came. See `cast_vote`."""
    text = (comment or "").strip() or None
    if text is not None and len(text) > LONGEST:
        problem = Problem("comment", "too_long", _("At most {n} characters.", n=LONGEST))
        raise Invalid(_("The text is too long."), [problem])
    if proof is not None and proof.wrong is not None:
        raise Invalid(proof.wrong.message, [proof.wrong])
    row = viewer.session.get(Request, approval.request_id)
    if row is None:
        raise LookupError(approval.request_id)
    with work(family_of(row), actor=viewer.id, at=at) as w:
        cast_vote(
            w,
            approval,
            actor=viewer.id,
            decision=decision,
            content=content,
            comment=text,
            answers=answers or {},
            proof=proof,
            link=link,
        )


def cast_vote(
    w: Work,
    approval: Approval,
    *,
    actor: str,
    decision: str,
    content: str | None,
    comment: str | None,
    answers: Mapping[str, Any],
    proof: Proof | None,
    link: str | None = None,
) -> None:
    """One voice's decision within a work, final, bound to the content that was shown.

    Errors: Conflict for a decision taken before or on other content, Forbidden for whoever may not decide,
    Invalid for a missing comment, a missing signature or wrong answers.
    """
    now = w.get(Approval, approval.id)
    stage = w.get(Stage, now.stage_id)
    case = case_of_stage(w, stage)
    _may_decide(case, now, actor)
    _still_open(case, now, decision)
    planned = case.chain.stage(stage.key)
    if content != case.row.content:
        raise Conflict(_("The request has changed since you opened it. Please look at it again before you decide."))
    lacking = list(_lacking(planned, decision, comment, proof))
    filled, wrong = _fill(case, planned, answers, actor) if decision == "approve" else ({}, [])
    if lacking or wrong:
        raise Invalid(lacking[0].message if lacking else _("Some answers need your attention."), [*lacking, *wrong])
    kept = w.keep(case.with_computed(filled)) if filled else None
    owner = now.voice_person_id if now.voice_person_id != actor else None
    state = rules.next_approval_state(now.state, decision)
    w.record(
        stream_of(case.row.id),
        e.ApprovalDecided(
            approval=now.id,
            stage=stage.id,
            decision=decision,
            state=state,
            content=case.row.content,
            comment=w.keep({"body": comment}) if comment else None,
            answers=kept,
            signature=_signature(w, actor, state, case.row.content, proof) if planned.sign and proof else None,
            link=link,
        ),
        actor=actor,
        on_behalf_of=owner,
    )


def _may_decide(case: Case, approval: Approval, actor: str) -> None:
    speakers = {approval.holder_id} if approval.voice_person_id else set(approval.members or ())
    if actor not in speakers:
        raise Forbidden(_("You are not asked to decide here."))
    cast = case.cast(approval.id)
    refused = (
        refuses_decision(case.chain, cast, actor, case.casts, case.selves) if approval.state == "pending" else None
    )
    if refused is not None:
        raise Forbidden(_(REFUSALS[refused]))


REFUSALS = {
    "self": N_("Nobody approves what they asked for themselves."),
    "apart": N_("You decided in a stage that must be decided by somebody else."),
    "twice": N_("You have decided in this stage already."),
}


def _still_open(case: Case, approval: Approval, decision: str) -> None:
    if approval.state != "pending":
        raise Conflict(_("This has been decided already."))
    if decision not in rules.DECISIONS:
        raise Invalid(
            _("The decision is not known."),
            [Problem("decision", "choice", _("Choose one of {names}.", names=", ".join(rules.DECISIONS)))],
        )
    if case.task is not None and decision not in rules.GATE_DECISIONS:
        raise Conflict(_("A gate inside the plan is approved or rejected; it cannot be returned."))


def _lacking(planned: Planned, decision: str, comment: str | None, proof: Proof | None) -> Iterator[Problem]:
    """What the decision itself needs besides: a reason, and the signature."""
    if not comment and rules.needs_comment(planned, decision):
        yield Problem("comment", "required", _("Please say why."))
    if planned.sign and not proof:
        yield Problem("password", "required", _("This decision is signed: enter your password."))


def _fill(
    case: Case, planned: Planned, answers: Mapping[str, Any], actor: str
) -> tuple[Mapping[str, Any], Sequence[Problem]]:
    """The fields that belong to this stage, checked in the light of all answers; anything else is wrong."""
    foreign = [
        Problem(key, "unknown", _("This field is not asked here.")) for key in answers if key not in planned.fields
    ]
    if not planned.fields:
        return {}, foreign
    given = {key: value for key, value in answers.items() if key in planned.fields}
    context = contexts.for_request(case.w.session, case.row, at=case.w.at)
    checked = releases.check_stage_fields(case.release, planned.fields, case.answers, given, context, case.w, actor)
    mine = {key: value for key, value in checked.answers.items() if key in planned.fields}
    return mine, [*foreign, *checked.errors]


def _signature(w: Work, actor: str, meaning: str, content: str, proof: Proof) -> str:
    """21 CFR 11.50 and 11.70: printed name, time and meaning, of this content; and by which components it was made."""
    return w.keep(
        {
            "name": directory.person(w.session, actor).name,
            "at": as_instant(w.at),
            "meaning": meaning,
            "content": content,
            "components": list(proof.components),
        }
    )
