"""What the buttons of the tab Service levels do, as JSON Patch: policies, targets, steps and what a step does."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from servicehall.documents.patching import Operation, value_at
from servicehall.domain.priorities import PRIORITIES
from servicehall.domain.sla import Measure
from servicehall.web.studio.reading import Acts, Controls, Sent

Body = Mapping[str, Any]
USUAL: Mapping[str, str] = {
    "response": "4 hours",
    "resolution": "3 business days",
    "approval": "2 business days",
    "task": "1 business day",
}
"""What a new target allows to begin with."""
ACTIONS: Mapping[str, Any] = {
    "notify": ["assignee"],
    "raise_priority": 1,
    "reassign": {"group": ""},
    "webhook": "",
}
"""What a new action of a step begins as."""


def _policy(kind: str, body: Body, at: str, more: str, sent: Sent) -> list[Operation]:
    """One more policy behind those that stand, at `<list>/-`; written here, or with `more` a shared one."""
    at = at.removesuffix("/-")
    was = value_at(body, at)
    new: dict[str, Any] = {"use": more} if more else {"priority": "p3", "targets": [_new_target([], "p3")]}
    if was is None:
        return [{"op": "add", "path": at, "value": new}]
    if isinstance(was, list):
        return [{"op": "add", "path": f"{at}/{len(was)}", "value": new}]
    return [{"op": "replace", "path": at, "value": [was, new]}]


def _begin(kind: str, body: Body, at: str, more: str, sent: Sent) -> list[Operation]:
    return _policy(kind, body, at, "", sent) if value_at(body, at) is None else []


def _remove_policy(kind: str, body: Body, at: str, more: str, sent: Sent) -> list[Operation]:
    """Takes a policy away; with the last one service levels go."""
    above = at.rpartition("/")[0]
    held = value_at(body, above) if above else None
    whole = isinstance(held, list) and len(held) == 1
    return [{"op": "remove", "path": above if whole else at}] if value_at(body, at) is not None else []


def _target(kind: str, body: Body, at: str, more: str, sent: Sent) -> list[Operation]:
    """One more target of the policy at a pointer: a measure that it does not have yet."""
    policy = value_at(body, at) if at else body
    if not isinstance(policy, Mapping):
        return []
    held, priority = policy.get("targets"), policy.get("priority")
    targets = held if isinstance(held, list) else []
    new = _new_target(targets, str(priority) if priority in PRIORITIES else "p3")
    if held is None:
        return [{"op": "add", "path": f"{at}/targets", "value": [new]}]
    return [{"op": "add", "path": f"{at}/targets/{len(targets)}", "value": new}]


def _new_target(targets: list[Any], priority: str) -> dict[str, Any]:
    taken = {one.get("measure") for one in targets if isinstance(one, Mapping)}
    order = ("resolution", "response", "approval", "task")
    measure = next((one for one in order if one not in taken), str(Measure.RESOLUTION))
    return {"measure": measure, "by_priority": {priority: USUAL[measure]}}


def _step(kind: str, body: Body, at: str, more: str, sent: Sent) -> list[Operation]:
    """One more step of the target at a pointer: when three quarters of the time are over, or when all of it is."""
    target = value_at(body, at)
    if not isinstance(target, Mapping):
        return []
    held = target.get("escalate")
    steps = held if isinstance(held, list) else []
    moments = {one.get("at") for one in steps if isinstance(one, Mapping)}
    moment = next((one for one in ("75%", "100%", "100% + 2 hours") if one not in moments), "50%")
    new = {"at": moment, "do": [{"notify": ["assignee"]}]}
    if held is None:
        return [{"op": "add", "path": f"{at}/escalate", "value": [new]}]
    return [{"op": "add", "path": f"{at}/escalate/{len(steps)}", "value": new}]


def _action(kind: str, body: Body, at: str, more: str, sent: Sent) -> list[Operation]:
    """One more thing that the step at a pointer does: `more` is one of ACTIONS."""
    step = value_at(body, at)
    if not isinstance(step, Mapping) or more not in ACTIONS:
        return []
    held, new = step.get("do"), {more: ACTIONS[more]}
    if isinstance(held, list):
        return [{"op": "add", "path": f"{at}/do/{len(held)}", "value": new}]
    return [{"op": "add", "path": f"{at}/do", "value": [new]}]


def _condition(kind: str, body: Body, at: str, values: Sequence[str]) -> list[Operation]:
    """A condition as it was typed, `true` and `false` as such; an empty one goes."""
    was, text = value_at(body, at), values[-1].replace("\r\n", "\n").strip()
    now: Any = {"true": True, "false": False}.get(text, text)
    if not text:
        return [{"op": "remove", "path": at}] if was is not None else []
    return [{"op": "add" if was is None else "replace", "path": at, "value": now}] if now != was else []


ACTS: Acts = {
    "policy-begin": _begin,
    "policy-add": _policy,
    "policy-remove": _remove_policy,
    "target-add": _target,
    "step-add": _step,
    "action-add": _action,
}
CONTROLS: Controls = {"condition": _condition}
