"""Forgetting what is no longer needed: keys and nonces after a day, finished work after a month."""

from __future__ import annotations

from datetime import datetime, timedelta

from ..models.base import db, writing
from ..models.operations import purge

SHORT = timedelta(days=1)
LONG = timedelta(days=30)


def run(at: datetime) -> None:
    with writing():
        purge(db.session(), before=at - SHORT, finished_before=at - LONG)
        db.session.commit()
