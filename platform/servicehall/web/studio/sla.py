"""Service levels: policies in order, targets by priority, steps on a time line, and when it would be due."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask import request

from servicehall.clock import now
from servicehall.documents.document import Document as Authored
from servicehall.documents.kinds.kind import is_use
from servicehall.documents.patching import value_at
from servicehall.domain.escalation import Point
from servicehall.domain.lifecycle import RequestState
from servicehall.domain.priorities import PRIORITIES
from servicehall.domain.sla import OWN_START
from servicehall.errors import Invalid
from servicehall.services.cases.ledgers import WHY
from servicehall.texts import N_, _
from servicehall.web.states import look
from servicehall.web.studio import words
from servicehall.web.studio.due_times import Times, times_of
from servicehall.web.studio.found import below
from servicehall.web.studio.nodes import Node
from servicehall.web.studio.page import Page, path_of
from servicehall.web.studio.ticks import Boxes, boxes
from servicehall.web.studio.used import Used, used_by

HEAD = ("when", "calendar", "priority")
PAUSES = (RequestState.PENDING_APPROVAL, RequestState.RETURNED, RequestState.ON_HOLD)
"""The states in which somebody else is waited for; others that are named show as well."""
LINE = 80
"""The part of the time line's width up to the due moment, in percent; what comes after has half of the rest."""


@dataclass(frozen=True)
class Step:
    """One step: its place, what it says, and where it stands on the time line."""

    pointer: str
    node: Node
    title: str
    says: str
    x: int
    wrong: bool


@dataclass(frozen=True)
class Target:
    """One target with its controls; `times` are the priorities and the time allowed for each."""

    pointer: str
    measure: Node
    start: Node | None
    times: Sequence[tuple[str, Node]]
    pause: tuple[Node, Boxes]
    steps: Sequence[Step]
    wrong: Sequence[str]


@dataclass(frozen=True)
class Policy:
    """One policy: written here with its controls, or used."""

    pointer: str
    node: Node
    used: Used | None
    uses: bool
    targets: Sequence[Target]
    title: str


def values(page: Page) -> Mapping[str, Any]:
    base = "" if page.row.kind == "sla_policy" else "/sla"
    block = value_at(page.body, base) if base else page.body
    several = isinstance(block, list)
    places = [f"{base}/{index}" for index in range(len(block))] if several else [base] if block is not None else []
    policies = [_policy(page, at, index) for index, at in enumerate(places)]
    return {
        "base": base,
        "block": block,
        "several": several,
        "policies": policies,
        "shared": page.around.documents("sla_policy"),
        "priorities": PRIORITIES,
        "line": LINE,
        "due": _due(page, policies),
        "why": WHY,
        "word": words.word,
    }


def _policy(page: Page, at: str, index: int) -> Policy:
    value = value_at(page.body, at) if at else page.body
    used = used_by(page, "sla_policy", value)
    held = value.get("targets") if isinstance(value, Mapping) else None
    count = len(held) if isinstance(held, list) else 0
    uses = is_use(value)
    return Policy(
        pointer=at,
        node=page.node(at, only=("when",) if uses else HEAD),
        used=used,
        uses=uses,
        targets=[] if uses else [_target(page, f"{at}/targets/{number}") for number in range(count)],
        title=_("Policy {number}", number=index + 1),
    )


def _target(page: Page, at: str) -> Target:
    held = value_at(page.body, at)
    measure = str(held.get("measure")) if isinstance(held, Mapping) else ""
    start = page.node(f"{at}/start")
    pause = page.node(f"{at}/pause")
    steps = held.get("escalate") if isinstance(held, Mapping) else None
    place = path_of(page.body, at)
    return Target(
        pointer=at,
        measure=page.node(f"{at}/measure"),
        start=start if measure not in OWN_START or start.value else None,
        times=[(one, page.node(f"{at}/by_priority/{one}")) for one in PRIORITIES],
        pause=(pause, boxes(pause, [(str(one), look("request", str(one)).word) for one in PAUSES])),
        steps=[_step(page, f"{at}/escalate/{index}") for index in range(len(steps) if isinstance(steps, list) else 0)],
        wrong=[
            message
            for path, said in page.by_place.items()
            if path in (place, f"{place}.by_priority", f"{place}.escalate")
            for message in said
        ],
    )


