"""Simulation: the requests of a period once through a draft and once through what is published, and what differs.

Both sides see the directory and what stays live as they are now, at the moment when each request was sent; nothing is
stored. A draft of a shared document is tried with every service that uses it, and one of a live document, a calendar or
a department, with every service that it counts for: on its side it is taken for published.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from itertools import count
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from servicehall.clock import as_instant
from servicehall.documents.document import Document as Authored
from servicehall.documents.kinds.registry import KINDS
from servicehall.errors import ServicehallError
from servicehall.models.definitions import Document
from servicehall.models.directory import Person
from servicehall.models.requests import Request
from servicehall.services import assignment, background, catalog, contexts, directory, drafting, releases, unpublished
from servicehall.services.background import Job, Payload, Told
from servicehall.services.beneficiaries import beneficiary_of
from servicehall.services.catalog import Preview
from servicehall.services.releases import Release, may_order, viewer_context
from servicehall.services.remembering import standing_still
from servicehall.services.shelf import row_of
from servicehall.services.simulation_sight import PRIVATE, takes_private, uses_of
from servicehall.services.supposing import LIVE, departments_of, services_leaning_on, supposed
from servicehall.services.visibility import Viewer
from servicehall.services.work import read_contents
from servicehall.texts import current_locale

KIND = "simulation"
MOST = 1_000
BATCH = 100
ASPECTS = ("refused", "approvers", "tasks", "dates")


_Sides = tuple[Release | None, Release]


@dataclass(frozen=True)
class Difference:
    """One request that would have gone another way: by aspect what it is with what is published, and with the draft.

    `uses` is what rules of either lean on that not everybody may know: PRIVATE facts of people, SECRET answers.
    """

    id: str
    number: str
    service: str
    aspects: Mapping[str, tuple[Any, Any]]
    uses: Set[str]


@dataclass(frozen=True)
class Simulation:
    """`looked_at` requests were tried; `passed_over` could not be (their content or people are gone)."""

    looked_at: int
    passed_over: int
    differences: Sequence[Difference]

    def as_dict(self) -> dict[str, Any]:
        """As JSON; `aspects` of a difference are `{aspect: {was, now}}`."""
        told = [
            {
                "number": one.number,
                "service": one.service,
                "uses": sorted(one.uses),
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
    memories = _Memories(supposed(document) if document.kind in LIVE else {})
    with standing_still(memories.published):
        sides = dict(_sides(session, document))
        uses = {name: _uses(session, document, both) for name, both in sides.items()}
        return _simulated(session, sides, uses, rows, told, memories)


@dataclass(frozen=True)
class _Memories:
    """What is read once on each side: with `draft`, which is read by its name, and without."""

    draft: Mapping[str, Any]
    published: dict[str, Any] = field(default_factory=dict)

    def of_sides(self) -> tuple[dict[str, Any], dict[str, Any]]:
        return self.published, {**self.published, **self.draft} if self.draft else self.published


def _simulated(
    session: Session,
    sides: Mapping[str, _Sides],
    uses: Mapping[str, Set[str]],
    rows: Sequence[Request],
    told: Callable[[int], None],
    memories: _Memories,
) -> Simulation:
    differences, passed_over = [], 0
    for start in range(0, len(rows), BATCH):
        batch = rows[start : start + BATCH]
        contents = read_contents(session, [row.content for row in batch])
        people = directory.people(session, [one for row in batch for one in (row.requester_id, row.beneficiary_id)])
        known = memories.of_sides()
        for row in batch:
            told(1)
            answers = contents.get(row.content)
            if answers is None or not {row.requester_id, row.beneficiary_id} <= people.keys():
                passed_over += 1
                continue
            requester, beneficiary = people[row.requester_id], people[row.beneficiary_id]
            was, now = _outcomes(session, sides[row.service], row, answers, requester, beneficiary, known)
            aspects = {one: (was[one], now[one]) for one in ASPECTS if was[one] != now[one]}
            if aspects:
                differences.append(Difference(row.id, row.number, row.service, aspects, uses[row.service]))
    return Simulation(len(rows) - passed_over, passed_over, tuple(differences))


def is_tried(kind: str) -> bool:
    """Whether what comes of requests hangs on documents of a kind, so that a draft of one can be tried on them."""
    return kind == "service" or kind in LIVE or KINDS[kind].pinned


def _uses(session: Session, document: Authored, both: _Sides) -> Set[str]:
    """What the rules of either side lean on, those that assign tasks included."""
    found = {use for one in both if one is not None for use in uses_of(one)}
    departments = {name for one in both if one is not None for name in departments_of(one)}
    rules = [rule for name in departments for rule in assignment.rules_of(session, name)]
    drafted = [document.body] if document.kind in LIVE else []
    return found | {PRIVATE} if takes_private([*rules, *drafted]) else found


def ask(viewer: Viewer, row: Document, *, days: int, most: int, at: datetime) -> Job:
    """A simulation of this draft as a job; the same person's one before of this document makes way for it."""
    payload = {"name": [row.kind, row.department, row.key], "days": days, "most": most, "locale": current_locale()}
    return background.ask(_key(viewer, row), kind=KIND, payload=payload, viewer=viewer, at=at, anew=True)


