"""Stages that nobody whom they name can decide: for which people that is so in the directory as it is.

What is asked is the chain itself, for every employee who may order, with the directory in memory; who is away stays out
of it, since tomorrow somebody else is.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from functools import cached_property
from typing import Any, Final

from sqlalchemy.orm import Session

from servicehall.approval_rules import Amount
from servicehall.documents.document import Document, Finder, Place
from servicehall.documents.examination import NOTE, WARNING, PlacedProblem
from servicehall.documents.form_facts import field_definitions
from servicehall.documents.releases import build_release
from servicehall.domain.approval_chains import ApproverRule, Chain, Stage
from servicehall.domain.conditions import Context, RequestFacts, free_names
from servicehall.domain.deputies import find_delegation_cycle
from servicehall.domain.voices import ADMINISTRATORS, Circumstances, Group
from servicehall.services.company import Company, CompanyView, read_company
from servicehall.services.delegations import standing
from servicehall.services.directory import name_of, people
from servicehall.services.foreseeing import Foreseen, foresee_chain
from servicehall.services.releases import Release, condition_over, may_order
from servicehall.texts import N_, _, fill, pick

MOST_PEOPLE: Final = 20_000
MOST_NAMED: Final = 20
_SMALLEST = Decimal("0.01")
_NOON = datetime(2026, 1, 5, 12, tzinfo=UTC)
_PEOPLE = frozenset(("requester", "requested_for"))


@dataclass
class Affected:
    """Of one stage: whom it leaves to the fallback, and whom nobody at all can decide for; people by id."""

    fallback: list[str] = field(default_factory=list)
    administrators: list[str] = field(default_factory=list)
    stuck: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Asking:
    """One chain of a service, asked for everybody."""

    company: Company
    release: Release
    chain: Chain
    fallback: Group | None
    currency: str

    @cached_property
    def known(self) -> frozenset[str]:
        """The stages whose approvers do not hang on answers, and are such as the directory knows: others are told of
        by the checks already."""
        return frozenset(stage.key for stage in self.chain.stages if all(map(self._knows, stage.approvers)))

    def _knows(self, rule: ApproverRule) -> bool:
        if rule.name == "group":
            return self.company.group(str(rule.params)) is not None
        if rule.name == "person":
            return str(rule.params).strip().lower() in self.company.by_email
        return _by_directory(rule)

    @cached_property
    def administrators(self) -> tuple[str, ...]:
        return tuple(self.company.with_role("admin"))

    @cached_property
    def least(self) -> Mapping[str, Amount]:
        """The least amount of each `manager_until`, by its expression."""
        fields = {str(one.get("key")): one for _path, one in field_definitions(self.release.data["form"])}
        found: dict[str, Amount] = {}
        for rule in (rule for stage in self.chain.stages for rule in stage.approvers if rule.name == "manager_until"):
            limit = str(rule.params["limit"])
            asked = fields.get(limit, {})
            least = Decimal(str(asked.get("min") or 0))
            found[limit] = Amount(max(least, _SMALLEST), str(asked.get("currency") or self.currency))
        return found

    @cached_property
    def involved(self) -> frozenset[str]:
        """Everybody who may be asked by some rule; all others of one manager and department are alike."""
        people = {*self.company.managers, *self.company.heads.values(), *self.administrators}
        people |= set(self.fallback.members if self.fallback is not None else ())
        for rule in (rule for stage in self.chain.stages for rule in stage.approvers):
            if rule.name == "group" and (found := self.company.group(str(rule.params))) is not None:
                people |= set(found.members)
            elif rule.name == "role":
                people |= set(self.company.with_role(str(rule.params)))
            elif rule.name == "person":
                people.add(self.company.by_email.get(str(rule.params).lower(), ""))
        return frozenset(people)

    def everybody(self) -> tuple[Mapping[str, Affected], int]:
        """By stage, and how many may order."""
        found = {stage.key: Affected() for stage in self.chain.stages}
        seen: dict[Any, Sequence[Foreseen]] = {}
        count = 0
        for person in self.company.active[:MOST_PEOPLE]:
            context = self._context(person)
            if not may_order(self.release, context):
                continue
            count += 1
            needed = frozenset(stage.key for stage in self.chain.stages if self._needed(stage, context))
            row = self.company.people[person]
            alike = person if person in self.involved else (row.manager_id, row.department, needed)
            if alike not in seen:
                seen[alike] = self._foreseen(person, needed)
            for stage in seen[alike]:
                _count(found[stage.key], stage, person)
        return found, count

    def _foreseen(self, person: str, needed: frozenset[str]) -> Sequence[Foreseen]:
        view = CompanyView(self.company, person, self.least)
        around = Circumstances({person: "requester"}, fallback=self.fallback, administrators=self.administrators)
        return foresee_chain(self.chain, view, around, needed=lambda stage: stage.key in needed, deputies={})

    def _needed(self, stage: Stage, context: Context) -> bool:
        """Whether it is asked for this person; a condition over anything else is taken to hold."""
        if stage.key not in self.known:
            return False
        if stage.when is None:
            return True
        about_people = {name.partition(".")[0] for name in free_names(stage.when)} <= _PEOPLE
        return not about_people or condition_over(stage.when, context, otherwise=True)

    def _context(self, person: str) -> Context:
        facts = self.company.facts(person)
        request = RequestFacts(type=self.release.type, department=self.release.department)
        return Context(facts, facts, _NOON, _NOON.date(), request)


def _by_directory(rule: ApproverRule) -> bool:
    of = rule.params.get("of", "requester") if isinstance(rule.params, Mapping) else "requester"
    return rule.name != "field" and of in _PEOPLE


def _count(affected: Affected, stage: Foreseen, person: str) -> None:
    if stage.asked is None or stage.asked.fallback is None:
        return
    (voice,) = stage.asked.voices
    if not voice.members:
        affected.stuck.append(person)
    elif voice.group == ADMINISTRATORS:
        affected.administrators.append(person)
    else:
        affected.fallback.append(person)


def problems_of(session: Session, documents: Sequence[Document], find: Finder, *, currency: str) -> list[PlacedProblem]:
    """What the directory makes of the approval of these services, which the checks found without error; `currency` is
    that of money which names none."""
    services = [one for one in documents if one.kind == "service" and one.body.get("approval")]
    company = read_company(session) if services else None
    if company is None or not company.active:
        return []
    own = {one.name: one for one in documents}

    def found(kind: str, department: str, key: str) -> Document | None:
        return own.get((kind, department, key)) or find(kind, department, key)

    problems: list[PlacedProblem] = []
    for service in services:
        release = Release("", build_release(service, found))
        problems += _of_service(company, service, release, found, currency)
    return problems


def _of_service(
    company: Company, service: Document, release: Release, find: Finder, currency: str
) -> Iterator[PlacedProblem]:
    """The chain of a service, and the gates that stand in its own plan."""
    department = find("department", release.department, release.department)
    key = department.body.get("approval_fallback") if department is not None else None
    fallback = company.group(str(key)) if key else None
    whole = Place(service.body, service)
    chains = [(release.chain, whole.at("approval"))]
    tasks = whole.at("fulfilment").items("tasks")
    chains += [
        (planned.gate, task.at("approval"))
        for planned, task in zip(release.plan.tasks if release.plan else (), tasks, strict=False)
    ]
    for chain, place in chains:
        if chain is not None and place.value:
            asking = Asking(company, release, chain, fallback, currency)
            affected, count = asking.everybody()
            for index, stage in enumerate(chain.stages):
                yield from _told(company, _place(place, index), stage, affected[stage.key], count)


def _place(chain: Place, index: int) -> Place:
    """Where a stage's approvers are written; of a chain that is used, where it is."""
    return chain.at("use") if "use" in chain.value else chain.at("stages", index, "approvers")


