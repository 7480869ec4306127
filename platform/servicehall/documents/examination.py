"""The examination of one pack: what documents know of each other, and the problems found so far."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Any

from servicehall.documents.document import Document, Finder, Place
from servicehall.documents.kinds.registry import KINDS
from servicehall.documents.parts import violations
from servicehall.documents.plain import plain_problems
from servicehall.errors import Problem
from servicehall.texts import _

ERROR, WARNING = "error", "warning"


@dataclass(frozen=True, slots=True)
class PlacedProblem:
    """A problem with its file and line; `severity` is `error` or `warning`."""

    file: str
    line: int
    path: str
    severity: str
    code: str
    message: str

    def as_dict(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in ("file", "line", "path", "severity", "code", "message")}

    def __str__(self) -> str:
        where = f"{self.path}: " if self.path else ""
        return f"{self.file}:{self.line}: {self.severity}: {where}{self.message}"


@dataclass(frozen=True)
class DirectoryFacts:
    """The keys that the directory knows; None where it was not asked."""

    departments: Collection[str] | None = None
    groups: Collection[str] | None = None
    people: Collection[str] | None = None


class Library:
    """The documents that can be named: those of the pack first, then whatever `find` gives."""

    def __init__(self, documents: Iterable[Document], find: Finder) -> None:
        self.own = {document.name: document for document in reversed(list(documents))}
        self._find = find
        self._faults: dict[tuple[str, str, str], bool] = {}
        self._found: dict[tuple[str, str, str], Document | None] = {}

    def get(self, kind: str, reference: str, department: str) -> Document | None:
        """The document of a reference written in a document of that department."""
        name = (kind, *split_reference(reference, department))
        if name not in self._found:
            self._found[name] = self.own.get(name) or self._find(*name)
        return self._found[name]

    def is_sound(self, document: Document) -> bool:
        """Whether the document satisfies its schema, so that others can be judged by what it says."""
        if document.name not in self._faults:
            self._faults[document.name] = bool(shape_problems(document))
        return not self._faults[document.name]

    def keys(self, kind: str, department: str) -> list[str]:
        """How the pack's documents of a kind are named from a department, for suggestions."""
        return [
            document.key if document.department == department else document.reference
            for document in self.own.values()
            if document.kind == kind
        ]


def split_reference(reference: str, department: str) -> tuple[str, str]:
    """`it/laptop` is (it, laptop); `laptop` is the laptop of the department given."""
    owner, slash, key = reference.rpartition("/")
    return (owner, key) if slash else (department, key)


def shape_problems(document: Document) -> list[Problem]:
    """What is wrong with a document by itself: values that cannot be kept, its kind, its schema."""
    problems = plain_problems(document.body)
    if problems:
        return problems
    return violations(KINDS[document.kind].part, document.body)


class Examination:
    """Collects what is wrong; a problem in a document that is not of the pack is reported where the pack names it."""

    def __init__(self, library: Library, *, directory: DirectoryFacts | None = None, publishing: bool = False) -> None:
        self.library = library
        self.directory = directory or DirectoryFacts()
        self.publishing = publishing
        self._problems: dict[PlacedProblem, None] = {}

    @property
    def problems(self) -> list[PlacedProblem]:
        return sorted(self._problems, key=lambda found: (found.file, found.line, found.path, found.severity))

    def error(self, place: Place, code: str, message: str) -> None:
        self.note(place, ERROR, code, message)

    def warn(self, place: Place, code: str, message: str) -> None:
        self.note(place, WARNING, code, message)

    def unknown_to_directory(self, place: Place, message: str) -> None:
        """A warning while checking, an error for publication."""
        self.note(place, ERROR if self.publishing else WARNING, "directory", message)

    def note(self, place: Place, severity: str, code: str, message: str) -> None:
        while place.via is not None and self.library.own.get(place.document.name) is not place.document:
            inner = f"{place.document.reference}, {place.path}" if place.path else place.document.reference
            place, message = place.via, _("in {place}: {what}", place=inner, what=message)
        document = place.document
        found = PlacedProblem(document.file, document.line(place.path), place.path, severity, code, message)
        self._problems.setdefault(found)

    def all(self, place: Place, problems: Iterable[Problem]) -> bool:
        """Notes the problems of a check whose paths begin at `place`; says whether there was none."""
        clean = True
        for problem in problems:
            self.error(place.below(problem.path), problem.code, problem.message)
            clean = False
        return clean

    def follow(self, use: Place, kind: str) -> Place | None:
        """The document that `use` names; None where it is missing or not sound (which is reported elsewhere)."""
        document = self.library.get(kind, str(use.value), use.document.department)
        if document is None or not self.library.is_sound(document):
            return None
        return Place(document.body, document, "", use)

    def block(self, place: Place, kind: str) -> Place | None:
        """A block itself, or the document that it uses; None where there is none that can be judged."""
        if isinstance(place.value, dict) and "use" in place.value:
            return self.follow(place.at("use"), kind)
        return place if place.value is not None else None
