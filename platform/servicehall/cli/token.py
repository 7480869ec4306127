"""`servicehall token`: personal API tokens, shown once and kept as a hash."""

from __future__ import annotations

import json
from datetime import timedelta

import click

from servicehall.cli.application import Lifetime, with_app
from servicehall.clock import as_instant, now


@click.group("token")
def group() -> None:
    """Personal API tokens."""


@group.command()
@click.option("--person", required=True, metavar="EMAIL", help="Whose token it is: it may what they may.")
@click.option("--expires", type=Lifetime(), metavar="30d", help="How long it is good for; for ever where absent.")
@click.option("--json", "as_json", is_flag=True, help="Print {id, token}.")
@with_app
def create(person: str, expires: timedelta | None, as_json: bool) -> None:
    """Make a token. It is shown this once, alone on the last line."""
    from servicehall.models.base import db
    from servicehall.web.tokens import create_token

    at = now()
    made = create_token(db.session(), person, at=at, expires_at=at + expires if expires else None)
    if as_json:
        click.echo(json.dumps({"id": made.id, "token": made.secret}))
    else:
        click.echo(f"Token {made.id} of {person}. Keep it: it is not shown again.", err=True)
        click.echo(made.secret)


@group.command("list")
@click.option("--json", "as_json", is_flag=True, help="One JSON array.")
@with_app
def list_(as_json: bool) -> None:
    """All tokens, without their secrets."""
    from servicehall.models.base import db
    from servicehall.web.tokens import all_tokens

    rows = [
        {
            "id": token.id,
            "person": email,
            "created_at": as_instant(token.created_at),
            "expires_at": as_instant(token.expires_at) if token.expires_at else None,
            "last_used_at": as_instant(token.last_used_at) if token.last_used_at else None,
            "revoked_at": as_instant(token.revoked_at) if token.revoked_at else None,
        }
        for token, email in all_tokens(db.session())
    ]
    if as_json:
        click.echo(json.dumps(rows))
        return
    for row in rows:
        state = "revoked" if row["revoked_at"] else f"expires {row['expires_at'] or 'never'}"
        click.echo(f"{row['id']}  {row['person']}  {state}  last used {row['last_used_at'] or 'never'}")


@group.command()
@click.argument("token_id", metavar="ID")
@with_app
def revoke(token_id: str) -> None:
    """End a token at once."""
    from servicehall.models.base import db
    from servicehall.web.tokens import revoke_token

    revoke_token(db.session(), token_id, at=now())
    click.echo(f"Token {token_id} is revoked.")
