"""Approval chains as they are authored: a mapping becomes frozen values, and its structure is checked."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from servicehall.errors import Problem
from servicehall.texts import _


@dataclass(frozen=True, slots=True)
class ApproverRule:
    """One line of `approvers`: the rule's name in the family `approval_rules`, and what stands behind it."""

    name: str
    params: Any


@dataclass(frozen=True, slots=True)
class Decide:
    """How many approvals a stage needs: `all`, `any`, `at_least` a number, or `percent` of those asked."""

    kind: str = "all"
    number: int = 0


@dataclass(frozen=True, slots=True)
class Timeout:
    """After a duration in the chain's calendar: `escalate`, `reject`, `approve`, or `reassign` to a group."""

    after: str
    then: str
    group: str | None = None


@dataclass(frozen=True, slots=True)
class Stage:
    """One stage of a chain; the texts and durations are as authored."""

    key: str
    title: Any = None
    when: str | None = None
    approvers: tuple[ApproverRule, ...] = ()
    decide: Decide = Decide()
    group_counts: str = "one"
    comment: str = "on_reject"
    sign: bool = False
    fields: tuple[str, ...] = ()
    shows: tuple[str, ...] = ()
    remind: str | None = None
    timeout: Timeout | None = None


@dataclass(frozen=True, slots=True)
class Chain:
    """The stages in their order, with which of them open together and which must be kept apart."""

    stages: tuple[Stage, ...]
    parallel: tuple[tuple[str, ...], ...] = ()
    apart: tuple[tuple[str, ...], ...] = ()
    self_approval: str = "forbid"
    repeat_approver: str = "skip"
    calendar: str | None = None

    def stage(self, key: str) -> Stage:
        """The stage of that key; KeyError where there is none."""
        try:
            return next(stage for stage in self.stages if stage.key == key)
        except StopIteration:
            raise KeyError(key) from None

    def blocks(self) -> tuple[tuple[Stage, ...], ...]:
        """The stages in the order in which they open; those of a parallel group stand together."""
        found: dict[str, list[Stage]] = {}
        for stage in self.stages:
            leader = next((group[0] for group in self.parallel if stage.key in group), stage.key)
            found.setdefault(leader, []).append(stage)
        return tuple(tuple(block) for block in found.values())

    def apart_of(self, key: str) -> frozenset[str]:
        """The other stages in which nobody may decide who decides in this one."""
        return frozenset(name for names in self.apart if key in names for name in names) - {key}


def parse_chain(mapping: Mapping[str, Any]) -> Chain:
    """A chain from a mapping that its schema has accepted; defaults are those of the catalog language."""
    return Chain(
        stages=tuple(_parse_stage(stage) for stage in mapping["stages"]),
        parallel=tuple(tuple(names) for names in mapping.get("parallel") or ()),
        apart=tuple(tuple(names) for names in mapping.get("apart") or ()),
        self_approval=mapping.get("self_approval", "forbid"),
        repeat_approver=mapping.get("repeat_approver", "skip"),
        calendar=mapping.get("calendar"),
    )


def _parse_stage(mapping: Mapping[str, Any]) -> Stage:
    remind = mapping.get("remind")
    return Stage(
        key=mapping["key"],
        title=mapping.get("title"),
        when=mapping.get("when"),
        approvers=tuple(ApproverRule(*next(iter(rule.items()))) for rule in mapping["approvers"]),
        decide=_parse_decide(mapping.get("decide", "all")),
        group_counts=mapping.get("group_counts", "one"),
        comment=mapping.get("comment", "on_reject"),
        sign=bool(mapping.get("sign", False)),
        fields=tuple(mapping.get("fields") or ()),
        shows=tuple(mapping.get("shows") or ()),
        remind=remind["every"] if remind else None,
        timeout=_parse_timeout(mapping.get("timeout")),
    )


def _parse_decide(value: str | Mapping[str, int]) -> Decide:
    return Decide(value) if isinstance(value, str) else Decide(*next(iter(value.items())))


def _parse_timeout(value: Mapping[str, Any] | None) -> Timeout | None:
    if value is None:
        return None
    then = value["then"]
    if isinstance(then, str):
        return Timeout(value["after"], then)
    return Timeout(value["after"], "reassign", then["reassign"]["group"])


def check_chain(mapping: Mapping[str, Any], path: str = "") -> list[Problem]:
    """What is wrong with a chain's structure, each at its place (`stages[1].decide`); `path` stands before all.

    The schema has seen to types and unknown keys; references to groups, people and fields are not looked at.
    """
    before = f"{path}." if path else ""
    return [
        Problem(f"{before}{problem.path}", problem.code, problem.message)
        for check in (_check_keys, _check_stages, _check_fields, _check_parallel, _check_apart)
        for problem in check(mapping)
    ]


