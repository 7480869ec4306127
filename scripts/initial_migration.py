"""Writes the first migration anew from the models. Only until the first release: from then on it is history.

python scripts/initial_migration.py
"""

from __future__ import annotations

import sys
from pathlib import Path

import sqlalchemy as sa
from alembic.autogenerate import produce_migrations, render_python_code
from alembic.migration import MigrationContext
from sqlalchemy import create_engine

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT / "platform"))

from servicehall.migrations import HERE  # noqa: E402
from servicehall.models import tables  # noqa: E402
from servicehall.models.base import UtcDateTime  # noqa: E402

TARGET = HERE / "versions" / "0001_initial.py"
HEAD = '''"""Every table of the first release, Flask-AppBuilder's sequences, the record's triggers, the search index."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from servicehall.models import search, triggers

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

JSON = sa.JSON(none_as_null=True).with_variant(postgresql.JSONB(none_as_null=True), "postgresql")

SEQUENCES = (
{sequences}
)


def upgrade() -> None:
    dialect = op.get_bind().dialect
    if dialect.supports_sequences:
        for name in SEQUENCES:
            op.execute(sa.schema.CreateSequence(sa.Sequence(name)))
    {upgrades}
    for statement in (*triggers.CREATE[dialect.name], *search.CREATE[dialect.name]):
        op.execute(statement)


def downgrade() -> None:
    dialect = op.get_bind().dialect
    for statement in (*search.DROP[dialect.name], *triggers.DROP[dialect.name]):
        op.execute(statement)
    {downgrades}
    if dialect.supports_sequences:
        for name in SEQUENCES:
            op.execute(sa.schema.DropSequence(sa.Sequence(name)))
'''


def render_item(kind: str, thing: object, context: object) -> str | bool:
    if kind == "type" and isinstance(thing, UtcDateTime):
        return "sa.DateTime(timezone=True)"
    return "JSON" if kind == "type" and isinstance(thing, sa.JSON) else False


def main() -> None:
    for table in tables.metadata.tables.values():
        for column in table.columns:
            if isinstance(column.default, sa.Sequence):
                column.autoincrement = False  # it has its named sequence; SERIAL would make a second one
    with create_engine("sqlite://").connect() as connection:
        context = MigrationContext.configure(connection)
        script = produce_migrations(context, tables.metadata)
    options = {"render_item": render_item, "render_as_batch": False}
    sequences = "\n".join(f'    "{name}",' for name in sorted(tables.metadata._sequences))
    TARGET.write_text(
        HEAD.format(
            sequences=sequences,
            upgrades=indented(render_python_code(script.upgrade_ops, **options)),
            downgrades=indented(render_python_code(script.downgrade_ops, **options)),
        )
    )
    print(f"wrote {TARGET.relative_to(ROOT)}: {len(tables.metadata.tables)} tables")


def indented(code: str) -> str:
    lines = [line.strip("\n") for line in code.splitlines() if not line.strip().startswith("# ###")]
    return "\n".join(lines).strip()


if __name__ == "__main__":
    main()
