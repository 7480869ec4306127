"""What the buttons and boxes of the Approval tab do to a chain, as JSON Patch: add, place, join, part, rename …"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from servicehall.documents.kinds.approval_chain import StageLayout
from servicehall.documents.parts import Block
from servicehall.documents.patching import Operation, value_at
from servicehall.documents.patching import pointer as to_pointer
from servicehall.documents.title_keys import wished_key
from servicehall.errors import Invalid, Problem
from servicehall.texts import _, current_locale
from servicehall.web.studio.chain_steps import (
    GROUPS,
    Steps,
    groups_of,
    keys_of,
    pointer_of,
    rearranged,
    regrouped,
    stages_of,
    steps_of,
    taken_out,
)
from servicehall.web.studio.reading import Acts, Controls, Sent, blank, fresh_key

Body = Mapping[str, Any]
_STAGE = Block(StageLayout)
NEW_STAGE = "new-stage"


def _new(beside: Sequence[Any]) -> dict[str, Any]:
    """A stage as it begins; its key follows from its title later."""
    begun = {"key": fresh_key(NEW_STAGE, beside), "title": {current_locale(): _("New stage")}}
    return {**blank(_STAGE, beside), **begun}


def _begin(kind: str, body: Body, at: str, more: str, sent: Sent) -> list[Operation]:
    """A chain of one stage where there was none, or a used one written out here."""
    was = value_at(body, at)
    chain = {"stages": [_new(())]}
    return [{"op": "add" if was is None else "replace", "path": at, "value": chain}] if at else []


def _add(kind: str, body: Body, at: str, more: str, sent: Sent) -> list[Operation]:
    """A new stage as a step of its own, at step number `more`; as `<number>-beside` within that step."""
    chain = value_at(body, at) if at else body
    if not isinstance(chain, Mapping):
        return []
    stages, steps = stages_of(chain), steps_of(chain)
    number, _dash, beside = more.partition("-")
    step = min(int(number), len(steps)) if number.isdecimal() else len(steps)
    stage = _new(stages)
    if not stages:
        return [{"op": "add", "path": pointer_of(at, "stages"), "value": [stage]}]
    joins = beside == "beside" and step < len(steps)
    index = sum(len(one) for one in steps[: step + 1 if joins else step])
    found: list[Operation] = [{"op": "add", "path": pointer_of(at, "stages", index), "value": stage}]
    if joins:
        keys = keys_of(chain)
        named = [[keys[one] for one in members] for members in steps]
        named[step].append(stage["key"])
        found += regrouped(at, chain, "parallel", [one for one in named if len(one) > 1])
    return found


def _place(kind: str, body: Body, at: str, more: str, sent: Sent) -> list[Operation]:
    """To another place: `earlier`, `later`, `beside` (in the step before), `alone`; before step number `more`, or
    as `<number>-beside` within it."""
    found = _stage_at(body, at)
    if found is None:
        return []
    base, chain, number = found
    steps = steps_of(chain)
    step = next(index for index, one in enumerate(steps) if number in one)
    placed = _WAYS[more](steps, step, number) if more in _WAYS else _dropped(steps, number, more)
    return rearranged(base, chain, placed, moved=number)


def _earlier(steps: Steps, step: int, number: int) -> Steps:
    return _shifted(steps, step, number, -1)


def _later(steps: Steps, step: int, number: int) -> Steps:
    return _shifted(steps, step, number, 1)


def _shifted(steps: Steps, step: int, number: int, by: int) -> Steps:
    """Within its step past its neighbour; alone in its step past the next step."""
    inner = steps[step]
    row: list[Any] = list(inner) if len(inner) > 1 else list(steps)
    here = inner.index(number) if len(inner) > 1 else step
    to = max(0, min(here + by, len(row) - 1))
    row.insert(to, row.pop(here))
    return [*steps[:step], row, *steps[step + 1 :]] if len(inner) > 1 else row


def _beside(steps: Steps, step: int, number: int) -> Steps:
    if step == 0:
        return steps
    rest = [one for one in steps[step] if one != number]
    return [*steps[: step - 1], [*steps[step - 1], number], *([rest] if rest else []), *steps[step + 1 :]]


def _alone(steps: Steps, step: int, number: int) -> Steps:
    rest = [one for one in steps[step] if one != number]
    return [*steps[:step], *([rest] if rest else []), [number], *steps[step + 1 :]]


def _dropped(steps: Steps, number: int, place: str) -> Steps:
    index, _dash, beside = place.partition("-")
    if not index.isdecimal() or int(index) > len(steps):
        return steps
    placed: Steps = []
    for step, members in enumerate([*steps, []]):
        joins = step == int(index) and beside == "beside" and step < len(steps)
        if step == int(index) and not joins:
            placed.append([number])
        kept = [one for one in members if one != number] + ([number] if joins else [])
        placed += [kept] if kept else []
    return placed


_WAYS = {"earlier": _earlier, "later": _later, "beside": _beside, "alone": _alone}


def _remove(kind: str, body: Body, at: str, more: str, sent: Sent) -> list[Operation]:
    """Takes a stage out, and its key out of everything that names it."""
    found = _stage_at(body, at)
    if found is None:
        return []
    base, chain, number = found
    key = keys_of(chain)[number]
    operations: list[Operation] = []
    for name in GROUPS:
        kept = [[one for one in group if one != key] for group in groups_of(chain, name)]
        operations += regrouped(base, chain, name, [group for group in kept if len(group) > 1])
    for place, named in _reopening(body, key):
        operations.append({"op": "replace", "path": place, "value": [one for one in named if one != key]})
    return [*operations, {"op": "remove", "path": at}]


def _part(kind: str, body: Body, at: str, more: str, sent: Sent) -> list[Operation]:
    """One more group of stages that no person may decide together."""
    chain = value_at(body, at) if at else body
    keys = keys_of(chain)
    if len(keys) < 2:
        raise Invalid(_("Separation of duties needs two stages."))
    return list(regrouped(at, chain, "apart", [*groups_of(chain, "apart"), keys[:2]]))


def _unpart(kind: str, body: Body, at: str, more: str, sent: Sent) -> list[Operation]:
    """Takes group number `more` of `apart` away."""
    chain = value_at(body, at) if at else body
    groups = groups_of(chain, "apart")
    if not more.isdecimal() or int(more) >= len(groups):
        return []
    return list(regrouped(at, chain, "apart", [one for index, one in enumerate(groups) if index != int(more)]))


def _rename(kind: str, body: Body, at: str, values: Sequence[str]) -> list[Operation]:
    """A stage's key, and with it every place that names it."""
    found, wish = _stage_at(body, at), values[-1].strip()
    if found is None or not wish:
        return []
    base, chain, number = found
    keys = keys_of(chain)
    key = keys[number]
    if wish == key:
        return []
    if wish in keys:
        message = _("Another stage has this key.")
        raise Invalid(message, [Problem(at, "duplicate", message)])
    operations: list[Operation] = [{"op": "add", "path": f"{at}/key", "value": wish}]
    for name in GROUPS:
        groups = groups_of(chain, name)
        if key and any(key in group for group in groups):
            operations += regrouped(base, chain, name, [_with(group, key, wish) for group in groups])
    for place, named in _reopening(body, key):
        operations.append({"op": "replace", "path": place, "value": _with(named, key, wish)})
    return operations


