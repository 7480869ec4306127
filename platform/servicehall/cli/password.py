"""`servicehall password`: passwords of accounts."""

from __future__ import annotations

import click

from servicehall.cli.application import read_secret, with_app


@click.group("password")
def group() -> None:
    """Passwords."""


@group.command("set")
@click.option(
    "--person", required=True, metavar="EMAIL", help="Whose password; an account is made where there is none."
)
@with_app
def set_(person: str) -> None:
    """Set somebody's password, read from standard input. Their open sessions end."""
    from servicehall.models.base import db
    from servicehall.web.accounts import hash_password, set_password

    set_password(db.session(), person, hash_password(read_secret("Password")))
    click.echo(f"The password of {person} is set.")
