"""Making and sending a request: what is recorded when somebody asks, whatever way it came in."""

from __future__ import annotations

import re
from collections.abc import Container, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import insert
from sqlalchemy.orm import Session

from servicehall.domain import events as e
from servicehall.domain.conditions import Context, RequestFacts
from servicehall.domain.sla import choose_policy
from servicehall.errors import Invalid, Problem
from servicehall.forms import LIMITS, Checked
from servicehall.models.directory import Person
from servicehall.models.requests import Request, RequestNumber
from servicehall.services.pricing import price_of
from servicehall.services.releases import Release
from servicehall.services.work import Work
from servicehall.texts import _

PREFIXES = {"incident": "INC", "problem": "PRB", "change": "CHG"}
PRIORITIES = ("p1", "p2", "p3", "p4", "p5")


def stream_of(request_id: str) -> str:
    return f"request/{request_id}"


def create(
    w: Work,
    request_id: str,
    release: Release,
    facts: RequestFacts,
    requester: Person,
    beneficiary: Person,
    checked: Checked,
    *,
    root: str,
    parent: str | None = None,
    task: str | None = None,
) -> None:
    w.record(
        stream_of(request_id),
        e.RequestCreated(
            request=request_id,
            number=next_number(w.session, release.type),
            service=release.reference,
            version=release.version,
            release=release.sha256,
            type=release.type,
            department=release.department,
            confidential=release.confidential,
            requester=requester.id,
            requested_for=beneficiary.id,
            content=w.keep(checked.answers),
            priority=facts.priority,
            impact=facts.impact,
            urgency=facts.urgency,
            root=root,
            parent=parent,
            parent_task=task,
        ),
    )


def record_submission(w: Work, row: Request, release: Release, checked: Checked) -> None:
    """Records the submission; `flow` lets the approval chain say which state follows."""
    before = w.content(row.submitted_content)
    w.record(
        stream_of(row.id),
        e.RequestSubmitted(
            content=row.content,
            release=release.sha256,
            version=release.version,
            round=row.round + 1,
            previous=row.submitted_content,
            changed=None if before is None else changed_keys(before, checked.answers, release),
            price=price_of(release, checked.answers),
        ),
    )


def changed_keys(before: Mapping[str, Any], after: Mapping[str, Any], release: Release) -> list[str]:
    """The answers that differ, computed ones aside: they follow from the others."""
    keys = sorted(key for key in {*before, *after} if before.get(key) != after.get(key))
    return [key for key in keys if key not in release.computed_fields]


def keep_answers(
    w: Work, row: Request, checked: Checked, stored: Mapping[str, Any], beneficiary: Person | None = None
) -> None:
    """Records changed answers, and for whom the request is where that is somebody else now."""
    other = beneficiary.id if beneficiary is not None and beneficiary.id != row.beneficiary_id else None
    same = checked.answers == stored
    if same and other is None:
        return
    changed = sorted(key for key in {*stored, *checked.answers} if stored.get(key) != checked.answers.get(key))
    content = row.content if same else _keep(w, row, checked.answers)
    w.record(stream_of(row.id), e.AnswersChanged(content=content, changed=changed, requested_for=other))


def _keep(w: Work, row: Request, answers: Mapping[str, Any]) -> str:
    """Answers that are again as they were sent are that content, under its hash."""
    sent = row.submitted_content
    return sent if sent is not None and w.content(sent) == answers else w.keep(answers)


def new_facts(
    release: Release,
    *,
    at: datetime,
    priority: str | None = None,
    impact: str | None = None,
    urgency: str | None = None,
) -> RequestFacts:
    """What conditions may know of a request that is not made yet."""
    return RequestFacts(
        type=release.type,
        priority=choose_priority(release, priority, impact, urgency),
        impact=impact,
        urgency=urgency,
        created_at=at,
        department=release.department,
    )


def settled(
    release: Release, facts: RequestFacts, context: Context, answers: Mapping[str, Any], *, said: str | None = None
) -> RequestFacts:
    """The facts with the priority of the policy that counts: the first that holds. One that somebody said stays."""
    provisional = release.priority_for(facts.impact, facts.urgency)
    if said is not None or facts.priority != provisional or not release.has_several_priorities:
        return facts
    activation = release.activation(context, answers)
    policy = choose_policy(release.policies, lambda text: release.condition(text).holds(activation, otherwise=False))
    priority = release.priority_by(policy, facts.impact, facts.urgency) if policy is not None else None
    return replace(facts, priority=priority)


def choose_priority(release: Release, priority: str | None, impact: str | None, urgency: str | None) -> str | None:
    """The priority that was said, else the policy's; Invalid for words that neither knows."""
    matrix = release.matrix or {}
    known = {"priority": PRIORITIES, "impact": matrix.get("impact", ()), "urgency": matrix.get("urgency", ())}
    said = {"priority": priority, "impact": impact, "urgency": urgency}
    problems = [
        Problem(name, "choice", _not_one_of(known[name]))
        for name, word in said.items()
        if word is not None and word not in known[name]
    ]
    if problems:
        raise Invalid(_("The priority is not known."), problems)
    return priority or release.priority_for(impact, urgency)


def _not_one_of(known: Sequence[str]) -> str:
    if not known:
        return _("This service does not ask for it.")
    return _("Choose one of {names}.", names=", ".join(known))


def refuse(checked: Checked) -> None:
    """What is sent must be right in every answer."""
    if checked.errors:
        raise Invalid(_("Some answers need your attention."), checked.errors)


UNFINISHED = LIMITS | {"required", "check", "min_rows"}


def refuse_draft(checked: Checked, given: Container[str]) -> None:
    """A draft may be unfinished, never nonsense: what is given now and cannot be kept is refused, not lost."""
    errors = [one for one in checked.errors if one.code not in UNFINISHED and re.split(r"[.\[]", one.path)[0] in given]
    if errors:
        raise Invalid(_("Some answers need your attention."), errors)


def next_number(session: Session, kind: str) -> str:
    """From a sequence: never repeats, never waits for another request, may have gaps."""
    number = session.connection().execute(_NEXT).scalar_one()
    return f"{PREFIXES.get(kind, 'REQ')}-{number:06d}"


_NEXT = insert(RequestNumber.__table__).values(taken=True).returning(RequestNumber.__table__.c.value)
