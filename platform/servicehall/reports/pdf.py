"""HTML to PDF: A4 with tags and attachments (PDF/A-3a), from packaged files alone. The only importer of WeasyPrint."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from threading import Lock
from urllib.parse import urlsplit
from urllib.request import url2pathname

import weasyprint
from weasyprint.text.fonts import FontConfiguration
from weasyprint.urls import FatalURLFetchingError, URLFetcher, URLFetcherResponse

PACKAGED = Path(__file__).resolve().parent
TEMPLATES = PACKAGED / "templates"
STYLESHEETS = ("report.css",)
_drawing = Lock()


@dataclass(frozen=True, slots=True)
class Attached:
    """A file inside the PDF; `description` shows in a reader's list of attachments."""

    name: str
    data: bytes
    description: str
    at: datetime


class PackagedFetcher(URLFetcher):
    """Knows files of this package and `data:`; everything else stops the drawing."""

    def __init__(self) -> None:
        super().__init__(allowed_protocols=("file", "data"), allow_redirects=False, fail_on_errors=True)

    def fetch(self, url: str, headers: dict[str, str] | None = None) -> URLFetcherResponse:
        parts = urlsplit(url)
        if parts.scheme == "file":
            path = Path(url2pathname(parts.path)).resolve()
            if parts.netloc or not path.is_relative_to(PACKAGED):
                raise FatalURLFetchingError(f"not a file of this package: {url}")
        elif parts.scheme != "data":
            raise FatalURLFetchingError(f"only packaged files and data: may be used, not {url}")
        return super().fetch(url, headers)


def make_pdf(html: str, attachments: Iterable[Attached] = ()) -> bytes:
    """A PDF/A-3a document; the same HTML and attachments give the same bytes.

    Raises `weasyprint.urls.FatalURLFetchingError` where the HTML names anything but a packaged file or `data:`.
    """
    with _drawing:  # Pango's font maps are not for two threads at once
        fonts, sheets = _look()
        document = weasyprint.HTML(string=html, base_url=TEMPLATES.as_uri() + "/", url_fetcher=PackagedFetcher())
        files = [
            weasyprint.Attachment(
                string=one.data,
                base_url=TEMPLATES.as_uri(),
                name=one.name,
                description=one.description,
                relationship="Data",
                created=one.at.astimezone(UTC),
                modified=one.at.astimezone(UTC),
            )
            for one in attachments
        ]
        pdf = document.write_pdf(
            stylesheets=list(sheets), font_config=fonts, attachments=files, pdf_variant="pdf/a-3a", pdf_tags=True
        )
    return bytes(pdf)


@cache
def _look() -> tuple[FontConfiguration, tuple[weasyprint.CSS, ...]]:
    """Fonts and styles, read once in the life of the process."""
    fonts = FontConfiguration()
    fetcher = PackagedFetcher()
    sheets = (weasyprint.CSS(filename=TEMPLATES / name, font_config=fonts, url_fetcher=fetcher) for name in STYLESHEETS)
    return fonts, tuple(sheets)
