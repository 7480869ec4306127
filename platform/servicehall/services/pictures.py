"""Pictures of services: drawn anew from what was uploaded, so that nothing but the picture is kept, and named by hash.

A document says `image: <SHA-256 of the bytes>.webp`. With an export the bytes stand in a folder `images` beside the
documents, and an application takes them in from there.
"""

from __future__ import annotations

import io
import warnings
from collections.abc import Iterable, Mapping
from datetime import datetime
from pathlib import Path
from typing import BinaryIO

from PIL import Image, ImageOps
from sqlalchemy import select
from sqlalchemy.orm import Session

from servicehall.content import sha256
from servicehall.documents.document import Document as Authored
from servicehall.documents.examination import WARNING, PlacedProblem
from servicehall.documents.words import PICTURE
from servicehall.errors import Invalid, NotFound, Problem, TooLarge, UnsupportedMedia
from servicehall.models.base import begin_writing, db
from servicehall.models.definitions import Document, DocumentVersion, DraftStep
from servicehall.models.log import ContentRow
from servicehall.models.operations import Upload, upsert
from servicehall.models.pictures import Picture
from servicehall.services import files
from servicehall.texts import _

FOLDER = "images"
TYPE = "image/webp"
ENDING = ".webp"
TAKEN = ("PNG", "JPEG", "WEBP")
LARGEST = 5 * 1024 * 1024
MOST_PIXELS = 40_000_000
LONGEST_EDGE = 20_000
EDGE = 640
"""A picture is drawn into a square of so many pixels; it never grows."""


