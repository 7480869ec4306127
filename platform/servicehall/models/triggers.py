"""Triggers that keep the record: what was logged is never changed, and content changes only by being erased."""

from __future__ import annotations

APPEND_ONLY = ("events", "seals", "seal_leaves", "releases", "access_log")

ERASURE = (
    "NEW.sha256 = OLD.sha256 AND OLD.erased_at IS NULL AND NEW.erased_at IS NOT NULL "
    "AND NEW.data IS NULL AND NEW.salt IS NULL"
)


def _sqlite() -> list[str]:
    statements = [
        f"CREATE TRIGGER {table}_no_{act.lower()} BEFORE {act} ON {table} "
        f"BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"
        for table in APPEND_ONLY
        for act in ("UPDATE", "DELETE")
    ]
    statements += [
        "CREATE TRIGGER contents_no_delete BEFORE DELETE ON contents "
        "BEGIN SELECT RAISE(ABORT, 'contents are erased, never deleted'); END",
        f"CREATE TRIGGER contents_no_update BEFORE UPDATE ON contents WHEN NOT ({ERASURE}) "
        "BEGIN SELECT RAISE(ABORT, 'contents change only by being erased'); END",
    ]
    return statements


def _postgresql() -> list[str]:
    refuse = (
        "CREATE FUNCTION servicehall_refuse() RETURNS trigger LANGUAGE plpgsql AS $$ "
        "BEGIN RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'integrity_constraint_violation'; "
        "END $$"
    )
    statements = [refuse]
    for table in APPEND_ONLY:
        statements += [
            f"CREATE TRIGGER {table}_no_update BEFORE UPDATE ON {table} FOR EACH ROW "
            "EXECUTE FUNCTION servicehall_refuse()",
            f"CREATE TRIGGER {table}_no_delete BEFORE DELETE ON {table} FOR EACH ROW "
            "EXECUTE FUNCTION servicehall_refuse()",
            f"CREATE TRIGGER {table}_no_truncate BEFORE TRUNCATE ON {table} FOR EACH STATEMENT "
            "EXECUTE FUNCTION servicehall_refuse()",
        ]
    statements += [
        "CREATE TRIGGER contents_no_delete BEFORE DELETE ON contents FOR EACH ROW "
        "EXECUTE FUNCTION servicehall_refuse()",
        "CREATE TRIGGER contents_no_truncate BEFORE TRUNCATE ON contents FOR EACH STATEMENT "
        "EXECUTE FUNCTION servicehall_refuse()",
        f"CREATE TRIGGER contents_no_update BEFORE UPDATE ON contents FOR EACH ROW WHEN (NOT ({ERASURE})) "
        "EXECUTE FUNCTION servicehall_refuse()",
    ]
    return statements


CREATE = {"sqlite": _sqlite(), "postgresql": _postgresql()}
"""Run after the tables are made, once."""

DROP = {"sqlite": [], "postgresql": ["DROP FUNCTION IF EXISTS servicehall_refuse() CASCADE"]}
"""Run before the tables are dropped (SQLite drops a table's triggers with it)."""
