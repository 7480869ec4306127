"""Which files are taken: the name's ending, what the browser says and the first bytes must tell the same type."""

from __future__ import annotations

import mimetypes
import mmap
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

from servicehall.errors import UnsupportedMedia
from servicehall.texts import _

Bytes = bytes | mmap.mmap
Magic = Callable[[Bytes], bool]

OFFICE = "application/vnd.openxmlformats-officedocument."
NEVER = frozenset({"image/svg+xml", "text/html", "application/xhtml+xml", "text/xml", "application/xml"})
"""Types that a browser would run; no setting lets them in."""
SAYS_NOTHING = frozenset({"", "application/octet-stream", "binary/octet-stream", "application/x-download"})
_MARKUP = re.compile(rb"\s*<(?:!doctype|html|svg|script|\?xml|head|body|iframe)", re.IGNORECASE)
_CONTROLS = re.compile(r"[\x00-\x08\x0e-\x1a\x1c-\x1f\x7f]")
_PROGRAMS = (b"MZ", b"\x7fELF", b"\xca\xfe\xba\xbe", b"\xcf\xfa\xed\xfe", b"#!")
HEAD = 1024


@dataclass(frozen=True, slots=True)
class MediaType:
    """A type with its endings, a look at its bytes, and other names that browsers have for it."""

    name: str
    endings: tuple[str, ...]
    magic: Magic
    aliases: tuple[str, ...] = ()


def media_type_of(name: str, data: Bytes, *, declared: str = "", allowed: Sequence[str]) -> str:
    """The media type of an upload; UnsupportedMedia where it is not allowed or its parts contradict each other.

    `name` is the display name, `declared` what the client said (may be empty), `allowed` the setting.
    """
    ending = PurePosixPath(name.lower()).suffix
    found = _BY_ENDING.get(ending) or _unknown(ending)
    said = declared.split(";")[0].strip().lower()
    if found is None or found.name not in allowed or found.name in NEVER:
        raise UnsupportedMedia(_("Files of this kind are not accepted: {name}", name=name))
    if said not in SAYS_NOTHING and said != found.name and said not in found.aliases:
        raise UnsupportedMedia(_("The file's name and the type that was sent with it do not agree."))
    if not found.magic(data):
        raise UnsupportedMedia(_("The file is not what its name says: {name}", name=name))
    return found.name


def _starts(*heads: bytes) -> Magic:
    return lambda data: data[:HEAD].startswith(heads)


def _is_webp(data: Bytes) -> bool:
    return data[:4] == b"RIFF" and data[8:12] == b"WEBP"


def _is_zip(data: Bytes) -> bool:
    return data[:4] in (b"PK\x03\x04", b"PK\x05\x06")


def _is_office(folder: bytes) -> Magic:
    """By the names in the archive, which stand in it uncompressed; nothing is unpacked. None with macros."""

    def magic(data: Bytes) -> bool:
        has = data.find
        return _is_zip(data) and has(b"[Content_Types].xml") >= 0 and has(folder) >= 0 and has(b"vbaProject.bin") < 0

    return magic


def _is_text(data: Bytes) -> bool:
    """Text in UTF-8, UTF-16 with its mark or GB18030, without control characters, and no markup."""
    head = data[:HEAD]
    raw = bytes(data[:])
    for encoding in ("utf-16",) if head.startswith((b"\xff\xfe", b"\xfe\xff")) else ("utf-8", "gb18030"):
        try:
            text = raw.decode(encoding)
        except UnicodeDecodeError:
            continue
        return _CONTROLS.search(text) is None and not _MARKUP.match(text[:HEAD].removeprefix("\ufeff").encode())
    return False


def _is_harmless(data: Bytes) -> bool:
    """For types that only the setting knows: at least no program and no markup."""
    head = data[:HEAD]
    return not head.startswith(_PROGRAMS) and not _MARKUP.match(head.removeprefix(b"\xef\xbb\xbf"))


def _unknown(ending: str) -> MediaType | None:
    guessed, encoding = mimetypes.guess_type(f"file{ending}", strict=False)
    return MediaType(guessed, (ending,), _is_harmless) if guessed and not encoding else None


_ZIP_NAMES = ("application/x-zip-compressed", "application/x-zip", "application/zip")
KNOWN: tuple[MediaType, ...] = (
    MediaType("application/pdf", (".pdf",), _starts(b"%PDF-"), ("application/x-pdf",)),
    MediaType("application/zip", (".zip",), _is_zip, _ZIP_NAMES),
    MediaType(OFFICE + "wordprocessingml.document", (".docx",), _is_office(b"word/"), _ZIP_NAMES),
    MediaType(OFFICE + "spreadsheetml.sheet", (".xlsx",), _is_office(b"xl/"), _ZIP_NAMES),
    MediaType(OFFICE + "presentationml.presentation", (".pptx",), _is_office(b"ppt/"), _ZIP_NAMES),
    MediaType("image/gif", (".gif",), _starts(b"GIF87a", b"GIF89a")),
    MediaType("image/jpeg", (".jpg", ".jpeg"), _starts(b"\xff\xd8\xff"), ("image/jpg", "image/pjpeg")),
    MediaType("image/png", (".png",), _starts(b"\x89PNG\r\n\x1a\n"), ("image/x-png",)),
    MediaType("image/webp", (".webp",), _is_webp),
    MediaType("text/csv", (".csv",), _is_text, ("text/plain", "application/csv", "application/vnd.ms-excel")),
    MediaType("text/plain", (".txt", ".log"), _is_text, ("text/x-log",)),
)
_BY_ENDING = {ending: known for known in KNOWN for ending in known.endings}
