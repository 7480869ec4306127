"""What a request costs: the service and the options that were chosen, exact in one currency."""

from __future__ import annotations

from typing import Any

import pytest
from tests.factories.small import Small

from servicehall.services import catalog, releases
from servicehall.services.pricing import price_of

pytestmark = pytest.mark.parametrize("database", ["sqlite"], indirect=True)

PRICES: dict[str, tuple[str, str, Any]] = {
    "nothing costs anything": ("", '"0"', None),
    "an option alone": ("", '"5"', {"amount": "5.00", "currency": "CNY"}),
    "an option's own currency": ("", '{amount: "5", currency: JPY}', {"amount": "5", "currency": "JPY"}),
    "no currency at all": ('price: {amount: "1"}', '"5"', {"amount": "6.00", "currency": "CNY"}),
    "three places": ('price: {amount: "1.005", currency: KWD}', '"1"', {"amount": "2.005", "currency": "KWD"}),
    "again and again": (
        'price: {amount: "1", currency: EUR, recurring: {amount: "2", per: month}}',
        '{amount: "0", recurring: {amount: "3.50", per: month}}',
        {"amount": "1.00", "currency": "EUR", "recurring": {"amount": "5.50", "per": "month"}},
    ),
    "again by an option alone": (
        "",
        '{amount: "0", currency: EUR, recurring: {amount: "3.50", per: month}}',
        {"amount": "0.00", "currency": "EUR", "recurring": {"amount": "3.50", "per": "month"}},
    ),
}


@pytest.mark.parametrize("name", PRICES)
def test_the_prices_of_a_service_and_of_what_was_chosen_are_added_up(small: Small, name: str) -> None:
    stated, option, expected = PRICES[name]
    small.publish(stated, fields=f"[{{key: what, type: choice, label: What, options: [{{key: a, price: {option}}}]}}]")
    release = releases.current(small.viewer("asks").session, "it/thing")
    assert price_of(release, {"what": "a"}) == expected
    assert (catalog.card_of(release).price is None) == (stated == "")
    assert small.request(small.order(what="a")).price == expected
