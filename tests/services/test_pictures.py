"""Pictures of services: drawn anew, named by hash, shown to whoever is signed in, exported with the documents."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from PIL import Image
from sqlalchemy.orm import Session
from tests.databases import on_sqlite
from tests.factories.offices import OTHER, PLAIN, document, look_again, write_draft

from servicehall.clock import now
from servicehall.content import sha256
from servicehall.documents.pack import PICTURES
from servicehall.documents.words import PICTURE
from servicehall.errors import Invalid, NotFound, TooLarge, UnsupportedMedia
from servicehall.jobs import housekeeping
from servicehall.models.base import db
from servicehall.services import checking, definitions, files, pictures

Browser = Callable[[str], FlaskClient]
pytestmark = on_sqlite
BASE = "/studio/service/it/lamp"
TEXT = """\
kind: service
department: it
key: lamp
type: request
title: {en: Lamp}
form: {pages: [{key: a, title: {en: A}, fields: [{key: why, type: text, label: {en: Why}}]}]}
"""
SCRIPT = b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>"


def drawn(kind: str = "PNG", size: tuple[int, int] = (900, 300), mode: str = "RGB", **more: Any) -> bytes:
    out = io.BytesIO()
    Image.new(mode, size, "teal").save(out, kind, **more)
    return out.getvalue()


@pytest.fixture
def author(author: FlaskClient) -> FlaskClient:
    """IT's author, with a service that is drafted."""
    write_draft(author, BASE, TEXT)
    return author


def send(browser: FlaskClient, data: bytes, name: str = "lamp.png") -> Any:
    return browser.post(f"{BASE}/picture", data={"file": (io.BytesIO(data), name)})


def named(company: Session) -> str:
    return str(document(company, "lamp", "service").draft_body.get("image", ""))


def test_a_picture_is_chosen_published_and_stands_on_card_page_and_api(
    company: Session, author: FlaskClient, browser_of: Browser, api_of: Callable[[str], FlaskClient]
) -> None:
    assert "Picture of “Lamp”" in author.get(f"{BASE}/picture").text
    assert send(author, drawn()).status_code == 303
    image = named(company)
    assert PICTURE.match(image)
    assert f"/pictures/{image}" in author.get(f"{BASE}/design").text
    assert author.post(f"{BASE}/publish").status_code == 303
    other = browser_of(PLAIN)
    for page in ("/services", "/services/it/lamp"):
        assert f'<img src="/pictures/{image}" alt=""' in other.get(page).text
    assert api_of(PLAIN).get("/api/v1/services/it/lamp").json["image"] == f"/pictures/{image}"
    served = other.get(f"/pictures/{image}")
    told = {name: served.headers[name] for name in ("Content-Type", "X-Content-Type-Options", "Cache-Control")}
    assert told == {
        "Content-Type": "image/webp",
        "X-Content-Type-Options": "nosniff",
        "Cache-Control": "private, max-age=31536000, immutable",
    }
    assert sha256(served.data) + ".webp" == image
    assert author.get(f"{BASE}/download").text.count(image) == 1


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP"])
def test_what_is_kept_is_the_picture_alone_upright_and_small(app: Flask, company: Session, kind: str) -> None:
    exif = Image.Exif()
    exif[0x0112], exif[0x010E] = 6, "Ana's garden at 31.2 N"
    data = drawn(kind, exif=exif.tobytes())
    assert b"garden" in data
    name = pictures.keep(data, by="somebody", at=now())
    with pictures.opened(db.session(), name) as stream:
        kept = stream.read()
    db.session.rollback()
    found = Image.open(io.BytesIO(kept))
    assert (found.format, found.size, b"garden" in kept) == ("WEBP", (213, 640), False)
    assert pictures.keep(data, by="somebody else", at=now()) == name


def test_what_a_camera_says_wrongly_is_passed_over(company: Session) -> None:
    name = pictures.keep(drawn("WEBP", exif=b"MM\0\xdd\0\0\0\x08"), by="somebody", at=now())
    with pictures.opened(db.session(), name) as stream:
        assert Image.open(stream).size == (640, 213)
    db.session.rollback()


@pytest.mark.parametrize(
    ("data", "error"),
    [
        (SCRIPT, UnsupportedMedia),
        (b"", UnsupportedMedia),
        (b"\x89PNG\r\n\x1a\n" + SCRIPT, UnsupportedMedia),
        (drawn("GIF", mode="P"), UnsupportedMedia),
        (drawn("PNG", (10_000, 5_000), "1"), UnsupportedMedia),
        (drawn("PNG", (1, 1_000_000), "1"), UnsupportedMedia),
        (b"x" * (pictures.LARGEST + 1), TooLarge),
    ],
    ids=["svg", "nothing", "half a script", "gif", "a bomb", "a thread", "too large"],
)
def test_what_is_no_safe_picture_is_refused(company: Session, data: bytes, error: type[Exception]) -> None:
    with pytest.raises(error):
        pictures.keep(data, by="somebody", at=now())


def test_a_refused_picture_is_said_on_the_page_and_the_draft_stays(company: Session, author: FlaskClient) -> None:
    answer = send(author, SCRIPT, "lamp.svg")
    assert (answer.status_code, "Choose a picture: PNG, JPEG or WebP." in answer.text) == (415, True)
    assert named(company) == ""


