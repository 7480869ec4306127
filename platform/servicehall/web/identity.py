"""Who is asking: the person behind a browser session, an access token or a personal API token, in one query."""

from __future__ import annotations

import hashlib
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from flask import g, request, session
from flask_appbuilder.security.sqla.models import User
from flask_jwt_extended import decode_token
from flask_jwt_extended.exceptions import JWTExtendedException
from flask_login import AnonymousUserMixin
from jwt import PyJWTError
from sqlalchemy import Select, bindparam, exists, select, update

from servicehall.clock import now
from servicehall.errors import Unauthenticated, Unavailable
from servicehall.models.base import db, own_transaction
from servicehall.models.directory import Membership, Person
from servicehall.models.tokens import ApiToken
from servicehall.texts import _
from servicehall.web import accounts

TOKEN_PREFIX = "sh_"  # noqa: S105 - the beginning of every token, not one of them
LAST_USE_STEP = timedelta(minutes=10)
RIGHTS = frozenset({"admin", "auditor", "catalog_admin"})


@dataclass(frozen=True, slots=True)
class Caller:
    """An account that is good, the active person behind it, and what they are besides an employee."""

    account: User
    person: Person
    duties: frozenset[str]


def identify() -> None:
    """Set `g.person` and `g.duties` for this request: by the Authorization header, else by the session's cookie.

    A header that is no good is Unauthenticated, also where a cookie would be; no header and no session is nobody.
    """
    g.person, g.duties, g.by_header = None, frozenset(), False
    caller: Caller | None
    secret = bearer()
    if secret is not None and request.endpoint != "TokenApi.refresh":
        g.by_header = True
        caller = by_token(secret) if secret.startswith(TOKEN_PREFIX) else by_jwt(secret)
    else:
        caller = by_session()
    g._login_user = caller.account if caller else AnonymousUserMixin()  # what Flask-Login calls the current user
    if caller is not None:
        db.session.expunge(caller.person)  # nothing that a request does makes it stale or reads it again
        g.person, g.duties = caller.person, caller.duties


def bearer() -> str | None:
    kind, _space, token = request.headers.get("Authorization", "").partition(" ")
    if kind.lower() == "bearer":
        return token.strip()
    if kind:
        raise Unauthenticated(_("Send a bearer token."))
    return None


def by_session() -> Caller | None:
    """The caller of a browser session; none where it is of an old password, or the person is out."""
    account_id = str(session.get("_user_id", ""))
    if not account_id.isdigit():
        return None
    caller = _by_account(int(account_id))
    return caller if caller and session.get("stamp") == accounts.stamp(caller.account) else None


def by_jwt(encoded: str, kind: str = "access") -> Caller:
    """The caller that an access token names; Unauthenticated where it is forged, old or of an old password."""
    try:
        claims = decode_token(encoded)
    except (PyJWTError, JWTExtendedException) as error:
        raise Unauthenticated(_("The token is not valid, or no longer.")) from error
    caller = _by_account(int(claims["sub"]))
    if caller is None or claims.get("type") != kind or claims.get("stamp") != accounts.stamp(caller.account):
        raise Unauthenticated(_("The token is not valid, or no longer."))
    return caller


def by_token(secret: str) -> Caller:
    """The person whose personal API token this is; its last use is noted now and then, where that can be."""
    at = now()
    found = db.session.execute(BY_TOKEN, {"hash": token_hash(secret)}).first()
    token = found[3] if found else None
    if token is None or token.revoked_at or (token.expires_at and token.expires_at <= at):
        raise Unauthenticated(_("The token is not valid, or no longer."))
    if token.last_used_at is None or token.last_used_at < at - LAST_USE_STEP:
        with suppress(Unavailable), own_transaction() as beside:
            beside.execute(update(ApiToken).where(ApiToken.id == token.id).values(last_used_at=at))
    return _caller(found)


def token_hash(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()


def _callers() -> Select[Any]:
    """Accounts that may act, with their person and whether that is a member of any group."""
    member = exists().where(Membership.person_id == Person.id)
    return select(User, Person, member).join(Person, Person.email == User.email).where(User.active, Person.active)


BY_ACCOUNT = _callers().where(User.id == bindparam("account"))
BY_TOKEN = (
    _callers()
    .add_columns(ApiToken)
    .join(ApiToken, ApiToken.person_id == Person.id)
    .where(ApiToken.hash == bindparam("hash"))
)


def _by_account(account_id: int) -> Caller | None:
    found = db.session.execute(BY_ACCOUNT, {"account": account_id}).first()
    return _caller(found) if found else None


def _caller(found: Any) -> Caller:
    account, person, member = found[:3]
    held = RIGHTS.intersection(person.roles or ())
    return Caller(account, person, frozenset(held | {"agent"} if member else held))
