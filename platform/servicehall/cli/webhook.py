"""`servicehall webhook`: what the receivers of our calls need to know."""

from __future__ import annotations

import click

from servicehall.channels.webhook import secret_of
from servicehall.cli.application import read_settings


@click.group("webhook")
def group() -> None:
    """Calls to other systems."""


@group.command()
@click.argument("name")
def secret(name: str) -> None:
    """Print the secret that calls to the webhook NAME are signed with; it changes with the secret key."""
    settings = read_settings()
    if name not in settings.webhooks:
        raise click.ClickException(f"no webhook {name!r} is set in SERVICEHALL_WEBHOOKS")
    click.echo(secret_of(settings.secret_key, name).decode())
