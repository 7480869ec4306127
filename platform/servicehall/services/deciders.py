"""Stages that nobody whom they name can decide: for which people that is so in the directory as it is.

Every chain of a service is asked for every employee who may order (`everybody.py`); what is found is told where it is
written, and what could not be asked is told too.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy.orm import Session

from servicehall.documents.document import Document, Finder, Place
from servicehall.documents.examination import NOTE, WARNING, PlacedProblem
from servicehall.documents.releases import build_release
from servicehall.domain.approval_chains import Chain, Stage
from servicehall.domain.deputies import find_delegation_cycle
from servicehall.domain.plans import Task
from servicehall.domain.voices import Group
from servicehall.services.amounts import Span
from servicehall.services.company import Company, read_company
from servicehall.services.delegations import standing
from servicehall.services.directory import name_of, people
from servicehall.services.everybody import Affected, Asking, orderers
from servicehall.services.releases import Release
from servicehall.texts import N_, _, fill, listed, pick

MOST_PEOPLE: Final = 20_000
MOST_NAMED: Final = 20


@dataclass(frozen=True)
class Written:
    """A chain and where it is written; `task` is the one whose gate it is."""

    chain: Chain
    place: Place
    task: Task | None = None

    def approvers(self, stage: Stage) -> Place:
        """Where a stage's approvers are written; of a chain or a plan that is used, where it is."""
        if self.place.path.endswith(".use"):
            return self.place
        return self.place.at("stages", self.chain.stages.index(stage), "approvers")

    def named(self, stage: Stage) -> str:
        """A stage in words, where its place does not tell."""
        name = _("stage “{stage}”", stage=pick(stage.title) or stage.key)
        if self.task is None:
            return name
        return _("task “{task}”, {stage}", task=pick(self.task.title) or self.task.key, stage=name)


def problems_of(session: Session, documents: Sequence[Document], find: Finder, *, currency: str) -> list[PlacedProblem]:
    """What the directory makes of the approval of these services, which the checks found without error; `currency` is
    that of money which names none."""
    services = [one for one in documents if one.kind == "service" and {"approval", "fulfilment"} & one.body.keys()]
    company = read_company(session) if services else None
    if company is None or not company.active:
        return []
    own = {one.name: one for one in documents}

    def found(kind: str, department: str, key: str) -> Document | None:
        return own.get((kind, department, key)) or find(kind, department, key)

    problems: list[PlacedProblem] = []
    asked = False
    for service in services:
        release = Release("", build_release(service, found))
        chains = list(_chains(Place(service.body, service), release))
        if chains:
            asked = True
            problems += _of_service(company, release, chains, _fallback(company, release, found), currency)
    return [*problems, *(_unasked(company) if asked else ())]


def _chains(service: Place, release: Release) -> Iterator[Written]:
    """The chain of a service, and the gates of its plan."""
    if release.chain is not None:
        yield _written(release.chain, service.at("approval"))
    plan = service.at("fulfilment")
    for index, task in enumerate(release.plan.tasks if release.plan is not None else ()):
        if task.gate is not None and "use" in plan.value:
            yield Written(task.gate, plan.at("use"), task)
        elif task.gate is not None:
            yield _written(task.gate, plan.at("tasks", index, "approval"), task)


def _written(chain: Chain, place: Place, task: Task | None = None) -> Written:
    return Written(chain, place.at("use") if "use" in place.value else place, task)


def _fallback(company: Company, release: Release, find: Finder) -> Group | None:
    department = find("department", release.department, release.department)
    key = department.body.get("approval_fallback") if department is not None else None
    return company.group(str(key)) if key else None


def _of_service(
    company: Company, release: Release, chains: Sequence[Written], fallback: Group | None, currency: str
) -> Iterator[PlacedProblem]:
    contexts = orderers(company, release, company.active[:MOST_PEOPLE])
    by_answers: list[tuple[Written, Stage]] = []
    for written in chains:
        when = written.task.when if written.task is not None else None
        asking = Asking(company, release, written.chain, fallback, currency, when)
        affected = asking.everybody(contexts)
        for stage in written.chain.stages:
            told = _Told(company, asking, written, stage, len(contexts))
            yield from told.of_all(affected[stage.key])
            yield from told.of_some(affected[stage.key])
        by_answers += [(written, one) for one in asking.by_answers if len(affected[one.key].left) < len(contexts)]
    if by_answers:
        yield _by_answers(by_answers)


