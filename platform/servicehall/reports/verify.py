"""Offline verification of a printed report: everything that needs no database and no network, each finding named.

A file is whole when no byte differs from what was stamped; genuine when the stamp's signature is by a key that the
auditor knows. Beyond that, the evidence is checked against itself: chain, proofs, contents, and what print cites.
"""

from __future__ import annotations

import io
import logging
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import pypdf

from servicehall.content import content_hash
from servicehall.domain.chain import SEALS, Finding, verify_inclusion, verify_seals, verify_stream
from servicehall.reports.evidence import NAME, Evidence, case_digest, read_evidence, texts_in
from servicehall.reports.stamp import Stamp, page_hashes, read_stamp
from servicehall.texts import _

logging.getLogger("pypdf").setLevel(logging.CRITICAL)  # what is wrong with a file, the findings say

FILE, PAGE, EVIDENCE, PRINT = "file", "page", "evidence", "print"


@dataclass(frozen=True, slots=True)
class Facts:
    """What the report says of itself; an auditor compares `key`, `heads` and `seals` with the platform's own."""

    number: str = ""
    locale: str = ""
    generated_at: str = ""
    pages: int = 0
    events: int = 0
    sealed: int = 0
    contents: int = 0
    heads: Mapping[str, tuple[int, str]] = field(default_factory=dict)
    seals: Mapping[int, str] = field(default_factory=dict)
    key: str = ""
    digest: str = ""


@dataclass(frozen=True, slots=True)
class Verification:
    """`ok` when there is no finding; `Finding.stream` is a stream's name, `file`, `page`, `evidence` or `print`."""

    findings: tuple[Finding, ...]
    facts: Facts

    @property
    def ok(self) -> bool:
        return not self.findings


def verify_pdf(
    data: bytes, *, known_keys: Collection[str] = (), known_seals: Mapping[int, str] | None = None
) -> Verification:
    """Everything that was changed in a report; never raises, whatever the bytes are.

    `known_keys` are the public keys (hex) that reports of this installation may be signed with: with any given, an
    unsigned report or one of another key is a finding. `known_seals` are hashes of seals by number, likewise.
    """
    stamp = read_stamp(data)
    findings = list(_file(stamp, known_keys))
    try:
        hashes, ending, raw = _open(data)
        findings += _pages(stamp, hashes)
        given = read_evidence(raw)
        inside = [finding for check in CHECKS for finding in check(given)]
        inside += [*_digest(given, ending), *_known_seals(given, known_seals or {})]
        facts = _facts(given, stamp, len(hashes))
    except Exception as broken:  # hostile bytes: whatever a parser raises means that this is no report
        what = _("The evidence cannot be read: {reason}", reason=str(broken) or type(broken).__name__)
        return Verification((*findings, Finding(EVIDENCE, None, what, "unreadable")), Facts(key=_key(stamp)))
    return Verification((*findings, *inside), facts)


def _file(stamp: Stamp | None, known_keys: Collection[str]) -> Iterator[Finding]:
    if stamp is None:
        yield Finding(FILE, None, _("This file has no stamp, or something was added after it."), "unstamped")
        return
    if not stamp.whole:
        yield Finding(FILE, None, _("This file was changed after it was stamped."), "changed")
    if stamp.key and not stamp.genuine:
        yield Finding(FILE, None, _("The signature is not by the key that the file names."), "forged")
    if known_keys and not stamp.key:
        yield Finding(FILE, None, _("This report is not signed."), "unsigned")
    elif known_keys and stamp.key not in known_keys:
        yield Finding(FILE, None, _("This report was signed by a key that is not known here."), "unknown_key")


def _pages(stamp: Stamp | None, hashes: tuple[str, ...]) -> Iterator[Finding]:
    stamped = stamp.pages if stamp else ()
    for number, one in enumerate(hashes, start=1):
        if number > len(stamped):
            yield Finding(PAGE, number, _("This page was not there when the report was made."), "added")
        elif one != stamped[number - 1]:
            yield Finding(PAGE, number, _("What is drawn on this page was changed."), "edited")
    for number in range(len(hashes) + 1, len(stamped) + 1):
        yield Finding(PAGE, number, _("This page is missing."), "deleted")


def _open(data: bytes) -> tuple[tuple[str, ...], str, bytes]:
    """Page hashes, the text of the end (the last two pages) without spaces, and the one attachment."""
    reader = pypdf.PdfReader(io.BytesIO(data))
    attached = reader.attachments.get(NAME, [])
    if len(attached) != 1:
        raise ValueError(_("there must be one {name} inside", name=NAME))
    ending = "".join(page.extract_text() for page in reader.pages[-2:])
    return page_hashes(data), "".join(ending.split()), bytes(attached[0])


def _chain(given: Evidence) -> Iterator[Finding]:
    """Each stream's chain, against the list of events that is printed."""
    printed = [str(line["event"]) for line in given.case["events"]]
    found = {event.hash for event in given.events}
    for name, events in given.streams.items():
        yield from verify_stream(events, stream=name)
    for number, one in enumerate(printed, start=1):
        if one not in found:
            what = _("The event that is printed in row {number} of the list is not in the evidence.", number=number)
            yield Finding(PRINT, number, what, "deleted")
    for event in given.events:
        if event.hash not in printed:
            what = _("This event is in the evidence and not in the printed list.")
            yield Finding(event.stream, event.sequence, what, "unprinted")


