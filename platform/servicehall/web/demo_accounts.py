"""Whom one may sign in as in the demo: one person for each kind of work, chosen by a click."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import select

from servicehall.models.base import db
from servicehall.models.directory import Person
from servicehall.services.demo import ACCOUNTS

PASSWORD = "servicehall"  # noqa: S105 - of invented people, on this computer only


@dataclass(frozen=True, slots=True)
class DemoAccount:
    """What the sign-in page shows and sends."""

    username: str
    name: str
    name_zh: str | None
    role: str
    password: str


def demo_accounts() -> list[DemoAccount]:
    """The demo's accounts that are there and active, in the order of `ACCOUNTS`; roles are translated where shown."""
    emails = [email for email, _role in ACCOUNTS]
    there = select(Person).where(Person.email.in_(emails), Person.active)
    people = {row.email: row for row in db.session.scalars(there)}
    return [
        DemoAccount(email, people[email].name, people[email].name_zh, role, PASSWORD)
        for email, role in ACCOUNTS
        if email in people
    ]
