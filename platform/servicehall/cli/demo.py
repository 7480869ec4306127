"""`servicehall demo`: the demo company."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from servicehall.cli.application import make_app, plain_errors

if TYPE_CHECKING:
    from servicehall.web.demo_accounts import DemoAccount

PASSWORD = "servicehall"  # noqa: S105 - of invented people, on this computer only


@click.command()
@click.option("--password", default=PASSWORD, show_default=True, help="The password of every demo account.")
def demo(password: str) -> None:
    """Make the demo company: people, departments, groups, the catalogs, and some requests in flight.

    Migrates first. Does nothing where there are people already.
    """
    from servicehall.models.base import db
    from servicehall.services.demo import make_company
    from servicehall.web.accounts import hash_password, open_accounts
    from servicehall.web.demo_accounts import demo_accounts
    from servicehall.web.roles import upgrade_database

    app = make_app()
    with app.app_context(), plain_errors():
        upgrade_database()
        if not make_company():
            click.echo("There are people here already; nothing was changed.")
            return
        made = open_accounts(db.session(), hash_password(password))
        accounts = demo_accounts()
    click.echo(f"The demo company is ready: {made} people can sign in, each with the password {password!r}.")
    tell_accounts(accounts)


def tell_accounts(accounts: Sequence[DemoAccount]) -> None:
    """Whom to sign in as, one line for each kind of person that is there."""
    if not accounts:
        return
    click.echo(f"Sign in as one of these, with the password {PASSWORD!r} unless another was chosen:")
    for one in accounts:
        click.echo(f"  {one.username:<28} {one.role}")
