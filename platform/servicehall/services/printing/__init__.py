"""A request as it is printed: every part of the approval-chain report, secrets always masked.

Who may see the request has been asked before. What is printed is the same for every reader, so that one print serves
all of them.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Session

from servicehall import config
from servicehall.models.directory import Person
from servicehall.models.requests import Request
from servicehall.reports import case
from servicehall.services import directory, sealing
from servicehall.services.printing import approvals, fulfilment, history
from servicehall.services.printing.answers import answers_printed
from servicehall.services.printing.paper import Paper, lay_out
from servicehall.services.visibility import Viewer
from servicehall.texts import use_locale


def case_report(
    session: Session, row: Request, *, locale: str, at: datetime, viewer: Viewer | None = None
) -> case.CaseReport:
    """The whole request in this language, as it is at `at`; `viewer` is named as the one it was printed for."""
    with use_locale(locale):
        paper = lay_out(session, row, at=at)
        seals, inclusions = sealing.proofs(session, paper.stream)
        return case.CaseReport(
            number=row.number,
            service=paper.release.title,
            type=row.type,
            state=row.state,
            requester=_person(paper, row.requester_id),
            beneficiary=_person(paper, row.beneficiary_id),
            created_at=row.created_at,
            company=config.current().company,
            generated_at=at,
            department=paper.department(row.department),
            priority=row.priority or "",
            submitted_at=row.submitted_at,
            resolved_at=row.resolved_at,
            confidential=row.confidential,
            generated_for=directory.name_of(viewer.person) if viewer is not None else "",
            time_zone=paper.zone.key,
            content_sha256=row.content,
            answers=answers_printed(paper),
            stages=approvals.stages(paper),
            rounds=approvals.rounds(paper),
            clocks=fulfilment.clocks(paper),
            tasks=fulfilment.tasks(paper),
            comments=history.comments(paper),
            events=history.events(paper),
            contents=history.provable(paper),
            seals=seals,
            inclusions=inclusions,
        )


def _person(paper: Paper, person_id: str) -> case.Person:
    found: Person | None = paper.names.people.get(person_id)
    if found is None:
        return case.Person(name=paper.name(person_id))
    return case.Person(
        name=directory.name_of(found),
        email=found.email,
        title=found.title or "",
        department=paper.department(found.department),
    )


__all__ = ["Paper", "case_report", "lay_out"]
