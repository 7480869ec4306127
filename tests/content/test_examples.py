"""Every shipped service has examples; they are green, and whoever changes what a service does turns one red."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from typing import Any

import pytest
from tests import databases, mutations, proofs

from servicehall import config
from servicehall.documents.document import Document
from servicehall.documents.pack import read_pack
from servicehall.documents.releases import build_release
from servicehall.documents.shipped import content_root
from servicehall.errors import ServicehallError
from servicehall.services import examples
from servicehall.services.releases import Release

ROOTS = [root for root in (content_root("catalogs"), content_root("forms")) if root is not None]
DOCUMENTS = {document.name: document for root in ROOTS for document in read_pack(root).documents}
SERVICES = [document for document in DOCUMENTS.values() if document.kind == "service"]
SAMPLE = 25
"""So many mutants in the normal run."""
EQUAL = {
    f"it/mobile-phone, {change}"
    for change in (
        "stage finance: another role",
        "stage finance: another quorum",
        "stage security: another group",
        "stage security: groups count another way",
        "stage security: dropped",
        "apart 0: dropped",
    )
}
"""Mutants that change nothing: no phone costs as much as these stages of the shared chain begin at."""


def find(kind: str, department: str, key: str) -> Document | None:
    return DOCUMENTS.get((kind, department, key))


@pytest.fixture(autouse=True)
def settings() -> Iterator[None]:
    before = config._current
    config.use(config.Settings(secret_key=databases.SECRET))
    yield
    config._current = before


@cache
def released(service: Document) -> Mapping[str, Any]:
    return build_release(service, find)


def red(service: Document, data: Mapping[str, Any]) -> list[str]:
    """The examples of a service that are red with this release; all, where it cannot be read or is not sound."""
    try:
        results = examples.run(service, find, None, release=Release("", data))
    except (ServicehallError, ValueError, LookupError, AssertionError):
        return ["unreadable"]
    assert all(not one.not_run for one in results)
    if not results:
        return ["not sound"]
    return [f"{one.key}: {problem.path}: {problem.message}" for one in results for problem in one.differences]


@pytest.mark.parametrize("service", SERVICES, ids=lambda one: one.reference)
def test_every_shipped_service_has_examples_and_they_are_green(service: Document) -> None:
    assert len(service.body["examples"]["cases"]) >= 3
    assert red(service, released(service)) == []


@pytest.mark.proves("E1")
def test_a_change_of_a_service_turns_an_example_red(record_property: Callable[[str, object], None]) -> None:
    """Mutants of all shipped services, each a slip of the pen: a sample, and all of them at length."""
    made = [(service, *mutant) for service in SERVICES for mutant in mutations.mutants(released(service))]
    tried = made if proofs.LONG else random.Random(proofs.SAMPLE_SEED).sample(made, SAMPLE)
    survived = {f"{service.reference}, {name}" for service, name, data in tried if not red(service, data)}
    record_property("mutants", len(tried))
    record_property("turned an example red", len(tried) - len(survived))
    record_property("survivors", "; ".join(sorted(survived)))
    assert survived <= EQUAL
