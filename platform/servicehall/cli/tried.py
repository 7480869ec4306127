"""The examples of a pack, run for `catalog check`, with a database or without one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from servicehall.cli.application import settings_without_app
from servicehall.cli.published import known_directory
from servicehall.texts import _

if TYPE_CHECKING:
    from servicehall.documents.document import Document, Finder
    from servicehall.documents.examination import PlacedProblem
    from servicehall.services.examples import Result


@dataclass(frozen=True)
class Tried:
    """The examples by their service, and what is red as problems."""

    results: Sequence[tuple[str, Result]]
    problems: Sequence[PlacedProblem]

    def as_dict(self) -> dict[str, Any]:
        """As JSON: `{green, red, not_run: [{service, key, why}]}`."""
        left = [{"service": name, "key": one.key, "why": one.not_run} for name, one in self._in("not_run")]
        return {"green": len(self._in("green")), "red": len(self._in("red")), "not_run": left}

    @property
    def summary(self) -> str:
        """How many were run, in a line."""
        counts = {state: len(self._in(state)) for state in ("green", "red", "not_run")}
        return _("examples: {green} green, {red} red, {not_run} not run", **counts)

    def _in(self, state: str) -> list[tuple[str, Result]]:
        return [(name, one) for name, one in self.results if one.state == state]


def run_examples(documents: Sequence[Document], find: Finder) -> Tried | None:
    """The examples of these documents; None where there are none, and nothing is loaded then."""
    services = [one for one in documents if one.kind == "service" and one.body.get("examples")]
    if not services:
        return None
    from servicehall.services import examples

    settings_without_app()
    results: list[tuple[str, Result]] = []
    problems: list[PlacedProblem] = []
    with known_directory() as session:
        for document in services:
            found = examples.run(document, examples.among(documents, find), session)
            results += [(document.reference, one) for one in found]
            problems += examples.placed(document, found)
    return Tried(results, problems)
