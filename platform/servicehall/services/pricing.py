"""What a request costs: the service's price, and the prices of the options that were chosen."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Any

from servicehall.forms.numbers import minor_unit, plain
from servicehall.services.releases import Release

Price = dict[str, Any]


def price_of(release: Release, answers: Mapping[str, Any]) -> Price | None:
    """`{amount, currency, recurring?: {amount, per}}` with exact decimals as strings; None for what has no price."""
    return _sum(release, release.form.option_prices(answers))


def stated_price(release: Release) -> Price | None:
    """What the service costs whatever is chosen; None where it states no price."""
    return _sum(release, [])


def _sum(release: Release, chosen: Iterable[Mapping[str, Any]]) -> Price | None:
    stated = release.service.get("price")
    prices = [stated, *chosen] if stated is not None else list(chosen)
    if not prices:
        return None
    once = _amount(release, prices)
    again = [one["recurring"] for one in prices if one.get("recurring")]
    if stated is None and not again and not Decimal(once):
        return None
    price: Price = {"amount": once, "currency": release.currency}
    if again:
        price["recurring"] = {"amount": _amount(release, again), "per": again[0]["per"]}
    return price


def _amount(release: Release, prices: Iterable[Mapping[str, Any]]) -> str:
    total = sum((Decimal(str(one.get("amount", "0"))) for one in prices), Decimal(0))
    return plain(total.quantize(minor_unit(release.currency), rounding=ROUND_HALF_EVEN))