def _told(company: Company, place: Place, stage: Stage, affected: Affected, count: int) -> Iterator[PlacedProblem]:
    """A warning where nobody decides, or never those who are named; a note where it is so for some people."""
    left = [*affected.fallback, *affected.administrators]
    if affected.stuck:
        message = N_("nobody at all can decide for {count} of {total} people: {names}")
        yield _found(company, place, WARNING, "nobody_decides", message, stage, affected.stuck, count)
    if left and len(left) == count:
        message = N_("those whom it names never decide: for all {total} people the fallback does")
        yield _found(company, place, WARNING, "always_fallback", message, stage, left, count)
        return
    if affected.fallback:
        message = N_("for {count} of {total} people the fallback decides: {names}")
        yield _found(company, place, NOTE, "fallback", message, stage, affected.fallback, count)
    if affected.administrators:
        message = N_("for {count} of {total} people the platform’s administrators decide: {names}")
        yield _found(company, place, NOTE, "fallback", message, stage, affected.administrators, count)


def _found(
    company: Company, place: Place, severity: str, code: str, message: str, stage: Stage, people: list[str], total: int
) -> PlacedProblem:
    names = ", ".join(company.name(one) for one in people[:5]) + (" …" if len(people) > 5 else "")
    said = fill(_(message), {"count": len(people), "total": total, "names": names})
    if place.path.endswith(".use"):
        said = _("stage “{stage}”: {what}", stage=pick(stage.title) or stage.key, what=said)
    emails = [company.people[one].email for one in people[:MOST_NAMED]]
    witness = {"people": emails, "count": len(people), "of": total, "stage": stage.key}
    document = place.document
    return PlacedProblem(document.file, document.line(place.path), place.path, severity, code, said, witness)


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
