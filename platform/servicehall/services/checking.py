"""Checks of drafts against everything that is published, and of what they would break there.

What was found holds while nothing changes that a check leans on: this process remembers it for the studio, which asks
at every step, and the check before publishing runs as a job and is kept. The solver, and the directory about everybody,
are asked by the job and by whoever waits for it; a page of the studio shows what they said where they were asked
already, or where that is quick.
"""

from __future__ import annotations

import json
from collections import OrderedDict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from importlib.metadata import version
from typing import Any, Final

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from servicehall import config
from servicehall.content import sha256
from servicehall.documents.document import Document as Authored
from servicehall.documents.document import Finder
from servicehall.documents.examination import ERROR, PlacedProblem
from servicehall.documents.kinds.registry import KINDS
from servicehall.documents.pack import Pack, check
from servicehall.documents.parts import walk
from servicehall.documents.words import Expression
from servicehall.errors import Invalid, Problem
from servicehall.models.directory import Person
from servicehall.services import background, company, deciders, drafting, examples, guard_rails, pictures
from servicehall.services.background import Job, Payload, Told
from servicehall.services.shelf import Name, Shelf, directory_facts
from servicehall.services.visibility import Viewer
from servicehall.texts import _, current_locale

KIND: Final = "check"
MOST: Final = 200
FEW_CONDITIONS: Final = 40
FEW_PEOPLE: Final = 2_000
_remembered: OrderedDict[tuple[str, bool], Sequence[PlacedProblem]] = OrderedDict()


@dataclass(frozen=True, slots=True)
class Asked:
    """What a check found, or the `job` that is still at it; `None` where nothing is known yet."""

    problems: Sequence[PlacedProblem] | None
    job: Job


def check_draft(session: Session, document: Authored, *, deep: bool = False) -> list[PlacedProblem]:
    """What is wrong with a document, and with those that use it, as publishing would see it.

    `deep` asks the solver, and the directory about everybody; what is quickly asked is asked in any case.
    """
    return _found(session, Shelf(session), document, deep=deep or _is_quick(session, document))


def check_pack(
    session: Session, shelf: Shelf, pack: Pack, *, publishing: bool, tried: bool = False
) -> list[PlacedProblem]:
    """What is wrong with a pack, what it uses and may not, and when `publishing` what it would break and which example
    is red, unless all were `tried` before."""
    affected = shelf.affected_by(pack.documents) if publishing else ()
    whole = Pack((*pack.documents, *affected), pack.problems)
    found = check(whole, find=shelf.find, directory=directory_facts(session), publishing=publishing, deep=False)
    if publishing and not tried and not any(one.severity == ERROR for one in found):
        found += examples.problems(whole.documents, examples.among(whole.documents, shelf.find), session)
    return [*found, *_beside(session, pack.documents, pack.pictures)]


def refuse_errors(session: Session, shelf: Shelf, document: Authored) -> None:
    """Invalid with every error that the checks find in a draft, and in what leans on it."""
    problems = _found(session, shelf, document, deep=False)
    errors = [Problem(one.path, one.code, one.message) for one in problems if one.severity == ERROR]
    if errors:
        raise Invalid(_("The draft cannot be published yet."), errors)


def ask(viewer: Viewer, document: Authored, *, at: datetime) -> Asked:
    """The check before publishing, as a job: its findings where it is through, how far it is where not."""
    session = viewer.session
    print_of = _fingerprint(session, document, Shelf(session))
    payload = {"name": list(document.name), "locale": current_locale()}
    job = background.ask(_key(print_of), kind=KIND, payload=payload, viewer=viewer, at=at)
    if job.result is not None and job.result.get("of") != print_of:  # the draft was another when it was checked
        job = background.ask(_key(print_of), kind=KIND, payload=payload, viewer=viewer, at=at, anew=True)
    if job.result is None:
        return Asked(None, job)
    return Asked([*_read(job.result), *_as_things_are(session, Shelf(session), document)], job)


