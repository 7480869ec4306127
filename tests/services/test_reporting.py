"""The printed onboarding: in both languages, without its secrets, made by a job, stored, verified by the command."""

from __future__ import annotations

import io
import json
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pypdf
import pytest
from click.testing import CliRunner
from flask import Flask, current_app
from flask.testing import FlaskClient
from sqlalchemy import func, select, update
from sqlalchemy.orm import Session
from tests.databases import on_sqlite
from tests.factories import company
from tests.factories.company import AUDITOR, EMPLOYEE, MANAGER
from tests.factories.onboardings import (
    APPROVED,
    INTERNAL,
    REMARK,
    SECRETS,
    SENT_BACK,
    Onboarding,
    make_sealed_onboarding,
    viewer_of,
)

from servicehall import jobs
from servicehall.cli import main
from servicehall.clock import now
from servicehall.errors import NotFound
from servicehall.models.access import AccessLog
from servicehall.models.base import db, own_transaction
from servicehall.models.directory import Person
from servicehall.models.files import StoredReport
from servicehall.models.log import ContentRow
from servicehall.models.operations import OPEN, PARKED, Outbox
from servicehall.models.requests import Request
from servicehall.reports.verify import verify_pdf
from servicehall.services import audit, files, reporting, requests, sealing
from servicehall.services.printing import case_report


@pytest.fixture
def app(app: Flask, world: Callable[..., Any]) -> Flask:
    """The application in the demo company."""
    world(company.make_company)
    return app


@pytest.fixture
def case(app: Flask, world: Callable[..., Any]) -> Iterator[Onboarding]:
    made = world(make_sealed_onboarding)
    with app.app_context():
        yield made


def make_printed_onboarding() -> tuple[Onboarding, bytes]:
    """A world: the sealed onboarding, and its report in English as the worker made it."""
    made = make_sealed_onboarding()
    return made, printed(current_app._get_current_object(), made)  # type: ignore[attr-defined]


@pytest.fixture
def print_of(app: Flask, world: Callable[..., Any]) -> Iterator[tuple[Onboarding, bytes]]:
    """The onboarding and its report in English; for what only reads it."""
    given = world(make_printed_onboarding)
    with app.app_context():
        yield given


def seal() -> None:
    db.session.rollback()
    sealing.seal(now())


def ask(case: Onboarding, locale: str = "en") -> reporting.Asked:
    asked = reporting.ask_for_report(case.row, locale, at=now())
    db.session.rollback()
    return asked


def printed(app: Flask, case: Onboarding, locale: str = "en") -> bytes:
    """The report as the worker makes it."""
    assert ask(case, locale).pdf is None
    jobs.do_all(app)
    pdf = ask(case, locale).pdf
    assert pdf is not None
    return pdf


def text_of(pdf: bytes) -> str:
    """Without line breaks and spaces, which are a matter of the layout."""
    return "".join("".join(page.extract_text().split()) for page in pypdf.PdfReader(io.BytesIO(pdf)).pages)


def everything_in(pdf: bytes) -> bytes:
    """The bytes, each decoded stream, and each attachment."""
    reader = pypdf.PdfReader(io.BytesIO(pdf))
    streams = [pdf]
    for number in range(1, len(reader.xref[0]) if reader.xref else 0):
        try:
            found = reader.get_object(number)
        except (pypdf.errors.PdfReadError, zlib.error):
            continue
        if hasattr(found, "get_data"):
            streams.append(found.get_data())
    streams += [data for attached in reader.attachments.values() for data in attached]
    return b"\n".join(streams)


SAID = {
    "en": ("Welcome a new colleague", "Waiting for other tasks", "Head of the ordering manager", "(round 2)", "masked"),
    "zh": ("新员工入职", "申请经理的上级", "（第2轮）", "已遮蔽", "审批链", "由审批人填写"),
}


def test_the_print_says_all_of_it_and_none_of_the_secrets(print_of: tuple[Onboarding, bytes]) -> None:
    assert_all_of_it(*print_of, "en")


@on_sqlite
def test_the_chinese_print_says_all_of_it_and_none_of_the_secrets(app: Flask, case: Onboarding) -> None:
    assert_all_of_it(case, printed(app, case, "zh"), "zh")


