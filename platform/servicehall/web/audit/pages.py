"""The pages for auditors, all of one blueprint."""

from __future__ import annotations

from servicehall.web.audit import access, requests, seals, who
from servicehall.web.audit.common import pages

__all__ = ["access", "pages", "requests", "seals", "who"]
