"""Packs that are sent: one YAML file, or a ZIP of them with their pictures, read in memory and within limits."""

from __future__ import annotations

import io
import zipfile
from dataclasses import replace
from pathlib import PurePosixPath

from servicehall.documents.document import Document
from servicehall.documents.examination import ERROR, PlacedProblem
from servicehall.documents.pack import PICTURE_ENDING, PICTURES, SUFFIXES, Pack, as_document
from servicehall.documents.source import MAX_BYTES, read_yaml
from servicehall.texts import _

LARGEST = 4 * 1024 * 1024
LARGEST_UNZIPPED = 16 * 1024 * 1024
MOST_FILES = 200
PLAIN = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
"""Other methods let an archive ask for memory as it likes."""


def read_upload(data: bytes, name: str) -> Pack:
    """The documents of a file that somebody sent under this name; whatever is wrong is told by file and line."""
    shown = PurePosixPath(name.replace("\\", "/")).name[:100] or "file"
    if len(data) > LARGEST:
        return _refused(shown, _("The file is larger than {n} MB.", n=LARGEST // 1024 // 1024))
    if not data.startswith(b"PK\x03\x04"):
        return _pack([(shown, data)])
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            held = [one for one in archive.infolist() if _is_document(one)]
            beside = [one for one in archive.infolist() if _is_picture(one)]
            size = sum(one.file_size for one in (*held, *beside))
            if max(len(held), len(beside)) > MOST_FILES or size > LARGEST_UNZIPPED:
                return _refused(shown, _("The archive holds more than {n} documents, or too large ones.", n=MOST_FILES))
            files = [(one.filename, _read(archive, one, MAX_BYTES)) for one in held]
            pictures = {PurePosixPath(one.filename).name: _read(archive, one, LARGEST) for one in beside}
    except Exception:  # a broken archive fails in as many ways as there are libraries below it
        return _refused(shown, _("This archive cannot be read."))
    return (
        replace(_pack(files), pictures=pictures)
        if files
        else _refused(shown, _("There is no YAML file in this archive."))
    )


def _is_document(one: zipfile.ZipInfo) -> bool:
    return _is_shown(one) and PurePosixPath(one.filename).suffix.lower() in SUFFIXES


def _is_picture(one: zipfile.ZipInfo) -> bool:
    path = PurePosixPath(one.filename)
    return _is_shown(one) and path.parent.name == PICTURES and path.suffix == PICTURE_ENDING


def _is_shown(one: zipfile.ZipInfo) -> bool:
    parts = PurePosixPath(one.filename).parts
    return not one.is_dir() and not any(part.startswith((".", "__")) for part in parts)


def _read(archive: zipfile.ZipFile, one: zipfile.ZipInfo, most: int) -> bytes:
    """A member's bytes, never more than one too many: whoever takes them says the rest."""
    if one.compress_type not in PLAIN:
        raise zipfile.BadZipFile
    with archive.open(one) as file:
        return file.read(most + 1)


def _pack(files: list[tuple[str, bytes]]) -> Pack:
    documents: list[Document] = []
    problems: list[PlacedProblem] = []
    for name, data in files:
        document, wrong = as_document(read_yaml(data), name)
        problems += wrong
        if document is not None:
            documents.append(document)
    return Pack(tuple(documents), tuple(problems))


def _refused(name: str, message: str) -> Pack:
    return Pack((), (PlacedProblem(name, 1, "", ERROR, "unreadable", message),))
