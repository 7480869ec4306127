"""History: every version, who published it and when, what it changed in words, and how many requests run on it.

Any two versions can be compared; any of them can be brought back as a draft. The draft's own steps have their authors.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from flask import request

from servicehall.documents.document import Document as Authored
from servicehall.models.definitions import DocumentVersion, DraftStep
from servicehall.services import directory, versions
from servicehall.services.work import read_contents
from servicehall.texts import _
from servicehall.web.studio import comparing, places
from servicehall.web.studio.comparing import Comparison
from servicehall.web.studio.page import Page

MOST = 30
DRAFT = "draft"


@dataclass(frozen=True)
class Version:
    """A version with what it changed of the one before, in sentences, the requests that run on it, and what was said
    for the record when it was published."""

    row: DocumentVersion
    sentences: Sequence[str]
    running: int
    comment: str


@dataclass(frozen=True)
class Step:
    """One step of the draft: what it changed of the step before, in sentences; None where that is not kept."""

    row: DraftStep
    sentences: Sequence[str] | None


def values(page: Page) -> Mapping[str, Any]:
    """The tab; `?from=1&to=3` or `to=draft` compares, `?version=3` what version 3 changed, `?before=9` older ones."""
    session = page.viewer.session
    found, drafted = _versions(page), _steps(page)
    chosen = _chosen(page)
    names = directory.people(session, [*(one.row.published_by for one in found), *(one.row.by for one in drafted)])
    return {
        "versions": found,
        "older": found[-1].row.version if len(found) == MOST and found[-1].row.version > 1 else 0,
        "steps": drafted,
        "names": names,
        "known": _names_of(page),
        "chosen": chosen,
        "name_of": name_of,
        "comparison": _compare(page, *chosen) if chosen else None,
    }


def name_of(number: str) -> str:
    """What a side of a comparison is called."""
    if number == DRAFT:
        return _("The draft")
    return _("Version {version}", version=number)


def _versions(page: Page) -> list[Version]:
    session, row = page.viewer.session, page.row
    found = versions.versions(session, row, before=_number("before"), most=MOST)
    said = versions.bodies(session, row, [number for one in found for number in (one.version, one.version - 1)])
    running = versions.running(session, page.document) if found else {}
    comments = read_contents(session, [one.comment for one in found if one.comment])
    return [
        Version(
            one,
            places.sentences(row.kind, said.get(one.version - 1), said.get(one.version)) if one.version > 1 else (),
            running.get(one.version, 0),
            comments.get(one.comment or "") or "",
        )
        for one in found
    ]


def _steps(page: Page) -> list[Step]:
    rows = versions.steps(page.viewer.session, page.row, most=MOST + 1)
    said = read_contents(page.viewer.session, [one.content for one in rows])
    before = {one.step: said.get(one.content) for one in rows}
    found = []
    for one in rows:
        was = before.get(one.step - 1)
        if was is not None:
            found.append(Step(one, places.sentences(page.row.kind, was, before[one.step])))
        elif one.step == 1:
            found.append(Step(one, None))
    return found[:MOST]


def _chosen(page: Page) -> tuple[str, str] | None:
    """What is compared: the numbers of two versions, `draft`, or `0` for nothing; by default what is newest."""
    row, said = page.row, request.args
    newest = DRAFT if row.draft is not None else str(row.version)
    if said.get("version"):
        number = _number("version")
        return str(number - 1), str(number)
    to = said.get("to") or newest
    since = said.get("from") or (str(row.version) if to == DRAFT else str(max((_digits(to) or 1) - 1, 0)))
    return (since, to) if to != "0" else None


def _compare(page: Page, since: str, to: str) -> Comparison:
    return comparing.compare(_document(page, since), _document(page, to))


def _document(page: Page, number: str) -> Authored | None:
    """One side of a comparison; NotFound where there is none of that number."""
    if number == DRAFT:
        return page.document
    wanted = _digits(number)
    if wanted == 0:
        return None
    return Authored.of(versions.body_of(page.viewer.session, page.row, wanted), version=wanted)


def _names_of(page: Page) -> list[tuple[str, str]]:
    """The sides that can be chosen, the newest first."""
    numbers = [DRAFT] if page.row.draft is not None else []
    numbers += [str(number) for number in range(page.row.version, max(page.row.version - 100, 0), -1)]
    return [(number, name_of(number)) for number in numbers]


def _number(name: str) -> int:
    return _digits(request.args.get(name, ""))


def _digits(text: str) -> int:
    """A version's number; what is none becomes one that no document has."""
    if not text:
        return 0
    return int(text) if text.isdecimal() and len(text) < 7 else 999_999
