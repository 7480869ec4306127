"""What was written under an older schema is read as the present one."""

from __future__ import annotations

import pytest

from servicehall.domain.events import base
from servicehall.domain.events.base import Event, event, read_event


def test_an_older_body_is_lifted_step_by_step(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(base, "KINDS", {})
    monkeypatch.setattr(
        base,
        "UPCASTERS",
        {
            ("thing.moved", 1): lambda body: {"place": body["where"]},
            ("thing.moved", 2): lambda body: body | {"by": "somebody"},
        },
    )

    @event("thing.moved", schema=3)
    class ThingMoved(Event):
        place: str
        by: str

    lifted = [
        read_event("thing.moved", 1, {"where": "here"}),
        read_event("thing.moved", 2, {"place": "here"}),
        read_event("thing.moved", 3, {"place": "here", "by": "somebody"}),
    ]
    assert lifted == [ThingMoved(place="here", by="somebody")] * 3
    with pytest.raises(RuntimeError, match="registered twice"):
        event("thing.moved")(ThingMoved)


def test_every_kind_can_be_lifted_from_its_first_schema() -> None:
    for kind, cls in base.KINDS.items():
        assert {(kind, schema) for schema in range(1, cls.SCHEMA)} <= base.UPCASTERS.keys()
