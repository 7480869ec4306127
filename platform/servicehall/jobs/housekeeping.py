"""Forgetting what is no longer needed: keys, nonces and results after a day, finished work and unused pictures after a
month."""

from __future__ import annotations

from datetime import datetime, timedelta

from servicehall.models.background import forget_finished
from servicehall.models.base import db, writing
from servicehall.models.operations import purge
from servicehall.services import pictures

SHORT = timedelta(days=1)
LONG = timedelta(days=30)


def run(at: datetime) -> None:
    with writing():
        purge(db.session(), before=at - SHORT, finished_before=at - LONG)
        forget_finished(db.session(), before=at - SHORT)
        db.session.commit()
        pictures.forget_unused(before=at - LONG)
