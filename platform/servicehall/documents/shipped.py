"""The content that comes with the program: `catalogs/` and `forms/`, in the repository or in the installed package."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path

from servicehall.documents.document import Document
from servicehall.documents.pack import read_pack

PACKAGE = Path(__file__).resolve().parent.parent


def content_root(name: str) -> Path | None:
    """The folder `catalogs` or `forms`: installed in the package, else beside `platform/`; None where neither is."""
    candidates = (PACKAGE / "_content" / name, PACKAGE.parent.parent / name)
    return next((folder for folder in candidates if folder.is_dir()), None)


@cache
def _shared() -> Mapping[tuple[str, str, str], Document]:
    folder = content_root("forms")
    return {document.name: document for document in read_pack(folder).documents} if folder else {}


def find_shipped(kind: str, department: str, key: str) -> Document | None:
    """A `Finder` over the shipped `forms/`."""
    return _shared().get((kind, department, key))
