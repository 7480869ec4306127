"""The stamp of a PDF: comment lines before its last `startxref`, over every byte of the file and signed.

PDF allows comments there and no offset moves, so the file stays what its readers expect. The lines are

    %servicehall-report 1
    %page 1 <SHA-256 of the page's decoded drawing instructions>       (one line for each page)
    %file <SHA-256 of the file without these lines>
    %key <Ed25519 public key>                                          (absent when nobody signs)
    %signature <Ed25519 signature over the lines above, each with its line end>
"""

from __future__ import annotations

import hashlib
import io
import re
from dataclasses import dataclass

import pypdf
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from servicehall.content import sha256

HEADER = b"%servicehall-report 1\n"
_TAIL = re.compile(rb"startxref\s+\d+\s+%%EOF\s*\Z")
_BLOCK = re.compile(
    rb"%servicehall-report 1\n(?P<pages>(?:%page \d+ [0-9a-f]{64}\n)*)%file (?P<file>[0-9a-f]{64})\n"
    rb"(?:%key (?P<key>[0-9a-f]{64})\n%signature (?P<signature>[0-9a-f]{128})\n)?\Z"
)


@dataclass(frozen=True, slots=True)
class SigningKey:
    """The key that an installation signs reports with; `public` is what auditors compare, 64 hex digits."""

    private: Ed25519PrivateKey

    @classmethod
    def from_secret(cls, secret: str) -> SigningKey:
        """The same secret gives the same key on every machine (HKDF-SHA-256, RFC 5869)."""
        derive = HKDF(algorithm=SHA256(), length=32, salt=None, info=b"servicehall report signing 1")
        return cls(Ed25519PrivateKey.from_private_bytes(derive.derive(secret.encode())))

    @property
    def public(self) -> str:
        return self.private.public_key().public_bytes_raw().hex()


@dataclass(frozen=True, slots=True)
class Stamp:
    """What a file's stamp claims: page hashes, hash of the rest, and who signed (`key` is empty: nobody)."""

    pages: tuple[str, ...]
    file: str
    key: str
    signed: bytes
    signature: str
    rest: bytes

    @property
    def whole(self) -> bool:
        """Whether every byte outside the stamp is as it was."""
        return sha256(self.rest) == self.file

    @property
    def genuine(self) -> bool:
        """Whether the stamp is signed, and by the key that it names."""
        try:
            key = Ed25519PublicKey.from_public_bytes(bytes.fromhex(self.key))
            key.verify(bytes.fromhex(self.signature), self.signed)
        except (InvalidSignature, ValueError):
            return False
        return True


def stamp(pdf: bytes, *, key: SigningKey | None = None) -> bytes:
    """The file with its stamp; raises ValueError where it does not end as a PDF does."""
    tail = _TAIL.search(pdf)
    if tail is None:
        raise ValueError("this does not end as a PDF does")
    pages = "".join(f"%page {number} {one}\n" for number, one in enumerate(page_hashes(pdf), start=1))
    lines = HEADER + pages.encode() + f"%file {sha256(pdf)}\n".encode()
    if key is not None:
        lines += f"%key {key.public}\n".encode()
        lines += f"%signature {key.private.sign(lines).hex()}\n".encode()
    return pdf[: tail.start()] + lines + pdf[tail.start() :]


def read_stamp(pdf: bytes) -> Stamp | None:
    """The stamp, or None where the file has none right before its last `startxref`."""
    tail = _TAIL.search(pdf)
    start = pdf.rfind(HEADER, 0, tail.start()) if tail else -1
    block = _BLOCK.match(pdf, start, tail.start()) if tail and start >= 0 else None
    if tail is None or block is None:
        return None
    text = block[0]
    return Stamp(
        pages=tuple(line.split()[2].decode() for line in block["pages"].splitlines()),
        file=block["file"].decode(),
        key=(block["key"] or b"").decode(),
        signed=text[: text.rfind(b"%signature ")] if block["signature"] else text,
        signature=(block["signature"] or b"").decode(),
        rest=pdf[:start] + pdf[tail.start() :],
    )


def page_hashes(pdf: bytes) -> tuple[str, ...]:
    """SHA-256 over each page's decoded content streams, in the order of the pages."""
    return tuple(_page_hash(page) for page in pypdf.PdfReader(io.BytesIO(pdf)).pages)


def _page_hash(page: pypdf.PageObject) -> str:
    contents = page.get("/Contents")
    contents = contents.get_object() if contents is not None else []
    streams = [one.get_object() for one in contents] if isinstance(contents, list) else [contents]
    return hashlib.sha256(b"\n".join(one.get_data() for one in streams)).hexdigest()
