"""Personal API tokens: random secrets of which only the hash is kept."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Row, insert, select, update
from sqlalchemy.orm import Session

from servicehall.errors import Conflict, NotFound
from servicehall.models.base import new_id
from servicehall.models.directory import Person
from servicehall.models.tokens import ApiToken
from servicehall.texts import _
from servicehall.web.accounts import ensure_account, person_of
from servicehall.web.identity import TOKEN_PREFIX, token_hash


@dataclass(frozen=True, slots=True)
class NewToken:
    """A token as it is shown once."""

    id: str
    secret: str


def create_token(session: Session, email: str, *, at: datetime, expires_at: datetime | None = None) -> NewToken:
    """A new token for the person with this email; NotFound where there is none, Conflict for one who left. Commits."""
    person = person_of(session, email)
    if not person.active:
        raise Conflict(_("{email} is not active, so a token would be of no use.", email=person.email))
    ensure_account(session, person)
    made = NewToken(new_id(), TOKEN_PREFIX + secrets.token_urlsafe(32))
    session.execute(
        insert(ApiToken).values(
            id=made.id, person_id=person.id, hash=token_hash(made.secret), created_at=at, expires_at=expires_at
        )
    )
    session.commit()
    return made


def all_tokens(session: Session) -> Sequence[Row[ApiToken, str]]:
    """Every token with its person's email, oldest first."""
    found = select(ApiToken, Person.email).join(Person, Person.id == ApiToken.person_id).order_by(ApiToken.created_at)
    return session.execute(found).all()


def tokens_of(session: Session, person_id: str) -> Sequence[ApiToken]:
    """Somebody's API tokens, the newest first."""
    mine = select(ApiToken).where(ApiToken.person_id == person_id)
    return session.scalars(mine.order_by(ApiToken.created_at.desc())).all()


def revoke_token(session: Session, token_id: str, *, at: datetime) -> None:
    """End a token; one that has ended stays as it is. Commits."""
    if session.get(ApiToken, token_id) is None:
        raise NotFound(_("There is no such token."))
    live = (ApiToken.id == token_id, ApiToken.revoked_at.is_(None))
    session.execute(update(ApiToken).where(*live).values(revoked_at=at))
    session.commit()
