"""What requests are found by: one row of tokens each, and the index that the database keeps over them.

Operational: outside the log, and made anew by `servicehall search rebuild`. The index is FTS5 on SQLite and GIN on
PostgreSQL; both get tokens that we made (`domain/search_words.py`), so that both find the same.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Integer, Select, Text, and_, cast, column, func, literal, literal_column, select, table, text
from sqlalchemy.dialects.postgresql import TSQUERY
from sqlalchemy.orm import Mapped, Session, mapped_column
from sqlalchemy.sql import ColumnElement

from servicehall.domain.search_words import Term
from servicehall.models.base import Base, Id
from servicehall.models.operations import upserting

INDEX = "search_words"
_VECTOR: ColumnElement[Any] = literal_column("search_words(search.tokens)")


class Search(Base):
    """The tokens of a request, with a space between: only what everybody who sees the request may read."""

    __tablename__ = "search"

    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    request_id: Mapped[Id] = mapped_column(unique=True)
    tokens: Mapped[str] = mapped_column(Text)


def put(session: Session, tokens: Mapping[str, Sequence[str]]) -> None:
    """Writes the tokens of requests, by their ids, in the place of what was there."""
    statement = upserting(session, Search)
    statement = statement.on_conflict_do_update(
        index_elements=["request_id"], set_={"tokens": statement.excluded.tokens}
    )
    rows = [{"request_id": request_id, "tokens": " ".join(some)} for request_id, some in tokens.items()]
    session.connection().execute(statement, rows)


def found_ids(terms: Sequence[Term], dialect: str) -> Select[str]:
    """The ids of the requests that have all of these tokens, by the index; there is at least one token."""
    if dialect == "sqlite":
        asked = " ".join(f'"{one.token}"{"*" if one.beginning else ""}' for one in terms)
        index = table("search_words", column("rowid", Integer))
        joined = select(Search.request_id).select_from(index.join(Search, Search.id == index.c.rowid))
        return joined.where(text("search_words MATCH :asked").bindparams(asked=asked))
    return select(Search.request_id).where(_VECTOR.bool_op("@@")(_query(terms)))


def has_all(terms: Sequence[Term], dialect: str) -> ColumnElement[bool]:
    """The same as a condition over a row that is at hand, without the index."""
    if dialect != "sqlite":
        return _VECTOR.bool_op("@@")(_query(terms))
    words = literal(" ").concat(Search.tokens).concat(" ")
    return and_(*(func.instr(words, f" {one.token}" + " " * (not one.beginning)) > 0 for one in terms))


def _query(terms: Sequence[Term]) -> ColumnElement[Any]:
    return cast(" & ".join(f"'{one.token}'{':*' if one.beginning else ''}" for one in terms), TSQUERY)


CREATE = {
    "sqlite": [
        "CREATE VIRTUAL TABLE search_words USING fts5(tokens, content='search', content_rowid='id', tokenize='ascii', "
        "detail='none', columnsize=0)",
        "CREATE TRIGGER search_words_insert AFTER INSERT ON search "
        "BEGIN INSERT INTO search_words(rowid, tokens) VALUES (NEW.id, NEW.tokens); END",
        "CREATE TRIGGER search_words_delete AFTER DELETE ON search "
        "BEGIN INSERT INTO search_words(search_words, rowid, tokens) VALUES ('delete', OLD.id, OLD.tokens); END",
        "CREATE TRIGGER search_words_update AFTER UPDATE ON search WHEN NEW.tokens IS NOT OLD.tokens "
        "BEGIN INSERT INTO search_words(search_words, rowid, tokens) VALUES ('delete', OLD.id, OLD.tokens); "
        "INSERT INTO search_words(rowid, tokens) VALUES (NEW.id, NEW.tokens); END",
    ],
    "postgresql": [
        # dear, so that the planner reads the index and not every row
        "CREATE FUNCTION search_words(tokens text) RETURNS tsvector LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE "
        "COST 1000 AS $$ BEGIN RETURN array_to_tsvector(string_to_array(tokens, ' ')); END $$",
        "CREATE INDEX search_words ON search USING gin (search_words(tokens))",
    ],
}
"""Run after the tables are made, once."""

DROP = {
    "sqlite": ["DROP TABLE IF EXISTS search_words"],
    "postgresql": ["DROP INDEX IF EXISTS search_words", "DROP FUNCTION IF EXISTS search_words(text)"],
}
"""Run before the tables are dropped."""


def include_name(name: str | None, kind: str, parents: object) -> bool:
    """For Alembic, which knows tables and columns only: the index, and the tables that FTS5 keeps it in, are ours."""
    return not (name or "").startswith(INDEX)
