"""Examples: each key once, and what is expected of stages, tasks and their like is of this service."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from servicehall.documents.document import Place
from servicehall.documents.examination import Examination
from servicehall.documents.parts import suggest
from servicehall.texts import _

STAGES = ("stages", "needed")
TASKS = ("tasks", "groups", "after")


def check_examples(examination: Examination, place: Place, keys: Sequence[Collection[str]] | None) -> None:
    """The examples of a service with stages and tasks of these keys; None where not all of them are known."""
    stages, tasks = keys or ((), ())
    seen: set[str] = set()
    for case in place.items("cases"):
        key = case.value["key"]
        if key in seen:
            examination.error(case.at("key"), "duplicate", _("the example “{key}” is there twice", key=key))
        seen.add(key)
        expect = case.at("expect")
        if keys is None:
            continue
        for names, known in ((STAGES, stages), (TASKS, tasks), (("skipped",), {*stages, *tasks})):
            for name in names:
                _check_names(examination, expect.at(name), known)


def _check_names(examination: Examination, place: Place, known: Collection[str]) -> None:
    held = place.value
    entries = [(name, place.at(name)) for name in held] if isinstance(held, Mapping) else []
    entries += [(one, place.at(index)) for index, one in enumerate(held)] if isinstance(held, list) else []
    for name, entry in entries:
        if name not in known:
            hint = suggest(str(name), sorted(known))
            examination.error(entry, "unknown", _("the service has no “{name}”; {hint}", name=name, hint=hint))
