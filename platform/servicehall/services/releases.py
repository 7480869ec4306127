"""Releases: what requests are pinned to. Everything compiled from one is kept by its hash for the process's life."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from functools import cached_property
from typing import Any

from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session

from servicehall import config
from servicehall.content import canonical, sha256
from servicehall.domain.approval_chains import Chain, parse_chain
from servicehall.domain.conditions import Activation, Condition, Context, Environment, RequestFacts, compile
from servicehall.domain.expression_types import BOOL
from servicehall.domain.plans import Plan, parse_plan, undo_key
from servicehall.domain.plans import Task as Planned
from servicehall.domain.priorities import priority_of
from servicehall.domain.sla import Policy, parse_policy
from servicehall.errors import NotFound
from servicehall.forms import Checked, CompiledForm, compile_form
from servicehall.models.definitions import Document
from servicehall.models.log import ReleaseRow
from servicehall.models.requests import Request
from servicehall.services import contexts
from servicehall.services.lookups import Directory
from servicehall.services.visibility import Viewer
from servicehall.services.work import Work
from servicehall.texts import _, pick

CACHED = 500


@dataclass(frozen=True)
class Release:
    """A service with all it uses, resolved; the parts are compiled when first asked for."""

    sha256: str
    data: Mapping[str, Any]

    @property
    def service(self) -> Mapping[str, Any]:
        """The service's own properties: title, audience, price, …"""
        return self.data["service"]  # type: ignore[no-any-return]

    @property
    def department(self) -> str:
        return str(self.service["department"])

    @property
    def reference(self) -> str:
        return f"{self.department}/{self.service['key']}"

    @property
    def version(self) -> int:
        return int(self.data["sources"][0]["version"] or 1)

    @property
    def type(self) -> str:
        return str(self.service.get("type", "request"))

    @property
    def confidential(self) -> bool:
        return bool(self.service.get("confidential", False))

    @cached_property
    def form(self) -> CompiledForm:
        return compile_form(self.data["form"], currency=config.current().default_currency)

    @cached_property
    def chain(self) -> Chain | None:
        return parse_chain(self.data["approval"]) if self.data["approval"] else None

    @cached_property
    def plan(self) -> Plan | None:
        return parse_plan(self.data["fulfilment"]) if self.data["fulfilment"] else None

    @cached_property
    def policies(self) -> tuple[Policy, ...]:
        return tuple(parse_policy(one) for one in self.data["sla"])

    @cached_property
    def sla_calendar(self) -> str | None:
        return next((one.calendar for one in self.policies if one.calendar), None)

    @cached_property
    def environment(self) -> Environment:
        """The names that conditions of this service may use: its fields, and what its tasks answer."""
        return Environment.of(self.form.types, tasks={key: form.types for key, form in self._task_forms.items()})

    @cached_property
    def _task_forms(self) -> Mapping[str, CompiledForm]:
        planned = self.plan.tasks if self.plan is not None else ()
        around, currency = self.form.environment, config.current().default_currency
        return {task.key: compile_form(task.form, currency=currency, around=around) for task in planned if task.form}

    def task_form(self, key: str) -> CompiledForm | None:
        return self._task_forms.get(key)

    def plan_task(self, key: str) -> Planned | None:
        return self.plan.by_key.get(key) if self.plan is not None else None

    def gate(self, task_key: str) -> Chain:
        planned = self.plan_task(task_key)
        if planned is None or planned.gate is None:
            raise LookupError(f"{self.reference} has no gate {task_key}")
        return planned.gate

    def condition(self, text: str | bool, *, boolean: bool = True) -> Condition:
        """A compiled condition, or with `boolean=False` an expression of any type."""
        source = text if isinstance(text, str) else str(text).lower()
        return compile(source, self.environment, expects=BOOL if boolean else None)

    def activation(self, context: Context, answers: Mapping[str, Any]) -> Activation:
        return Activation(self.environment, context, answers)

    @cached_property
    def approver_fields(self) -> frozenset[str]:
        """Fields that belong to an approval stage, of the chain or of a gate: never asked of the requester."""
        chains = [self.chain, *(task.gate for task in (self.plan.tasks if self.plan else ()))]
        return frozenset(key for chain in chains if chain for stage in chain.stages for key in stage.fields)

    @cached_property
    def approver_values(self) -> frozenset[str]:
        """Computed fields that lean, however far, on what approvers fill in."""
        computed = {one.key: one.dependencies() for one in self.form.fields if one.type == "computed"}
        found: set[str] = set()
        while more := {key for key, needs in computed.items() if needs & (self.approver_fields | found)} - found:
            found |= more
        return frozenset(found)

    @cached_property
    def computed_fields(self) -> frozenset[str]:
        return frozenset(one.key for one in self.form.fields if one.type == "computed")

    @cached_property
    def reopens(self) -> Mapping[str, tuple[str, ...] | None]:
        """Field → the stages that decide again when it changes; None means all."""
        return {one.key: None if one.reopens is None else tuple(one.reopens) for one in self.form.fields}

    def field_type(self, key: str) -> str:
        return next((one.type for one in self.form.fields if one.key == key), "text")

    @cached_property
    def currency(self) -> str:
        """Of the service's price, else the first that an option's price states, else the installation's."""
        stated = (self.service.get("price") or {}).get("currency") or self.form.price_currency
        return str(stated or config.current().default_currency)

    def currency_of(self, fields: Iterable[str]) -> str:
        """The currency of the first money field among these, else the service's."""
        wanted = set(fields)
        named = (one.currency for one in self.form.fields if one.key in wanted and one.currency)
        return next(named, self.currency)

    def priority_for(self, impact: str | None, urgency: str | None) -> str | None:
        """What the first policy with a priority says, before it is known which one counts."""
        said = (self.priority_by(policy, impact, urgency) for policy in self.policies)
        return next((priority for priority in said if priority is not None), None)

    def priority_by(self, policy: Policy, impact: str | None, urgency: str | None) -> str | None:
        """A policy's fixed priority, or its matrix's; unsaid impact and urgency are the least."""
        if policy.matrix is None:
            return policy.priority
        matrix = self.data["matrices"][policy.matrix]
        return priority_of(matrix, impact=impact or matrix["impact"][-1], urgency=urgency or matrix["urgency"][-1])

    @cached_property
    def has_several_priorities(self) -> bool:
        """Whether the priority depends on which policy counts."""
        return len({(policy.matrix, policy.priority) for policy in self.policies}) > 1

    @property
    def is_restricted(self) -> bool:
        """Whether it depends on who asks; for everybody otherwise."""
        return self.service.get("audience") is not None or self.service.get("excluded") is not None

    @property
    def matrix(self) -> Mapping[str, Any] | None:
        """The priority matrix that a requester's impact and urgency go through, if there is one."""
        return next((self.data["matrices"][one.matrix] for one in self.policies if one.matrix), None)

    @property
    def title(self) -> str:
        return pick(self.service.get("title"))

    def stage_title(self, key: str) -> Any:
        """The text of a stage of the chain, or of a gate of the plan."""
        chains = [self.chain, *(task.gate for task in (self.plan.tasks if self.plan else ()))]
        found = (stage.title for chain in chains if chain for stage in chain.stages if stage.key == key)
        return next(found, None) or key

    def task_title(self, key: str) -> Any:
        """The text of a task, or of what undoes one."""
        planned = self.plan_task(key)
        if planned is not None:
            return planned.title or key
        undone = self.undone_by(key)
        if undone is not None and undone.undo is not None:
            return undone.undo.title or key
        return self.service.get("title") or key

    def undone_by(self, key: str) -> Planned | None:
        """The task of the plan that a task of this key takes back."""
        tasks = self.plan.tasks if self.plan is not None else ()
        return next((task for task in tasks if task.undo is not None and undo_key(task.key) == key), None)


