"""What an example of a service expects, held against what came of it: each difference at its place, in words."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from servicehall.clock import as_instant
from servicehall.content import canonical
from servicehall.errors import Problem
from servicehall.texts import N_, _

CODE = "example"
UTC = ZoneInfo("UTC")


@dataclass(frozen=True)
class Outcome:
    """What an order comes to, in plain values: people by address, groups by key; a stage or task that is not needed
    stands in `skipped` alone. `needed` are the approvals of a stage, `due` the moments of tasks and measures."""

    allowed: bool = True
    refused: Mapping[str, str] = field(default_factory=dict)
    visible: Sequence[str] = ()
    fields: Sequence[str] = ()
    answers: Mapping[str, Any] = field(default_factory=dict)
    price: str | None = None
    priority: str | None = None
    stages: Mapping[str, Sequence[str]] = field(default_factory=dict)
    needed: Mapping[str, int] = field(default_factory=dict)
    groups: Mapping[str, str | None] = field(default_factory=dict)
    after: Mapping[str, Sequence[str]] = field(default_factory=dict)
    due: Mapping[str, datetime] = field(default_factory=dict)
    skipped: Sequence[str] = ()
    required: Sequence[str] = ()
    zone: ZoneInfo = UTC

    @property
    def tasks(self) -> Sequence[str]:
        return tuple(self.groups)


def expectation(came: Outcome) -> dict[str, Any]:
    """What an example expects that is to stay as it came: who may order, what is refused, who is asked, which tasks."""
    if not came.allowed:
        return {"allowed": False}
    found = {
        "refused": list(came.refused),
        "stages": {key: list(who) for key, who in came.stages.items()},
        "tasks": list(came.tasks),
        "skipped": list(came.skipped),
    }
    return {name: value for name, value in found.items() if value or name == "stages"}


def differences(expect: Mapping[str, Any], came: Outcome) -> list[Problem]:
    """Every difference; places begin at `expect`. Whoever expects neither refusal gets the first of them alone."""
    allowed = expect.get("allowed", True)
    if allowed != came.allowed:
        text = _("the person may not order it") if allowed else _("the person may order it")
        return [Problem("expect.allowed", CODE, text)]
    wanted = {"refused": (), **expect} if allowed else expect
    return [
        Problem(f"expect.{place}", CODE, text)
        for name, held in _HELD.items()
        if name in wanted
        for place, text in held(wanted[name], came)
    ]


_Told = Iterator[tuple[str, str]]


def _set(name: str, more: str, less: str) -> Callable[[Iterable[str], Iterable[str]], _Told]:
    """The same names in any order; `more` and `less` say what is there too, and what is not there."""

    def held(expected: Iterable[str], found: Iterable[str]) -> _Told:
        wanted, there = list(expected), list(found)
        if extra := [one for one in there if one not in wanted]:
            yield name, _(more, names=_(", ").join(extra))
        if missing := [one for one in wanted if one not in there]:
            yield name, _(less, names=_(", ").join(missing))

    return held


def _refused(expected: Sequence[str], came: Outcome) -> _Told:
    for path in (path for path in came.refused if path not in expected):
        yield "refused", _("“{field}” is refused: {why}", field=path, why=came.refused[path])
    if missing := [path for path in expected if path not in came.refused]:
        yield "refused", _("not refused: {names}", names=_(", ").join(missing))


def _visible(expected: Sequence[str], came: Outcome) -> _Told:
    if missing := [key for key in expected if key not in came.visible]:
        yield "visible", _("not visible: {names}", names=_(", ").join(missing))


def _hidden(expected: Sequence[str], came: Outcome) -> _Told:
    if shown := [key for key in expected if key in came.visible]:
        yield "hidden", _("visible: {names}", names=_(", ").join(shown))
    if unknown := [key for key in expected if key not in came.fields]:
        yield "hidden", _("there is no field {names}", names=_(", ").join(unknown))


def _stages(expected: Mapping[str, Sequence[str]], came: Outcome) -> _Told:
    for key, who in expected.items():
        if key not in came.stages:
            yield f"stages.{key}", _("this stage asks nobody")
        elif sorted(who) != sorted(came.stages[key]):
            yield f"stages.{key}", _("asks {names}", names=_(", ").join(came.stages[key]) or "–")
    for key in (key for key in came.stages if key not in expected):
        yield "stages", _("“{stage}” asks {names}", stage=key, names=_(", ").join(came.stages[key]) or "–")


def _values(name: str, found: Callable[[Outcome], Mapping[str, Any]]) -> Callable[[Any, Outcome], _Told]:
    """The values that are named; others are not looked at."""

    def held(expected: Mapping[str, Any], came: Outcome) -> _Told:
        there = found(came)
        for key, value in expected.items():
            if canonical(value) != canonical(there.get(key)):
                yield f"{name}.{key}", _("is {value}", value=_shown(there.get(key)))

    return held


def _one(name: str, found: Callable[[Outcome], Any]) -> Callable[[Any, Outcome], _Told]:
    def held(expected: Any, came: Outcome) -> _Told:
        if expected != found(came):
            yield name, _("is {value}", value=_shown(found(came)))

    return held


def _after(expected: Mapping[str, Sequence[str]], came: Outcome) -> _Told:
    for key, waits in expected.items():
        found = came.after.get(key)
        if found is None or sorted(found) != sorted(waits):
            yield f"after.{key}", _("waits for {names}", names=_(", ").join(found or ()) or "–")


def _dates(expected: Mapping[str, str], came: Outcome) -> _Told:
    """A date is the day in the person's time zone; all else is an instant."""
    for key, text in expected.items():
        moment = came.due.get(key)
        found = None if moment is None else moment.astimezone(came.zone)
        if found is None or not _is_at(text, found):
            shown = "–" if found is None else as_instant(found) if len(text) > _DATE else found.date().isoformat()
            yield f"dates.{key}", _("is {value}", value=shown)


_DATE = len("2026-03-02")


def _is_at(text: str, moment: datetime) -> bool:
    if len(text) <= _DATE:
        return moment.date().isoformat() == text
    said = datetime.fromisoformat(text)
    return (said if said.tzinfo else said.replace(tzinfo=moment.tzinfo)) == moment


def _skipped(expected: Sequence[str], came: Outcome) -> _Told:
    if there := [key for key in expected if key not in came.skipped]:
        yield "skipped", _("not skipped: {names}", names=_(", ").join(there))


def _shown(value: Any) -> str:
    return "–" if value is None else value if isinstance(value, str) else canonical(value).decode()


_fields = _set("required", N_("also {names}"), N_("not required: {names}"))
_task_names = _set("tasks", N_("also {names}"), N_("not there: {names}"))
_HELD: Mapping[str, Callable[[Any, Outcome], _Told]] = {
    "refused": _refused,
    "required": lambda expected, came: _fields(expected, came.required),
    "visible": _visible,
    "hidden": _hidden,
    "answers": _values("answers", lambda came: came.answers),
    "price": _one("price", lambda came: came.price),
    "priority": _one("priority", lambda came: came.priority),
    "stages": _stages,
    "needed": _values("needed", lambda came: came.needed),
    "tasks": lambda expected, came: _task_names(expected, came.tasks),
    "groups": _values("groups", lambda came: came.groups),
    "after": _after,
    "dates": _dates,
    "skipped": _skipped,
}
