"""Find a request; read its whole history, with what each event brought, and check it row by row."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

from flask import render_template, request
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from servicehall.clock import now
from servicehall.domain import chain
from servicehall.domain.chain import Finding
from servicehall.domain.lifecycle import STATE_NAMES
from servicehall.models.requests import Request
from servicehall.services import audit, audit_lists, printing, sealing
from servicehall.services.access import note_reading
from servicehall.services.cases import Ledger, ledgers, request_rows
from servicehall.services.printing.answers import answers_printed
from servicehall.services.printing.details import Entry, history
from servicehall.services.visibility import request_for
from servicehall.texts import _
from servicehall.web.audit.common import auditor, day, pages, typed
from servicehall.web.portal.paging import cursor, first_href, next_href
from servicehall.web.portal.words import ledger_parts


@pages.get("/audit")
def find() -> ResponseReturnValue:
    """`?number=&words=&person=&service=&state=&since=&until=`, the newest first."""
    viewer = auditor()
    search = audit_lists.Search(
        number=typed("number"),
        words=typed("words"),
        person=typed("person"),
        service=typed("service"),
        state=typed("state"),
        since=day("since"),
        until=day("until", after=True),
    )
    found = audit_lists.find_requests(viewer, search, cursor=cursor())
    return render_template(
        "audit/find.html",
        rows=request_rows(viewer, found.rows),
        next_href=next_href(found.next),
        first_href=first_href(),
        asked=request.args,
        searching=any(request.args.values()),
        services=audit_lists.services_ever(viewer.session),
        states=[(str(state), _(name)) for state, name in STATE_NAMES.items() if state != "draft"],
    )


@pages.get("/audit/requests/<number>")
def show(number: str) -> ResponseReturnValue:
    """The request as its log tells it; with `?verify=yes` each row says whether it is what it was."""
    viewer = auditor()
    row = request_for(viewer, number)
    note_reading(row, viewer=viewer, at=now(), kind="audit")
    verification = None
    if request.args.get("verify"):
        with audit.snapshot() as still:
            verification = audit.verify_request(still, still.get_one(Request, row.id))
    return render_template(
        "audit/request.html",
        case=AuditCase(viewer.session, row, now(), verification),
        light=request_rows(viewer, [row])[0],
        ledger_parts=ledger_parts(),
    )


@dataclass(frozen=True)
class AuditCase:
    """What the page reads, each part when the template asks for it."""

    session: Session
    row: Request
    at: datetime
    verification: audit.Verification | None

    @cached_property
    def paper(self) -> printing.Paper:
        return printing.lay_out(self.session, self.row, at=self.at)

    @cached_property
    def entries(self) -> Sequence[Entry]:
        return list(history(self.paper))

    @cached_property
    def answers(self) -> Sequence[object]:
        return answers_printed(self.paper)

    @cached_property
    def findings(self) -> Mapping[int, list[Finding]]:
        """By the number of the event; those of seals, and of events that are not there, stand apart."""
        there = {entry.record.sequence for entry in self.entries}
        found: dict[int, list[Finding]] = {}
        for finding in self._all:
            if finding.stream != chain.SEALS and finding.sequence in there:
                found.setdefault(finding.sequence or 0, []).append(finding)
        return found

    @property
    def elsewhere(self) -> list[Finding]:
        placed = [finding for findings in self.findings.values() for finding in findings]
        return [finding for finding in self._all if finding not in placed]

    @property
    def _all(self) -> Sequence[Finding]:
        return self.verification.findings if self.verification is not None else ()

    @cached_property
    def proofs(self) -> tuple[Sequence[chain.Seal], int]:
        """The seals that its events stand under, and how many of them do."""
        return sealing.seals_of(self.session, self.paper.stream)

    @cached_property
    def ledgers(self) -> list[Ledger]:
        return ledgers(self.session, self.row, self.paper.clocks, at=self.at, tasks=self.paper.task_titles)
