"""A chain asked for everybody who may order, with the directory in memory.

Who is away stays out of it, since tomorrow somebody else is. Whom an answer names is somebody who is nothing else, so
that whatever is found then is so for whomever it names.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from decimal import Decimal
from functools import cached_property, lru_cache
from itertools import groupby, pairwise
from typing import Any

from servicehall.approval_rules import Amount
from servicehall.documents.form_facts import field_definitions
from servicehall.domain.approval_chains import ApproverRule, Chain, Stage
from servicehall.domain.conditions import Context, Environment, RequestFacts, free_names, takes_private_facts
from servicehall.domain.voices import ADMINISTRATORS, Circumstances, Group
from servicehall.forms import compile_form
from servicehall.services.amounts import Possible, Span
from servicehall.services.company import Company, CompanyView
from servicehall.services.foreseeing import Foreseen, foresee_chain
from servicehall.services.releases import Release, condition_over, may_order

_SMALLEST = Decimal("0.01")
_NOON = datetime(2026, 1, 5, 12, tzinfo=UTC)
_PEOPLE = frozenset(("requester", "requested_for"))
UNSURE = "unsure"
Said = tuple[str, Span | None, str]
"""A stage, the amounts for which alone it is so (None: all), and who decides instead."""


@dataclass
class Affected:
    """Of one stage: whom it leaves to the fallback, and whom nobody at all can decide for; people by id.

    `of_some` says it of those for whom it is so only where an amount is within a span, and `unsure` are spans of which
    nobody knows whether they can be asked for.
    """

    fallback: list[str] = field(default_factory=list)
    administrators: list[str] = field(default_factory=list)
    stuck: list[str] = field(default_factory=list)
    of_some: dict[Span, Affected] = field(default_factory=dict)
    unsure: set[Span] = field(default_factory=set)

    @property
    def left(self) -> list[str]:
        """For whom those whom the stage names never decide, and others do."""
        return [*self.fallback, *self.administrators]

    def count(self, person: str, span: Span | None, instead: str) -> None:
        if instead == UNSURE and span is not None:
            self.unsure.add(span)
            return
        of = self if span is None else self.of_some.setdefault(span, Affected())
        lists = {"fallback": of.fallback, "administrators": of.administrators, "stuck": of.stuck}
        lists[instead].append(person)


@dataclass(frozen=True)
class Asking:
    """One chain of a service, asked for everybody; `when` is that of the task before whose end it stands."""

    company: Company
    release: Release
    chain: Chain
    fallback: Group | None
    currency: str
    when: str | None = None

    @cached_property
    def known(self) -> frozenset[str]:
        """The stages whose approvers are such as the directory knows: others are told of by the checks already.

        How many voices a group has that an answer names, each of its members one, nobody can tell.
        """
        return frozenset(
            stage.key
            for stage in self.chain.stages
            if all(map(self._knows, stage.approvers))
            and not (stage.group_counts == "each" and "group" in map(self.named.get, _fields_of(stage)))
        )

    def _knows(self, rule: ApproverRule) -> bool:
        if rule.name == "group":
            return self.company.group(str(rule.params)) is not None
        if rule.name == "person":
            return str(rule.params).strip().lower() in self.company.by_email
        return True

    @cached_property
    def named(self) -> Mapping[str, str]:
        """The fields that name approvers, with their types."""
        fields = {field for stage in self.chain.stages for field in _fields_of(stage)}
        return {field: str(self._fields[field]["type"]) for field in fields}

    @cached_property
    def _fields(self) -> Mapping[str, Mapping[str, Any]]:
        return {str(one.get("key")): one for _path, one in field_definitions(self.release.data["form"])}

    @property
    def by_answers(self) -> list[Stage]:
        """The stages of which an answer says who decides."""
        return [stage for stage in self.chain.stages if _fields_of(stage)]

    @cached_property
    def administrators(self) -> tuple[str, ...]:
        return tuple(self.company.with_role("admin"))

    @cached_property
    def least(self) -> Mapping[str, Amount]:
        """The least amount of each `manager_until`, by its field."""
        found: dict[str, Amount] = {}
        for rule in (rule for stage in self.chain.stages for rule in stage.approvers if rule.name == "manager_until"):
            limit = str(rule.params["limit"])
            asked = self._fields.get(limit, {})
            least = Decimal(str(asked.get("min") or 0))
            found[limit] = Amount(max(least, _SMALLEST), str(asked.get("currency") or self.currency))
        return found

    @cached_property
    def possible(self) -> Possible:
        form = compile_form(self.release.data["form"], currency=self.currency)
        planned = self.release.plan.tasks if self.release.plan is not None else ()
        tasks = {one.key: compile_form(one.form, around=form.environment).types for one in planned if one.form}
        environment = Environment.of(form.types, tasks=tasks)
        return Possible(form, environment, self.release.approver_fields, self.when)

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

    def everybody(self, contexts: Mapping[str, Context]) -> Mapping[str, Affected]:
        """By stage; `contexts` are those of the people who may order."""
        found = {stage.key: Affected() for stage in self.chain.stages}
        seen: dict[Any, Sequence[Said]] = {}
        for person, context in contexts.items():
            needed = frozenset(stage.key for stage in self.chain.stages if self._needed(stage, context))
            row = self.company.people[person]
            alike = person if person in self.involved else (row.manager_id, row.department, needed)
            if alike not in seen:
                seen[alike] = list(self._said(person, needed))
            for stage, span, instead in seen[alike]:
                found[stage].count(person, span, instead)
        return found

    def _said(self, person: str, needed: frozenset[str]) -> Iterator[Said]:
        """Which stages others decide, for all amounts that can come before them or for some."""
        always = self._instead(person, needed, {})
        spans = [(span, self._instead(person, needed, {span.field: one})) for span, one in self._spans(person)]
        for stage in self.chain.stages:
            runs = [run for run in _runs((span, told[stage.key]) for span, told in spans) if run[0].is_part]
            if runs:
                yield from self._of_spans(stage, runs)
            elif (instead := always[stage.key]) is not None:
                yield stage.key, None, instead

    def _of_spans(self, stage: Stage, runs: Sequence[tuple[Span, str | None]]) -> Iterator[Said]:
        """Of what comes out differently only what can come before the stage; the least can, unless it surely cannot."""
        asked = [(span, instead, self.possible(stage, span).possible) for span, instead in runs]
        real = [(span, instead, possible) for span, instead, possible in asked if possible is not False]
        left = [(span, instead, possible) for span, instead, possible in real if instead is not None]
        for span, instead, possible in left:
            if len(left) == len(real):
                yield stage.key, None, instead
                return
            yield stage.key, span, instead if possible or span.above is None else UNSURE

    def _spans(self, person: str) -> Iterator[tuple[Span, Amount]]:
        """Of each `manager_until` the amounts between limits of a person's line, with one of each span, in order."""
        line = CompanyView(self.company, person, {}, {}).line(person)
        for limit, least in self.least.items():
            covered = {one.limit for one in line if one.currency == least.currency and one.limit >= least.value}
            for above, up_to in pairwise((None, *sorted(covered), None)):
                amount = least.value if above is None else above + _SMALLEST
                yield Span(limit, least.currency, above, up_to), Amount(amount, least.currency)

    def _instead(self, person: str, needed: frozenset[str], amounts: Mapping[str, Amount]) -> Mapping[str, str | None]:
        """By stage who decides instead of those whom it names."""
        view = CompanyView(self.company, person, {**self.least, **amounts}, self.named)
        around = Circumstances({person: "requester"}, fallback=self.fallback, administrators=self.administrators)
        found = foresee_chain(self.chain, view, around, needed=lambda stage: stage.key in needed, deputies={})
        return {one.key: _who(one) for one in found}

    def _needed(self, stage: Stage, context: Context) -> bool:
        """Whether it is asked for this person."""
        begins = _may_hold(self.when, context, otherwise=False)
        return begins and stage.key in self.known and _may_hold(stage.when, context, otherwise=True)


