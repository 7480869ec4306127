"""What the bench says it measures is what is done."""

from __future__ import annotations

from flask import Flask
from sqlalchemy import func, select
from sqlalchemy.orm import Session
from tests.databases import on_sqlite

from servicehall.cli.benchmarks import company, prints, timers
from servicehall.models.files import StoredReport
from servicehall.models.operations import DONE, OPEN, Timers


def number_of(session: Session, state: str) -> int:
    return session.scalar(select(func.count()).select_from(Timers).where(Timers.state == state)) or 0


def test_a_portion_of_timers_rings_among_those_that_wait(app: Flask, session: Session) -> None:
    timers.fill(app, timers.BATCH + 30)
    assert (number_of(session, OPEN), number_of(session, DONE)) == (timers.BATCH + 30, 0)
    session.rollback()
    (did,) = timers.due_in_turn([app], seconds=600, most=1)
    assert did.done == timers.PORTION == number_of(session, DONE)
    assert number_of(session, OPEN) == timers.BATCH + 30
    session.rollback()
    assert len(timers.idle_in_turn([app], times=1)) == 1


@on_sqlite
def test_the_report_that_is_measured_has_two_pages_and_stands_in_the_store(session: Session) -> None:
    printed = prints.report(session, company.make_company(session), seconds=0)
    assert printed.pages == 2
    assert session.scalar(select(func.count()).select_from(StoredReport)) == 1