@dataclass(frozen=True)
class _Told:
    """What is said of one stage; `total` people may order."""

    company: Company
    asking: Asking
    written: Written
    stage: Stage
    total: int

    def of_all(self, affected: Affected) -> Iterator[PlacedProblem]:
        """A warning where those who are named never decide, whatever is asked for."""
        if affected.left and len(affected.left) == self.total:
            message = N_("those whom it names never decide: for all {total} people the fallback does")
            yield self._found(WARNING, "always_fallback", message, affected.left)
        else:
            yield from self._of(affected)

    def of_some(self, affected: Affected) -> Iterator[PlacedProblem]:
        """The same of amounts within a span, with an order that comes to it; and what nobody could tell."""
        for span, within in affected.of_some.items():
            yield from self._of(within, span)
        for span in affected.unsure:
            said = span.said(_("it could not be decided whether they can be asked for, and others would decide then"))
            yield _placed(self.written.approvers(self.stage), NOTE, "undecided", self._in(said), {})

    def _of(self, affected: Affected, span: Span | None = None) -> Iterator[PlacedProblem]:
        if affected.stuck:
            message = N_("nobody at all can decide for {count} of {total} people: {names}")
            yield self._found(WARNING, "nobody_decides", message, affected.stuck, span)
        if affected.fallback:
            message = N_("for {count} of {total} people the fallback decides: {names}")
            yield self._found(NOTE, "fallback", message, affected.fallback, span)
        if affected.administrators:
            message = N_("for {count} of {total} people the platform’s administrators decide: {names}")
            yield self._found(NOTE, "fallback", message, affected.administrators, span)

    def _found(
        self, severity: str, code: str, message: str, people: list[str], span: Span | None = None
    ) -> PlacedProblem:
        names = listed(self.company.name(one) for one in people[:5]) + (" …" if len(people) > 5 else "")
        said = fill(_(message), {"count": len(people), "total": self.total, "names": names})
        emails = [self.company.people[one].email for one in people[:MOST_NAMED]]
        witness = {"people": emails, "count": len(people), "of": self.total, "stage": self.stage.key}
        if span is not None:
            said = span.said(said)
            witness |= {**span.as_dict(), **self.asking.possible(self.stage, span).shown()}
        return _placed(self.written.approvers(self.stage), severity, code, self._in(said), witness)

    def _in(self, said: str) -> str:
        """Which stage it is, where its place does not tell."""
        used = self.written.place.path.endswith(".use")
        return _("{stage}: {what}", stage=self.written.named(self.stage), what=said) if used else said


def _by_answers(stages: Sequence[tuple[Written, Stage]]) -> PlacedProblem:
    """Of a service, that whoever an answer names was taken to be somebody who may decide."""
    named = listed(written.named(stage) for written, stage in stages)
    message = _("{stages}: an answer says who decides; whether they may was not checked", stages=named)
    written, stage = stages[0]
    witness = {"stages": [stage.key for _written, stage in stages]}
    return _placed(written.approvers(stage), NOTE, "not_asked", message, witness)


def _unasked(company: Company) -> Iterator[PlacedProblem]:
    """How many people there are beyond those who were asked."""
    total = len(company.active)
    if total > MOST_PEOPLE:
        said = {"asked": MOST_PEOPLE, "total": total}
        message = _("who decides was checked for {asked} of {total} people; of the others nothing is known", **said)
        yield PlacedProblem("directory", 0, "", NOTE, "not_asked", message, said)


def _placed(place: Place, severity: str, code: str, message: str, witness: Mapping[str, Any]) -> PlacedProblem:
    document = place.document
    return PlacedProblem(document.file, document.line(place.path), place.path, severity, code, message, witness)


def cycles_beside(session: Session, document: Document, at: datetime) -> list[PlacedProblem]:
    """The circles of deputies, told beside a document that asks for approvals."""
    asks = document.kind == "approval_chain" or bool(document.body.get("approval"))
    return deputy_cycles(session, at) if asks else []


def deputy_cycles(session: Session, at: datetime) -> list[PlacedProblem]:
    """The circles among the delegations that hold now or later; naming a deputy refuses them one by one."""
    rules = [one.rule for one in standing(session, at)]
    cycles: dict[frozenset[str], tuple[str, ...]] = {}
    for index, rule in enumerate(rules):
        cycle = find_delegation_cycle(rule, rules[:index])
        if cycle is not None:
            cycles.setdefault(frozenset(cycle), cycle)
    known = people(session, {one for cycle in cycles.values() for one in cycle})
    problems = []
    for cycle in cycles.values():
        line = " → ".join(name_of(known.get(one)) for one in cycle)
        message = _("deputies stand in for each other in a circle: {people}", people=line)
        emails = [known[one].email for one in cycle if one in known]
        problems.append(PlacedProblem("directory", 0, "", WARNING, "deputy_cycle", message, {"cycle": emails}))
    return problems
