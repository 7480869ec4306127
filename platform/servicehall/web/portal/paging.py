"""The addresses of a list's next and first page."""

from __future__ import annotations

from urllib.parse import urlencode

from flask import request

CURSOR = "cursor"


def cursor() -> str | None:
    """The place in the list that the address asks for."""
    return request.args.get(CURSOR) or None


def next_href(following: str | None) -> str:
    """This address at another place; empty where there is none."""
    return _href(following) if following else ""


def first_href() -> str:
    """This address at its beginning; empty where that is here."""
    return _href(None) if cursor() else ""


def _href(place: str | None) -> str:
    said = [(name, value) for name, value in request.args.items(multi=True) if name != CURSOR]
    if place is not None:
        said.append((CURSOR, place))
    return f"{request.path}?{urlencode(said)}" if said else request.path
