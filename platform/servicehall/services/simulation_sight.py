"""What a viewer may see of a simulation: a difference tells what the draft was made to depend on."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any

from sqlalchemy import select

from servicehall.domain.conditions import free_names, takes_private_facts
from servicehall.errors import Invalid
from servicehall.models.requests import Request
from servicehall.services.answers import classifications, for_viewer
from servicehall.services.releases import Release
from servicehall.services.visibility import Viewer, visible_requests

PRIVATE, SECRET = "private", "secret"


def seen(viewer: Viewer, found: Mapping[str, Any]) -> dict[str, Any]:
    """What a viewer may see of a simulation; the other differences are only counted.

    A draft says what becomes of which answer, so a difference would tell what it was made to depend on: where that is
    a secret answer, to whoever may read all of the request's; where it is a private fact, to auditors alone.
    """
    if "differences" not in found:
        return dict(found)
    numbers = [one["number"] for one in found["differences"]]
    rows = viewer.session.scalars(select(Request).where(Request.number.in_(numbers), visible_requests(viewer)))
    visible = {row.number: row for row in rows}
    shown = [
        {name: one[name] for name in _SHOWN}
        for one in found["differences"]
        if one["number"] in visible and _may_know(viewer, visible[one["number"]], one["uses"])
    ]
    return {**found, "differences": shown, "hidden": len(found["differences"]) - len(shown)}


_SHOWN = ("number", "service", "aspects")


def _may_know(viewer: Viewer, row: Request, uses: Collection[str]) -> bool:
    if PRIVATE in uses and not viewer.is_auditor:
        return False
    return SECRET not in uses or not for_viewer(viewer, row).masked


def uses_of(release: Release) -> Iterator[str]:
    """PRIVATE where an expression knows of people what a colleague may not, SECRET where something takes a secret
    answer; who is passed on whole, and all answers at once, count as used, but not who is merely named, to be told."""
    read = _expressions(release.data)
    if any(map(takes_private_facts, read)):
        yield PRIVATE
    names = {name for text in read for name in free_names(text)}
    secret = {key for key, kind in classifications(release).items() if kind == "secret"}
    if secret and ("answers" in names or secret & {name.removeprefix("answers.").partition(".")[0] for name in names}):
        yield SECRET


def takes_private(body: Any) -> bool:
    """The same of a document that stays live: whether it knows of people what a colleague may not."""
    return any(map(takes_private_facts, _expressions(body)))


def _expressions(value: Any) -> list[str]:
    return [text for text in _texts(value) if text not in _PEOPLE and _is_expression(text)]


def _is_expression(text: str) -> bool:
    try:
        free_names(text)
    except Invalid:
        return False
    return True


def _texts(value: Any) -> Iterator[str]:
    """Every text but the names of things and lists of names: an expression, or the name of a field that decides."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for name, inner in value.items():
            if name not in _NAMES:
                yield from _texts(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _texts(inner)


_NAMES = frozenset(("key", "keywords", "shows"))
_PEOPLE = ("requester", "requested_for")
