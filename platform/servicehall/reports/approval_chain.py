"""The approval-chain report: who was asked, who decided on what, and the log that shows it."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from itertools import groupby
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape

from servicehall.clock import as_instant, parse_instant
from servicehall.reports import words
from servicehall.reports.case import Answer, CaseReport
from servicehall.reports.evidence import NAME, case_data, case_digest, evidence
from servicehall.reports.stamp import SigningKey, stamp
from servicehall.texts import _, current_locale, known_locale, use_locale

TEMPLATES = Path(__file__).parent / "templates"
TAGS = {"en": "en", "zh": "zh-Hans"}
SEPARATORS = {"en": " · ", "zh": "·"}  # the Chinese dot brings its own space


def make_report(case: CaseReport, *, locale: str, key: SigningKey | None = None) -> bytes:
    """The report as a stamped PDF with its evidence inside, signed where a key is given."""
    from servicehall.reports.pdf import Attached, make_pdf  # WeasyPrint loads slowly, and only who prints needs it

    with use_locale(locale):
        html = render(case, locale, signing_key=key.public if key else "")
        attached = Attached(
            name=NAME,
            data=evidence(case, known_locale(locale)),
            description=_("Events, proofs and printed values, for verification"),
            at=case.generated_at,
        )
        return stamp(make_pdf(html, [attached]), key=key)


def render(case: CaseReport, locale: str, *, signing_key: str = "") -> str:
    """The report as one HTML page; every value is plain data and is escaped."""
    with use_locale(locale):
        return (
            _environment()
            .get_template("approval_chain.html")
            .render(
                case=case,
                sep=SEPARATORS[current_locale()],
                lang=TAGS[current_locale()],
                created=as_instant(case.generated_at.replace(microsecond=0)),
                digest=case_digest(case_data(case), current_locale()),
                signing_key=signing_key,
                numbers={line.record.hash: line.record.sequence for line in case.events},
                heads=_heads(case),
                when=lambda at: words.moment(at, case.time_zone),
                instant=lambda text: words.moment(parse_instant(text), case.time_zone),
                exact_instant=lambda text: words.moment(parse_instant(text), case.time_zone, seconds=True),
                exactly=lambda at: words.moment(at, case.time_zone, seconds=True),
                offset=words.offset(case.generated_at, case.time_zone),
            )
        )


def _heads(case: CaseReport) -> list[dict[str, Any]]:
    """The last event of each stream: a later print of the same request must contain it."""
    last = {line.record.stream: line.record for line in sorted(case.events, key=lambda line: line.record.sequence)}
    return [{"stream": name, "sequence": one.sequence, "hash": one.hash} for name, one in last.items()]


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals.update(_=_, say=words.say, words=words, duration=words.duration, page_of=_page_of)
    environment.filters["sections"] = _sections
    return environment


def _page_of() -> Markup:
    """Page x of y, with places that the stylesheet fills."""
    text = escape(_("Page {page} of {pages}"))
    return text.replace("{page}", Markup('<b class="page"></b>')).replace("{pages}", Markup('<b class="pages"></b>'))


def _sections(answers: Iterable[Answer]) -> list[tuple[str, list[Answer]]]:
    """Answers by their section, in the order of the form."""
    return [(name, list(group)) for name, group in groupby(answers, key=lambda answer: answer.section)]
