"""What a department's published document says: its agents, its fallback, its hours, its days."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session

from servicehall.domain.voices import ADMINISTRATORS
from servicehall.models.definitions import Document
from servicehall.services.remembering import remembered
from servicehall.texts import _, pick

DAYS = 14


def document(session: Session, department: str) -> dict[str, Any]:
    """The published `department` document; empty where there is none."""
    return published(session, "department", department) or {}


def published(session: Session, kind: str, department: str, key: str | None = None) -> dict[str, Any] | None:
    """The body of a published document; by its kind alone where a department has one."""
    return remembered(("published", kind, department, key or ""), lambda: _published(session, kind, department, key))


def _published(session: Session, kind: str, department: str, key: str | None) -> dict[str, Any] | None:
    named = {"kind": kind, "department": department}
    if key is None:
        return session.scalars(_PUBLISHED, named).first()
    return session.scalars(_PUBLISHED.where(Document.key == key), named).first()


_PUBLISHED = select(Document.body).where(
    Document.kind == bindparam("kind"), Document.department == bindparam("department"), Document.state == "published"
)


def department_titles(session: Session) -> dict[str, str]:
    """The departments' titles in the reader's language, by key; one query."""
    return {key: pick(body.get("title")) or key for key, body in _departments(session)}


def group_titles(session: Session) -> dict[str, str]:
    """The titles that departments gave to groups, in the reader's language, by the group's key; one query."""
    named = [one for _key, body in _departments(session) for one in body.get("groups", ())]
    return {str(one["key"]).rpartition("/")[2]: pick(one["title"]) for one in named}


def group_name(key: str | None, titles: Mapping[str, str]) -> str:
    """A group goes by its title, else by its key; the platform's administrators are a group without one."""
    if key == ADMINISTRATORS:
        return _("Administrators")
    return titles.get(key.rpartition("/")[2], key) if key else "—"


def _departments(session: Session) -> list[tuple[str, dict[str, Any]]]:
    rows = session.execute(
        select(Document.department, Document.body).where(Document.kind == "department", Document.state == "published")
    )
    return [(key, body or {}) for key, body in rows]


def agent_groups(session: Session) -> dict[str, frozenset[str]]:
    """Each department's agent groups, by key."""
    return {
        department: frozenset(str(key).rsplit("/", 1)[-1] for key in body.get("agents", ()))
        for department, body in _departments(session)
    }


def reopen_until(session: Session, department: str, resolved_at: datetime) -> datetime:
    """Until when a request that was resolved then may be reopened."""
    return resolved_at + timedelta(days=document(session, department).get("reopen_days", DAYS))


def close_at(session: Session, department: str, resolved_at: datetime) -> datetime:
    """When a request that was resolved then closes by itself."""
    return resolved_at + timedelta(days=document(session, department).get("close_days", DAYS))