def _check_keys(mapping: Mapping[str, Any]) -> Iterator[Problem]:
    if not mapping.get("stages"):
        yield Problem("stages", "empty", _("a chain needs at least one stage"))
    seen: set[str] = set()
    for index, key in enumerate(_keys(mapping)):
        if key in seen:
            yield Problem(f"stages[{index}].key", "duplicate", _("the stage “{key}” is there twice", key=key))
        seen.add(key)


def _check_stages(mapping: Mapping[str, Any]) -> Iterator[Problem]:
    for index, stage in enumerate(mapping.get("stages") or ()):
        place = f"stages[{index}]"
        if not stage.get("approvers"):
            yield Problem(f"{place}.approvers", "empty", _("a stage needs at least one approver rule"))
        for position, rule in enumerate(stage.get("approvers") or ()):
            if len(rule) != 1:
                message = _("an approver rule has one name, such as “manager”")
                yield Problem(f"{place}.approvers[{position}]", "one_name", message)
        yield from _check_decide(stage.get("decide", "all"), f"{place}.decide")
        yield from _check_timeout((stage.get("timeout") or {}).get("then", "escalate"), f"{place}.timeout.then")


Accepts = tuple[Callable[[Any], bool], str]
_NUMBERS: Mapping[str, Accepts] = {
    "at_least": (lambda number: number >= 1, "1…"),
    "percent": (lambda number: 1 <= number <= 100, "1…100"),
}


def _check_decide(value: str | Mapping[str, Any], place: str) -> Iterator[Problem]:
    if isinstance(value, str):
        if value not in ("all", "any"):
            message = _("“{value}” is not a way to decide; write all, any, at_least or percent", value=value)
            yield Problem(place, "unknown", message)
        return
    if len(value) != 1 or not set(value) <= set(_NUMBERS):
        yield Problem(place, "one_name", _("write either at_least or percent, with a number"))
        return
    name, number = next(iter(value.items()))
    accepts, limits = _NUMBERS[name]
    if isinstance(number, bool) or not isinstance(number, int) or not accepts(number):
        message = _("{name} takes a whole number of {limits}", name=name, limits=limits)
        yield Problem(f"{place}.{name}", "range", message)


def _check_timeout(then: Any, place: str) -> Iterator[Problem]:
    if isinstance(then, str) and then in ("escalate", "reject", "approve"):
        return
    reassign = then.get("reassign") if isinstance(then, Mapping) and len(then) == 1 else None
    if not (isinstance(reassign, Mapping) and set(reassign) == {"group"}):
        message = _("write escalate, reject, approve, or “reassign: {group: …}”")
        yield Problem(place, "unknown", message)


def _check_fields(mapping: Mapping[str, Any]) -> Iterator[Problem]:
    owners: dict[str, str] = {}
    for index, stage in enumerate(mapping.get("stages") or ()):
        for position, field in enumerate(stage.get("fields") or ()):
            if field in owners:
                message = _(
                    "the field “{field}” belongs to the stage “{stage}”; one field belongs to one stage",
                    field=field,
                    stage=owners[field],
                )
                yield Problem(f"stages[{index}].fields[{position}]", "duplicate", message)
            owners.setdefault(field, stage.get("key", ""))


def _check_parallel(mapping: Mapping[str, Any]) -> Iterator[Problem]:
    yield from _check_sets(mapping, "parallel")
    keys = _keys(mapping)
    taken: set[str] = set()
    for index, names in enumerate(mapping.get("parallel") or ()):
        for position, name in enumerate(names):
            if name in taken:
                message = _("the stage “{key}” is in two parallel groups", key=name)
                yield Problem(f"parallel[{index}][{position}]", "duplicate", message)
        taken.update(names)
        places = sorted(keys.index(name) for name in set(names) if name in keys)
        if places and places[-1] - places[0] >= len(places):
            message = _("stages that open together must stand next to each other in the list")
            yield Problem(f"parallel[{index}]", "not_adjacent", message)


def _check_apart(mapping: Mapping[str, Any]) -> Iterator[Problem]:
    yield from _check_sets(mapping, "apart")


def _check_sets(mapping: Mapping[str, Any], name: str) -> Iterator[Problem]:
    """A set of stages names at least two, each known, each once."""
    keys = _keys(mapping)
    for index, names in enumerate(mapping.get(name) or ()):
        if len(set(names)) < 2:
            yield Problem(f"{name}[{index}]", "too_few", _("name at least two different stages"))
        for position, key in enumerate(names):
            if key not in keys:
                message = _("there is no stage “{key}”; the stages are {known}", key=key, known=", ".join(keys))
                yield Problem(f"{name}[{index}][{position}]", "unknown", message)
            elif key in names[:position]:
                message = _("the stage “{key}” is there twice", key=key)
                yield Problem(f"{name}[{index}][{position}]", "duplicate", message)


def _keys(mapping: Mapping[str, Any]) -> Sequence[str]:
    return [stage.get("key", "") for stage in mapping.get("stages") or ()]
