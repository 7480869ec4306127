"""What an escalation step does and when: one dataclass and one reader for each kind of action."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from servicehall.domain.durations import Duration
from servicehall.domain.findings import Findings, child
from servicehall.errors import Invalid
from servicehall.registry import Registry
from servicehall.texts import _

ROLES = ("assignee", "group_lead", "department_head", "requester", "approvers")
STEP_KEYS = ("at", "do", "when", "working_hours")
_POINT = re.compile(r"(?P<percent>0|[1-9][0-9]{0,3})%(?: \+ (?P<offset>.+))?")


@dataclass(frozen=True, slots=True)
class Recipient:
    """`kind` is one of ROLES, or `group` or `person` with its key or email in `name`."""

    kind: str
    name: str | None = None


@dataclass(frozen=True, slots=True)
class Notify:
    recipients: tuple[Recipient, ...]


@dataclass(frozen=True, slots=True)
class RaisePriority:
    """Up by so many levels, p1 at most."""

    levels: int


@dataclass(frozen=True, slots=True)
class Reassign:
    group: str


@dataclass(frozen=True, slots=True)
class CallWebhook:
    """A webhook by the name that the installation's settings give it."""

    name: str


Action = Notify | RaisePriority | Reassign | CallWebhook
ActionReader = Callable[[Findings, Any, str], Action]
ACTIONS: Registry[ActionReader] = Registry("escalation action")


@dataclass(frozen=True, slots=True)
class Point:
    """A moment of a target: `percent` of its time, and `offset` after that (`100% + 2 hours`)."""

    percent: int
    offset: Duration | None = None

    @classmethod
    def parse(cls, text: object) -> Point:
        """Read `75%` or `100% + 2 hours`; Invalid says what is right."""
        found = _POINT.fullmatch(text) if isinstance(text, str) else None
        if found is None:
            raise Invalid(_("“{text}” is no moment of a target; write 75%, or 100% + 2 hours", text=str(text)[:60]))
        offset = Duration.parse(found["offset"]) if found["offset"] else None
        if offset and offset.amount < 0:
            raise Invalid(_("“{text}” counts back; name a smaller percentage instead", text=str(text)))
        return cls(int(found["percent"]), offset)

    def __str__(self) -> str:
        return f"{self.percent}%" + (f" + {self.offset}" if self.offset else "")


@dataclass(frozen=True, slots=True)
class Step:
    """What is done at a point where `when` holds; with `working_hours` it waits for the next opening."""

    at: Point
    do: tuple[Action, ...]
    when: str | bool = True
    working_hours: bool = False


def read_step(found: Findings, value: Any, path: str) -> Step:
    """One entry of `escalate`; what is wrong is noted."""
    values = found.mapping(value, path, STEP_KEYS)
    place = child(path, "do")
    actions = tuple(read_action(found, part, where) for where, part in found.items(values.get("do", ()), place))
    if not actions:
        found.note(place, "required", _("a step needs something to do, such as notify"))
    return Step(
        _read_point(found, values, child(path, "at")),
        tuple(action for action in actions if action),
        found.condition(values.get("when", True), child(path, "when")),
        found.flag(values.get("working_hours", False), child(path, "working_hours")),
    )


def read_action(found: Findings, value: Any, path: str) -> Action | None:
    """One entry of `do`: a mapping of one action to what it needs."""
    values = found.mapping(value, path, tuple(ACTIONS))
    if len(values) != 1:
        found.note(path, "invalid", _("each step of do is one of {known}", known=", ".join(ACTIONS)))
        return None
    kind, needs = next(iter(values.items()))
    return ACTIONS[kind](found, needs, child(path, kind)) if kind in ACTIONS else None


def _read_point(found: Findings, values: Mapping[str, Any], path: str) -> Point:
    try:
        return Point.parse(values.get("at"))
    except Invalid as error:
        found.note(path, "invalid", error.detail)
        return Point(100)


def _read_notify(found: Findings, value: Any, path: str) -> Notify:
    recipients = tuple(_read_recipient(found, part, place) for place, part in found.items(value, path))
    if not recipients:
        found.note(path, "required", _("name somebody to notify: {known}", known=", ".join(ROLES)))
    return Notify(recipients)


def _read_recipient(found: Findings, value: Any, path: str) -> Recipient:
    if isinstance(value, Mapping) and len(value) == 1 and set(value) <= {"group", "person"}:
        kind, name = next(iter(value.items()))
        return Recipient(kind, found.text(name, child(path, kind)))
    if not isinstance(value, str) or value not in ROLES:
        known = ", ".join((*ROLES, "{group: …}", "{person: …}"))
        found.note(path, "invalid", _("this is one of {known}", known=known))
    return Recipient(str(value))


def _read_raise(found: Findings, value: Any, path: str) -> RaisePriority:
    if type(value) is not int or not 1 <= value <= 4:
        found.note(path, "invalid", _("a priority is raised by 1 to 4 levels"))
        return RaisePriority(1)
    return RaisePriority(value)


def _read_reassign(found: Findings, value: Any, path: str) -> Reassign:
    values = found.mapping(value, path, ("group",))
    return Reassign(found.text(values.get("group"), child(path, "group")))


def _read_webhook(found: Findings, value: Any, path: str) -> CallWebhook:
    return CallWebhook(found.text(value, path))


ACTIONS.register("notify", _read_notify)
ACTIONS.register("raise_priority", _read_raise)
ACTIONS.register("reassign", _read_reassign)
ACTIONS.register("webhook", _read_webhook)
