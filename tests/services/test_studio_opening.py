"""Everything that is shipped opens in the studio; what nobody touched stays, and one word is a line of difference."""

from __future__ import annotations

import copy
import difflib
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session
from tests.databases import on_sqlite
from tests.factories.company import ADMIN, make_company
from tests.factories.offices import let_go, look_again
from tests.forms import Forms
from tests.proofs import LONG, SEED, chance

from servicehall.clock import now
from servicehall.documents.kinds.registry import KINDS
from servicehall.documents.patching import pointer
from servicehall.documents.words import Text
from servicehall.models.definitions import Document
from servicehall.services import definitions, directory, drafting
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
    """Each document in all of its tabs; in the normal run in one of them, by chance."""
    for kind, department, key, body in shipped(session):
        tabs = list(tabs_of(kind)) if LONG else [chance.choice(list(tabs_of(kind)))]
        yield from ((f"/studio/{kind}/{department}/{key}/{tab}", body, tab) for tab in tabs)


@pytest.mark.proves("S1")
def test_every_document_opens_and_untouched_controls_change_nothing(company: Session, browser_of: Browser) -> None:
    browser = browser_of(ADMIN)
    wrong: list[Any] = []
    print("seed", SEED)
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


def texts_of(value: Any, at: str = "") -> Iterator[tuple[str, str]]:
    """Where a document says something in English, and what."""
    if isinstance(value, Mapping) and isinstance(value.get("en"), str):
        yield at, value["en"]
    inner = value.items() if isinstance(value, Mapping) else enumerate(value) if isinstance(value, list) else ()
    for key, one in inner:
        yield from texts_of(one, at + pointer(key))


def english(kind: str, body: Mapping[str, Any]) -> list[tuple[str, str]]:
    return [(at, said) for at, said in texts_of(body) if isinstance(reading.part_at(kind, body, at).chosen({}), Text)]


@pytest.mark.proves("S1")
def test_one_word_is_one_line_of_what_is_exported(company: Session, browser_of: Browser) -> None:
    """Of every document, one text by chance is given a word more by the studio's own edit."""
    browser = browser_of(ADMIN)
    print("seed", SEED)
    for kind, department, key, body in shipped(company):
        base, (at, said) = f"/studio/{kind}/{department}/{key}", chance.choice(english(kind, body))
        was = browser.get(f"{base}/download").text
        edition = drafting.edition(let_go(company, definitions.get(company, (kind, department, key))))
        saved = browser.post(f"{base}/edit", data={f"v:{at}/en": said + " again", "edition": edition})
        now_said = browser.get(f"{base}/download?version=draft").text
        changed = [line for line in difflib.ndiff(was.splitlines(), now_said.splitlines()) if line[0] in "+-"]
        assert (saved.status_code, [line[0] for line in changed]) == (303, ["-", "+"]), (base, at, changed)
        assert "again" in changed[1]


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
