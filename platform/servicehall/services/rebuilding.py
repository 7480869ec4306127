"""The tables against the log: every record is rebuilt from its events beside the live tables, and compared."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from sqlalchemy import literal, select
from sqlalchemy.exc import OperationalError, ProgrammingError
from sqlalchemy.orm import Session

from servicehall.errors import ServicehallError
from servicehall.models.log import EventRow
from servicehall.services import replay
from servicehall.services.audit import Progress, batches, stream_names
from servicehall.texts import _


def replay_check(session: Session, progress: Progress = lambda streams: None) -> list[str]:
    """Rebuilds every record from the log and says each difference; use a `snapshot`."""
    differences = list(_without_stream(session))
    for batch in batches(stream_names(session), replay.BATCH):
        differences += _replayed(session, batch)
        progress(len(batch))
    return differences


def _replayed(session: Session, streams: Sequence[str]) -> list[str]:
    """The differences of these streams; one whose events cannot be replayed is named, and the others still compared."""
    try:
        return replay.compare(session, streams)
    except (OperationalError, ProgrammingError, ServicehallError):  # the database's trouble, not the record's
        raise
    except Exception as broken:  # whatever a damaged event makes an applier raise
        if len(streams) == 1:
            reason = f"{type(broken).__name__}: {broken}".splitlines()[0]
            return [_("{stream}: cannot be replayed: {reason}", stream=streams[0], reason=reason)]
        return [line for stream in streams for line in _replayed(session, [stream])]


def _without_stream(session: Session) -> Iterator[str]:
    """Rows of record tables of which the log knows nothing."""
    for kind, models in replay.RECORDS.items():
        for model, owner in models:
            column = model.__table__.c[owner]
            known = select(EventRow.sequence).where(EventRow.stream == literal(f"{kind}/") + column)
            for key in session.scalars(select(column).where(~known.exists()).distinct().order_by(column)):
                table = model.__tablename__
                yield _("{table} {key}: stands in the table, but not in the log", table=table, key=key)
