"""What a request costs: the service's price, and the prices of the options that were chosen."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from servicehall.services.releases import Release

Price = dict[str, Any]


def price_of(release: Release, answers: Mapping[str, Any]) -> Price | None:
    """`{amount, currency, recurring?: {amount, per}}` with exact decimals as strings; None for what has no price."""
    base = release.service.get("price")
    extra = sum((Decimal(amount) for amount in release.option_prices(answers)), Decimal(0))
    if base is None and not extra:
        return None
    stated = base or {"amount": "0.00", "currency": release.currency}
    total = Decimal(str(stated["amount"])) + extra
    price: Price = {"amount": f"{total:.2f}", "currency": stated["currency"]}
    if stated.get("recurring"):
        price["recurring"] = dict(stated["recurring"])
    return price
