"""Simulation: the requests of a period once through a draft and once through what is published, and what differs.

Both sides see the directory and the calendars as they are now, at the moment when each request was sent; nothing is
stored. A draft of a shared document is tried with every service that uses it.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import count
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from servicehall.clock import as_instant
from servicehall.documents.document import Document as Authored
from servicehall.domain.conditions import free_names, takes_private_facts
from servicehall.errors import Invalid, ServicehallError
from servicehall.models.definitions import Document
from servicehall.models.directory import Person
from servicehall.models.requests import Request
from servicehall.services import background, catalog, contexts, directory, drafting, releases, unpublished
from servicehall.services.answers import classifications, for_viewer
from servicehall.services.background import Job, Payload, Told
from servicehall.services.beneficiaries import beneficiary_of
from servicehall.services.catalog import Preview
from servicehall.services.releases import Release, may_order, viewer_context
from servicehall.services.shelf import row_of
from servicehall.services.visibility import Viewer, visible_requests
from servicehall.services.work import read_contents, standing_still
from servicehall.texts import current_locale

KIND = "simulation"
MOST = 1_000
BATCH = 100
ASPECTS = ("refused", "approvers", "tasks", "dates")


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
    with standing_still():
        return _simulated(session, dict(_sides(session, document)), rows, told)


def _simulated(
    session: Session, sides: Mapping[str, _Sides], rows: Sequence[Request], told: Callable[[int], None]
) -> Simulation:
    differences, passed_over = [], 0
    uses = {name: {use for one in both if one is not None for use in _uses(one)} for name, both in sides.items()}
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
            was, now = _outcomes(session, sides[row.service], row, answers, requester, beneficiary)
            aspects = {one: (was[one], now[one]) for one in ASPECTS if was[one] != now[one]}
            if aspects:
                differences.append(Difference(row.id, row.number, row.service, aspects, uses[row.service]))
    return Simulation(len(rows) - passed_over, passed_over, tuple(differences))


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


def seen(viewer: Viewer, found: Mapping[str, Any]) -> dict[str, Any]:
    """What a viewer may see of a simulation; the other differences are only counted.

    A draft says what becomes of which answer, so a difference would tell what it was made to depend on: where that is
    a secret answer, to whoever may read all of the request's; where it is a private fact, to auditors alone.
    """
    if "differences" not in found:
        return dict(found)
    numbers = [one["number"] for one in found["differences"]]
    rows = viewer.session.scalars(select(Request).where(Request.number.in_(numbers), visible_requests(viewer)))
    visible = {row.number: row for row in rows}
    shown = [
        {name: one[name] for name in _SHOWN}
        for one in found["differences"]
        if one["number"] in visible and _may_know(viewer, visible[one["number"]], one["uses"])
    ]
    return {**found, "differences": shown, "hidden": len(found["differences"]) - len(shown)}


PRIVATE, SECRET = "private", "secret"
_SHOWN = ("number", "service", "aspects")
_Sides = tuple[Release | None, Release]


def _may_know(viewer: Viewer, row: Request, uses: Collection[str]) -> bool:
    if PRIVATE in uses and not viewer.is_auditor:
        return False
    return SECRET not in uses or not for_viewer(viewer, row).masked


def _uses(release: Release) -> Iterator[str]:
    """PRIVATE where an expression knows of people what a colleague may not, SECRET where something takes a secret
    answer; who is passed on whole, and all answers at once, count as used, but not who is merely named, to be told."""
    read = [text for text in _texts(release.data) if text not in _PEOPLE and _is_expression(text)]
    if any(map(takes_private_facts, read)):
        yield PRIVATE
    names = {name for text in read for name in free_names(text)}
    secret = {key for key, kind in classifications(release).items() if kind == "secret"}
    if secret and ("answers" in names or secret & {name.removeprefix("answers.").partition(".")[0] for name in names}):
        yield SECRET


def _is_expression(text: str) -> bool:
    try:
        free_names(text)
    except Invalid:
        return False
    return True


def _texts(value: Any) -> Iterator[str]:
    """Every text but the names of things and lists of names: an expression, or the name of a field that decides."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for name, inner in value.items():
            if name not in _NAMES:
                yield from _texts(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _texts(inner)


_NAMES = frozenset(("key", "keywords", "shows"))
_PEOPLE = ("requester", "requested_for")


def _key(viewer: Viewer, row: Document) -> str:
    return f"{KIND}:{row.id}:{viewer.id}"


def _sides(session: Session, document: Authored) -> Iterator[tuple[str, _Sides]]:
    """By service that the draft would change: its release as it is (None: not published), and as it would be."""
    own = document.kind == "service"
    for service in [document] if own else unpublished.services_through(session, document, departments=None):
        row = row_of(session, service.name)
        digest = row.release if row is not None and row.state == "published" else None
        was = releases.load(session, digest) if digest is not None else None
        now = unpublished.release_of(session, document, service=None if own else service.name)
        yield now.reference, (was, now)


def _outcomes(
    session: Session, sides: _Sides, row: Request, answers: Mapping[str, Any], requester: Person, beneficiary: Person
) -> Sequence[Mapping[str, Any]]:
    """On each side what a request comes to: with the priority that the side gives, unless what is published gives
    another than the request has. Then somebody chose it, and it counts on both sides."""
    for own in (False, True):
        found = [_outcome(session, one, row, answers, requester, beneficiary, own=own) for one in sides]
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
