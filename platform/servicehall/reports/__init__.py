"""What is printed: each report is one file, registered by one line here."""

from __future__ import annotations

from collections.abc import Callable

from servicehall.registry import Registry
from servicehall.reports import approval_chain

reports: Registry[Callable[..., bytes]] = Registry("report")
reports.register("approval_chain", approval_chain.make_report)
