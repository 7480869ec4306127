"""The examples of a service, run: the preview that a person would see before sending, held against what is expected.

With people of their own they play in a small company in memory, without them in the directory as it is, of whose people
they show no more than any colleague may know.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, time
from itertools import count
from typing import Any

from sqlalchemy.orm import Session

from servicehall.documents.document import Document as Authored
from servicehall.documents.document import Finder
from servicehall.documents.examination import ERROR, NOTE, PlacedProblem, shape_problems
from servicehall.documents.releases import build_release
from servicehall.domain.examples import CODE, Outcome, differences, expectation
from servicehall.errors import Forbidden, Invalid, Problem, ServicehallError
from servicehall.models.directory import Person
from servicehall.services import catalog, directory
from servicehall.services.beneficiaries import beneficiary_of
from servicehall.services.catalog import Preview, StagePreview
from servicehall.services.pricing import price_of
from servicehall.services.releases import Release, may_order, viewer_context
from servicehall.services.remembering import standing_still
from servicehall.services.small_company import small_company
from servicehall.services.submission import new_facts
from servicehall.services.unpublished import Known, without_private_facts
from servicehall.services.visibility import Viewer
from servicehall.texts import _, pick

NOON = time(12, tzinfo=UTC)
A_MONDAY = datetime(2026, 1, 5, 12, tzinfo=UTC)
"""When an example happens that does not say; always the same, so that no example ages."""


@dataclass(frozen=True)
class Result:
    """One example: green without differences; one that could not be run says why."""

    index: int
    key: str
    title: str
    differences: tuple[Problem, ...] = ()
    not_run: str = ""

    @property
    def state(self) -> str:
        return "not_run" if self.not_run else "red" if self.differences else "green"

    def as_dict(self) -> dict[str, Any]:
        """As JSON: `{key, state, differences: [{path, code, message}], not_run?}`."""
        told = {"key": self.key, "state": self.state, "differences": [one.as_dict() for one in self.differences]}
        return told | ({"not_run": self.not_run} if self.not_run else {})


def run(document: Authored, find: Finder, session: Session | None, *, release: Release | None = None) -> list[Result]:
    """Each example of a service; `session` is that of the directory, None where there is no database.

    `find` gives the documents around it; `release` is what it resolves to, where that is known. None are run where
    the service is not sound: the checks say why.
    """
    examples = document.body.get("examples")
    if document.kind != "service" or not examples or shape_problems(document):
        return []
    try:
        release = release or Release("", build_release(document, find))
        known: Known = _whole if examples.get("people") else without_private_facts
        with _company(examples, release, find, session) as there, standing_still():
            return [_run(release, case, index, there, known) for index, case in enumerate(examples["cases"])]
    except Invalid:
        return []


def problems(
    documents: Iterable[Authored], find: Finder, session: Session | None, *, own: bool | None = None
) -> list[PlacedProblem]:
    """What is red in these services, as errors at their places; `own` chooses those with people of their own, or those
    that play in the directory."""
    wanted = [one for one in documents if own is None or own == has_people(one)]
    return [one for document in wanted for one in placed(document, run(document, find, session))]


def has_people(document: Authored) -> bool:
    """Whether a service's examples have people of their own."""
    examples = document.body.get("examples")
    return isinstance(examples, Mapping) and bool(examples.get("people"))


def among(documents: Iterable[Authored], find: Finder) -> Finder:
    """Where references resolve: in these documents first."""
    own = {one.name: one for one in documents}
    return lambda *name: own.get(name) or find(*name)


def placed(document: Authored, results: Iterable[Result]) -> list[PlacedProblem]:
    """Each difference as an error at its place in the document, and a note of what was not run."""
    found = []
    for result in results:
        if result.not_run:
            path = f"examples.cases[{result.index}]"
            text = _("example “{title}” was not run: {why}", title=result.title, why=result.not_run)
            found.append(PlacedProblem(document.file, document.line(path), path, NOTE, CODE, text))
        for one in result.differences:
            path = f"examples.cases[{result.index}].{one.path}"
            text = _("example “{title}”: {what}", title=result.title, what=one.message)
            found.append(PlacedProblem(document.file, document.line(path), path, ERROR, CODE, text))
    return found