def _step(page: Page, at: str) -> Step:
    held = value_at(page.body, at)
    said = held if isinstance(held, Mapping) else {}
    return Step(
        pointer=at,
        node=page.node(at),
        title=point_words(said.get("at")),
        says=step_words(said),
        x=place_of(said.get("at")),
        wrong=bool(below(page, path_of(page.body, at))),
    )


def place_of(said: Any) -> int:
    """Where a moment stands on the time line."""
    try:
        point = Point.parse(said)
    except Invalid:
        return 0
    after = point.offset is not None or point.percent > 100
    return min(point.percent, 100) * LINE // 100 + (LINE // 8 if after else 0)


def point_words(said: Any) -> str:
    """A moment of a target in words; what is none as it is written."""
    try:
        point = Point.parse(said)
    except Invalid:
        return str(said or "?")
    if point.offset is not None:
        return _("{percent} % and {duration} more", percent=point.percent, duration=point.offset.in_words())
    return _("{percent} % of the time", percent=point.percent)


ACTIONS: Mapping[str, str] = {
    "notify": N_("tells {who}"),
    "raise_priority": N_("raises the priority by {count}"),
    "reassign": N_("hands it to {who}"),
    "webhook": N_("calls {who}"),
}


def step_words(step: Mapping[str, Any]) -> str:
    """What a step does, as a sentence."""
    actions = step.get("do")
    does = [action_words(one) for one in actions] if isinstance(actions, list) else []
    said = _(", and ").join(does) if does else _("nothing yet")
    if step.get("when") not in (None, True):
        said = _("{does}, only when {condition}", does=said, condition=str(step["when"]))
    return _("{does}, in working hours", does=said) if step.get("working_hours") is True else said


def action_words(action: Any) -> str:
    """One action in words."""
    name, value = next(iter(action.items())) if isinstance(action, Mapping) and action else ("", None)
    if name not in ACTIONS:
        return "?"
    people = value if isinstance(value, list) else [value]
    return _(ACTIONS[name], who=_(", ").join(recipient_words(one) for one in people), count=str(value))


def recipient_words(said: Any) -> str:
    if isinstance(said, Mapping) and said:
        return str(next(iter(said.values())) or "?")
    return words.word(str(said or "?"))


@dataclass(frozen=True)
class Due:
    """What was asked, and the answer for each policy; `wrong` where there is none."""

    start: str
    shown: str
    answers: Sequence[tuple[Policy, Times | None, str]]


def _due(page: Page, policies: Sequence[Policy]) -> Due:
    """When it would be due, now or from the moment that was asked for."""
    start, shown = request.form.get("from", "").strip()[:40], request.form.get("shown", "")[:60]
    at = now()
    return Due(start, shown, [(one, *_answer(page, one, start, shown, at)) for one in policies])


def _answer(page: Page, policy: Policy, start: str, shown: str, at: datetime) -> tuple[Times | None, str]:
    block: Any
    if policy.uses:
        if policy.used is None:
            return None, _("there is no such document")
        of: Authored = policy.used.document
        block = of.body
    else:
        of, block = page.document, value_at(page.body, policy.pointer) if policy.pointer else page.body
    if not isinstance(block, Mapping):
        return None, _("This is no policy.")
    try:
        mine = shown.removeprefix(f"{policy.pointer}:") if shown.startswith(f"{policy.pointer}:") else ""
        return times_of(page, block, of=of, start=start, at=at, shown=mine), ""
    except Invalid as error:
        return None, error.problems[0].message if error.problems else error.detail
