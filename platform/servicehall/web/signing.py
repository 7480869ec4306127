"""Signing: with the decision an approver shows once more who they are, by email and password.

21 CFR 11.200: the first signing of a session is executed with both components, each later one with the password at
least. A program's token says whose call it is, so there the password completes it.
"""

from __future__ import annotations

from flask import current_app, g, session
from flask_appbuilder.security.sqla.models import User
from flask_login import current_user
from sqlalchemy import select
from werkzeug.security import check_password_hash

from servicehall.errors import Problem
from servicehall.models.base import db
from servicehall.models.directory import Person
from servicehall.services.decisions import Proof
from servicehall.texts import N_, _
from servicehall.web import accounts
from servicehall.web.guesses import Guesses

PASSWORDS = Guesses("password of a signature", "10 per 5 minute")
SIGNED = "signed"
"""In the session: the stamp of the account with which it was signed first."""


def wants_email() -> bool:
    """Whether the next signing in this browser session is its first."""
    return bool(session.get(SIGNED) != accounts.stamp(current_user))


def signed_here(email: str | None, password: str | None) -> Proof | None:
    """What a page's form says, in a browser session; nothing where no password was given. Not inside a work."""
    if not password:
        return None
    first = wants_email()
    found = prove(current_user, password, email=(email or "") if first else None)
    if found.wrong is None:
        session[SIGNED] = accounts.stamp(current_user)
    return found


def signed_by_call(password: str | None) -> Proof | None:
    """What a program's call says: it carries whose it is, the password completes it. Not inside a work."""
    if password is None:
        return None
    known = "token" if g.by_header else "session"
    found = prove(current_user, password)
    return Proof((known, *found.components), found.wrong)


def signed_without_session(person: Person, email: str, password: str) -> Proof | None:
    """What the form behind a link says: each time with both components; nothing where no password was given."""
    if not password:
        return None
    account = _account_of(person)
    return prove(account, password, email=email) if account else Proof(wrong=_no_password())


def may_sign_in(person: Person) -> bool:
    """Whether nobody has closed this person's account; somebody without one may act by link."""
    account = _account_of(person)
    return account is None or bool(account.active)


def _account_of(person: Person) -> User | None:
    found: User | None = db.session.scalar(select(User).where(User.email == person.email))
    return found


def prove(account: User, password: str, *, email: str | None = None) -> Proof:
    """Whether these are this account's email, where it is asked for, and password; TooMany after many wrong ones.

    Takes its time also where the account has no password.
    """
    known = account.password or current_app.config["AUTH_DB_FAKE_PASSWORD_HASH_CHECK"]
    with PASSWORDS.turn(str(account.id)):
        right = check_password_hash(known, password)
        if not account.password:
            return Proof(wrong=_no_password())
        if not right or (email is not None and email.strip().lower() != account.email):
            PASSWORDS.count(str(account.id))
            said = _("The password is wrong.") if email is None else _("The email or the password is wrong.")
            return Proof(wrong=Problem("password", "wrong", said))
    return Proof(("password",) if email is None else ("email", "password"))


def _no_password() -> Problem:
    return Problem("password", "no_password", _(NO_PASSWORD))


NO_PASSWORD = N_("Your account has no password, so it cannot sign. Ask the administrators for one.")
