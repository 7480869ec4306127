"""What a department's published document says: its agents, its fallback, its hours, its days."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session

from servicehall.models.definitions import Document
from servicehall.services.work import remembered

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


def agent_groups(session: Session) -> dict[str, frozenset[str]]:
    """Each department's agent groups, by key."""
    rows = session.execute(
        select(Document.department, Document.body).where(Document.kind == "department", Document.state == "published")
    )
    return {
        department: frozenset(str(key).rsplit("/", 1)[-1] for key in (body or {}).get("agents", ()))
        for department, body in rows
    }


def reopen_until(session: Session, department: str, resolved_at: datetime) -> datetime:
    """Until when a request that was resolved then may be reopened."""
    return resolved_at + timedelta(days=document(session, department).get("reopen_days", DAYS))


def close_at(session: Session, department: str, resolved_at: datetime) -> datetime:
    """When a request that was resolved then closes by itself."""
    return resolved_at + timedelta(days=document(session, department).get("close_days", DAYS))
