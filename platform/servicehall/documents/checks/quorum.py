"""Stages that cannot be decided by those whom they name, whoever that is in the directory."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from servicehall.documents.document import Place
from servicehall.documents.examination import Examination
from servicehall.texts import _, listed

ONE_PERSON = frozenset(("manager", "department_head", "person"))
"""Rules that name one person at most."""


def check_quorums(examination: Examination, chain: Place) -> None:
    """More approvals than there can be voices, and the same people where different ones must decide."""
    stages = chain.items("stages")
    for stage in stages:
        decide, most = stage.value.get("decide"), most_voices(stage.value)
        needed = decide.get("at_least") if isinstance(decide, Mapping) else None
        if most is not None and isinstance(needed, int) and needed > most:
            message = _(
                "{needed} approvals are needed and at most {most} are asked: the fallback always decides instead",
                needed=needed,
                most=most,
            )
            examination.warn(stage.at("decide"), "quorum", message, {"needed": needed, "voices": most})
    people = {stage.value["key"]: _only_people(stage.value) for stage in stages}
    for one, other in _pairs(chain.value, list(people)):
        if people[other] and people[other] <= _sure(people[one], stages, one):
            names = listed(sorted(people[other]))
            message = _("{people} must decide in “{stage}” already, and nobody may in both", people=names, stage=one)
            place = next(stage for stage in stages if stage.value["key"] == other)
            examination.warn(place.at("approvers"), "nobody_left", message, {"people": sorted(people[other])})


def most_voices(stage: Mapping[str, Any]) -> int | None:
    """How many voices a stage can have at most; None where nobody can tell."""
    names = [name for rule in stage["approvers"] for name in rule]
    voices = {
        **dict.fromkeys(ONE_PERSON, 1),
        **({"group": 1} if stage.get("group_counts", "one") == "one" else {}),
    }
    return sum(voices[name] for name in names) if all(name in voices for name in names) else None


def _only_people(stage: Mapping[str, Any]) -> frozenset[str]:
    """The people of a stage that names nothing else."""
    rules = stage["approvers"]
    only = all("person" in rule for rule in rules)
    return frozenset(str(rule["person"]).lower() for rule in rules) if only else frozenset()


def _sure(people: frozenset[str], stages: list[Place], key: str) -> frozenset[str]:
    """Those of a stage whose word is needed whoever else is asked."""
    decide = next(stage for stage in stages if stage.value["key"] == key).value.get("decide", "all")
    return people if decide == "all" or len(people) == 1 else frozenset()


def _pairs(chain: Mapping[str, Any], order: list[str]) -> Iterator[tuple[str, str]]:
    """Stages that are kept apart, the earlier first."""
    for names in chain.get("apart") or ():
        known = [key for key in order if key in names]
        for index, one in enumerate(known):
            yield from ((one, other) for other in known[index + 1 :])
