"""An empty database in memory, with the tables that rules are asked over; gone when one is done with it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from sqlalchemy import create_engine
from sqlalchemy.orm import Session
from sqlalchemy.pool import StaticPool

from servicehall.models.base import Base


@contextmanager
def scratch(models: Sequence[type[Base]]) -> Iterator[Session]:
    """A session over empty tables of these models."""
    engine = create_engine("sqlite://", poolclass=StaticPool)
    try:
        Base.metadata.create_all(engine, tables=[model.__table__ for model in models], checkfirst=False)
        with Session(engine) as session:
            yield session
    finally:
        engine.dispose()