def play(release: Release, case: Mapping[str, Any], session: Session, *, known: Known) -> Outcome:
    """What comes of one example: the preview before sending, in plain values. Invalid where its person is unknown."""
    at = moment_of(case)
    person = directory.by_email(session, case["person"])
    if person is None:
        text = _("there is no person {email}", email=case["person"])
        raise Invalid(text, [Problem("person", CODE, text)])
    viewer, answers = Viewer(session, known(person)), case.get("answers") or {}
    try:
        beneficiary = beneficiary_of(viewer, release, case.get("requested_for"))
    except Forbidden:
        return Outcome(allowed=False)
    if not may_order(release, viewer_context(viewer, at)):
        return Outcome(allowed=False)
    facts = new_facts(release, at=at, impact=case.get("impact"), urgency=case.get("urgency"))
    whom = viewer.person if beneficiary.id == person.id else known(beneficiary)
    found = catalog.preview(viewer, release, answers, beneficiary=whom, at=at, facts=facts, known=answers)
    return _outcome(release, found, viewer)


def new_case(release: Release, case: Mapping[str, Any], body: Mapping[str, Any], session: Session) -> dict[str, Any]:
    """`case` (person, answers, moment) with a key of its own among those of the service, and what comes of it now."""
    taken = {one["key"] for one in (body.get("examples") or {}).get("cases", ())}
    key = next(key for number in count(1) if (key := f"case-{number}") not in taken)
    with standing_still():
        came = play(release, case, session, known=without_private_facts)
    return {"key": key, **case, "expect": expectation(came)}


def moment_of(case: Mapping[str, Any]) -> datetime:
    """When the example happens; a mere date means its noon in UTC."""
    if "moment" not in case:
        return A_MONDAY
    said = datetime.fromisoformat(case["moment"])
    if len(case["moment"]) <= len("2026-03-02"):
        return datetime.combine(said.date(), NOON)
    return said if said.tzinfo else said.replace(tzinfo=UTC)


@contextmanager
def _company(
    examples: Mapping[str, Any], release: Release, find: Finder, session: Session | None
) -> Iterator[Session | None]:
    if not examples.get("people"):
        yield session
        return
    with small_company(examples, release, find) as made:
        yield made


def _whole(person: Person) -> Person:
    return person


def _run(release: Release, case: Mapping[str, Any], index: int, session: Session | None, known: Known) -> Result:
    result = Result(index, case["key"], pick(case.get("title")) or case["key"])
    if session is None:
        return Result(index, result.key, result.title, not_run=_("needs the directory: it has no people of its own"))
    try:
        found = tuple(differences(case["expect"], play(release, case, session, known=known)))
    except ServicehallError as error:
        found = tuple(Problem(one.path, CODE, one.message) for one in error.problems)
        found = found or (Problem("answers", CODE, error.detail),)
    return Result(index, result.key, result.title, found)


def _outcome(release: Release, found: Preview, viewer: Viewer) -> Outcome:
    asked = {stage.key: names for stage in found.stages if (names := _asked(stage))}
    plan = release.plan.tasks if release.plan is not None else ()
    tasks = {task.key: task for task in found.tasks}
    due = {**{key: task.due_at for key, task in tasks.items()}, **dict(found.clocks)}
    price = price_of(release, found.checked.answers)
    return Outcome(
        refused={problem.path: problem.message for problem in reversed(found.checked.errors)},
        required=sorted(found.checked.required),
        visible=found.checked.visible,
        fields=tuple(release.form.by_key),
        answers=found.checked.answers,
        price=price["amount"] if price else None,
        priority=found.priority,
        stages=asked,
        needed={stage.key: stage.needed for stage in found.stages if stage.key in asked},
        groups={key: task.group for key, task in tasks.items()},
        after={key: task.after for key, task in tasks.items()},
        due={key: at for key, at in due.items() if at is not None},
        skipped=[
            *(stage.key for stage in found.stages if stage.key not in asked),
            *(task.key for task in plan if task.key not in tasks),
        ],
        zone=directory.zone_of(viewer.person),
    )


def _asked(stage: StagePreview) -> list[str]:
    """Whom a stage asks: people by address, groups by key."""
    voices = [one for one in stage.approvers if "skipped" not in one]
    return [one["person"].email if "person" in one else str(one["group"]) for one in voices]
