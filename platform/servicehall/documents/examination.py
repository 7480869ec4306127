"""The examination of one pack: what documents know of each other, and the problems found so far."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from servicehall.documents.document import Document, Finder, Place
from servicehall.documents.kinds.registry import KINDS
from servicehall.documents.parts import violations
from servicehall.documents.plain import plain_problems
from servicehall.errors import Problem
from servicehall.texts import _

ERROR, WARNING, NOTE = "error", "warning", "note"


@dataclass(frozen=True, slots=True)
class PlacedProblem:
    """A problem with its file and line; `severity` is `error`, `warning`, or `note` for what could not be looked at.

    `witness` shows it: answers, people, or the places that contradict each other.
    """

    file: str
    line: int
    path: str
    severity: str
    code: str
    message: str
    witness: Mapping[str, Any] | None = field(default=None, compare=False)

    def as_dict(self) -> dict[str, Any]:
        names = ("file", "line", "path", "severity", "code", "message", "witness")
        return {name: getattr(self, name) for name in names}

    def __str__(self) -> str:
        where = f"{self.path}: " if self.path else ""
        source = f"{self.file}:{self.line}: " if self.line else f"{self.file}: " if self.file else ""
        return f"{source}{self.severity}: {where}{self.said}"

    @property
    def said(self) -> str:
        """The message, with an example where there is one."""
        return (
            _("{what} (for example: {example})", what=self.message, example=self.example)
            if self.example
            else self.message
        )

    @property
    def example(self) -> str:
        """What of the witness a person can try: `total = 5000, requester.grade = M1`."""
        shown = {name: value for name, value in (self.witness or {}).items() if name in _EXAMPLE}
        return ", ".join(f"{name} = {_word(value)}" for name, value in _flat(shown))


_EXAMPLE = frozenset({"answers", "tasks", "requester", "requested_for", "request", "today", "now"})
"""Parts of a witness that a person can try; the message itself tells the others."""


def in_order(found: PlacedProblem) -> tuple[bool, bool]:
    """Errors first, notes last."""
    return found.severity != ERROR, found.severity == NOTE


def _flat(witness: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for name, value in witness.items():
        if isinstance(value, Mapping):
            yield from _flat(value, "" if name == "answers" else f"{prefix}{name}.")
        elif isinstance(value, list) and value and all(isinstance(row, Mapping) for row in value):
            for number, row in enumerate(value):
                yield from _flat(row, f"{prefix}{name}[{number}].")
        else:
            yield f"{prefix}{name}", value


def _word(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list):
        return f"[{', '.join(map(_word, value))}]"
    return str(value) if value not in ("", None) else '""'


@dataclass(frozen=True)
class DirectoryFacts:
    """The keys that the directory knows, None where it was not asked; the departments of groups; who has left."""

    departments: Collection[str] | None = None
    groups: Collection[str] | None = None
    people: Collection[str] | None = None
    inactive: Collection[str] = ()
    of_groups: Mapping[str, str | None] = field(default_factory=dict)


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


@dataclass(frozen=True)
class Finding:
    """A warning before it is sure that it is one."""

    place: Place
    code: str
    message: str
    witness: Mapping[str, Any] | None


class Examination:
    """Collects what is wrong; a problem in a document that is not of the pack is reported where the pack names it.

    Only where it is `deep` the solver is asked.
    """

    def __init__(
        self,
        library: Library,
        *,
        directory: DirectoryFacts | None = None,
        publishing: bool = False,
        deep: bool = True,
    ) -> None:
        self.library = library
        self.deep = deep
        self.directory = directory or DirectoryFacts()
        self.publishing = publishing
        self._problems: dict[PlacedProblem, None] = {}
        self.unasked = False
        """Whether there were questions for the solver, which is not installed."""
        self._weighed: dict[tuple[tuple[str, str, str], str, str], list[Finding | None]] = {}

    @property
    def problems(self) -> list[PlacedProblem]:
        return sorted(self._problems, key=lambda found: (found.file, found.line, found.path, found.severity))

    def beside(self) -> Examination:
        """One that knows the same, has found nothing yet, and asks no solver."""
        return Examination(self.library, directory=self.directory, publishing=self.publishing, deep=False)

    def adopt(self, found: Iterable[PlacedProblem]) -> None:
        self._problems.update(dict.fromkeys(found))

    def error(self, place: Place, code: str, message: str) -> None:
        self.note(place, ERROR, code, message)

    def warn(self, place: Place, code: str, message: str, witness: Mapping[str, Any] | None = None) -> None:
        self.note(place, WARNING, code, message, witness)

    def remark(self, place: Place, code: str, message: str, witness: Mapping[str, Any] | None = None) -> None:
        """What one should know and need not mend."""
        self.note(place, NOTE, code, message, witness)

    def weigh(self, place: Place, code: str, message: str | None, witness: Mapping[str, Any] | None = None) -> None:
        """A warning, or None, that a used document deserves only if all who use it find the same."""
        found = Finding(place, code, message, witness) if message is not None else None
        if place.via is None:
            if found is not None:
                self.warn(place, code, found.message, witness)
        else:
            self._weighed.setdefault((place.document.name, place.path, code), []).append(found)

    def conclude(self) -> None:
        """Warns of what all who use a document found in it, where the document itself is looked at."""
        for found in self._weighed.values():
            agreed = [one for one in found if one is not None]
            if len(agreed) == len(found) and self.library.own.get(agreed[0].place.document.name):
                one = agreed[0]
                self.warn(one.place, one.code, one.message, one.witness)

    def unknown_to_directory(self, place: Place, message: str) -> None:
        """A warning while checking, an error for publication."""
        self.note(place, ERROR if self.publishing else WARNING, "directory", message)

    def note(
        self, place: Place, severity: str, code: str, message: str, witness: Mapping[str, Any] | None = None
    ) -> None:
        while place.via is not None and self.library.own.get(place.document.name) is not place.document:
            inner = f"{place.document.reference}, {place.path}" if place.path else place.document.reference
            place, message = place.via, _("in {place}: {what}", place=inner, what=message)
        document = place.document
        found = PlacedProblem(document.file, document.line(place.path), place.path, severity, code, message, witness)
        self._problems.setdefault(found)

    def all(self, place: Place, problems: Iterable[Problem]) -> bool:
        """Notes the problems of a check whose paths begin at `place`; says whether there was none."""
        clean = True
        for problem in problems:
            self.note(place.below(problem.path), ERROR, problem.code, problem.message, problem.witness)
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
