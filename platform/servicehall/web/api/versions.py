"""`ETag` and `If-Match`: whoever changes something changes what they have seen, or is told that it has changed."""

from __future__ import annotations

from flask import request
from sqlalchemy import select

from servicehall.errors import Conflict
from servicehall.models.base import begin_writing, db
from servicehall.models.requests import Request
from servicehall.texts import _
from servicehall.web.api.calls import etag_of


def expect_version(row: Request) -> None:
    """Conflict where `If-Match` names another version; holds the family's lock until the verb has committed."""
    if "If-Match" not in request.headers:
        return
    session = db.session()
    begin_writing(session)
    session.execute(select(Request.id).where(Request.id == row.root_id).with_for_update())
    if not request.if_match.contains(etag_of(row).strip('"')):
        session.rollback()
        raise Conflict(_("This has changed since you read it. Read it again before you change it."))