def assert_all_of_it(case: Onboarding, pdf: bytes, locale: str) -> None:
    text = text_of(pdf)
    for said in (*SAID[locale], case.number, SENT_BACK, APPROVED, REMARK, "P-0417", "20417", "Li Lei"):
        assert "".join(said.split()) in text, said
    assert "".join(INTERNAL.split()) not in text
    inside = everything_in(pdf)
    assert b"servicehall/approval-chain/1" in inside, "the evidence is looked into, too"
    for secret in (*SECRETS, INTERNAL):
        assert secret.encode() not in inside
        assert secret.encode("utf-16-be") not in inside
    with audit.snapshot() as session:
        seals = {one.number: one.hash for one in sealing.seals(session)}
    found = verify_pdf(pdf, known_keys=[audit.public_key()], known_seals=seals)
    assert found.findings == ()
    assert found.facts.sealed == found.facts.events > 30
    assert found.facts.contents >= 3, "the comments, whole"


def test_a_report_is_made_once_and_served_while_nothing_changes(print_of: tuple[Onboarding, bytes]) -> None:
    case, first = print_of
    session = db.session()
    again = ask(case)
    assert again.pdf == first
    assert session.scalar(select(func.count()).where(Outbox.channel == "report")) == 1
    db.session.rollback()


def test_asking_twice_is_one_job(case: Onboarding) -> None:
    assert ask(case).pdf is None
    assert ask(case).pdf is None
    assert db.session.scalar(select(func.count()).where(Outbox.channel == "report", Outbox.state == OPEN)) == 1
    db.session.rollback()


def change_by_comment(case: Onboarding) -> None:
    viewer = viewer_of(db.session(), MANAGER)
    requests.comment(case.row, body="One more thing", internal=False, viewer=viewer, at=now())


def change_by_seal(case: Onboarding) -> None:
    change_by_comment(case)
    seal()


def change_by_erasure(case: Onboarding) -> None:
    with own_transaction() as session:
        digest = session.scalar(select(ContentRow.sha256).where(ContentRow.data.contains("One more thing")))
        erased = {"data": None, "salt": None, "erased_at": now()}
        session.execute(update(ContentRow).where(ContentRow.sha256 == digest).values(erased))


@on_sqlite
def test_every_change_makes_a_new_print(app: Flask, case: Onboarding) -> None:
    prints = [printed(app, case)]
    for change in (change_by_comment, change_by_seal, change_by_erasure):
        change(case)
        db.session.rollback()
        prints.append(printed(app, case))
        assert verify_pdf(prints[-1]).ok
    assert len(set(prints)) == len(prints)
    assert "Onemorething" in text_of(prints[1])
    assert "Onemorething" in text_of(prints[2])
    assert b"One more thing" in everything_in(prints[2])
    assert text_of(prints[3]).count("Onemorething") == 1, "the other comment still stands"
    assert db.session.scalar(select(func.count()).select_from(StoredReport)) == 1
    db.session.rollback()


@on_sqlite
def test_what_replaced_reports_held_is_gone_from_the_store(app: Flask, case: Onboarding) -> None:
    printed(app, case)
    old = db.session.scalar(select(StoredReport.sha256)) or ""
    db.session.rollback()
    change_by_comment(case)
    db.session.rollback()
    printed(app, case)
    with pytest.raises(NotFound):
        files.open_file(old)
    new = db.session.scalar(select(StoredReport.sha256)) or ""
    db.session.rollback()
    reporting.drop_reports([case.id])
    with pytest.raises(NotFound):
        files.open_file(new)
    assert ask(case).pdf is None


@on_sqlite
def test_a_file_that_was_lost_is_made_again(app: Flask, case: Onboarding) -> None:
    printed(app, case)
    digest = db.session.scalar(select(StoredReport.sha256)) or ""
    db.session.rollback()
    files.forget_bytes(digest)
    assert ask(case).pdf is None
    jobs.do_all(app)
    assert ask(case).pdf is not None


def test_a_report_that_no_job_can_make_says_so(app: Flask, case: Onboarding) -> None:
    ask(case)
    with own_transaction() as session:
        session.execute(update(Outbox).where(Outbox.channel == "report").values(state=PARKED))
    assert ask(case).failed


def test_a_request_that_is_only_begun_can_be_printed(app: Flask) -> None:
    with app.app_context():
        session = db.session()
        viewer = viewer_of(session, EMPLOYEE)
        order = requests.Order("it/laptop", {}, draft=True)
        request_id = requests.order(order, viewer=viewer, at=now())
        found = case_report(session, session.get_one(Request, request_id), locale="en", at=now())
        assert found.state == "draft"
        assert found.stages == ()
        db.session.rollback()


