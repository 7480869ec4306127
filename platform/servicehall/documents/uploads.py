"""Packs that are sent: one YAML file, or a ZIP of them, read in memory and within limits."""

from __future__ import annotations

import io
import zipfile
from pathlib import PurePosixPath

from servicehall.documents.document import Document
from servicehall.documents.examination import ERROR, PlacedProblem
from servicehall.documents.pack import SUFFIXES, Pack, as_document
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
            if len(held) > MOST_FILES or sum(one.file_size for one in held) > LARGEST_UNZIPPED:
                return _refused(shown, _("The archive holds more than {n} documents, or too large ones.", n=MOST_FILES))
            files = [(one.filename, _read(archive, one)) for one in held]
    except Exception:  # a broken archive fails in as many ways as there are libraries below it
        return _refused(shown, _("This archive cannot be read."))
    return _pack(files) if files else _refused(shown, _("There is no YAML file in this archive."))


def _is_document(one: zipfile.ZipInfo) -> bool:
    path = PurePosixPath(one.filename)
    hidden = any(part.startswith((".", "__")) for part in path.parts)
    return not one.is_dir() and not hidden and path.suffix.lower() in SUFFIXES


def _read(archive: zipfile.ZipFile, one: zipfile.ZipInfo) -> bytes:
    """A member's bytes, never more than a document may have and one: reading says the rest."""
    if one.compress_type not in PLAIN:
        raise zipfile.BadZipFile
    with archive.open(one) as file:
        return file.read(MAX_BYTES + 1)


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
