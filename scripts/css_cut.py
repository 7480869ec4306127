"""Cuts Tabler's style sheet down: drops the components and colour variants that no page here uses."""

from __future__ import annotations

import re
from typing import Any

import tinycss2

_COMPONENTS = """
    accordion advanced-table apex aside bg-pattern bs-popover bs-tooltip browser btn-floating btn-ghost
    btn-icon- calendar carousel chart chat code- columns? colorinput cropper datagrid demo divide
    dropdown-menu-arrow dropdown-menu-columns dropzone fl- flag float focus-ring form-colorinput
    form-imagecheck highlight hover-elevate hover-rotate hover-shadow hr-text img-responsive
    inline-player jsvectormap layout legend link-offset link-opacity link-underline litepicker markdown
    mention modal nav-segmented navbar noUi noui object offcanvas otp page-link-prev page-next page-prev
    payment photogrid placeholder plyr popover progressbg ribbon scroll- segmented settings signal
    signature social sortable sparkline stars status-dot-animated step-counter step-item steps strength
    switch-icon table-mobile table-sort table-transparent tag- tags theme- toast tooltip tox tracking-
    ts- turbo wizard
"""
_COLOURS = """
    azure bitbucket blue cyan dribbble facebook flickr github google gray-\\d+ gray green indigo instagram lime linkedin
    orange pink pinterest purple red rss tabler teal twitter vimeo vk x yellow youtube
"""
_COLOURED = """
    alert avatar badge bg bg-gradient border btn btn-outline card form from icon link list-group-item progress status
    table text to via
"""


def _any(words: str) -> str:
    return "|".join(words.split())


_DROPPED_CLASS = re.compile(rf"\.(?:(?:{_any(_COMPONENTS)})|(?:{_any(_COLOURED)})-(?:{_any(_COLOURS)})(?![\w]))")
_DROPPED_ATTRIBUTE = re.compile(r"\[data-vc|\[class\^=chart|\[data-bs-theme-(?:base|radius|font|primary)|^\[dir=rtl\]")
_NESTED = {"media", "supports", "layer"}


def cut_css(text: str) -> str:
    """The same sheet without the rules that only reach unused classes; the licence comment stays."""
    rules = tinycss2.parse_stylesheet(text, skip_whitespace=True)
    return "\n".join(_kept(rules)) + "\n"


def _kept(rules: list[Any]) -> list[str]:
    kept: list[str] = []
    for rule in rules:
        kept.extend(_KEEPERS.get(rule.type, _keep_nothing)(rule))
    return kept


def _keep_comment(rule: Any) -> list[str]:
    return [rule.serialize()] if rule.value.startswith("!") else []


def _keep_rule(rule: Any) -> list[str]:
    selectors = [part.strip() for part in _split(tinycss2.serialize(rule.prelude))]
    wanted = [part for part in selectors if not _DROPPED_CLASS.search(part) and not _DROPPED_ATTRIBUTE.search(part)]
    return [f"{','.join(wanted)}{{{tinycss2.serialize(rule.content).strip()}}}"] if wanted else []


def _keep_at_rule(rule: Any) -> list[str]:
    if rule.lower_at_keyword not in _NESTED or rule.content is None:
        return [] if rule.lower_at_keyword == "charset" else [rule.serialize()]
    inner = _kept(tinycss2.parse_rule_list(rule.content, skip_whitespace=True))
    prelude = tinycss2.serialize(rule.prelude).strip()
    return [f"@{rule.at_keyword} {prelude}{{{''.join(inner)}}}"] if inner else []


def _keep_nothing(rule: Any) -> list[str]:
    return []


_KEEPERS = {"comment": _keep_comment, "qualified-rule": _keep_rule, "at-rule": _keep_at_rule}


def _split(prelude: str) -> list[str]:
    """A selector list at its commas, but not at those inside brackets."""
    parts, depth, start = [], 0, 0
    for place, char in enumerate(prelude):
        depth += (char in "([") - (char in ")]")
        if char == "," and depth == 0:
            parts.append(prelude[start:place])
            start = place + 1
    return [*parts, prelude[start:]]
