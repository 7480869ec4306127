"""Releases: a service with everything that a request stays with, resolved into one JSON value."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any
from weakref import WeakKeyDictionary

from servicehall.documents.document import Document, Finder, Place
from servicehall.documents.examination import shape_problems, split_reference
from servicehall.documents.expansion import expand_form
from servicehall.documents.kinds.approval_chain import chain_part
from servicehall.documents.kinds.forms import MOST_FIELDS
from servicehall.documents.kinds.fulfilment_plan import plan_part
from servicehall.documents.kinds.kind import is_use
from servicehall.documents.kinds.registry import KINDS
from servicehall.documents.kinds.sla_policy import sla_part
from servicehall.documents.parts import Part, rewrite, walk
from servicehall.documents.words import ROUND_THE_CLOCK, Reference
from servicehall.errors import Invalid, Problem
from servicehall.texts import _

BLOCKS = ("form", "approval", "sla", "fulfilment")
UNPINNED = ("examples",)
"""Said beside a service, and no part of what its requests stay with."""
_CHAIN, _SLA, _PLAN = chain_part(), sla_part(), plan_part()
_HEADER = ("kind", "department", "key", "title", "label", "summary", "help")


def build_release(service: Document, find: Finder) -> dict[str, Any]:
    """The release of a service document; Invalid where something it needs does not resolve or is not sound.

    `service` holds the properties of the service but its blocks; `form` is expanded, `approval` a chain or None,
    `sla` a list of policies, `matrices` the priority matrices by reference, `fulfilment` a plan or None. References
    to what stays live (calendars, child services) are written `department/key`. `sources` names every document
    that went in, the service first, as {kind, department, key, version}.
    """
    building = _Building(find)
    building.enter(service)
    place = Place(service.body, service)
    return {
        "service": {name: value for name, value in service.body.items() if name not in (*BLOCKS, *UNPINNED)},
        "form": building.form(place.at("form")) or {"pages": []},
        "approval": building.chain(place.at("approval")),
        "sla": building.policies(place.at("sla")),
        "matrices": building.matrices,
        "fulfilment": building.plan(place.at("fulfilment")),
        "sources": building.sources,
    }


class _Building:
    def __init__(self, find: Finder) -> None:
        self.find = find
        self.sources: list[dict[str, Any]] = []
        self.matrices: dict[str, Any] = {}
        self._entered: set[tuple[str, str, str]] = set()

    def enter(self, document: Document) -> None:
        problems = shape_problems(document)
        if problems:
            raise Invalid(_("{reference} is not valid", reference=document.reference), problems)
        if document.name not in self._entered:
            self._entered.add(document.name)
            kind, department, key = document.name
            self.sources.append({"kind": kind, "department": department, "key": key, "version": document.version})

    def follow(self, use: Place, kind: str) -> Place:
        found = self.find(kind, *split_reference(str(use.value), use.document.department))
        if found is None:
            message = _("no {kind} “{reference}”", kind=kind, reference=use.value)
            raise Invalid(message, [Problem(use.path, "reference", message)])
        self.enter(found)
        return Place(found.body, found, "", use)

    def block(self, place: Place, kind: str) -> Place:
        return self.follow(place.at("use"), kind) if is_use(place.value) else place

    def form(self, place: Place) -> dict[str, Any] | None:
        if place.value is None:
            return None
        expanded = expand_form(place, self.follow)
        if not expanded.whole:
            message = _("a form has at most {count} fields", count=MOST_FIELDS)
            raise Invalid(message, [Problem(place.path, "too_many", message)])
        return expanded.form

    def chain(self, place: Place) -> dict[str, Any] | None:
        if place.value is None:
            return None
        chain = self.block(place, "approval_chain")
        return _own(normalised(_CHAIN, chain))

    def policies(self, place: Place) -> list[dict[str, Any]]:
        if place.value is None:
            return []
        entries = [place.at(index) for index in range(len(place.value))] if isinstance(place.value, list) else [place]
        return [self.policy(entry) for entry in entries]

    def policy(self, entry: Place) -> dict[str, Any]:
        policy = self.block(entry, "sla_policy")
        value = _own(normalised(_SLA, policy))
        if "when" in entry.value:
            value["when"] = entry.value["when"]
        if isinstance(policy.value.get("priority"), Mapping):
            matrix = self.follow(policy.at("priority", "matrix"), "priority_matrix")
            self.matrices[matrix.document.reference] = _own(matrix.value)
        return value

    def plan(self, place: Place) -> dict[str, Any] | None:
        if place.value is None:
            return None
        plan = self.block(place, "fulfilment_plan")
        value = _own(normalised(_PLAN, plan))
        tasks = zip(value["tasks"], plan.items("tasks"), strict=True)
        return {**value, "tasks": [self.task(task, source) for task, source in tasks]}

    def task(self, task: dict[str, Any], source: Place) -> dict[str, Any]:
        """A task with its department written out, its form expanded and its gate resolved."""
        task = {"key": task["key"], "department": source.document.department, **task}
        if "form" in task:
            task["form"] = self.form(source.at("form"))
        if "approval" in task:
            task["approval"] = self.chain(source.at("approval"))
        return task


def _own(value: Mapping[str, Any]) -> dict[str, Any]:
    """The properties of a block, without a document's header."""
    return {name: inner for name, inner in value.items() if name not in _HEADER}


def normalised(part: Part, place: Place) -> Any:
    """A block with every reference to what stays live written `department/key`."""
    department = place.document.department

    def full(inner: Part, value: Any) -> Any:
        if not isinstance(inner, Reference) or not isinstance(value, str) or value == ROUND_THE_CLOCK:
            return value
        return "/".join(split_reference(value, department))

    return rewrite(part, place.value, full)


_REFERENCES: WeakKeyDictionary[Document, frozenset[tuple[str, str, str]]] = WeakKeyDictionary()


def references_of(document: Document) -> frozenset[tuple[str, str, str]]:
    """The documents that one names, as (kind, department, key); a document does not change, so it is asked once."""
    if document not in _REFERENCES:
        _REFERENCES[document] = frozenset(
            (part.kind, *split_reference(value, document.department))
            for _path, part, value in walk(KINDS[document.kind].part, document.body)
            if isinstance(part, Reference) and isinstance(value, str) and value != ROUND_THE_CLOCK
        )
    return _REFERENCES[document]


def users_of(document: Document, documents: Iterable[Document]) -> list[Document]:
    """The services whose releases hold this document, directly or through other pinned documents; in their order."""
    known = list(documents)
    named = {user.name: references_of(user) for user in known}
    reached, todo = {document.name}, [document.name] if KINDS[document.kind].pinned else []
    while todo:
        name = todo.pop()
        for user in known:
            if name in named[user.name] and user.name not in reached:
                reached.add(user.name)
                if KINDS[user.kind].pinned:
                    todo.append(user.name)
    return [user for user in known if user.kind == "service" and user.name in reached and user is not document]
