"""Uploads: kept once under their hash, and only what is small enough and what it says it is."""

from __future__ import annotations

import hashlib
import io
import zipfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select
from sqlalchemy.orm import Session
from tests.databases import on_sqlite
from tests.factories.people import make_person

from servicehall import config
from servicehall.clock import now
from servicehall.errors import Invalid, NotFound, TooLarge, Unavailable, UnsupportedMedia
from servicehall.forms import FileFacts
from servicehall.models.files import Upload
from servicehall.services import files
from servicehall.services.files import display_name
from servicehall.services.lookups import Directory
from servicehall.services.media_types import OFFICE

PDF = b"%PDF-1.7\n1 0 obj\n<<>>\nendobj\n"
PNG = b"\x89PNG\r\n\x1a\n" + b"\x00" * 20


def archive(*names: str) -> bytes:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", zipfile.ZIP_DEFLATED) as made:
        for name in names:
            made.writestr(name, "x" * 100)
    return data.getvalue()


DOCX = archive("[Content_Types].xml", "word/document.xml")
XLSX = archive("[Content_Types].xml", "xl/workbook.xml")


@pytest.fixture
def ana(session: Session) -> str:
    return make_person("ana@example.com").id


@pytest.fixture
def folder(session: Session, tmp_path: Path) -> Path:
    """Where this test's files are kept."""
    config.use(replace(config.current(), files_url=f"file://{tmp_path}/kept", max_upload_mb=1))
    return tmp_path / "kept"


def store(data: bytes, name: str, person: str, media_type: str = "") -> FileFacts:
    return files.store(io.BytesIO(data), name=name, media_type=media_type, person=person, at=now())


def kept(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.rglob("*") if path.is_file())


class Endless(io.RawIOBase):
    """A stream that never ends, and knows how much was read of it."""

    def __init__(self) -> None:
        self.given = 0

    def read(self, size: int = -1) -> bytes:
        self.given += size
        return b"a" * size


class TestStore:
    def test_bytes_lie_under_their_hash_and_come_back(self, session: Session, folder: Path, ana: str) -> None:
        facts = store(PDF, "Offer.pdf", ana, "application/pdf")
        sha256 = hashlib.sha256(PDF).hexdigest()
        assert facts == FileFacts(sha256=sha256, name="Offer.pdf", media_type="application/pdf", size=len(PDF))
        assert kept(folder) == [sha256]
        with files.open_file(sha256) as stream:
            assert stream.read() == PDF
        assert Directory(session, author=ana).file(sha256) == facts

    def test_the_same_again_is_one_file_with_its_latest_name(self, session: Session, folder: Path, ana: str) -> None:
        ben = make_person("ben@example.com").id
        for name, person in (("a.pdf", ana), ("b.pdf", ana), ("c.pdf", ben)):
            store(PDF, name, person)
        assert len(kept(folder)) == 1
        rows = session.execute(select(Upload.person_id, Upload.name)).all()
        assert {tuple(row) for row in rows} == {(ana, "b.pdf"), (ben, "c.pdf")}

    def test_too_much_is_refused_while_it_is_read(self, session: Session, folder: Path, ana: str) -> None:
        endless = Endless()
        with pytest.raises(TooLarge):
            files.store(endless, name="a.txt", person=ana, at=now())  # type: ignore[arg-type]
        assert endless.given <= 1024 * 1024 + files.CHUNK
        assert not folder.exists()

    def test_exactly_the_limit_is_taken(self, session: Session, folder: Path, ana: str) -> None:
        assert store(b"a" * 1024 * 1024, "a.txt", ana).size == 1024 * 1024

    def test_an_empty_file_is_invalid(self, session: Session, folder: Path, ana: str) -> None:
        with pytest.raises(Invalid):
            store(b"", "a.txt", ana)

    def test_what_is_refused_leaves_nothing_behind(self, session: Session, folder: Path, ana: str) -> None:
        with pytest.raises(UnsupportedMedia):
            store(b"<html>", "a.html", ana)
        assert not folder.exists()
        assert session.scalars(select(Upload)).all() == []

    def test_a_place_that_cannot_be_written_is_told(self, session: Session, tmp_path: Path, ana: str) -> None:
        (tmp_path / "file").write_text("in the way")
        config.use(replace(config.current(), files_url=f"file://{tmp_path}/file/kept"))
        with pytest.raises(Unavailable):
            store(PDF, "a.pdf", ana)
        assert session.scalars(select(Upload)).all() == []

    def test_any_file_system_will_do(self, session: Session, ana: str) -> None:
        config.use(replace(config.current(), files_url="memory://attachments"))
        facts = store(PDF, "a.pdf", ana)
        with files.open_file(facts.sha256) as stream:
            assert stream.read() == PDF

    def test_our_own_bytes_are_kept_likewise(self, session: Session, folder: Path) -> None:
        with files.open_file(files.keep_bytes(PDF)) as stream:
            assert stream.read() == PDF

    @pytest.mark.parametrize("name", ["0" * 64, "../../etc/passwd", "", "A" * 64])
    def test_what_is_not_there_is_not_found(self, session: Session, folder: Path, name: str) -> None:
        with pytest.raises(NotFound):
            files.open_file(name)


