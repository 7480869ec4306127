"""The approval report: made by its job, drawn by bare WeasyPrint from the same HTML, and served from the store."""

from __future__ import annotations

import io
import time
from collections.abc import Callable
from dataclasses import dataclass

import pypdf
import weasyprint
from sqlalchemy.orm import Session

from servicehall.cli.benchmarks import company as bench
from servicehall.clock import now
from servicehall.models.requests import Request
from servicehall.reports import approval_chain, pdf
from servicehall.services import audit, printing, reporting

LOCALE = "en"


@dataclass(frozen=True)
class Printed:
    """The shortest times in milliseconds, as what else the machine does only adds to them; and how many pages."""

    job: float
    bare: float
    stored: float
    pages: int


def report(session: Session, company: bench.Company, *, seconds: float) -> Printed:
    """One submitted request, printed by both in turn."""
    request_id = bench.order(company, at=now())
    session.rollback()
    html = _html(request_id)
    taken: tuple[list[float], ...] = ([], [], [])
    until = time.monotonic() + seconds
    row = session.get_one(Request, request_id)
    session.rollback()
    payload = {"request": request_id, "locale": LOCALE}
    ways: tuple[Callable[[], object], ...] = (
        lambda: reporting.make_report_now(payload, lambda session: None),
        lambda: bare(html),
        lambda: reporting.ask_for_report(row, LOCALE, at=now()),
    )
    for way in ways:
        way()
    while not taken[0] or time.monotonic() < until:
        for way, times in zip(ways, taken, strict=True):
            times.append(_milliseconds(way))
            session.rollback()
    stored = reporting.ask_for_report(row, LOCALE, at=now()).pdf or b""
    session.rollback()
    job, drawn, served = (min(times) for times in taken)
    return Printed(job, drawn, served, len(pypdf.PdfReader(io.BytesIO(stored)).pages))


def bare(html: str) -> bytes:
    """The same HTML with the same style sheet, drawn by WeasyPrint as its manual does."""
    sheets = [str(pdf.TEMPLATES / name) for name in pdf.STYLESHEETS]
    return bytes(weasyprint.HTML(string=html, base_url=f"{pdf.TEMPLATES.as_uri()}/").write_pdf(stylesheets=sheets))


def _html(request_id: str) -> str:
    with audit.snapshot() as still:
        row = still.get_one(Request, request_id)
        return approval_chain.render(printing.case_report(still, row, locale=LOCALE, at=now()), LOCALE)


def _milliseconds(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return (time.perf_counter() - began) * 1000