def asked(viewer: Viewer, row: Document) -> Job | None:
    """The simulation of this document that the viewer asked for last; None where there is none."""
    return background.of_key(viewer.session, _key(viewer, row))


def run(session: Session, payload: Payload, at: datetime, told: Told) -> dict[str, Any]:
    """The job: tries the draft as it is now, and says which edition that was."""
    draft = drafting.current(session, tuple(payload["name"]))
    rows = requests_since(session, draft.document, at - timedelta(days=payload["days"]), most=payload["most"])
    steps = count(1)
    told(0, len(rows))
    found = simulate(session, draft.document, rows, told=lambda _done: told(next(steps), len(rows)))
    return {"edition": draft.edition, **found.as_dict()}


def _key(viewer: Viewer, row: Document) -> str:
    return f"{KIND}:{row.id}:{viewer.id}"


def _sides(session: Session, document: Authored) -> Iterator[tuple[str, _Sides]]:
    """By service that the draft would change: its release as it is (None: not published), and as it would be."""
    if document.kind in LIVE:
        yield from ((name, (one, one)) for name, one in services_leaning_on(session, document).items())
        return
    own = document.kind == "service"
    for service in [document] if own else unpublished.services_through(session, document, departments=None):
        row = row_of(session, service.name)
        digest = row.release if row is not None and row.state == "published" else None
        was = releases.load(session, digest) if digest is not None else None
        now = unpublished.release_of(session, document, service=None if own else service.name)
        yield now.reference, (was, now)


def _outcomes(
    session: Session,
    sides: _Sides,
    row: Request,
    answers: Mapping[str, Any],
    requester: Person,
    beneficiary: Person,
    memories: Sequence[dict[str, Any]],
) -> Sequence[Mapping[str, Any]]:
    """On each side what a request comes to: with the priority that the side gives, unless what is published gives
    another than the request has. Then somebody chose it, and it counts on both sides."""
    for own in (False, True):
        found = []
        for side, memory in zip(sides, memories, strict=True):
            with standing_still(memory):
                found.append(_outcome(session, side, row, answers, requester, beneficiary, own=own))
        if found[0].get("priority") == row.priority:
            break
    return found


def _outcome(
    session: Session,
    release: Release | None,
    row: Request,
    answers: Mapping[str, Any],
    requester: Person,
    beneficiary: Person,
    *,
    own: bool,
) -> dict[str, Any]:
    """What a request comes to, in plain values that can be compared; its priority is that of the side's own policy,
    unless somebody gave it one of its `own`."""
    if release is None or row.submitted_at is None:
        return dict.fromkeys(ASPECTS)
    viewer = Viewer(session, requester)
    asked = {key: value for key, value in answers.items() if key in release.form.by_key}
    try:
        beneficiary_of(viewer, release, beneficiary.email)
        facts = contexts.request_facts(row)
        facts = facts if own else replace(facts, priority=release.priority_for(row.impact, row.urgency))
        found = catalog.preview(
            viewer, release, asked, beneficiary=beneficiary, at=row.submitted_at, facts=facts, known=answers
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
        "priority": found.priority,
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
