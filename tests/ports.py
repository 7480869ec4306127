"""Ports for programs that a test starts: the bench's own."""

from __future__ import annotations

from servicehall.cli.benchmarks.driver import free_port

__all__ = ["free_port"]
