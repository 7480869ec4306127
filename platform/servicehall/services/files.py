"""Files that people upload: their bytes lie under their SHA-256 in any fsspec file system, outside any web root."""

from __future__ import annotations

import hashlib
import mmap
import os
import re
import tempfile
import unicodedata
from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime
from functools import lru_cache
from pathlib import PurePosixPath
from typing import IO, Any, BinaryIO

from fsspec.core import url_to_fs
from sqlalchemy.orm import Session

from servicehall import config
from servicehall.errors import Invalid, NotFound, Problem, TooLarge, Unavailable
from servicehall.forms import FileFacts
from servicehall.models.base import begin_writing, db, new_id
from servicehall.models.files import Upload
from servicehall.models.operations import upsert
from servicehall.services.media_types import media_type_of
from servicehall.texts import _

CHUNK = 256 * 1024
LONGEST_NAME = 255
_SHA256 = re.compile(r"[0-9a-f]{64}")


def store(stream: IO[bytes], *, name: str, media_type: str = "", person: str, at: datetime) -> FileFacts:
    """Keeps an upload of a person and gives its facts; the same bytes again are the same file.

    `stream` is read in chunks, `name` and `media_type` are as the client sent them. Nothing else may be under way in
    the session: the bytes are kept first, then the row, which is committed.
    Errors: TooLarge while reading, UnsupportedMedia, Invalid for an empty file, Unavailable where it cannot be kept.
    """
    settings = config.current()
    shown = display_name(name)
    with tempfile.TemporaryFile() as file:
        sha256, size = _copy(stream, file, most=settings.max_upload_mb * 1024 * 1024)
        with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
            found = media_type_of(shown, data, declared=media_type, allowed=settings.attachment_types)
        file.seek(0)
        _put(file, sha256)
    facts = FileFacts(sha256=sha256, name=shown, media_type=found, size=size)
    _note(db.session(), facts, person=person, at=at)
    return facts


def keep_bytes(data: bytes) -> str:
    """Keeps bytes of our own making (a report) and gives their SHA-256; not inside a work."""
    sha256 = hashlib.sha256(data).hexdigest()
    with tempfile.TemporaryFile() as file:
        file.write(data)
        file.seek(0)
        _put(file, sha256)
    return sha256


def open_file(sha256: str) -> BinaryIO:
    """The bytes under a hash, as a stream to be closed; NotFound where there are none."""
    if not _SHA256.fullmatch(sha256):
        raise NotFound(_("There is no such file."))
    system, root = _files(config.current().files_url)
    try:
        opened: BinaryIO = system.open(_path(root, sha256), "rb")
    except FileNotFoundError:
        raise NotFound(_("There is no such file.")) from None
    return opened


def forget_bytes(sha256: str) -> None:
    """Takes away bytes of our own making, where they are there; the caller knows that nothing names them."""
    system, root = _files(config.current().files_url)
    with suppress(FileNotFoundError):
        system.rm(_path(root, sha256))


def display_name(name: str) -> str:
    """A name that is safe to show and to save under: one path part of at most 255 characters that keeps its ending.

    Control and format characters (those that turn the direction of text, too) are taken out.
    """
    plain = "".join(one for one in unicodedata.normalize("NFC", name) if unicodedata.category(one)[0] != "C")
    last = " ".join(re.split(r"[/\\]", plain)[-1].split()).strip(" .")
    if len(last) > LONGEST_NAME:
        ending = PurePosixPath(last).suffix[:20]
        last = last[: LONGEST_NAME - len(ending)] + ending
    return last or "file"


def _copy(stream: IO[bytes], file: IO[bytes], *, most: int) -> tuple[str, int]:
    """Reads no further than it must to know that it is too much."""
    digest = hashlib.sha256()
    size = 0
    while chunk := stream.read(CHUNK):
        size += len(chunk)
        if size > most:
            raise TooLarge(_("A file may have at most {n} MB.", n=most // 1024 // 1024))
        digest.update(chunk)
        file.write(chunk)
    if not size:
        raise Invalid(_("The file is empty."), [Problem("file", "empty", _("The file is empty."))])
    file.flush()
    return digest.hexdigest(), size


def _put(file: IO[bytes], sha256: str) -> None:
    """Writes beside the final place and moves: nobody ever sees half a file."""
    system, root = _files(config.current().files_url)
    final = _path(root, sha256)
    if system.exists(final):
        return
    beside = f"{root}/incoming/{new_id()}"
    try:
        system.makedirs(f"{root}/incoming", exist_ok=True)
        with system.open(beside, "wb") as out:
            for chunk in _chunks(file):
                out.write(chunk)
            _sync(out)
        system.makedirs(system._parent(final), exist_ok=True)
        system.mv(beside, final)
    except OSError as error:
        raise Unavailable(_("The file cannot be kept just now.")) from error


def _chunks(file: IO[bytes]) -> Iterator[bytes]:
    while chunk := file.read(CHUNK):
        yield chunk


def _sync(out: Any) -> None:
    """On a disk of our own, until the bytes are on it; other systems answer when they are safe."""
    try:
        number = out.fileno()
    except (AttributeError, OSError):
        return
    out.flush()
    os.fsync(number)


def _note(session: Session, facts: FileFacts, *, person: str, at: datetime) -> None:
    begin_writing(session)
    upsert(session, Upload, {**facts.as_answer(), "person_id": person, "uploaded_at": at})
    session.commit()


def _path(root: str, sha256: str) -> str:
    return f"{root}/{sha256[:2]}/{sha256}"


@lru_cache(maxsize=8)
def _files(url: str) -> tuple[Any, str]:
    system, root = url_to_fs(url)
    return system, root.rstrip("/")
