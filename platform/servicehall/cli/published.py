"""What the database knows, for commands that do without the application and without a database too."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from servicehall.config import sqlalchemy_url
from servicehall.documents.shipped import find_shipped

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from servicehall.documents.document import Finder
    from servicehall.documents.examination import DirectoryFacts, PlacedProblem
    from servicehall.documents.pack import Pack


def published_body(kind: str, department: str, key: str) -> Mapping[str, Any] | None:
    """The body of what is published under this name; None where there is none, or no database to ask."""
    url = _database_url()
    if url is None:
        return None
    from sqlalchemy import create_engine, text
    from sqlalchemy.exc import SQLAlchemyError

    asked = text(
        "SELECT body FROM documents WHERE kind = :kind AND department = :department AND key = :key"
        " AND state = 'published'"
    )
    engine = create_engine(url)
    try:
        with engine.connect() as connection:
            found = connection.execute(asked, {"kind": kind, "department": department, "key": key}).scalar()
    except SQLAlchemyError:
        return None
    finally:
        engine.dispose()
    body: Mapping[str, Any] | None = json.loads(found) if isinstance(found, str) else found
    return body


def what_is_known() -> tuple[Finder, DirectoryFacts | None]:
    """Where references resolve beside a pack, and the directory; `forms/` alone where there is no database to ask.

    A directory without people says nothing about who is unknown.
    """
    url = _database_url()
    if url is None:
        return find_shipped, None
    from sqlalchemy import create_engine
    from sqlalchemy.exc import SQLAlchemyError
    from sqlalchemy.orm import Session

    from servicehall.services import shelf

    engine = create_engine(url)
    try:
        with Session(engine) as session:
            find, directory = shelf.what_is_known(session)
    except SQLAlchemyError:
        return find_shipped, None
    finally:
        engine.dispose()
    return find, directory if directory.people else None


def what_the_directory_says(pack: Pack, found: Sequence[PlacedProblem], find: Finder) -> list[PlacedProblem]:
    """Whom the approval of a pack's services leaves without a decision, and deputies in a circle; nothing without a
    database to ask."""
    url = _database_url()
    if url is None:
        return []
    from sqlalchemy import create_engine
    from sqlalchemy.exc import SQLAlchemyError
    from sqlalchemy.orm import Session

    from servicehall.clock import now
    from servicehall.services import checking, deciders

    engine = create_engine(url)
    try:
        with Session(engine) as session:
            currency = os.environ.get("SERVICEHALL_DEFAULT_CURRENCY", "").strip() or "CNY"
            said = checking.asked_of_directory(session, pack, found, find, currency=currency)
            return [*said, *deciders.deputy_cycles(session, now())]
    except SQLAlchemyError:
        return []
    finally:
        engine.dispose()


@contextmanager
def known_directory() -> Iterator[Session | None]:
    """A session over the directory; None where there is no database to ask, or nobody in it."""
    url = _database_url()
    if url is None:
        yield None
        return
    from sqlalchemy import create_engine, select
    from sqlalchemy.exc import SQLAlchemyError
    from sqlalchemy.orm import Session

    from servicehall.models.directory import Person

    engine = create_engine(url)
    try:
        with Session(engine) as session:
            try:
                there = session.scalar(select(Person.id).limit(1)) is not None
            except SQLAlchemyError:
                there = False
            yield session if there else None
    finally:
        engine.dispose()


def _database_url() -> str | None:
    url = os.environ.get("SERVICEHALL_DATABASE_URL", "").strip()
    if url:
        return sqlalchemy_url(url)
    file = Path(os.environ.get("SERVICEHALL_DATA_DIR", "data")) / "servicehall.db"
    return f"sqlite:///{file}" if file.is_file() else None