def keep(data: bytes, *, by: str, at: datetime) -> str:
    """Keeps a picture that somebody uploaded, and gives the name by which documents call it. Not inside a work.

    It is turned upright, made small enough, and drawn anew: no place, no camera and nothing hidden comes along.
    Errors: TooLarge, UnsupportedMedia.
    """
    if len(data) > LARGEST:
        raise TooLarge(_("A picture may have at most {n} MB.", n=LARGEST // 1024 // 1024))
    with _opened(data, TAKEN) as given:
        small = _small(given)
    out = io.BytesIO()
    small.save(out, "WEBP", quality=85, method=4, exif=b"", icc_profile=b"")
    return _kept(out.getvalue(), small.size, by=by, at=at)


def take_in(folder: Path, *, at: datetime) -> int:
    """Takes the pictures of an export's folder in, where they are what their names say; gives how many were new.

    Errors: Invalid names each file that is something else; then none is taken.
    """
    paths = sorted(folder.glob(f"*{ENDING}")) if folder.is_dir() else []
    read = {path: _read(path) for path in paths}
    text = _("this is not a picture under the SHA-256 of its bytes")
    wrong = [Problem(path.name[:200], "invalid", text) for path, found in read.items() if found is None]
    if wrong:
        raise Invalid(_("These pictures cannot be taken in."), wrong)
    there = known(db.session(), [path.name for path in paths])
    fresh = [found for path, found in read.items() if found is not None and path.name not in there]
    for data, size in fresh:
        _kept(data, size, by=None, at=at)
    return len(fresh)


def _read(path: Path) -> tuple[bytes, tuple[int, int]] | None:
    """The bytes and size of an exported picture; None where the file is anything else."""
    if path.is_symlink() or path.stat().st_size > LARGEST:
        return None
    data = path.read_bytes()
    try:
        with _opened(data, ("WEBP",)) as found:
            size = found.size
    except UnsupportedMedia:
        return None
    return (data, size) if path.name == sha256(data) + ENDING and max(size) <= EDGE else None


def named_in(documents: Iterable[Mapping[str, object]]) -> list[str]:
    """The names of the pictures that bodies of documents say, each once."""
    said = (body.get("image") for body in documents)
    return list(dict.fromkeys(one for one in said if isinstance(one, str) and PICTURE.match(one)))


def known(session: Session, names: Iterable[str]) -> set[str]:
    """Those of these names under which there is a picture here."""
    hashes = [one.removesuffix(ENDING) for one in names]
    return {f"{one}{ENDING}" for one in session.scalars(select(Picture.sha256).where(Picture.sha256.in_(hashes)))}


def forget_unused(*, before: datetime) -> int:
    """Forgets the pictures kept before then that no document, version or step of a draft names; gives how many.

    Not inside a work.
    """
    session: Session = db.session()
    old = session.scalars(select(Picture.sha256).where(Picture.kept_at < before)).all()
    unused = [one for one in old if not _is_named(session, one)]
    session.rollback()
    return sum(_forget(session, one, before) for one in unused)


def _forget(session: Session, digest: str, before: datetime) -> bool:
    """Unless it was kept or named again meanwhile; its bytes stay where they are an upload too."""
    begin_writing(session)
    row = session.get(Picture, digest, populate_existing=True)
    if row is None or row.kept_at >= before or _is_named(session, digest):
        session.rollback()
        return False
    session.delete(row)
    uploads = (
        select(Upload.sha256).where(Upload.sha256 == digest),
        select(ContentRow.sha256).where(ContentRow.data.contains(f'"{digest}"')),
    )
    if not any(session.scalar(one.limit(1)) for one in uploads):
        files.forget_bytes(digest)
    session.commit()
    return True


def _is_named(session: Session, digest: str) -> bool:
    name = digest + ENDING
    bodies = (Document.body, Document.draft_body)
    said = [select(Document.id).where(body["image"].as_string() == name) for body in bodies]
    for held in (DocumentVersion, DraftStep):
        content = select(held.content).join(ContentRow, ContentRow.sha256 == held.content)
        said.append(content.where(ContentRow.data.contains(name)))
    return any(session.scalar(one.limit(1)) is not None for one in said)


def opened(session: Session, name: str) -> BinaryIO:
    """The bytes of a picture, as a stream to be closed; NotFound also for a file that is none."""
    if not PICTURE.match(name) or not known(session, [name]):
        raise NotFound(_("There is no such picture."))
    return files.open_file(name.removesuffix(ENDING))


def problems_of(session: Session, documents: Iterable[Authored]) -> list[PlacedProblem]:
    """A warning for each picture that is not here: it came without its bytes."""
    named = [(one, name) for one in documents for name in named_in([one.body])]
    there = known(session, [name for _one, name in named])
    text = _("this picture is not here; upload it, or apply the folder “images” of its export")
    return [
        PlacedProblem(one.file, one.line("image"), "image", WARNING, "picture", text)
        for one, name in named
        if name not in there
    ]


def _small(given: Image.Image) -> Image.Image:
    """The picture small and upright, in colours that can be kept; made small first, so that little is ever copied."""
    mode = "RGBA" if _is_transparent(given) else "RGB"
    colours = given if given.mode == mode else given.convert(mode)
    colours.thumbnail((EDGE, EDGE))
    try:
        return ImageOps.exif_transpose(colours)
    except Exception:  # what a camera says of the picture is broken in as many ways as there are cameras
        return colours


def _opened(data: bytes, formats: tuple[str, ...]) -> Image.Image:
    """A picture of one of these formats, looked at but not unpacked; one of too many pixels is refused before."""
    refused = UnsupportedMedia(_("Choose a picture: PNG, JPEG or WebP."))
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            found = Image.open(io.BytesIO(data), formats=formats)
            if found.width * found.height > MOST_PIXELS or max(found.size) > LONGEST_EDGE:
                raise refused
            found.load()
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise refused from error
    return found


def _is_transparent(picture: Image.Image) -> bool:
    return picture.mode in ("RGBA", "LA", "PA") or "transparency" in picture.info


def _kept(data: bytes, size: tuple[int, int], *, by: str | None, at: datetime) -> str:
    digest = files.keep_bytes(data)
    session: Session = db.session()
    begin_writing(session)
    row = {"sha256": digest, "size": len(data), "width": size[0], "height": size[1], "kept_by": by, "kept_at": at}
    upsert(session, Picture, row)
    session.commit()
    return digest + ENDING
