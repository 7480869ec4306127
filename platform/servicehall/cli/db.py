"""`servicehall db`: migrations."""

from __future__ import annotations

from typing import Any

import click

from servicehall.cli.application import NOT_CURRENT, make_app, plain_errors, with_app

QUEUE_TABLES = "huey_"
"""Huey makes its own tables where the queue is in the same PostgreSQL database."""


@click.group("db")
def group() -> None:
    """The database and its migrations."""


@group.command()
def upgrade() -> None:
    """Bring the database to the newest version of its tables, and its roles with it."""
    from servicehall.web.roles import upgrade_database

    app = make_app()
    with app.app_context(), plain_errors():
        upgrade_database()
    click.echo("The database is up to date.")


@group.command()
@with_app
def check() -> None:
    """Exit 1 where the database is not at the newest version, or differs from it."""
    from alembic.autogenerate import compare_metadata
    from alembic.migration import MigrationContext

    from servicehall import migrations
    from servicehall.models import search, tables
    from servicehall.models.base import db

    def is_ours(name: str | None, kind: Any, parents: Any) -> bool:
        return search.include_name(name, kind, parents) and not (name or "").startswith(QUEUE_TABLES)

    if not migrations.is_current(db.engine):
        raise click.ClickException(NOT_CURRENT)
    with db.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True, "include_name": is_ours})
        differences = compare_metadata(context, tables.metadata)
    for difference in differences:
        click.echo(str(difference))
    if differences:
        raise click.ClickException("The database differs from what this program expects.")
    click.echo("The database is as it should be.")
