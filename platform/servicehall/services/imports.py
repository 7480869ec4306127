"""Packs that authors send: checked whole, and kept as drafts of the departments that they author, all or nothing."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from sqlalchemy.orm import Session

from servicehall.documents.document import Document as Authored
from servicehall.documents.examination import ERROR, PlacedProblem
from servicehall.documents.pack import Pack
from servicehall.services import definitions, pictures
from servicehall.services.definitions import Outcome
from servicehall.services.drafting import creation_problems
from servicehall.services.shelf import Shelf
from servicehall.services.visibility import Viewer
from servicehall.texts import _


def import_pack(pack: Pack, *, viewer: Viewer, dry_run: bool, at: datetime) -> Outcome:
    """Drafts every document that differs from what is there; nothing where one is wrong or of another department.

    The pictures that they name and that came along are taken in before.
    """
    foreign = list(_not_ones_own(viewer, pack)) or list(_not_creatable(viewer.session, pack))
    if foreign:
        return Outcome(problems=[*pack.problems, *foreign])
    named = pictures.named_in(one.body for one in pack.documents)
    came = {name: data for name, data in pack.pictures.items() if name in named}
    wrong = [PlacedProblem(one.path, 1, "", ERROR, one.code, one.message) for one in pictures.wrong_in(came)]
    if wrong:
        return Outcome(problems=[*pack.problems, *wrong])
    if not dry_run:
        viewer.session.rollback()
        pictures.take_in(came, at=at)
    return definitions.apply_pack(pack, publish=False, dry_run=dry_run, actor=viewer.id, at=at)


def _not_ones_own(viewer: Viewer, pack: Pack) -> Iterator[PlacedProblem]:
    for one in pack.documents:
        if one.department not in viewer.administers and not viewer.is_admin:
            yield _problem(one, "department", "forbidden", _("You author no documents of this department."))


def _not_creatable(session: Session, pack: Pack) -> Iterator[PlacedProblem]:
    known = Shelf(session).rows
    for one in pack.documents:
        if one.name not in known:
            yield from (_problem(one, two.path, two.code, two.message) for two in creation_problems(session, one.name))


def _problem(document: Authored, path: str, code: str, message: str) -> PlacedProblem:
    return PlacedProblem(document.file, document.line(path), path, ERROR, code, message)
