"""An order as it is being filled in: for whom, how urgent, the form with its answers, and what would follow."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from flask import request
from werkzeug.datastructures import CombinedMultiDict, MultiDict

from servicehall.domain.conditions import RequestFacts
from servicehall.errors import Forbidden, Invalid, Problem
from servicehall.forms import FileFacts, WebForm
from servicehall.models.directory import Person
from servicehall.models.requests import Request
from servicehall.services import catalog, contexts, directory, releases, requests
from servicehall.services.beneficiaries import beneficiary_of
from servicehall.services.catalog import Preview, TaskPreview
from servicehall.services.lookups import Directory
from servicehall.services.releases import Release
from servicehall.services.visibility import Viewer
from servicehall.services.work import read_content
from servicehall.texts import pick
from servicehall.web.plan_words import warnings

Posted = MultiDict[str, Any] | CombinedMultiDict[str, Any]
Store = Callable[[Any], FileFacts]
FOR_WHOM = "requested_for"


@dataclass(frozen=True)
class Filling:
    """One state of the order form; `problems` are those of its own fields and of the answers."""

    release: Release
    beneficiary: Person
    requested_for: str
    facts: RequestFacts
    form: WebForm
    problems: tuple[Problem, ...] = ()
    preview: Preview | None = None

    @property
    def impact(self) -> str | None:
        return self.facts.impact

    @property
    def urgency(self) -> str | None:
        return self.facts.urgency

    @property
    def rearranged(self) -> bool:
        """Whether a row was added or removed: then the page is shown again, not sent."""
        return self.form.rearranged

    def problem_at(self, path: str) -> str:
        return next((one.message for one in self.problems if one.path == path), "")

    @property
    def work(self) -> list[tuple[str, list[TaskPreview]]]:
        """The tasks that would follow, by department, in the order of the plan."""
        found: dict[str, list[TaskPreview]] = {}
        for task in self.preview.tasks if self.preview is not None else ():
            found.setdefault(task.department, []).append(task)
        return list(found.items())

    @property
    def warnings(self) -> Sequence[str]:
        """Why the date that was asked for cannot be met, and which can."""
        return warnings(self.preview.outlook) if self.preview is not None else ()

    @property
    def awaited_date(self) -> str:
        """The label of the date that the tasks' dates count from, while it has no answer."""
        plan = self.release.plan
        if plan is None or plan.anchor is None or plan.anchor in self.form.checked.answers:
            return ""
        return pick(self.release.form.by_key[plan.anchor].label)


def posted_form() -> Posted:
    """What was typed in this web request, and the files with it."""
    parts: list[MultiDict[str, Any]] = [request.form, request.files]
    return CombinedMultiDict(parts)


def fill(
    viewer: Viewer,
    release: Release,
    *,
    posted: Posted | None,
    at: datetime,
    store: Store | None = None,
    show_errors: bool | None = None,
    known: Callable[[Person], Person] = lambda person: person,
) -> Filling:
    """The form of a new order as it stands after what was posted; nothing is kept but uploads, by `store`.

    `known` says what the form may know of whom it is for, where that is less than everything.
    """
    said = posted if posted is not None else MultiDict[str, Any]()
    requested_for = str(said.get(FOR_WHOM, "")).strip()
    beneficiary, problems = _beneficiary(viewer, release, requested_for)
    beneficiary = known(beneficiary)
    impact, urgency = _levels(release, said)
    facts = RequestFacts(
        type=release.type,
        priority=release.priority_for(impact, urgency),
        impact=impact,
        urgency=urgency,
        created_at=at,
        department=release.department,
    )
    form = release.form.web(
        posted,
        contexts.for_people(viewer.session, viewer.person, beneficiary, facts, at=at),
        lookup=Directory(viewer.session, author=viewer.id),
        skip=release.approver_fields,
        zone=directory.zone_of(viewer.person),
        store=store,
        show_errors=show_errors,
    )
    return Filling(release, beneficiary, requested_for, facts, form, (*problems, *form.errors))


def refill(
    viewer: Viewer,
    row: Request,
    *,
    posted: Posted | None,
    at: datetime,
    store: Store | None = None,
    show_errors: bool | None = None,
) -> Filling:
    """The form of a draft or a returned request, with the answers that are stored and what was posted over them."""
    session = viewer.session
    release = releases.load(session, row.release)
    stored = read_content(session, row.content) or {}
    problems: tuple[Problem, ...] = ()
    beneficiary = directory.person(session, row.beneficiary_id)
    requested_for = posted.get(FOR_WHOM) if posted is not None and row.state == "draft" else None
    if requested_for is not None and requested_for != beneficiary.email:
        beneficiary, problems = _beneficiary(viewer, release, requested_for.strip())
    facts, tasks = contexts.request_facts(row), contexts.task_answers(session, row.id)
    form = release.form.web(
        posted,
        contexts.for_people(session, viewer.person, beneficiary, facts, at=at, tasks=tasks),
        lookup=Directory(session, author=viewer.id, known=stored),
        answers=stored,
        skip=release.approver_fields,
        zone=directory.zone_of(viewer.person),
        store=store,
        show_errors=show_errors,
    )
    wanted = beneficiary.email if requested_for is None else requested_for
    return Filling(release, beneficiary, wanted, facts, form, (*problems, *form.errors))


def with_preview(viewer: Viewer, filling: Filling, *, at: datetime) -> Filling:
    """The same with what would follow from sending it as it is."""
    preview = catalog.preview(
        viewer, filling.release, filling.form.raw(), beneficiary=filling.beneficiary, at=at, facts=filling.facts
    )
    return replace(filling, preview=preview)


def order_of(filling: Filling, *, draft: bool) -> requests.Order:
    """What is sent to the verb."""
    return requests.Order(
        service=filling.release.reference,
        answers=filling.form.raw(),
        requested_for=filling.requested_for or None,
        impact=filling.impact,
        urgency=filling.urgency,
        draft=draft,
    )


def _beneficiary(viewer: Viewer, release: Release, email: str) -> tuple[Person, tuple[Problem, ...]]:
    try:
        return beneficiary_of(viewer, release, email or None), ()
    except (Forbidden, Invalid) as error:
        return viewer.person, (Problem(FOR_WHOM, error.code, error.detail),)


def _levels(release: Release, said: Mapping[str, Any]) -> tuple[str | None, str | None]:
    """Impact and urgency where the service asks for them; the least where nothing known was chosen."""
    matrix = release.matrix
    if matrix is None:
        return None, None
    impact, urgency = (str(said.get(name, "")) for name in ("impact", "urgency"))
    return (
        impact if impact in matrix["impact"] else str(matrix["impact"][-1]),
        urgency if urgency in matrix["urgency"] else str(matrix["urgency"][-1]),
    )
