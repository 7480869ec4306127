"""The outbox: what leaves the database, delivered at least once by the verb of its channel."""

from __future__ import annotations

from servicehall.channels.delivery import Failed, Refused
from servicehall.jobs.claims import PAUSES, Claim, GiveUp, Kind, Later
from servicehall.models.operations import Outbox
from servicehall.services import deliveries


def run(one: Claim) -> None:
    """Hands one row to its channel; what can never arrive is parked at once, all else is tried again."""
    channel = one.values["channel"]
    if channel not in deliveries.DELIVERIES:
        raise GiveUp(f"there is no channel {channel!r}")
    delivery = deliveries.Delivery(
        payload=one.payload,
        key=one.key,
        attempt=one.attempts,
        last=one.attempts > len(PAUSES),
        at=one.at,
        settle=one.settle,
    )
    try:
        deliveries.DELIVERIES[channel](delivery)
    except Refused as refused:
        raise GiveUp(str(refused), kept=refused.kept) from refused
    except Failed as failed:
        raise Later(str(failed), kept=failed.kept) from failed


KIND = Kind(Outbox, run)
