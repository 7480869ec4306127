"""Checks of drafts, remembered while nothing changes that they lean on: a page of the studio asks at every step."""

from __future__ import annotations

import json
from collections import OrderedDict
from collections.abc import Callable, Hashable, Sequence
from typing import Final

from servicehall.documents.document import Document as Authored
from servicehall.documents.examination import DirectoryFacts, PlacedProblem
from servicehall.services.shelf import Shelf
from servicehall.texts import current_locale

MOST: Final = 200
_remembered: OrderedDict[Hashable, Sequence[PlacedProblem]] = OrderedDict()


def remembered(
    document: Authored, finder: Shelf, facts: DirectoryFacts, check: Callable[[], Sequence[PlacedProblem]]
) -> Sequence[PlacedProblem]:
    """What `check()` finds, or found when document, published documents, directory and language were the same."""
    said = (document.name, document.version, json.dumps(document.body), frozenset(document.lines.items()))
    known = frozenset((name, row.content) for name, row in finder.rows.items() if row.state == "published")
    people = tuple(frozenset(one or ()) for one in (facts.departments, facts.groups, facts.people))
    key = (current_locale(), said, known, people)
    found = _remembered.get(key)
    if found is None:
        found = _remembered[key] = tuple(check())
        while len(_remembered) > MOST:
            _remembered.popitem(last=False)
    return found
