"""The tabs of a document in the studio, in their order: for each its words, the kinds that have it, and its file."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from servicehall.documents.kinds.registry import KINDS
from servicehall.registry import Registry
from servicehall.texts import N_, _
from servicehall.web.studio import (
    approval,
    chain_acts,
    content,
    design,
    design_acts,
    examples,
    field_values,
    fulfilment,
    history,
    plan_acts,
    preview,
    rules,
    sla,
    sla_acts,
    ticks,
    translate,
    used,
    users,
    yaml_text,
    year,
    year_acts,
)
from servicehall.web.studio.page import Page
from servicehall.web.studio.reading import ACTS, CONTROLS

ALL: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Tab:
    """`values` gives what `studio/<key>.html` shows; no `kinds` means all of them."""

    text: str
    values: Callable[[Page], Mapping[str, Any]]
    kinds: frozenset[str] = ALL
    unless: frozenset[str] = ALL

    @property
    def label(self) -> str:
        return _(self.text)

    def applies(self, kind: str) -> bool:
        return (not self.kinds or kind in self.kinds) and kind not in self.unless


_PREVIEWED = frozenset({"service", *(kind for kind in KINDS if KINDS[kind].pinned)})
TABS: Registry[Tab] = Registry("studio tab")
TABS.register("design", Tab(N_("Design"), design.values, kinds=frozenset({"service", "field_set"})))
TABS.register("approval", Tab(N_("Approval"), approval.values, kinds=frozenset({"service", "approval_chain"})))
TABS.register("sla", Tab(N_("Service levels"), sla.values, kinds=frozenset({"service", "sla_policy"})))
TABS.register("fulfilment", Tab(N_("Fulfilment"), fulfilment.values, kinds=frozenset({"service", "fulfilment_plan"})))
TABS.register("year", Tab(N_("Calendar year"), year.values, kinds=frozenset({"calendar"})))
TABS.register("content", Tab(N_("Content"), content.values, unless=frozenset({"service", "field_set"})))
TABS.register("forms", Tab(N_("Task forms"), design.values, kinds=frozenset({"fulfilment_plan"})))
TABS.register("rules", Tab(N_("Rules"), rules.values, rules.KINDS))
TABS.register("preview", Tab(N_("Preview"), preview.values, _PREVIEWED))
TABS.register("examples", Tab(N_("Examples"), examples.values, kinds=frozenset({"service"})))
TABS.register("translate", Tab(N_("Translate"), translate.values))
TABS.register("users", Tab(N_("Used by"), users.values, unless=users.NEVER_NAMED))
TABS.register("yaml", Tab(N_("YAML"), yaml_text.values))
TABS.register("history", Tab(N_("History"), history.values))

ACTS.update(design_acts.ACTS | chain_acts.ACTS | plan_acts.ACTS | sla_acts.ACTS | used.ACTS | year_acts.ACTS)
CONTROLS.update(
    field_values.CONTROLS
    | chain_acts.CONTROLS
    | plan_acts.CONTROLS
    | sla_acts.CONTROLS
    | ticks.CONTROLS
    | year_acts.CONTROLS
)


def tabs_of(kind: str) -> dict[str, Tab]:
    """The tabs of a kind of document, the first being where it opens."""
    return {key: TABS[key] for key in TABS if TABS[key].applies(kind)}
