"""Due timers: the services say what happens, and settle the claim inside their own work."""

from __future__ import annotations

from servicehall.jobs.claims import Claim, GiveUp, Kind
from servicehall.models.operations import Timers
from servicehall.services import timers


def run(one: Claim) -> None:
    kind = one.values["kind"]
    if kind not in timers.KINDS:
        raise GiveUp(f"there is no timer {kind!r}")
    timers.ring(kind, one.payload, at=one.at, settle=one.settle)


KIND = Kind(Timers, run)