def _name(kind: str, body: Body, at: str, more: str, sent: Sent) -> list[Operation]:
    """The key follows from the title that was written."""
    found = _stage_at(body, at)
    if found is None:
        return []
    _base, chain, number = found
    stages = stages_of(chain)
    wish = wished_key(stages[number])
    others = [one for index, one in enumerate(stages) if index != number]
    return _rename(kind, body, at, [fresh_key(wish, others)]) if wish else []


def _together(kind: str, body: Body, at: str, values: Sequence[str]) -> list[Operation]:
    """The stages that open together with this one: it joins the step of a new one, who is left out follows alone."""
    found = _stage_at(body, at)
    if found is None:
        return []
    base, chain, number = found
    keys, steps = keys_of(chain), steps_of(chain)
    mates = {one for step in steps if number in step for one in step if one != number}
    wanted = {index for index, key in enumerate(keys) if key in values and index != number}
    for one in sorted(mates - wanted):
        step = next(index for index, members in enumerate(steps) if one in members)
        steps = _alone(steps, step, one)
    moved = number
    for one in sorted(wanted - mates):
        mover, host = (one, number) if mates & wanted else (number, one)
        mates.add(one)
        moved = mover
        steps = [[*step, mover] if host in step else step for step in taken_out(steps, mover)]
    if mates - wanted and not wanted - mates:
        moved = min(mates - wanted)
    return rearranged(base, chain, steps, moved=moved)


def _apart(kind: str, body: Body, at: str, values: Sequence[str]) -> list[Operation]:
    """The stages of one group of `apart`, in the order of the chain; a group without any goes."""
    base, _slash, number = at.rpartition("/apart/")
    chain = value_at(body, base) if base else body
    groups = groups_of(chain, "apart")
    if not number.isdecimal() or int(number) >= len(groups):
        return []
    said = [key for key in keys_of(chain) if key in values]
    changed = [said if index == int(number) else one for index, one in enumerate(groups)]
    return list(regrouped(base, chain, "apart", [one for one in changed if one]))


def _stage_at(body: Body, at: str) -> tuple[str, Mapping[str, Any], int] | None:
    """The pointer of its chain, the chain, and the stage's number."""
    base, _slash, number = at.rpartition("/stages/")
    chain = value_at(body, base) if base else body
    if not number.isdecimal() or not isinstance(chain, Mapping) or int(number) >= len(stages_of(chain)):
        return None
    return base, chain, int(number)


def _with(keys: Sequence[str], key: str, wish: str) -> list[str]:
    return [wish if one == key else one for one in keys]


def _reopening(body: Body, key: str) -> Iterator[tuple[str, list[str]]]:
    """The form's own fields whose change reopens a stage: the place of their `reopens`, and what it names."""
    todo: list[tuple[str, Any]] = [("/form", body.get("form"))]
    while todo and key:
        at, value = todo.pop()
        if isinstance(value, Mapping):
            named = value.get("reopens")
            if isinstance(named, list) and key in named:
                yield f"{at}/reopens", named
            todo += [(at + to_pointer(name), inner) for name, inner in value.items() if name != "reopens"]
        elif isinstance(value, list):
            todo += [(f"{at}/{index}", inner) for index, inner in enumerate(value)]


ACTS: Acts = {
    "chain-begin": _begin,
    "stage-add": _add,
    "stage-name": _name,
    "stage-place": _place,
    "stage-remove": _remove,
    "apart-add": _part,
    "apart-remove": _unpart,
}
CONTROLS: Controls = {"stage-key": _rename, "together": _together, "apart": _apart}
