"""Who is affected by a document: what uses it, and the requests that are under way on the services among that."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from servicehall.documents.document import Document as Authored
from servicehall.domain.lifecycle import ENDED
from servicehall.models.requests import Request
from servicehall.services import definitions
from servicehall.services.shelf import Name

NOT_SENT = "draft"


@dataclass(frozen=True)
class Affected:
    """A published document, and for a service how many requests were sent on it and have not ended."""

    document: Authored
    open: int | None


def affected(session: Session, name: Name) -> Sequence[Affected]:
    """The document itself where it is published, then what uses it, by name."""
    own = definitions.published(session, name)
    found = [*([own] if own is not None else []), *definitions.users(session, name)]
    counts = open_requests(session, [one.reference for one in found if one.kind == "service"])
    return [Affected(one, counts.get(one.reference, 0) if one.kind == "service" else None) for one in found]


def open_requests(session: Session, services: Sequence[str]) -> dict[str, int]:
    """How many requests are under way on each of these services (`department/key`); none are left out."""
    if not services:
        return {}
    open_ones = (Request.service.in_(services), Request.state.not_in((NOT_SENT, *ENDED)))
    counted = select(Request.service, func.count()).where(*open_ones).group_by(Request.service)
    return {row[0]: row[1] for row in session.execute(counted)}
