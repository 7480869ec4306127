"""`servicehall search`: what requests are found by."""

from __future__ import annotations

import click

from servicehall.cli.application import progress_bar, with_app
from servicehall.texts import _


@click.group()
def group() -> None:
    """The words that requests are found by."""


@group.command()
@with_app
def rebuild() -> None:
    """Make the words of every request anew, as after people have changed their names."""
    from sqlalchemy import func, select

    from servicehall.models.base import db
    from servicehall.models.requests import Request
    from servicehall.services import search

    session = db.session()
    number = session.scalar(select(func.count()).select_from(Request)) or 0
    with progress_bar(number, _("Requests")) as progress:
        made = search.rebuild(session, progress)
    click.echo(f"{made} requests are found by their words again.")
