"""Fulfilment plans as they are authored: a mapping becomes frozen values, and the graph of its tasks is read."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from graphlib import CycleError, TopologicalSorter
from typing import Any

from servicehall.domain.approval_chains import ApproverRule, Chain, parse_chain

DEFAULT_RETRY = 5
ONLY_TASK = "fulfil"
"""The one task of a service without a plan."""


@dataclass(frozen=True, slots=True)
class After:
    """What a task waits for: all of `all`, and of each entry of `any` one."""

    all: tuple[str, ...] = ()
    any: tuple[tuple[str, ...], ...] = ()

    @property
    def keys(self) -> tuple[str, ...]:
        """Every predecessor once, in the order written."""
        return tuple(dict.fromkeys((*self.all, *(key for keys in self.any for key in keys))))


@dataclass(frozen=True, slots=True)
class Automation:
    """A system does the task: a webhook's name, tried again so many times."""

    webhook: str
    retry: int = DEFAULT_RETRY


@dataclass(frozen=True, slots=True)
class Undo:
    """What must be undone when the request is cancelled after the task was done."""

    title: Any
    group: str | None = None


@dataclass(frozen=True, slots=True)
class Task:
    """One task of a plan; texts, durations, conditions and forms are as authored."""

    key: str
    title: Any = None
    department: str | None = None
    group: str | None = None
    assign: ApproverRule | None = None
    after: After = After()
    when: str | None = None
    due: str | None = None
    skills: tuple[str, ...] = ()
    shows: tuple[str, ...] = ()
    form: Mapping[str, Any] | None = None
    checklist: tuple[Any, ...] = ()
    optional: bool = False
    gate: Chain | None = None
    request: str | None = None
    answers: Mapping[str, str] = field(default_factory=dict)
    automate: Automation | None = None
    undo: Undo | None = None
    undoes: str | None = None

    @property
    def name(self) -> str:
        """The key in expressions: `create_accounts`."""
        return as_name(self.key)

    @property
    def kind(self) -> str:
        """How it is done: `request` (a child request), `approval` (a gate), `automate` (a system) or `manual`."""
        works = {"request": self.request, "approval": self.gate, "automate": self.automate}
        return next((kind for kind, work in works.items() if work is not None), "manual")


@dataclass(frozen=True)
class Plan:
    """The tasks in the order written; their `after` makes them a directed acyclic graph."""

    tasks: tuple[Task, ...]
    anchor: str | None = None
    calendar: str | None = None

    @cached_property
    def by_key(self) -> Mapping[str, Task]:
        return {task.key: task for task in self.tasks}

    @cached_property
    def levels(self) -> tuple[tuple[Task, ...], ...]:
        """The tasks by the length of the longest way to them, for drawing; within a level in the order written."""
        sorter = TopologicalSorter({task.key: task.after.keys for task in self.tasks})
        sorter.prepare()
        found: list[tuple[Task, ...]] = []
        while sorter.is_active():
            ready = set(sorter.get_ready())
            found.append(tuple(task for task in self.tasks if task.key in ready))
            sorter.done(*ready)
        return tuple(found)

    @cached_property
    def ordered(self) -> tuple[Task, ...]:
        """A topological order: every task after all that it waits for."""
        return tuple(task for level in self.levels for task in level)

    def task(self, key: str) -> Task:
        """The task of that key; KeyError where there is none."""
        return self.by_key[key]

    def successors(self, key: str) -> tuple[Task, ...]:
        """The tasks that wait for this one directly."""
        return tuple(task for task in self.tasks if key in task.after.keys)


def as_name(key: str) -> str:
    """A task's key in expressions: underscores for the dashes."""
    return key.replace("-", "_")


def undo_key(key: str) -> str:
    """The key of the task that undoes this one."""
    return f"undo-{key}"


def parse_plan(mapping: Mapping[str, Any]) -> Plan:
    """A plan from a mapping that its schema and `check_plan` have accepted, gates resolved into their blocks."""
    return Plan(
        tasks=tuple(_parse_task(task) for task in mapping["tasks"]),
        anchor=mapping.get("anchor"),
        calendar=mapping.get("calendar"),
    )


def parse_after(value: Any) -> After:
    """`[a, b]` waits for all, `{any: [a, b]}` for one; a list may hold both."""
    entries = [value] if isinstance(value, Mapping) else list(value or ())
    return After(
        all=tuple(entry for entry in entries if isinstance(entry, str)),
        any=tuple(tuple(entry["any"]) for entry in entries if not isinstance(entry, str)),
    )


def _parse_task(mapping: Mapping[str, Any]) -> Task:
    assign, gate, undo = mapping.get("assign"), mapping.get("approval"), mapping.get("undo")
    return Task(
        key=mapping["key"],
        title=mapping.get("title"),
        department=mapping.get("department"),
        group=mapping.get("group"),
        assign=ApproverRule(*next(iter(assign.items()))) if assign else None,
        after=parse_after(mapping.get("after")),
        when=mapping.get("when"),
        due=mapping.get("due"),
        skills=tuple(mapping.get("skills") or ()),
        shows=tuple(mapping.get("shows") or ()),
        form=mapping.get("form"),
        checklist=tuple(mapping.get("checklist") or ()),
        optional=bool(mapping.get("optional", False)),
        gate=parse_chain(gate) if gate else None,
        request=mapping.get("request"),
        answers=dict(mapping.get("answers") or {}),
        automate=_parse_automation(mapping.get("automate")),
        undo=Undo(undo["title"], undo.get("group")) if undo else None,
    )


def _parse_automation(mapping: Mapping[str, Any] | None) -> Automation | None:
    return Automation(mapping["webhook"], mapping.get("retry", DEFAULT_RETRY)) if mapping else None


def find_cycles(graph: Mapping[str, Iterable[str]]) -> Iterator[tuple[str, ...]]:
    """The cycles of a graph (node → what it waits for), first steps first, each from and to the same node."""
    waits = {node: [other for other in others if other in graph] for node, others in graph.items()}
    while (cycle := _a_cycle(waits)) is not None:
        yield cycle
        waits[cycle[1]] = [other for other in waits[cycle[1]] if other != cycle[0]]


def _a_cycle(waits: Mapping[str, Iterable[str]]) -> tuple[str, ...] | None:
    try:
        TopologicalSorter(waits).prepare()
    except CycleError as error:
        return tuple(error.args[1])
    return None
