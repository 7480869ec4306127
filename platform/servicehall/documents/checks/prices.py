"""What a service and its options cost: whole in the smallest coin, one currency, one period."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

from servicehall.documents.checks.forms import ServiceForm
from servicehall.documents.document import Place
from servicehall.documents.examination import Examination
from servicehall.documents.form_facts import field_definitions
from servicehall.documents.source import child
from servicehall.forms.numbers import minor_unit, plain
from servicehall.texts import _

Priced = tuple[Place, Any]


def check_prices(examination: Examination, service: Place, form: ServiceForm) -> None:
    """What is chosen is added to what the service costs: all of it in the currency and the period that stand first."""
    prices = [(service.at("price"), service.value.get("price")), *_option_prices(form)]
    parts = [part for place, price in prices for part in _parts(place, price)]
    currency = next((value["currency"] for _place, value in parts if "currency" in value), None)
    per = next((value["per"] for _place, value in parts if "per" in value), None)
    for place, value in parts:
        _check_amount(examination, place, value, currency)
        for name, first in (("currency", currency), ("per", per)):
            if name in value and value[name] != first:
                message = _("the prices of a service are added up, so this is {first} as before it", first=first)
                examination.error(place.below(name), "mixed", message)


def _check_amount(examination: Examination, place: Place, value: Mapping[str, Any], currency: str | None) -> None:
    if currency is None or "amount" not in value:
        return
    unit = minor_unit(currency)
    if Decimal(str(value["amount"])) % unit:
        message = _("the smallest amount of {currency} is {unit}", currency=currency, unit=plain(unit))
        examination.error(place if value.get("alone") else place.below("amount"), "scale", message)


def _parts(place: Place, price: Any) -> Iterator[tuple[Place, Mapping[str, Any]]]:
    """A price's mapping and that of what comes again; an amount alone is one too."""
    if isinstance(price, Mapping):
        yield place, price
        if "recurring" in price:
            yield place.below("recurring"), price["recurring"]
    elif price is not None:
        yield place, {"amount": price, "alone": True}


def _option_prices(form: ServiceForm) -> Iterator[Priced]:
    if form.facts is None or form.expanded is None:
        return
    for path, definition in field_definitions(form.expanded.form):
        for where, price in _under(definition, path):
            yield form.expanded.origin(where), price


def _under(holder: Mapping[str, Any], path: str) -> Iterator[tuple[str, Any]]:
    """The prices of a field's or column's options, and of those nested under them."""
    for name in ("columns", "options"):
        found = holder.get(name)
        for index, one in enumerate(found if isinstance(found, list) else ()):
            here = child(child(path, name), index)
            if name == "options" and "price" in one:
                yield child(here, "price"), one["price"]
            yield from _under(one, here)
