"""Pictures of services: drawn anew from what was uploaded, so that nothing but the picture is kept, and named by hash.

A document says `image: <SHA-256 of the bytes>.webp`. With an export the bytes stand in a folder `images` beside the
documents, and an application takes them in from there.
"""

from __future__ import annotations

import io
import warnings
from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from pathlib import Path
from typing import BinaryIO

from PIL import Image, ImageOps
from sqlalchemy import select
from sqlalchemy.orm import Session

from servicehall.content import sha256
from servicehall.documents.document import Document as Authored
from servicehall.documents.examination import WARNING, PlacedProblem
from servicehall.documents.pack import PICTURE_ENDING
from servicehall.documents.words import PICTURE
from servicehall.errors import Invalid, NotFound, Problem, TooLarge, UnsupportedMedia
from servicehall.models.base import begin_writing, db
from servicehall.models.definitions import Document, DocumentVersion, DraftStep
from servicehall.models.files import Upload
from servicehall.models.log import ContentRow
from servicehall.models.operations import upsert
from servicehall.models.pictures import Picture
from servicehall.services import files
from servicehall.texts import _

TYPE = "image/webp"
ENDING = PICTURE_ENDING
PARTS = (b"VP8 ", b"VP8L", b"VP8X", b"ALPH")
"""The chunks of a WebP file that are the picture itself."""
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


def take_in(given: Mapping[str, bytes], *, at: datetime) -> int:
    """Takes pictures of an export in, by their names; gives how many were new. Not inside a work.

    Errors: Invalid names each that is something else; then none is taken.
    """
    wrong = wrong_in(given)
    if wrong:
        raise Invalid(_("These pictures cannot be taken in."), wrong)
    there = known(db.session(), given)
    fresh = [data for name, data in given.items() if name not in there]
    for data in fresh:
        with _opened(data, ("WEBP",)) as found:
            size = found.size
        _kept(data, size, by=None, at=at)
    return len(fresh)


def wrong_in(given: Mapping[str, bytes]) -> list[Problem]:
    """Those of these files that are no pictures as this program exports them."""
    text = _("this is not a picture under the SHA-256 of its bytes")
    return [Problem(name[:200], "invalid", text) for name, data in given.items() if not _is_exported(name, data)]


def beside(folder: Path) -> dict[str, bytes]:
    """The files in the pictures' folder of an export; what is too large for one, or leads elsewhere, as empty."""
    paths = sorted(folder.glob(f"*{ENDING}")) if folder.is_dir() else []
    plain = {one for one in paths if not one.is_symlink() and one.stat().st_size <= LARGEST}
    return {one.name: one.read_bytes() if one in plain else b"" for one in paths}


def _is_exported(name: str, data: bytes) -> bool:
    """Whether it is what `keep` made: small, nothing but the picture, and under its hash."""
    if name != sha256(data) + ENDING or len(data) > LARGEST or not _is_bare(data):
        return False
    try:
        with _opened(data, ("WEBP",)) as found:
            return max(found.size) <= EDGE
    except UnsupportedMedia:
        return False


def _is_bare(data: bytes) -> bool:
    """Whether a WebP file holds one picture, and nothing about it, between or behind."""
    at, end = 12, int.from_bytes(data[4:8], "little") + 8
    while at < end:
        kind, size = data[at : at + 4], int.from_bytes(data[at + 4 : at + 8], "little")
        if kind not in PARTS:
            return False
        at += 8 + size + size % 2
    return at == end == len(data)


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


def problems_of(
    session: Session, documents: Iterable[Authored], *, coming: Collection[str] = ()
) -> list[PlacedProblem]:
    """A warning for each picture that is not here and does not come along: it came without its bytes."""
    named = [(one, name) for one in documents for name in named_in([one.body])]
    there = known(session, [name for _one, name in named]).union(coming)
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