def _contents(given: Evidence) -> Iterator[Finding]:
    """Each disclosed content gives its hash, and an event names it."""
    named = set(texts_in([event.body for event in given.events]))
    for number, one in enumerate(given.contents, start=1):
        if content_hash(one.value, one.salt) != one.sha256:
            yield Finding(EVIDENCE, number, _("Content {hash} was edited.", hash=one.sha256[:12]), "edited")
        elif one.sha256 not in named:
            yield Finding(EVIDENCE, number, _("No event names content {hash}.", hash=one.sha256[:12]), "foreign")


def _proofs(given: Evidence) -> Iterator[Finding]:
    """Each proof leads from its event to its seal, and the seals follow one another."""
    yield from verify_seals(given.seals, whole=False)
    seals = {seal.number: seal for seal in given.seals}
    events = {event.hash: event for event in given.events}
    for one in given.inclusions:
        event, seal = events.get(one.event), seals.get(one.seal)
        if event is None or seal is None:
            what = _("A proof names an event or a seal that is not here.")
            yield Finding(EVIDENCE, None, what, "deleted")
        elif not verify_inclusion(one.event, index=one.index, count=seal.count, proof=one.proof, root=seal.root):
            what = _("This event does not stand under seal {number}.", number=seal.number)
            yield Finding(event.stream, event.sequence, what, "unsealed")


def _cited(given: Evidence) -> Iterator[Finding]:
    """What print says with an event's number agrees with that event: instant, content, comment."""
    events = {event.hash: event for event in given.events}
    for place, claim in _claims(given.case):
        if not claim["event"]:
            continue
        event = events.get(claim["event"])
        if event is None:
            yield Finding(PRINT, None, _("{place} cites an event that is not here.", place=place), "deleted")
            continue
        at = claim.get("decided_at") or claim.get("at")
        if at != event.at:
            what = _("{place} shows another time than the event that it cites.", place=place)
            yield Finding(event.stream, event.sequence, what, "disagrees")
        named = set(texts_in(event.body))
        if claim.get("content_sha256") and claim["content_sha256"] not in named:
            what = _("{place} names another content than the event that it cites.", place=place)
            yield Finding(event.stream, event.sequence, what, "disagrees")
        if _other_words(given, claim, named):
            what = _("{place} shows another comment than the event that it cites.", place=place)
            yield Finding(event.stream, event.sequence, what, "disagrees")


def _other_words(given: Evidence, claim: Mapping[str, Any], named: Collection[str]) -> bool:
    """Whether the comment that print shows is not the one of the event, or not the one of its content."""
    wanted = claim["comment_sha256"]
    if wanted and wanted not in named:
        return True
    shown = claim.get("comment", claim.get("body"))
    return any(one.sha256 == wanted and shown not in set(texts_in(one.value)) for one in given.contents)


def _claims(case: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for stage in case["stages"]:
        for voice in stage["voices"]:
            yield _("Stage “{title}”, {name}", title=stage["title"], name=voice["name"]), voice
    for number, one in enumerate(case["rounds"], start=1):
        yield _("Round {number}", number=number), one
    for number, one in enumerate(case["comments"], start=1):
        yield _("Comment {number}", number=number), one


CHECKS: tuple[Callable[[Evidence], Iterator[Finding]], ...] = (_chain, _contents, _proofs, _cited)


def _digest(given: Evidence, ending: str) -> Iterator[Finding]:
    digest = case_digest(given.case, given.locale)
    if digest != given.case_sha256:
        yield Finding(PRINT, None, _("The printed values in the evidence do not give their digest."), "edited")
    if digest not in ending:
        yield Finding(PRINT, None, _("The last page shows another digest than the evidence gives."), "disagrees")


def _known_seals(given: Evidence, known: Mapping[int, str]) -> Iterator[Finding]:
    for seal in given.seals:
        if known.get(seal.number, seal.hash) != seal.hash:
            what = _("This seal is not the one that is known.")
            yield Finding(SEALS, seal.number, what, "rewritten")


def _key(stamp: Stamp | None) -> str:
    return stamp.key if stamp is not None and stamp.genuine else ""


def _facts(given: Evidence, stamp: Stamp | None, pages: int) -> Facts:
    heads = {name: max(events, key=lambda one: one.sequence) for name, events in given.streams.items()}
    return Facts(
        number=str(given.case.get("number", "")),
        locale=given.locale,
        generated_at=str(given.case.get("generated_at", "")),
        pages=pages,
        events=len(given.events),
        sealed=len({one.event for one in given.inclusions}),
        contents=len(given.contents),
        heads={name: (one.sequence, one.hash) for name, one in heads.items()},
        seals={seal.number: seal.hash for seal in given.seals},
        key=_key(stamp),
        digest=given.case_sha256,
    )
