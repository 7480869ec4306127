"""An approval chain as steps: stages that open together stand in one step, the steps follow one another."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from servicehall.documents.patching import Operation, pointer

Steps = list[list[int]]
"""The numbers of the stages, by step."""
GROUPS = ("parallel", "apart")


def stages_of(chain: Any) -> list[Mapping[str, Any]]:
    """The stages of a chain; what is no mapping counts as an empty one, so that numbers stay."""
    held = chain.get("stages") if isinstance(chain, Mapping) else None
    return [one if isinstance(one, Mapping) else {} for one in held] if isinstance(held, list) else []


def keys_of(chain: Any) -> list[str]:
    """The stages' keys, empty where there is none."""
    return [str(one.get("key") or "") for one in stages_of(chain)]


def groups_of(chain: Any, name: str) -> list[list[str]]:
    """The groups of `parallel` or `apart`."""
    held = chain.get(name) if isinstance(chain, Mapping) else None
    groups = held if isinstance(held, list) else []
    return [[str(key) for key in one] if isinstance(one, list) else [] for one in groups]


def steps_of(chain: Any) -> Steps:
    """The stages in order; a stage joins the one before it where both are in one group of `parallel`."""
    keys, groups = keys_of(chain), [set(one) for one in groups_of(chain, "parallel")]
    steps: Steps = []
    for number, key in enumerate(keys):
        if steps and any({key, keys[steps[-1][-1]]} <= group for group in groups):
            steps[-1].append(number)
        else:
            steps.append([number])
    return steps


def taken_out(steps: Steps, number: int) -> Steps:
    """The steps without a stage."""
    return [kept for step in steps if (kept := [one for one in step if one != number])]


def rearranged(base: str, chain: Mapping[str, Any], steps: Steps, *, moved: int) -> list[Operation]:
    """The patch that puts the stages into these steps; `moved` is the one that changed its place."""
    keys = keys_of(chain)
    order = [number for step in steps for number in step]
    groups = [[keys[number] for number in step] for step in steps if len(step) > 1]
    return [*_moves(pointer_of(base, "stages"), order, moved), *regrouped(base, chain, "parallel", groups)]


def regrouped(base: str, chain: Mapping[str, Any], name: str, groups: Sequence[Sequence[str]]) -> Iterator[Operation]:
    """The patch that gives `parallel` or `apart` these groups; without any the property goes."""
    at = pointer_of(base, name)
    if [set(one) for one in groups] == [set(one) for one in groups_of(chain, name)]:
        return
    if groups:
        yield {"op": "replace" if name in chain else "add", "path": at, "value": [list(one) for one in groups]}
    elif name in chain:
        yield {"op": "remove", "path": at}


def pointer_of(base: str, *keys: str | int) -> str:
    return base + pointer(*keys)


def _moves(at: str, order: Sequence[int], moved: int) -> Iterator[Operation]:
    """One move where one is enough, else each stage to its place in turn."""
    now = list(range(len(order)))
    others = [number for number in order if number != moved]
    if others == [number for number in now if number != moved]:
        if order[moved] != moved:
            yield {"op": "move", "from": f"{at}/{moved}", "path": f"{at}/{list(order).index(moved)}"}
        return
    for place, number in enumerate(order):
        if now[place] != number:
            yield {"op": "move", "from": f"{at}/{now.index(number)}", "path": f"{at}/{place}"}
            now.insert(place, now.pop(now.index(number)))