class TestTypes:
    @on_sqlite
    @pytest.mark.parametrize(
        ("name", "data", "declared", "expected"),
        [
            ("a.pdf", PDF, "", "application/pdf"),
            ("A.PDF", PDF, "application/octet-stream", "application/pdf"),
            ("a.png", PNG, "image/png", "image/png"),
            ("a.jpeg", b"\xff\xd8\xff\xe0rest", "image/jpg", "image/jpeg"),
            ("a.gif", b"GIF89a....", "image/gif", "image/gif"),
            ("a.webp", b"RIFF\x10\x00\x00\x00WEBPVP8 ", "image/webp", "image/webp"),
            ("a.zip", archive("a"), "application/x-zip-compressed", "application/zip"),
            ("a.docx", DOCX, "application/zip", OFFICE + "wordprocessingml.document"),
            ("a.xlsx", XLSX, OFFICE + "spreadsheetml.sheet", OFFICE + "spreadsheetml.sheet"),
            ("a.txt", "größe 大小".encode(), "text/plain; charset=utf-8", "text/plain"),
            ("a.txt", "\ufeffgröße".encode(), "", "text/plain"),
            ("a.csv", "姓名,部门\n张三,财务".encode("gb18030"), "application/vnd.ms-excel", "text/csv"),
            ("a.csv", "a;b".encode("utf-16"), "text/csv", "text/csv"),
            ("a.log", b"MZ is how this log begins", "", "text/plain"),
        ],
    )
    def test_what_agrees_is_taken(
        self, session: Session, folder: Path, ana: str, name: str, data: bytes, declared: str, expected: str
    ) -> None:
        assert store(data, name, ana, declared).media_type == expected

    @on_sqlite
    @pytest.mark.parametrize(
        ("name", "data", "declared"),
        [
            ("a.svg", b"<svg xmlns='http://www.w3.org/2000/svg'/>", "image/svg+xml"),
            ("a.html", b"<p>hello", "text/html"),
            ("a.exe", b"MZ\x90\x00", "application/octet-stream"),
            ("a.js", b"alert(1)", "text/plain"),
            ("a", b"text", "text/plain"),
            ("a.pdf.exe", PDF, "application/pdf"),
            ("a.pdf", b"MZ\x90\x00", "application/pdf"),
            ("a.png", b"<svg onload=alert(1)>", "image/png"),
            ("a.png", PNG, "text/html"),
            ("a.png", PNG, "image/jpeg"),
            ("a.txt", b"\n  <!DOCTYPE html><script>", "text/plain"),
            ("a.txt", "\ufeff<svg onload=alert(1)>".encode(), "text/plain"),
            ("a.csv", "<html>".encode("utf-16"), "text/csv"),
            ("a.txt", b"\x00\x01\x02", "text/plain"),
            ("a.txt", b"\xff\xff\xff", "text/plain"),
            ("a.docx", archive("a"), ""),
            ("a.docx", XLSX, ""),
            ("a.docx", archive("[Content_Types].xml", "word/document.xml", "word/vbaProject.bin"), ""),
        ],
    )
    def test_what_does_not_agree_is_refused(
        self, session: Session, folder: Path, ana: str, name: str, data: bytes, declared: str
    ) -> None:
        with pytest.raises(UnsupportedMedia):
            store(data, name, ana, declared)

    def test_the_setting_decides(self, session: Session, folder: Path, ana: str) -> None:
        config.use(replace(config.current(), attachment_types=("video/mp4", "image/svg+xml", "text/html")))
        assert store(b"\x00\x00\x00\x18ftypmp42", "a.mp4", ana).media_type == "video/mp4"
        for name, data in (("a.pdf", PDF), ("a.mp4", b"MZ"), ("a.svg", b"<svg/>"), ("a.html", b"<p>")):
            with pytest.raises(UnsupportedMedia):
                store(data, name, ana)

    def test_a_bomb_is_not_unpacked(self, session: Session, folder: Path, ana: str) -> None:
        data = io.BytesIO()
        with zipfile.ZipFile(data, "w", zipfile.ZIP_DEFLATED) as made:
            made.writestr("zeros", b"\0" * 50_000_000)
        assert store(data.getvalue(), "bomb.zip", ana).size == len(data.getvalue())


class TestNames:
    @pytest.mark.parametrize(
        ("given", "expected"),
        [
            ("报价 2026.pdf", "报价 2026.pdf"),
            ("../../etc/passwd", "passwd"),
            ("C:\\Users\\ana\\offer.pdf", "offer.pdf"),
            ("a\r\nContent-Type: x.pdf", "aContent-Type: x.pdf"),
            ("invoice\u202efdp.exe", "invoicefdp.exe"),
            ("a\u200bb\ufeff.pdf", "ab.pdf"),
            ("  .hidden. ", "hidden"),
            ("..", "file"),
            ("", "file"),
            ("a" * 300 + ".pdf", "a" * 251 + ".pdf"),
            ("e\u0301.txt", "é.txt"),
        ],
    )
    def test_they_are_safe_to_show(self, given: str, expected: str) -> None:
        assert display_name(given) == expected

    @given(st.text())
    def test_whatever_was_sent(self, name: str) -> None:
        shown: Any = display_name(name)
        assert 1 <= len(shown) <= 255
        assert shown.isprintable()
        assert not set(shown) & set("/\\")
        assert shown not in (".", "..")
