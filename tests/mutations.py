"""Mutants of a resolved service: one small change each, as somebody might slip while editing.

Each is a change of what the preview shows of some order: who is asked and how many of them, which tasks follow, after
what and by when, what is visible, required, offered or refused, and what it costs.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal
from typing import Any

Data = dict[str, Any]
Mutant = tuple[str, Data]
SHOWN = ("section", "note")
"""Types of fields that nobody answers."""
SEVERAL = ("manager_until", "role")
"""Approver rules that may name several people."""


def mutants(release: Mapping[str, Any]) -> Iterator[Mutant]:
    """Every mutant of a release, by a name that says what was changed."""
    for operators in (_service, _form, _approval, _policies, _plan):
        for name, change in operators(release):
            mutated = copy.deepcopy(dict(release))
            change(mutated)
            yield name, mutated


Change = Callable[[Data], None]
Changes = Iterator[tuple[str, Change]]
Way = tuple[str | int, ...]


def _at(data: Any, way: Way) -> Any:
    for key in way:
        data = data[key]
    return data


def _set(way: Way, value: Any) -> Change:
    def change(data: Data) -> None:
        _at(data, way[:-1])[way[-1]] = value

    return change


def _drop(way: Way) -> Change:
    def change(data: Data) -> None:
        del _at(data, way[:-1])[way[-1]]

    return change


def _condition(release: Mapping[str, Any], way: Way, name: str) -> Changes:
    """A condition the other way round; one that is plainly true or false too."""
    value = _at(release, way)
    yield f"{name}: the other way round", _set(way, not value if isinstance(value, bool) else f"!({value})")
    if isinstance(value, str):
        yield f"{name}: dropped", _drop(way)


def _service(release: Mapping[str, Any]) -> Changes:
    service = release["service"]
    for key in ("audience", "excluded"):
        if key in service:
            yield from _condition(release, ("service", key), key)
    others = {"self": "anyone", "reports": "self", "anyone": "self"}
    yield "on_behalf: another", _set(("service", "on_behalf"), others[service.get("on_behalf", "reports")])
    if "price" in service:
        yield "price: another", _set(("service", "price", "amount"), "987.65")


# --- the form --------------------------------------------------------------------------------------------------------


def _form(release: Mapping[str, Any]) -> Changes:
    for page, one in enumerate(release["form"]["pages"]):
        way: Way = ("form", "pages", page)
        filled = _filled_by_approvers(release)
        if "visible" in one:
            yield from _condition(release, (*way, "visible"), f"page {one['key']}: visible")
        for index, field in enumerate(one["fields"]):
            if field["key"] not in filled:
                yield from _field(release, (*way, "fields", index), field["key"], field)


def _filled_by_approvers(release: Mapping[str, Any]) -> set[str]:
    """The fields that are asked of approvers, and stand in no preview."""
    tasks = (release["fulfilment"] or {}).get("tasks", ())
    chains = [release["approval"], *(task.get("approval") for task in tasks)]
    return {key for chain in chains if chain for stage in chain["stages"] for key in stage.get("fields", ())}


def _field(release: Mapping[str, Any], way: Way, name: str, field: Mapping[str, Any]) -> Changes:
    if field["type"] not in (*SHOWN, "computed") and "min_rows" not in field:  # too few rows are refused in any case
        if "required" in field:
            yield from _condition(release, (*way, "required"), f"{name}: required")
        elif field["type"] != "boolean" or "default" not in field:
            yield f"{name}: required", _set((*way, "required"), True)
    if "visible" in field:
        yield from _condition(release, (*way, "visible"), f"{name}: visible")
    elif field["type"] not in SHOWN:
        yield f"{name}: hidden", _set((*way, "visible"), False)
    for limit in ("min", "max", "min_length", "pattern", "min_rows"):
        if limit in field:
            if (limit, field[limit]) != ("min_rows", 1) or not field.get("required"):
                yield f"{name}: no {limit}", _drop((*way, limit))
            if limit != "pattern":
                yield f"{name}: another {limit}", _set((*way, limit), _nearer(limit, field[limit]))
    if "default" in field:
        yield f"{name}: no default", _drop((*way, "default"))
    if "value" in field:
        yield from _computed(way, name, field)
    for index, _check in enumerate(field.get("check", ())):
        yield f"{name}: no check {index}", _drop((*way, "check", index))
    yield from _options(release, (*way, "options"), name, field.get("options"))
    for index, column in enumerate(field.get("columns", ())):
        yield from _column(release, (*way, "columns", index), f"{name}.{column['key']}", column)


def _column(release: Mapping[str, Any], way: Way, name: str, field: Mapping[str, Any]) -> Changes:
    if field.get("required") and "default" not in field:
        yield from _condition(release, (*way, "required"), f"{name}: required")
    for limit in ("min", "max"):
        if limit in field:
            yield f"{name}: no {limit}", _drop((*way, limit))


def _nearer(limit: str, value: Any) -> Any:
    """A limit that refuses a little more."""
    step = 1 if limit.startswith("min") else -1
    if isinstance(value, int):
        return value + step
    try:
        return str(Decimal(str(value)) + step)
    except ArithmeticError:
        return value


def _computed(way: Way, name: str, field: Mapping[str, Any]) -> Changes:
    changed = {"boolean": "!({})", "text": '({}) + "x"', "integer": "({}) + 1", "date": "({}) + days(1)"}
    text = changed.get(field.get("as", "text"), "double({}) + 1.0")
    yield f"{name}: another value", _set((*way, "value"), text.format(field["value"]))


def _options(release: Mapping[str, Any], way: Way, name: str, options: Any) -> Changes:
    for index, one in enumerate(options if isinstance(options, list) else ()):
        here = (*way, index)
        if "when" in one:
            yield from _condition(release, (*here, "when"), f"{name}={one['key']}: when")
        if "price" in one:
            yield f"{name}={one['key']}: another price", _set((*here, "price"), "987.65")


# --- approval --------------------------------------------------------------------------------------------------------


def _approval(release: Mapping[str, Any]) -> Changes:
    chain = release["approval"]
    if chain is None:
        return
    for index, stage in enumerate(chain["stages"]):
        way, name = ("approval", "stages", index), f"stage {stage['key']}"
        yield f"{name}: dropped", _without_stage(stage["key"])
        if "when" in stage:
            yield from _condition(release, (*way, "when"), f"{name}: when")
        yield from _approvers(way, name, stage)
    for index, _keys in enumerate(chain.get("apart", ())):
        yield f"apart {index}: dropped", _drop(("approval", "apart", index))


def _without_stage(key: str) -> Change:
    def change(data: Data) -> None:
        chain = data["approval"]
        chain["stages"] = [stage for stage in chain["stages"] if stage["key"] != key]
        for parts in ("parallel", "apart"):
            sets = [[one for one in keys if one != key] for keys in chain.get(parts, ())]
            chain[parts] = [keys for keys in sets if len(keys) > 1]
        if not chain["stages"]:
            data["approval"] = None

    return change


def _approvers(way: Way, name: str, stage: Mapping[str, Any]) -> Changes:
    for index, rule in enumerate(stage["approvers"]):
        kind, params = next(iter(rule.items()))
        here = (*way, "approvers", index)
        yield f"{name}: another {kind}", _set(here, _OTHER_RULE[kind](params))
        if len(stage["approvers"]) > 1:
            yield f"{name}: no {kind}", _drop(here)
    several = len(stage["approvers"]) > 1 or stage.get("group_counts") == "each"
    if several or any(kind in SEVERAL for rule in stage["approvers"] for kind in rule):
        decide = stage.get("decide", "all")
        yield f"{name}: another quorum", _set((*way, "decide"), "any" if decide == "all" else "all")
    if any("group" in rule for rule in stage["approvers"]):
        other = "one" if stage.get("group_counts") == "each" else "each"
        yield f"{name}: groups count another way", _set((*way, "group_counts"), other)


_OTHER_RULE: Mapping[str, Callable[[Any], Mapping[str, Any]]] = {
    "manager": lambda params: {"manager": {**params, "level": params.get("level", 1) + 1}},
    "manager_until": lambda params: {"manager": {"of": params.get("of", "requester"), "level": 3}},
    "department_head": lambda params: {"manager": {"of": params.get("of", "requester")}},
    "group": lambda key: {"person": "somebody.else@example.com"},
    "role": lambda role: {"manager": {"of": "requester"}},
    "person": lambda email: {"manager": {"of": "requester"}},
    "field": lambda key: {"manager": {"of": "requester"}},
}


# --- clocks and plan -------------------------------------------------------------------------------------------------


def _policies(release: Mapping[str, Any]) -> Changes:
    for index, policy in enumerate(release["sla"]):
        way: Way = ("sla", index)
        if "when" in policy:
            yield from _condition(release, (*way, "when"), f"policy {index}: when")
        if index == 0 and isinstance(policy.get("priority"), str):
            yield (
                f"policy {index}: another priority",
                _set((*way, "priority"), "p1" if policy["priority"] != "p1" else "p2"),
            )


def _plan(release: Mapping[str, Any]) -> Changes:
    plan = release["fulfilment"]
    for index, task in enumerate(plan["tasks"] if plan else ()):
        way, name = ("fulfilment", "tasks", index), f"task {task['key']}"
        if len(plan["tasks"]) > 1:
            yield f"{name}: dropped", _without_task(task["key"])
        if "tasks." not in task.get("when", "tasks."):  # what depends on other tasks' answers shows in no preview
            yield from _condition(release, (*way, "when"), f"{name}: when")
        if "due" in task:
            yield f"{name}: due another time", _set((*way, "due"), _later(task["due"]))
        if "group" in task:
            yield f"{name}: another group", _set((*way, "group"), "another-group")
        after = task.get("after")
        for other in after if isinstance(after, list) else ():
            rest = [one for one in after if one != other]
            yield f"{name}: not after {other}", _set((*way, "after"), rest)


def _later(due: str) -> str:
    amount, unit = due.split(" ", 1)
    return f"{int(amount) + (1 if int(amount) != -1 else 2)} {unit}"


def _without_task(key: str) -> Change:
    def change(data: Data) -> None:
        plan = data["fulfilment"]
        plan["tasks"] = [task for task in plan["tasks"] if task["key"] != key]
        for task in plan["tasks"]:
            after = task.get("after")
            if isinstance(after, list):
                task["after"] = [one for one in after if one != key]
            elif after:
                task["after"] = {"any": [one for one in after["any"] if one != key]}
                if not task["after"]["any"]:
                    del task["after"]

    return change
