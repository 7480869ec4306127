"""History: every version, who published it and when, what it changed; any of them can be brought back as a draft."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import request

from servicehall.services import directory
from servicehall.web.studio import lists
from servicehall.web.studio.page import Page


def values(page: Page) -> Mapping[str, Any]:
    session = page.viewer.session
    found = lists.versions(session, page.row)
    shown = request.args.get("version", "")
    number = int(shown) if shown.isdecimal() and len(shown) < 7 else page.row.version
    said: dict[str, Any] = {
        "versions": found,
        "names": directory.people(session, [one.published_by for one in found]),
        "number": number,
        "comparison": None,
    }
    if number:
        _version, now, was = lists.version(session, page.row, number)
        said |= {"text": now.canonical(), "comparison": lists.compare(was, now)}
    if page.row.draft is not None:
        said["drafted"] = lists.compare(lists.published_of(page.row), page.document)
    return said
