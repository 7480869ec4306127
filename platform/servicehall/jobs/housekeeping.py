"""Forgetting what is no longer needed: keys, nonces and results after a day, finished work and unused pictures after a
month."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import delete
from sqlalchemy.orm import Session

from servicehall.models.background import forget_finished
from servicehall.models.base import db, writing
from servicehall.models.notices import ApprovalLink
from servicehall.models.operations import CANCELLED, DONE, FormNonce, IdempotencyKey, Outbox, Timers
from servicehall.services import pictures

SHORT = timedelta(days=1)
LONG = timedelta(days=30)


def run(at: datetime) -> None:
    with writing():
        _forget(db.session(), before=at - SHORT, finished_before=at - LONG)
        forget_finished(db.session(), before=at - SHORT)
        db.session.commit()
        pictures.forget_unused(before=at - LONG)


def _forget(session: Session, *, before: datetime, finished_before: datetime) -> None:
    """Keys and nonces older than `before`; work finished and links expired before `finished_before`."""
    for short_lived in (IdempotencyKey, FormNonce):
        session.execute(delete(short_lived).where(short_lived.created_at < before))
    session.execute(delete(ApprovalLink).where(ApprovalLink.expires_at < finished_before))
    for work in (Outbox, Timers):
        finished = work.state.in_((DONE, CANCELLED))
        session.execute(delete(work).where(finished, work.next_at < finished_before))
