"""Everything that is shipped opens in the studio; what nobody touched stays, and one word is a line of difference."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session
from tests.databases import on_sqlite
from tests.factories.company import ADMIN, make_company
from tests.factories.offices import look_again
from tests.forms import Forms

from servicehall.clock import now
from servicehall.documents.diff import text_diff
from servicehall.documents.document import Document as Authored
from servicehall.documents.kinds.registry import KINDS
from servicehall.models.definitions import Document
from servicehall.services import directory, drafting
from servicehall.services.visibility import as_viewer
from servicehall.web.studio import reading
from servicehall.web.studio.tabs import tabs_of

pytestmark = on_sqlite
Browser = Callable[[str], FlaskClient]


@pytest.fixture
def company(session: Session, world: Callable[..., Any]) -> Session:
    world(make_company)
    look_again(session)
    return session


def shipped(session: Session) -> list[tuple[str, str, str, Mapping[str, Any]]]:
    rows = session.scalars(select(Document).order_by(Document.kind, Document.department, Document.key)).all()
    found = [(row.kind, row.department, row.key, row.body or {}) for row in rows]
    look_again(session)
    return found


def to_open(session: Session) -> Iterator[tuple[str, Mapping[str, Any], str]]:
    """Each document in its first tab, and in each of its other tabs the longest document of a kind."""
    documents = shipped(session)
    longest = {one[0]: one for one in sorted(documents, key=lambda one: len(str(one[3])))}
    for one in documents:
        kind, department, key, body = one
        tabs = list(tabs_of(kind)) if longest[kind] is one else list(tabs_of(kind))[:1]
        yield from ((f"/studio/{kind}/{department}/{key}/{tab}", body, tab) for tab in tabs)


def test_every_document_opens_and_untouched_controls_change_nothing(company: Session, browser_of: Browser) -> None:
    browser = browser_of(ADMIN)
    wrong = []
    for path, body, _tab in to_open(company):
        page = browser.get(path)
        if page.status_code != 200:
            wrong.append((path, page.status_code))
            continue
        for controls in Forms.saving(page.text):
            changed = reading.operations(str(body["kind"]), body, controls)
            if changed:
                wrong.append((path, changed))
    assert wrong == []


def test_one_word_is_one_line(company: Session) -> None:
    for kind, _department, _key, body in shipped(company):
        name = "title" if "title" in body else next(iter(set(body) - {"kind", "department", "key"}))
        if not isinstance(body[name], Mapping) or "en" not in body[name]:
            continue
        changes = reading.operations(kind, body, {f"v:/{name}/en": [body[name]["en"] + " again"]})
        after = {**body, name: {**body[name], "en": changes[0]["value"]["en"]}}
        lines = text_diff(Authored.of(body), Authored.of(after)).splitlines()[2:]
        assert [line[0] for line in lines if line[0] in "+-"] == ["-", "+"], (kind, lines)


SHAPES: list[Any] = [None, "text", 7, True, [], ["text", 7, None], {}, {"strange": {"deep": [1]}}, [{"strange": 1}]]


@pytest.mark.parametrize("kind", KINDS)
def test_whatever_stands_in_a_document_it_opens_and_stays(company: Session, browser_of: Browser, kind: str) -> None:
    """Each property in turn holds what it should not: all pages open, and their controls leave it as it is."""
    name = next((one[0], one[1], one[2]) for one in [*shipped(company), (kind, "it", "made", {})] if one[0] == kind)
    row = company.scalars(
        select(Document).where(Document.kind == name[0], Document.department == name[1], Document.key == name[2])
    ).first()
    body = copy.deepcopy(dict(row.body or {})) if row is not None else {"kind": kind, "department": "it", "key": "made"}
    properties = [*KINDS[kind].part.layout.fields, "unknown_to_all"]  # type: ignore[attr-defined]
    for number, one in enumerate(properties):
        part = KINDS[kind].part.layout.fields.get(one)  # type: ignore[attr-defined]
        place = (part.data_key or one) if part is not None else one
        if place not in ("kind", "department", "key"):
            body[place] = SHAPES[(number + len(kind)) % len(SHAPES)]
    person = directory.by_email(company, ADMIN)
    assert person is not None
    viewer = as_viewer(company, person.id)
    look_again(company)
    drafting.save(name, body=body, viewer=viewer, at=now())
    browser, base = browser_of(ADMIN), "/studio/" + "/".join(name)
    for tab in ("content", "yaml", "history"):
        if tab in tabs_of(kind):
            page = browser.get(f"{base}/{tab}")
            assert page.status_code == 200, (tab, body)
            for controls in Forms.saving(page.text):
                assert reading.operations(kind, body, controls) == []
    assert browser.get(f"/studio?kind={kind}").status_code == 200
