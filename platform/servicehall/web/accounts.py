"""Accounts: the Flask-AppBuilder user with which a person signs in. Found by email; made when a password is set."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from flask_appbuilder.security.sqla.models import User
from sqlalchemy import insert, select, update
from sqlalchemy.orm import Session
from werkzeug.security import generate_password_hash

from servicehall.errors import Invalid, NotFound, Problem
from servicehall.models.base import begin_writing
from servicehall.models.directory import Person
from servicehall.texts import _

SHORTEST_PASSWORD = 8
LONGEST_PASSWORD = 512
HASHED_BY = "scrypt"
BATCH = 500


def hash_password(password: str) -> str:
    """The slow, salted hash that is kept; Invalid where the password is too short or too long. Not inside a work."""
    if not SHORTEST_PASSWORD <= len(password) <= LONGEST_PASSWORD or not password.strip("\0 "):
        text = _("A password needs at least {least} characters.", least=SHORTEST_PASSWORD)
        raise Invalid(text, [Problem("password", "length", text)])
    return generate_password_hash(password, HASHED_BY)


@dataclass(frozen=True, slots=True)
class Account:
    """What an administrator may know of an account: never more than whether there is a password."""

    active: bool
    has_password: bool
    last_login: datetime | None
    login_count: int


def account_of(session: Session, email: str) -> Account | None:
    """The account of this address; None where there is none yet."""
    columns = select(User.active, User.password.is_not(None), User.last_login, User.login_count)
    found = session.execute(columns.where(User.email == email)).first()
    if found is None:
        return None
    active, has_password, last_login, count = found
    return Account(bool(active), bool(has_password), last_login and last_login.replace(tzinfo=UTC), count or 0)


def person_of(session: Session, email: str) -> Person:
    """The person with this email, upper or lower case; NotFound where there is none."""
    person: Person | None = session.scalar(select(Person).where(Person.email == email.strip().lower()))
    if person is None:
        raise NotFound(_("Nobody has the email {email}.", email=email))
    return person


def ensure_account(session: Session, person: Person) -> int:
    """The id of the person's account; one without a password is made where there is none."""
    account = session.scalar(select(User.id).where(User.email == person.email))
    if account is not None:
        return int(account)
    made = session.execute(insert(User).values(_account_of(person)).returning(User.id))
    return int(made.scalar_one())


def ensure_accounts(session: Session, emails: Sequence[str]) -> int:
    """Makes an account without a password for each of these people who has none; commits. Gives how many were made."""
    begin_writing(session)
    made = 0
    for start in range(0, len(emails), BATCH):
        batch = emails[start : start + BATCH]
        known = set(session.scalars(select(User.email).where(User.email.in_(batch))))
        people = session.scalars(select(Person).where(Person.email.in_(batch), Person.email.not_in(known)))
        rows = [_account_of(person) for person in people]
        if rows:
            session.execute(insert(User), rows)
        made += len(rows)
    session.commit()
    return made


def _account_of(person: Person) -> dict[str, Any]:
    at = datetime.now(UTC).replace(tzinfo=None)
    return {
        "first_name": person.name[:64],
        "last_name": "",
        "username": person.email,
        "email": person.email,
        "active": True,
        "created_on": at,
        "changed_on": at,
    }


def set_password(session: Session, email: str, hashed: str) -> None:
    """Give the person with this email an account with this password; commits. Sessions of the old one end."""
    account = ensure_account(session, person_of(session, email))
    at = datetime.now(UTC).replace(tzinfo=None)
    session.execute(update(User).where(User.id == account).values(password=hashed, active=True, changed_on=at))
    session.commit()


def erase_account(session: Session, person: Person) -> None:
    """Takes name, address and password from the account of somebody who is being erased; commits."""
    begin_writing(session)
    empty = {"username": f"erased-{person.id}", "email": f"erased-{person.id}", "first_name": "—", "last_name": ""}
    statement = update(User).where(User.email == person.email)
    session.execute(statement.values(**empty, password=None, active=False))
    session.commit()


def open_accounts(session: Session, hashed: str) -> int:
    """An account with this one password for every active person: the demo company's. Gives how many there are."""
    emails = list(session.scalars(select(Person.email).where(Person.active)))
    ensure_accounts(session, emails)
    begin_writing(session)
    session.execute(update(User).where(User.email.in_(emails)).values(password=hashed, active=True))
    session.commit()
    return len(emails)


def stamp(account: User) -> str:
    """What a session or token was signed in with: another password, and it is no longer good."""
    return hashlib.sha256((account.password or "").encode()).hexdigest()[:16]