def orderers(company: Company, release: Release, people: Iterable[str]) -> Mapping[str, Context]:
    """Who of these may order, each with what conditions know of them; all, where that hangs on what is private."""
    request = RequestFacts(type=release.type, department=release.department)
    facts = {person: company.facts(person) for person in people}
    contexts = {person: Context(one, one, _NOON, _NOON.date(), request) for person, one in facts.items()}
    rules = (release.service.get("audience"), release.service.get("excluded"))
    if not all(_is_about_people(one) for one in rules if isinstance(one, str)):
        return contexts
    return {person: context for person, context in contexts.items() if may_order(release, context)}


def _may_hold(when: str | None, context: Context, *, otherwise: bool) -> bool:
    """A condition over people; one over anything else is taken to hold."""
    return when is None or not _is_about_people(when) or condition_over(when, context, otherwise=otherwise)


@lru_cache(maxsize=4096)
def _is_about_people(when: str) -> bool:
    """Over what anybody may know of people: whom a finding names would tell the rest."""
    return {name.partition(".")[0] for name in free_names(when)} <= _PEOPLE and not takes_private_facts(when)


def _fields_of(stage: Stage) -> list[str]:
    return [str(rule.params) for rule in stage.approvers if rule.name == "field"]


def _runs(told: Iterable[tuple[Span, str | None]]) -> Iterator[tuple[Span, str | None]]:
    """Neighbouring spans of one field that come out alike, put together."""
    for (_field, instead), group in groupby(told, key=lambda one: (one[0].field, one[1])):
        spans = [span for span, _instead in group]
        yield replace(spans[0], up_to=spans[-1].up_to), instead


def _who(stage: Foreseen) -> str | None:
    if stage.asked is None or stage.asked.fallback is None:
        return None
    (voice,) = stage.asked.voices
    if not voice.members:
        return "stuck"
    return "administrators" if voice.group == ADMINISTRATORS else "fallback"
