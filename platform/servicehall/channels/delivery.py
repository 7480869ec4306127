"""How a delivery can end badly."""

from __future__ import annotations


class Failed(Exception):
    """It did not arrive; trying again later may help."""


class Refused(Exception):
    """It will not arrive, however often it is tried."""
