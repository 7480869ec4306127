"""Those who administer: a platform administrator, two authors of IT, and somebody with no duty."""

from __future__ import annotations

from typing import Any

from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session

from servicehall.clock import now
from servicehall.models.definitions import Document
from servicehall.services.people import record_person

ADMIN, AUTHOR, OTHER, PLAIN = "admin@example.com", "author@example.com", "other@example.com", "plain@example.com"
CALENDAR = "kind: calendar\ndepartment: it\nkey: hours\ntitle: {en: Hours}\ntime_zone: Asia/Shanghai\n"
WEEK = 'week: {mon-fri: ["09:00-18:00"]}\nholidays: {country: CN}\n'
HOURS = "/studio/calendar/it/hours"


def make_offices() -> None:
    """An administrator, two authors of IT, and somebody with no duty."""
    for email, department, roles in (
        (ADMIN, "hr", "admin"),
        (AUTHOR, "it", "catalog_admin"),
        (OTHER, "it", "catalog_admin"),
        (PLAIN, "it", ""),
    ):
        name = email.split("@")[0].title()
        cells = {"email": email, "name": name, "department": department, "roles": roles}
        record_person(cells, actor="system:tests", at=now())


def look_again(session: Session) -> None:
    """The test reads what others wrote meanwhile, and holds nobody up."""
    session.rollback()
    session.expire_all()


def let_go(session: Session, row: Any) -> Any:
    """The row as it is, without the transaction that read it: pages are not kept waiting."""
    session.expunge(row)
    session.rollback()
    return row


def document(session: Session, key: str = "hours", kind: str = "calendar") -> Any:
    """A document as it is now."""
    look_again(session)
    return let_go(session, session.scalars(select(Document).where(Document.kind == kind, Document.key == key)).one())


def write_draft(browser: FlaskClient, base: str, text: str) -> None:
    """A new document, written as YAML on its page of the studio."""
    assert browser.post(f"{base}/text", data={"text": text, "edition": "new"}).status_code == 303


def publish_hours(browser: FlaskClient) -> None:
    """The calendar it/hours, written and published in the studio."""
    write_draft(browser, HOURS, CALENDAR + WEEK)
    assert browser.post(f"{HOURS}/publish").status_code == 303
