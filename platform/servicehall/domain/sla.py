"""`kind: sla_policy` as values: what is measured, how long it may take, when its clock stands still, what escalates."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from servicehall.domain.durations import Duration
from servicehall.domain.escalation import Step, read_step
from servicehall.domain.findings import HEADER, Findings, child
from servicehall.domain.lifecycle import RequestState
from servicehall.domain.priorities import PRIORITIES
from servicehall.errors import Invalid, Problem
from servicehall.texts import N_, _

KEYS = HEADER | {"calendar", "priority", "targets", "when"}
TARGET_KEYS = ("measure", "by_priority", "start", "pause", "escalate")


class Measure(StrEnum):
    RESPONSE = "response"
    RESOLUTION = "resolution"
    APPROVAL = "approval"
    TASK = "task"


class Start(StrEnum):
    CREATED = "created"
    APPROVED = "approved"
    ASSIGNED = "assigned"


CLOCK_STATE_NAMES: Mapping[str, str] = {
    "running": N_("Running"),
    "paused": N_("Paused"),
    "met": N_("On time"),
    "breached": N_("Overdue"),
    "cancelled": N_("Cancelled"),
}
OWN_START = frozenset({Measure.APPROVAL, Measure.TASK})
"""These start with their stage or task, whatever the request does."""


@dataclass(frozen=True, slots=True)
class Target:
    """What is measured, how long it may take by priority, and in which request states its clock stands still."""

    measure: Measure
    by_priority: Mapping[str, Duration]
    start: Start = Start.CREATED
    pause: frozenset[RequestState] = frozenset()
    escalate: tuple[Step, ...] = ()

    def duration(self, priority: str) -> Duration | None:
        """The time allowed for a priority; None where there is no clock for it."""
        return self.by_priority.get(priority)


@dataclass(frozen=True, slots=True)
class Policy:
    """`calendar` is a reference or `24x7`; the priority is fixed, or looked up in `matrix`, or left to the request."""

    targets: tuple[Target, ...]
    calendar: str | None = None
    priority: str | None = None
    matrix: str | None = None
    when: str | bool = True

    def targets_of(self, measure: str) -> tuple[Target, ...]:
        """The targets for `response`, `resolution`, `approval` or `task`."""
        return tuple(target for target in self.targets if target.measure == measure)


def parse_policy(document: Mapping[str, Any]) -> Policy:
    """The policy of an `sla` block or document; Invalid names every problem."""
    policy, problems = _read_policy(document)
    if problems:
        raise Invalid(_("The service level policy is not valid."), problems)
    return policy


def check_policy(document: Any) -> list[Problem]:
    """Everything that is wrong with an `sla` block or document; an empty list where nothing is."""
    return _read_policy(document)[1]


def choose_policy(policies: Iterable[Policy], holds: Callable[[str], bool]) -> Policy | None:
    """The first policy whose `when` holds, asking `holds` for conditions; None where none does."""
    return next(
        (policy for policy in policies if (policy.when if isinstance(policy.when, bool) else holds(policy.when))), None
    )


def _read_policy(document: Any) -> tuple[Policy, list[Problem]]:
    found = Findings()
    values = found.mapping(document, "", KEYS)
    calendar = found.text(values["calendar"], "calendar") if "calendar" in values else None
    priority, matrix = _read_priority(found, values.get("priority"))
    if not values.get("targets"):
        found.note("targets", "required", _("a policy needs at least one target"))
    targets = tuple(_read_target(found, part, path) for path, part in found.items(values.get("targets", ()), "targets"))
    when = found.condition(values.get("when", True), "when")
    return Policy(targets, calendar, priority, matrix, when), found.problems


def _read_priority(found: Findings, value: Any) -> tuple[str | None, str | None]:
    if value is None:
        return None, None
    if isinstance(value, Mapping):
        return None, found.text(found.mapping(value, "priority", ("matrix",)).get("matrix"), "priority.matrix")
    if value not in PRIORITIES:
        found.note("priority", "invalid", _("this is p1 to p5, or {matrix: …}"))
    return str(value), None


def _read_target(found: Findings, value: Any, path: str) -> Target:
    values = found.mapping(value, path, TARGET_KEYS)
    measure = found.choice(values.get("measure"), child(path, "measure"), tuple(Measure)) or Measure.RESPONSE
    start = found.choice(values.get("start", "created"), child(path, "start"), tuple(Start)) or Start.CREATED
    if start != Start.CREATED and measure in OWN_START:
        message = _("a target of {measure} has its own start; leave this out", measure=measure)
        found.note(child(path, "start"), "invalid", message)
    pauses = found.items(values.get("pause", ()), child(path, "pause"))
    steps = found.items(values.get("escalate", ()), child(path, "escalate"))
    states = (found.choice(state, place, tuple(RequestState)) for place, state in pauses)
    return Target(
        Measure(measure),
        _read_durations(found, values.get("by_priority"), child(path, "by_priority")),
        Start(start),
        frozenset(RequestState(state) for state in states if state),
        tuple(read_step(found, part, place) for place, part in steps),
    )


def _read_durations(found: Findings, value: Any, path: str) -> Mapping[str, Duration]:
    durations: dict[str, Duration] = {}
    for priority, text in found.mapping(value, path, PRIORITIES).items():
        try:
            durations[priority] = Duration.parse(text)
        except Invalid as error:
            found.note(child(path, priority), "invalid", error.detail)
            continue
        if durations[priority].amount < 0:
            found.note(child(path, priority), "invalid", _("a target counts forwards; leave out the minus"))
    if value == {}:
        found.note(path, "required", _("name the time allowed for at least one priority, such as p3: 1 business day"))
    return durations