def load(session: Session, digest: str) -> Release:
    """The release behind a hash, compiled once a process."""
    found = _cache.get(digest)
    if found is None:
        data = session.scalar(select(ReleaseRow.data).where(ReleaseRow.sha256 == digest))
        if data is None:
            raise LookupError(f"release {digest} is not there")
        found = _remember(Release(digest, json.loads(data)))
    return found


_cache: dict[str, Release] = {}


def _remember(release: Release) -> Release:
    if len(_cache) >= CACHED:
        _cache.pop(next(iter(_cache)))
    _cache[release.sha256] = release
    return release


def digest_of(data: Mapping[str, Any]) -> tuple[str, str]:
    """The hash of a release and the text that is stored under it."""
    text = canonical(dict(data))
    return sha256(text), text.decode()


def current(session: Session, reference: str) -> Release:
    """The release that a published service has now; NotFound otherwise."""
    digest = current_digest(session, reference)
    if digest is None:
        raise NotFound(_("There is no such service."))
    return load(session, digest)


def current_digest(session: Session, reference: str) -> str | None:
    """The hash of the release that a service has now; None where none of this name is published."""
    department, _slash, key = reference.partition("/")
    found: str | None = session.scalar(_CURRENT, {"department": department, "key": key})
    return found


_CURRENT = select(Document.release).where(
    Document.kind == "service",
    Document.department == bindparam("department"),
    Document.key == bindparam("key"),
    Document.state == "published",
)


def orderable(viewer: Viewer, reference: str, *, at: datetime) -> Release:
    """The release of a service that the viewer may see and order; NotFound otherwise, never a hint which."""
    release = current(viewer.session, reference)
    if release.is_restricted and not may_order(release, viewer_context(viewer, at)):
        raise NotFound(_("There is no such service."))
    return release


def may_order(release: Release, context: Context) -> bool:
    """`excluded` beats `audience`; doubt means no in both."""
    audience, excluded = release.service.get("audience"), release.service.get("excluded")
    if excluded is not None and condition_over(excluded, context, otherwise=True):
        return False
    return audience is None or condition_over(audience, context)


def viewer_context(viewer: Viewer, at: datetime) -> Context:
    """What conditions may know of somebody who has not asked for anything yet."""
    return contexts.for_people(viewer.session, viewer.person, viewer.person, RequestFacts(), at=at)


_EMPTY = Environment()


def condition_over(text: str | bool, context: Context, *, otherwise: bool = False) -> bool:
    """A condition over people and the request alone, without answers."""
    if isinstance(text, bool):
        return text
    return compile(text, _EMPTY, expects=BOOL).holds(Activation(_EMPTY, context), otherwise=otherwise)


def planned_from(row: Request) -> date | None:
    """The date that the offsets of a plan under way count from: as it was answered, or moved to since."""
    return date.fromisoformat(row.anchor) if row.anchor else None


def anchor_of(release: Release, answers: Mapping[str, Any]) -> date | None:
    """The date that the offsets of a plan which has not begun count from."""
    if release.plan is None or release.plan.anchor is None:
        return None
    value = answers.get(release.plan.anchor)
    return date.fromisoformat(str(value)[:10]) if value else None


def check_stage_fields(
    release: Release,
    fields: Iterable[str],
    stored: Mapping[str, Any],
    given: Mapping[str, Any],
    context: Context,
    w: Work,
    actor: str,
) -> Checked:
    """What an approver fills in, checked in the light of all answers."""
    lookup = Directory(w.session, author=actor, known=stored)
    return release.form.check({**stored, **given}, context, lookup=lookup, previous=stored, only=set(fields))
