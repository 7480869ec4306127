"""The file `evidence.json` inside each report: all that its verification needs, and no secret.

It carries every printed value, every event with its hash, the seals with the proofs that the events stand under them,
and those contents with their salts of which print shows every word. What print masks is not in it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, fields
from typing import Any, TypeVar

from servicehall.content import canonical, sha256
from servicehall.domain.chain import EventRecord, Seal
from servicehall.reports.case import CaseReport, Inclusion, Provable, as_json
from servicehall.texts import _

FORMAT = "servicehall/approval-chain/1"
NAME = "evidence.json"
_BESIDE = ("events", "contents", "seals", "inclusions")
Row = TypeVar("Row", EventRecord, Seal, Inclusion, Provable)


def case_data(case: CaseReport) -> dict[str, Any]:
    """Every printed value as JSON; an event is named by its hash, for the record itself stands beside."""
    data = {one.name: as_json(getattr(case, one.name)) for one in fields(case) if one.name not in _BESIDE}
    data["events"] = [
        {"event": line.record.hash, "words": line.words, "actor": line.actor, "on_behalf_of": line.on_behalf_of}
        for line in case.events
    ]
    return data


def case_digest(data: dict[str, Any], locale: str) -> str:
    """The digest that stands on the last page: SHA-256 over the RFC 8785 JSON of locale and printed values."""
    return sha256(canonical({"locale": locale, "case": data}))


def evidence(case: CaseReport, locale: str) -> bytes:
    """The RFC 8785 bytes of the evidence."""
    data = case_data(case)
    said = frozenset(texts_in(data))
    return canonical(
        {
            "format": FORMAT,
            "locale": locale,
            "case": data,
            "case_sha256": case_digest(data, locale),
            "events": [as_json(line.record) for line in case.events],
            "contents": [as_json(one) for one in case.contents if _shown(one.value, said)],
            "seals": as_json(case.seals),
            "inclusions": as_json(case.inclusions),
        }
    )


def _shown(value: Any, said: frozenset[str]) -> bool:
    """Whether print says every part of a content word for word: only such a content may be attached."""
    if isinstance(value, dict):
        return all(_shown(one, said) for one in value.values())
    if isinstance(value, list):
        return all(_shown(one, said) for one in value)
    return value is None or isinstance(value, bool) or value in said


def texts_in(value: Any) -> Iterator[str]:
    """Every text in a JSON value, at any depth; keys are not texts."""
    if isinstance(value, str):
        yield value
    for one in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from texts_in(one)


@dataclass(frozen=True, slots=True)
class Evidence:
    """What a report carries, as it says; nothing of it is believed yet."""

    locale: str
    case: dict[str, Any]
    case_sha256: str
    events: tuple[EventRecord, ...]
    contents: tuple[Provable, ...]
    seals: tuple[Seal, ...]
    inclusions: tuple[Inclusion, ...]

    @property
    def streams(self) -> dict[str, list[EventRecord]]:
        found: dict[str, list[EventRecord]] = {}
        for event in self.events:
            found.setdefault(event.stream, []).append(event)
        return found


def read_evidence(raw: bytes) -> Evidence:
    """The evidence of these bytes; raises ValueError, KeyError or TypeError where they are not evidence."""
    value = json.loads(raw)
    if not isinstance(value, dict) or value.get("format") != FORMAT:
        raise ValueError(_("its format is not {name}", name=FORMAT))
    return Evidence(
        locale=str(value["locale"]),
        case=dict(value["case"]),
        case_sha256=str(value["case_sha256"]),
        events=_rows(value["events"], EventRecord),
        contents=_rows(value["contents"], Provable),
        seals=_rows(value["seals"], Seal),
        inclusions=_rows(value["inclusions"], Inclusion),
    )


def _rows(values: list[dict[str, Any]], kind: type[Row]) -> tuple[Row, ...]:
    names = {one.name for one in fields(kind)}
    for value in values:
        if set(value) != names:
            raise ValueError(_("a row has other fields than {names}", names=", ".join(sorted(names))))
    return tuple(kind(**value) for value in values)