def run(session: Session, payload: Payload, at: datetime, told: Told) -> dict[str, Any]:
    """The job: checks the draft as it is now, and says what it was that it checked."""
    name: Name = tuple(payload["name"])
    document, shelf = drafting.current(session, name).document, Shelf(session)
    found = _check(session, shelf, document, told, deep=True)
    return {"of": _fingerprint(session, document, shelf), "problems": [one.as_dict() for one in found]}


def _found(session: Session, shelf: Shelf, document: Authored, *, deep: bool) -> list[PlacedProblem]:
    """What this process, or a job, found when all was as it is now; else it is checked here."""
    print_of = _fingerprint(session, document, shelf)
    found = _remembered.get((print_of, True))
    if found is None:
        by_job = _by_job(session, print_of)
        deep = deep or by_job is not None
        found = by_job if by_job is not None else _remembered.get((print_of, deep))
        if found is None:
            found = tuple(_check(session, shelf, document, lambda done, total: None, deep=deep))
        _remembered[print_of, deep] = found
        while len(_remembered) > MOST:
            _remembered.popitem(last=False)
    return [*found, *_as_things_are(session, shelf, document)]


def _as_things_are(session: Session, shelf: Shelf, document: Authored) -> list[PlacedProblem]:
    """What depends on more than a fingerprint says: examples that play in the directory, guard rails, pictures."""
    whole = (document, *shelf.affected_by([document]))
    played = examples.problems(whole, examples.among(whole, shelf.find), session, own=False)
    return [*played, *_beside(session, [document])]


def _beside(session: Session, documents: Sequence[Authored], coming: Collection[str] = ()) -> list[PlacedProblem]:
    """What a department may not use, and pictures that are not here, nor coming."""
    return [*guard_rails.problems_of(session, documents), *pictures.problems_of(session, documents, coming=coming)]


def _is_quick(session: Session, document: Authored) -> bool:
    """A service with few conditions, in a company that is not large."""
    if document.kind != "service":
        return False
    parts = walk(KINDS["service"].part, document.body)
    conditions = sum(isinstance(part, Expression) and isinstance(value, str) for _path, part, value in parts)
    many = session.scalar(select(func.count()).select_from(Person))
    return conditions <= FEW_CONDITIONS and (many or 0) <= FEW_PEOPLE


def _by_job(session: Session, print_of: str) -> Sequence[PlacedProblem] | None:
    job = background.of_key(session, _key(print_of))
    result = job.result if job is not None else None
    return _read(result) if result is not None and result.get("of") == print_of else None


def _check(session: Session, shelf: Shelf, document: Authored, told: Told, *, deep: bool) -> list[PlacedProblem]:
    whole = Pack((document, *shelf.affected_by([document])))
    found = check(whole, find=shelf.find, directory=directory_facts(session), publishing=True, told=told, deep=deep)
    played = examples.problems(whole.documents, examples.among(whole.documents, shelf.find), None, own=True)
    if not deep:
        return [*found, *played]
    currency = config.current().default_currency
    return [*found, *played, *asked_of_directory(session, whole, found, shelf.find, currency=currency)]


def asked_of_directory(
    session: Session, pack: Pack, found: Sequence[PlacedProblem], find: Finder, *, currency: str
) -> list[PlacedProblem]:
    """What the directory as it is makes of documents in which no error was found, but for whom it does not know."""
    if any(one.severity == ERROR and one.code != "directory" for one in found):
        return []
    return deciders.problems_of(session, pack.documents, find, currency=currency)


def _read(result: Mapping[str, Any]) -> list[PlacedProblem]:
    return [PlacedProblem(**one) for one in result["problems"]]


def _key(print_of: str) -> str:
    return f"{KIND}:{print_of}"


def _fingerprint(session: Session, document: Authored, shelf: Shelf) -> str:
    """The same while a check finds the same, in this language and by this program."""
    said = (
        version("servicehall"),
        current_locale(),
        (document.name, document.file, document.body, sorted(document.lines.items())),
        sorted((*name, str(row.content)) for name, row in shelf.rows.items() if row.state == "published"),
        company.digest(session),
    )
    return sha256(json.dumps(said, default=str).encode())
