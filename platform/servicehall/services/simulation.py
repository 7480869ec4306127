"""Simulation: the requests of a period once through a draft and once through what is published, and what differs.

Both sides see the directory and the calendars as they are now, at the moment when each request was sent; nothing is
stored. A draft of a shared document is tried with every service that uses it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from servicehall.clock import as_instant
from servicehall.documents.document import Document as Authored
from servicehall.errors import ServicehallError
from servicehall.models.directory import Person
from servicehall.models.requests import Request
from servicehall.services import catalog, contexts, directory, releases, unpublished
from servicehall.services.catalog import Preview
from servicehall.services.releases import Release, may_order, viewer_context
from servicehall.services.shelf import row_of
from servicehall.services.visibility import Viewer
from servicehall.services.work import read_contents

MOST = 1_000
BATCH = 100
ASPECTS = ("refused", "approvers", "tasks", "dates")


@dataclass(frozen=True)
class Difference:
    """One request that would have gone another way: by aspect what it is with what is published, and with the draft."""

    id: str
    number: str
    service: str
    aspects: Mapping[str, tuple[Any, Any]]


@dataclass(frozen=True)
class Simulation:
    """`looked_at` requests were tried; `passed_over` could not be (their content or people are gone)."""

    looked_at: int
    passed_over: int
    differences: Sequence[Difference]

    def as_dict(self) -> dict[str, Any]:
        """As JSON: `{looked_at, passed_over, differences: [{number, service, aspects: {aspect: {was, now}}}]}`."""
        told = [
            {
                "number": one.number,
                "service": one.service,
                "aspects": {aspect: {"was": was, "now": now} for aspect, (was, now) in one.aspects.items()},
            }
            for one in self.differences
        ]
        return {"looked_at": self.looked_at, "passed_over": self.passed_over, "differences": told}


def requests_since(session: Session, document: Authored, since: datetime, *, most: int = MOST) -> Sequence[Request]:
    """The newest requests (at most so many) that were sent since then to the services that a draft would change."""
    names = [reference for reference, (was, _now) in _sides(session, document) if was is not None]
    return session.scalars(
        select(Request)
        .where(Request.service.in_(names), Request.submitted_at >= since)
        .order_by(Request.created_at.desc(), Request.id.desc())
        .limit(most)
    ).all()


def simulate(
    session: Session,
    document: Authored,
    rows: Sequence[Request],
    *,
    told: Callable[[int], None] = lambda done: None,
) -> Simulation:
    """Tries these requests through the draft and without it; `told` hears of each that is done.

    Errors: Invalid where the draft, or a service with it, does not resolve.
    """
    sides = dict(_sides(session, document))
    differences, passed_over = [], 0
    for start in range(0, len(rows), BATCH):
        batch = rows[start : start + BATCH]
        contents = read_contents(session, [row.content for row in batch])
        people = directory.people(session, [one for row in batch for one in (row.requester_id, row.beneficiary_id)])
        for row in batch:
            told(1)
            answers = contents.get(row.content)
            if answers is None or not {row.requester_id, row.beneficiary_id} <= people.keys():
                passed_over += 1
                continue
            requester, beneficiary = people[row.requester_id], people[row.beneficiary_id]
            was, now = (
                _outcome(session, release, row, answers, requester, beneficiary) for release in sides[row.service]
            )
            aspects = {one: (was[one], now[one]) for one in ASPECTS if was[one] != now[one]}
            if aspects:
                differences.append(Difference(row.id, row.number, row.service, aspects))
    return Simulation(len(rows) - passed_over, passed_over, tuple(differences))


def _sides(session: Session, document: Authored) -> Iterator[tuple[str, tuple[Release | None, Release]]]:
    """By service that the draft would change: its release as it is (None: not published), and as it would be."""
    own = document.kind == "service"
    for service in [document] if own else unpublished.services_through(session, document, departments=None):
        row = row_of(session, service.name)
        digest = row.release if row is not None and row.state == "published" else None
        was = releases.load(session, digest) if digest is not None else None
        now = unpublished.release_of(session, document, service=None if own else service.name)
        yield now.reference, (was, now)


def _outcome(
    session: Session,
    release: Release | None,
    row: Request,
    answers: Mapping[str, Any],
    requester: Person,
    beneficiary: Person,
) -> dict[str, Any]:
    """What a request comes to, in plain values that can be compared."""
    if release is None or row.submitted_at is None:
        return dict.fromkeys(ASPECTS)
    viewer = Viewer(session, requester)
    asked = {key: value for key, value in answers.items() if key in release.form.by_key}
    try:
        found = catalog.preview(
            viewer, release, asked, beneficiary=beneficiary, at=row.submitted_at, facts=contexts.request_facts(row)
        )
        refused = sorted(f"{one.path}: {one.code}" for one in found.checked.errors)
        if not may_order(release, viewer_context(viewer, row.submitted_at)):
            refused = ["audience", *refused]
    except ServicehallError as error:
        return {**dict.fromkeys(ASPECTS), "refused": [error.code]}
    return {
        "refused": refused,
        "approvers": _approvers(found),
        "tasks": sorted((one.key, one.department, one.group or "") for one in found.tasks),
        "dates": _dates(found),
    }


def _approvers(found: Preview) -> list[Any]:
    return [
        [stage.key, sorted(_voice(one) for one in stage.approvers if "skipped" not in one), stage.skipped]
        for stage in found.stages
    ]


def _voice(approver: Mapping[str, Any]) -> str:
    person = approver.get("person")
    return str(person.email or person.id) if person is not None else str(approver.get("group"))


def _dates(found: Preview) -> dict[str, str]:
    tasks = {f"task {one.key}": one.due_at for one in found.tasks}
    clocks = {f"clock {measure}": due_at for measure, due_at in found.clocks}
    return {name: as_instant(at) for name, at in sorted({**tasks, **clocks}.items()) if at is not None}
