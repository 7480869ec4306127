"""What is wrong with one expression where it stands, and at which position; quick, for it is asked while one types."""

from __future__ import annotations

import re
from dataclasses import dataclass

from servicehall.documents.checks.expressions import check_expression, check_syntax
from servicehall.documents.document import Document, Place
from servicehall.documents.examination import Examination, Library
from servicehall.documents.rule_scopes import Scope
from servicehall.domain.conditions import compile
from servicehall.errors import Invalid

_HERE = Document("", "", "", {})
_TOKEN = re.compile(r"\.?\w+")
_QUOTED = re.compile("“([^”]+)”")


@dataclass(frozen=True, slots=True)
class Mistake:
    """`offset` is where it is in the text, in code points, and `length` how much of it; below 0 it is the whole."""

    message: str
    offset: int = -1
    length: int = 0


def mistakes(text: str, scope: Scope) -> list[Mistake]:
    """All that is wrong with an expression; where more names may be known, an unknown one is no mistake."""
    examination = Examination(Library((), lambda kind, department, key: None))
    place = Place(text, _HERE)
    try:
        compile(text, scope.environment, scope.expects)
    except Invalid as error:
        if not scope.open or any(one.code != "unknown_name" for one in error.problems):
            return [_marked(one.message, one.offset, text) for one in error.problems]
        check_syntax(examination, place)
    else:
        check_expression(examination, place, scope.environment, expects=scope.expects, only=scope.only)
    return [_marked(one.message, _position(one.message, text), text) for one in examination.problems]


def _marked(message: str, offset: int, text: str) -> Mistake:
    found = _TOKEN.match(text, offset) if offset >= 0 else None
    return Mistake(message, offset, len(found[0]) if found else 1)


def _position(message: str, text: str) -> int:
    """Where the name that a message quotes stands."""
    quoted = _QUOTED.search(message)
    found = re.search(rf"\b{re.escape(quoted[1])}\b", text) if quoted else None
    return found.start() if found else -1