def test_only_authors_choose_and_nothing_but_pictures_is_served(
    company: Session, author: FlaskClient, browser_of: Browser, client: FlaskClient
) -> None:
    """Knowing the hash of somebody's attachment shows nothing, be it a picture too."""
    assert send(browser_of(OTHER), drawn()).status_code == 303
    assert send(browser_of(PLAIN), drawn()).status_code == 404
    assert author.get("/studio/field_set/it/lamp/picture").status_code == 404
    look_again(company)
    private = files.keep_bytes(drawn("WEBP"))
    image = named(company)
    for wrong in (f"{private}.webp", f"{image[:-5]}.png", "..%2f..%2fsecret-key", "0" * 64 + ".webp"):
        assert author.get(f"/pictures/{wrong}").status_code == 404, wrong
    assert client.get(f"/pictures/{image}").status_code == 303


def test_pictures_go_with_an_export_and_come_in_with_it(company: Session, author: FlaskClient, tmp_path: Path) -> None:
    send(author, drawn())
    image = named(company)
    assert definitions.export_pictures(company, "it") == [image]
    with pictures.opened(company, image) as stream:
        data = stream.read()
    look_again(company)
    folder = tmp_path / PICTURES
    folder.mkdir()
    (folder / image).write_bytes(data)
    (tmp_path / "lamp.yaml").write_text(f"{TEXT}image: {image}\n", "utf-8")
    assert pictures.take_in(pictures.beside(folder), at=now()) == 0
    outcome = definitions.apply(tmp_path, publish=True, dry_run=False, actor="system:tests", at=now())
    assert (outcome.problems, outcome.published) == ([], ["service it/lamp"])
    (folder / f"{'0' * 64}.webp").write_bytes(data)
    with pytest.raises(Invalid):
        pictures.take_in(pictures.beside(folder), at=now())


def archive(**files: bytes) -> bytes:
    """A ZIP of these files; `__` in a name is a slash."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as made:
        for name, data in files.items():
            made.writestr(name.replace("__", "/"), data)
    return out.getvalue()


def test_pictures_of_an_archive_come_in_where_its_documents_name_them(company: Session, author: FlaskClient) -> None:
    image = pictures.keep(drawn(), by="x", at=now())
    with pictures.opened(company, image) as stream:
        data = stream.read()
    look_again(company)
    pictures.forget_unused(before=now() + timedelta(days=1))

    def sent(data: bytes, **more: str) -> Any:
        name = f"{sha256(data)}.webp"
        lamp = f"{TEXT}image: {name}\n".encode()
        files = {"it__lamp.yaml": lamp, f"it__images__{name}": data, "it__images__other.webp": drawn("WEBP")}
        body = {"file": (io.BytesIO(archive(**files)), "it.zip"), **more}
        return author.post("/studio/new/files", data=body)

    checked = sent(data, check="yes")
    assert "All of it can be kept" in checked.text and "this picture is not here" not in checked.text
    assert pictures.known(company, [image]) == set()
    look_again(company)
    assert sent(data).status_code == 200
    assert (pictures.known(company, [image]), named(company)) == ({image}, image)
    look_again(company)
    framed = drawn("WEBP", (50, 50), exif=Image.Exif().tobytes() + b"where it was taken")
    for bad in (data + b"behind it", framed, drawn("WEBP"), SCRIPT):
        refused = sent(bad)
        assert (refused.status_code, "this is not a picture under" in refused.text) == (422, True)


def test_a_picture_that_is_not_here_is_a_warning_and_the_icon_shows(company: Session, author: FlaskClient) -> None:
    image = "a" * 64 + ".webp"
    author.post(f"{BASE}/text", data={"text": f"{TEXT}image: {image}\n"})
    row = document(company, "lamp", "service")
    authored = definitions.Authored.of(row.draft_body)
    found = [(one.path, one.severity) for one in checking.check_draft(company, authored) if one.code == "picture"]
    look_again(company)
    assert found == [("image", "warning")]
    assert author.post(f"{BASE}/publish").status_code == 303
    with pytest.raises(NotFound):
        pictures.opened(company, image)


def test_a_picture_that_nothing_names_is_forgotten_after_a_month(company: Session, author: FlaskClient) -> None:
    """One of a version that was, one that undo brings back, one that is an upload too, and one of nobody."""
    send(author, drawn(size=(50, 50)))
    old = named(company)
    assert author.post(f"{BASE}/publish").status_code == 303
    for edge in (60, 70):
        send(author, drawn(size=(edge, edge)))
    stepped = named(company)
    assert author.post(f"{BASE}/undo", data={"tab": "design"}).status_code == 303
    again, both, nobodys = (pictures.keep(drawn(size=(edge, edge)), by="x", at=now()) for edge in (80, 90, 99))
    with pictures.opened(db.session(), both) as stream:
        files.store(stream, name="b.webp", person="x", at=now())
    pictures.keep(drawn(size=(80, 80)), by="x", at=now() + timedelta(days=20))

    housekeeping.run(now() + timedelta(days=29))
    assert len(pictures.known(db.session(), [old, stepped, again, both, nobodys])) == 5
    housekeeping.run(now() + timedelta(days=31))
    assert pictures.known(db.session(), [old, stepped, again, both, nobodys]) == {old, stepped, again}
    assert files.open_file(both.removesuffix(".webp")).read()
    with pytest.raises(NotFound):
        files.open_file(nobodys.removesuffix(".webp"))