# --- the command ---------------------------------------------------------------------------------------------


def command(*arguments: str, environment: dict[str, str] | None = None) -> Any:
    return CliRunner().invoke(main, ["audit", "verify", *arguments], env=environment or {})


@on_sqlite
def test_the_command_verifies_a_print_without_database_or_settings(
    print_of: tuple[Onboarding, bytes], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    case, pdf = print_of
    path = tmp_path / "report.pdf"
    path.write_bytes(pdf)
    for name in ("SERVICEHALL_DATABASE_URL", "SERVICEHALL_SECRET_KEY", "SERVICEHALL_DATA_DIR"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)
    good = command(str(path))
    assert good.exit_code == 0, good.output
    assert case.number in good.output
    assert audit.public_key() in good.output
    assert command(str(path), "--key", "0" * 64).exit_code == 1
    assert sorted(one.name for one in tmp_path.iterdir()) == ["report.pdf"], "nothing was made on the way"

    for name, changed in tampered(pdf).items():
        path.write_bytes(changed)
        broken = command(str(path), "--json")
        assert broken.exit_code == 1, name
        found = json.loads(broken.stdout)
        assert found["ok"] is False
        assert found["findings"], name
    assert command(str(tmp_path / "nowhere.pdf")).exit_code == 1


def tampered(pdf: bytes) -> dict[str, bytes]:
    middle = len(pdf) // 2
    page = pypdf.PdfWriter(clone_from=io.BytesIO(pdf))
    page.remove_page(1)
    less = io.BytesIO()
    page.write(less)
    return {
        "a byte": pdf[:middle] + bytes([pdf[middle] ^ 1]) + pdf[middle + 1 :],
        "the end": pdf + b"% more\n",
        "a page less": less.getvalue(),
        "no report": b"%PDF-1.7\nnothing\n%%EOF\n",
        "empty": b"",
    }


def test_the_command_compares_with_the_installation(
    environment: dict[str, str], print_of: tuple[Onboarding, bytes], tmp_path: Path
) -> None:
    _case, pdf = print_of
    path = tmp_path / "report.pdf"
    path.write_bytes(pdf)
    assert command(str(path), "--here", environment=environment).exit_code == 0
    another = {"SERVICEHALL_SECRET_KEY": "quite-another-key-9876543210-zyxwvutsrq"}
    other = command(str(path), "--here", environment=environment | another)
    assert other.exit_code == 1
    assert "key" in other.output


# --- the page ------------------------------------------------------------------------------------------------


def test_the_address_waits_and_then_gives_the_document(
    app: Flask, case: Onboarding, browser_of: Callable[[str], FlaskClient]
) -> None:
    manager, stranger = browser_of(MANAGER), browser_of(EMPLOYEE)
    address = f"/requests/{case.number}/report.pdf?locale=zh"
    assert stranger.get(address).status_code == 404
    waits = manager.get(address)
    assert waits.status_code == 202
    assert waits.headers["Refresh"]
    jobs.do_all(app)
    given = manager.get(address)
    assert given.status_code == 200
    assert given.content_type == "application/pdf"
    assert given.headers["Content-Disposition"] == f'attachment; filename="{case.number}-zh.pdf"'
    assert verify_pdf(given.data).ok
    assert _readings(db.session(), "report") == [MANAGER]


def test_a_record_without_end_is_not_printed_and_the_person_is_told(
    case: Onboarding, browser_of: Callable[[str], FlaskClient], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reporting, "MOST_ENTRIES", 3)
    answer = browser_of(MANAGER).get(f"/requests/{case.number}/report.pdf")
    assert answer.status_code == 413
    assert "打印件最多容纳 3 条" in answer.text


def _readings(session: Session, kind: str) -> list[str]:
    found = session.scalars(
        select(Person.email).join(AccessLog, AccessLog.person_id == Person.id).where(AccessLog.kind == kind)
    ).all()
    session.rollback()
    return list(found)


def test_auditors_may_print_what_they_see(
    app: Flask, case: Onboarding, browser_of: Callable[[str], FlaskClient]
) -> None:
    assert browser_of(AUDITOR).get(f"/requests/{case.number}/report.pdf").status_code == 202
