"""Choice lists by themselves: keys among siblings, and the syntax of conditions."""

from __future__ import annotations

from servicehall.documents.checks.expressions import check_when
from servicehall.documents.document import Place
from servicehall.documents.examination import Examination
from servicehall.texts import _


def check_choice_list(examination: Examination, place: Place) -> None:
    """Keys are unique among siblings, on every level; fields that offer the list are examined with their form."""
    seen: set[str] = set()
    for option in place.items("options"):
        key = option.value["key"]
        if key in seen:
            examination.error(option.at("key"), "duplicate", _("the option “{key}” is there twice", key=key))
        seen.add(key)
        check_when(examination, option.at("when"), None)
        check_choice_list(examination, option)
