"""Packs: the documents of a folder, or one file, read and checked as a whole."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from servicehall.documents.checks.languages import check_languages
from servicehall.documents.checks.references import check_references
from servicehall.documents.checks.registry import CHECKS
from servicehall.documents.checks.unused import check_unused
from servicehall.documents.document import Document, Finder, Place
from servicehall.documents.examination import (
    ERROR,
    NOTE,
    DirectoryFacts,
    Examination,
    Library,
    PlacedProblem,
    shape_problems,
)
from servicehall.documents.kinds.registry import KINDS
from servicehall.documents.parts import suggest
from servicehall.documents.remains import remains
from servicehall.documents.source import Source, read_file
from servicehall.texts import _

SUFFIXES = (".yaml", ".yml")
PICTURES = "images"
"""The folder in which an export has the pictures of its services."""
PICTURE_ENDING = ".webp"
MAX_FILES = 10_000
_OF_A_STAGE = "unknown_stage"
"""What is not said of a service whose chain could not be read."""


@dataclass(frozen=True)
class Pack:
    """What a path held: its documents, what could not be read, and the pictures beside them by their names."""

    documents: tuple[Document, ...]
    problems: tuple[PlacedProblem, ...] = ()
    pictures: Mapping[str, bytes] = field(default_factory=dict)


def read_pack(path: Path) -> Pack:
    """The documents of a file, or of all `*.yaml` and `*.yml` files of a folder; hidden files are passed over."""
    try:
        files = list(_files(path))
    except OSError as error:
        return Pack((), (_unread(path, _("cannot be read: {why}", why=error.strerror or str(error))),))
    if not files:
        missing = (
            _("there is no such file or folder") if not path.exists() else _("there is no document in this folder")
        )
        return Pack((), (_unread(path, missing),))
    if len(files) > MAX_FILES:
        return Pack((), (_unread(path, _("more than {limit} files", limit=MAX_FILES)),))
    documents, problems = [], []
    for file in files:
        if not _is_inside(file, path):
            problems.append(_unread(file, _("leads out of the folder; a pack holds its own files only")))
            continue
        document, wrong = as_document(read_file(file), str(file))
        problems += wrong
        if document is not None:
            documents.append(document)
    return Pack(tuple(documents), tuple(problems))


def as_document(source: Source, file: str = "") -> tuple[Document | None, list[PlacedProblem]]:
    """The document of a text that was read, and what prevents it from being one."""
    wrong = [
        PlacedProblem(file, line, problem.path, ERROR, problem.code, problem.message)
        for line, problem in source.problems
    ]
    if wrong:
        return None, wrong
    if not isinstance(source.value, dict):
        message = _("there is no document in this file; a document begins with kind, department and key")
        return None, [PlacedProblem(file, 1, "", ERROR, "empty", message)]
    return Document.of(source.value, file=file, lines=source.lines), []


def _files(path: Path) -> Iterator[Path]:
    if path.is_dir():
        for inner in sorted(path.iterdir()):
            if inner.name.startswith("."):
                continue
            if inner.is_dir():
                if inner.is_symlink():
                    continue
                yield from _files(inner)
            elif inner.suffix.lower() in SUFFIXES:
                yield inner
    elif path.exists():
        yield path


def _is_inside(file: Path, root: Path) -> bool:
    resolved, base = file.resolve(), root.resolve()
    return resolved.is_file() and (resolved == base or base in resolved.parents)


def _unread(path: Path, message: str) -> PlacedProblem:
    return PlacedProblem(str(path), 1, "", ERROR, "unreadable", message)


def check(
    pack: Pack,
    *,
    find: Finder,
    directory: DirectoryFacts | None = None,
    publishing: bool = False,
    told: Callable[[int, int], None] = lambda done, total: None,
    deep: bool = True,
) -> list[PlacedProblem]:
    """Everything that is wrong with a pack, by file and line; `told` hears how many documents are done, of how many.

    References resolve in the pack, then by `find`. What `directory` does not know is a warning, and an error when
    `publishing`; without it people, groups and departments are not looked at. Unless it is `deep`, the solver is not
    asked: that finds no error.
    """
    library = Library(pack.documents, find)
    examination = Examination(library, directory=directory, publishing=publishing, deep=deep)
    sound = [document for document in pack.documents if _is_well_formed(examination, document)]
    _check_names(examination, pack.documents)
    for done, document in enumerate(sound):
        told(done, len(sound))
        _examine(examination, document)
    told(len(sound), len(sound))
    for document in pack.documents:
        if document.kind in KINDS and not library.is_sound(document):
            _examine_rest(examination, document)
    check_unused(examination, sound)
    examination.conclude()
    return [*pack.problems, *examination.problems, *([_unasked()] if examination.unasked else [])]


def _examine(examination: Examination, document: Document) -> None:
    check_references(examination, document)
    check_languages(examination, Place(document.body, document))
    CHECKS[document.kind](examination, Place(document.body, document))


def _examine_rest(examination: Examination, document: Document) -> None:
    """The errors in what a document says beside that which its schema refuses."""
    rest = remains(document)
    if rest is not None:
        further = examination.beside()
        _examine(further, rest)
        passed = {_OF_A_STAGE} if document.body.keys() - rest.body.keys() >= {"approval"} else set()
        found = (one for one in further.problems if one.severity == ERROR and one.code not in passed)
        examination.adopt(found)


def _unasked() -> PlacedProblem:
    message = _("conditions were not examined for what can never be: the extra “checks” (z3-solver) is not installed")
    return PlacedProblem("", 0, "", NOTE, "not_made", message)


def _is_well_formed(examination: Examination, document: Document) -> bool:
    place = Place(document.body, document)
    if document.kind not in KINDS:
        if document.kind:
            code, message = (
                "invalid",
                _("no kind “{kind}”; {hint}", kind=document.kind[:60], hint=suggest(document.kind, KINDS)),
            )
        else:
            code, message = "missing", _("missing; a document begins with kind, department and key")
        examination.error(place.at("kind"), code, message)
        return False
    return examination.all(place, shape_problems(document))


def _check_names(examination: Examination, documents: Iterable[Document]) -> None:
    """A name stands for one document."""
    seen: dict[tuple[str, str, str], Document] = {}
    for document in documents:
        kind, department, key = document.name
        name = (kind, department, department if kind == "department" else key)  # a department has one, whatever its key
        first = seen.setdefault(name, document)
        if first is not document and all(document.name):
            message = _(
                "{kind} “{reference}” is there twice, first in {file}",
                kind=document.kind,
                reference=document.reference,
                file=first.file or _("this pack"),
            )
            examination.error(Place(document.body, document).at("key"), "duplicate", message)
