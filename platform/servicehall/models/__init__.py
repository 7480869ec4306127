"""Every table, and the appliers that write the record tables."""

from servicehall.models import (
    approvals,
    clocks,
    definitions,
    directory,
    fulfilment,
    log,
    requests,
)

__all__ = ["approvals", "clocks", "definitions", "directory", "fulfilment", "log", "requests"]
