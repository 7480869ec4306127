"""The catalog as departments present it: order, titles and icons of categories, what is featured, and who sees it."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy.orm import Session
from tests.databases import on_sqlite
from tests.factories.company import ADMIN, EMPLOYEE, IT_CATALOG, make_company

from servicehall.documents.document import Document
from servicehall.documents.examination import DirectoryFacts
from servicehall.documents.pack import Pack, check

Browser = Callable[[str], FlaskClient]


@pytest.fixture
def company(session: Session, world: Callable[..., Any]) -> Session:
    world(make_company)
    session.rollback()
    return session


def names(text: str) -> list[str]:
    return re.findall(r'href="/services/([a-z-]+/[a-z-]+)"', text)


@on_sqlite
def test_featured_services_and_categories_stand_as_the_departments_say(company: Session, browser_of: Browser) -> None:
    text = browser_of(EMPLOYEE).get("/").text
    featured = names(text[text.index("featured-title") :])
    assert featured == ["hr/leave", "hr/employment-certificate", "it/incident", "it/laptop", "it/password-reset"]
    order = re.findall(r'href="/services\?category=([a-z-]+)"', text)
    assert order[:4] == ["support", "devices", "access", "software"]
    assert len(order) > 4, "those that no department names come after"


@on_sqlite
def test_a_category_is_called_and_drawn_as_its_department_says(company: Session, browser_of: Browser) -> None:
    author, edit = browser_of(IT_CATALOG), "/studio/department/it/it"
    said = {"v:/categories/1/title/zh": "机器", "v:/categories/1/icon": "robot", "edition": "1-"}
    assert author.post(f"{edit}/edit", data={**said, "do": "move:/categories/1:up"}).status_code == 303
    assert author.post(f"{edit}/publish").status_code == 303
    text = browser_of(EMPLOYEE).get("/").text
    tiles = text[text.index("categories-title") :]
    assert "机器" in tiles
    assert "#robot" in tiles
    assert re.findall(r"category=([a-z-]+)", tiles)[:2] == ["devices", "support"]


@on_sqlite
def test_authors_see_the_catalog_of_their_department_as_others_do(company: Session, browser_of: Browser) -> None:
    own = {one for one in names(browser_of(EMPLOYEE).get("/services").text) if one.startswith("it/")}
    titles = browser_of(IT_CATALOG).get(f"/studio/view-as?person={EMPLOYEE}").text
    assert titles.count('<span class="muted small">') == len(own) > 3
    assert 'href="/services/' not in titles[titles.index("<main") :]
    everything = browser_of(ADMIN).get(f"/studio/view-as?person={EMPLOYEE}").text
    assert everything.count('<span class="muted small">') > len(own)
    assert "no active person" in browser_of(IT_CATALOG).get("/studio/view-as?person=nobody@example.com").text
    assert browser_of(EMPLOYEE).get("/studio/view-as").status_code == 404


def test_what_a_department_says_of_the_catalog_is_checked() -> None:
    body = {
        "kind": "department",
        "department": "it",
        "key": "it",
        "categories": [{"key": "a"}, {"key": "b", "title": {"en": "B"}}, {"key": "a"}],
        "featured": ["laptop", "laptop"],
    }
    pack = Pack((Document.of(body),))
    found = check(pack, find=lambda kind, department, key: None, directory=DirectoryFacts())
    assert [(one.severity, one.path, one.code) for one in found] == [
        ("error", "categories[2].key", "duplicate"),
        ("warning", "featured[0]", "unknown_service"),
        ("warning", "featured[1]", "duplicate"),
        ("warning", "featured[1]", "unknown_service"),
    ]


@on_sqlite
def test_what_is_featured_is_picked_from_the_departments_services(company: Session, browser_of: Browser) -> None:
    """An entry is a list of services by title, moved by buttons; a service's category is offered, and may be new."""
    browser, base = browser_of(ADMIN), "/studio/department/it/it"
    page = browser.get(f"{base}/content").text
    assert '<option value="laptop" selected>' in page
    assert ('<option value="shared-mailbox">' in page, '<option value="leave">' in page) == (True, False)
    edition = re.findall(r'name="edition" value="([^"]+)"', page)[-1]
    assert browser.post(f"{base}/edit", data={"edition": edition, "do": "move:/featured/1:up"}).status_code == 303
    text = browser.get(f"{base}/download?version=draft").text
    assert "featured: [laptop, incident, password-reset]" in text
    assert '<option value="devices">' in browser.get("/studio/service/it/laptop/design").text
