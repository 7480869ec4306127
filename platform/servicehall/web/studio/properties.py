"""A field's properties as controls: those that its type has, in groups, each read as its type writes it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC
from typing import Any

from servicehall.documents.field_changes import OF_THE_TYPE, field_of
from servicehall.documents.patching import value_at
from servicehall.forms import draft as rules
from servicehall.forms.fields import FIELD_TYPES
from servicehall.forms.fields.base import CLASSIFICATIONS
from servicehall.forms.fields.computed import RESULTS
from servicehall.forms.reading import Refused
from servicehall.texts import N_, _, pick
from servicehall.web.studio.nodes import Node
from servicehall.web.studio.page import Page
from servicehall.web.studio.surroundings import Choices

GROUPS: Sequence[tuple[str, str, Sequence[str]]] = (
    ("general", N_("General"), ("label", "help", "placeholder", "as", "value", "currency", "default")),
    ("rules", N_("Rules"), ("required", "visible", "read_only", "check")),
    (
        "limits",
        N_("Limits"),
        ("min", "max", "step", "min_length", "max_length", "pattern", "min_rows", "max_rows"),
    ),
    ("data", N_("Data and reports"), ("classification", "share_with", "reopens", "report")),
)
"""Properties that have a place of their own in the panel."""
_CLASSIFIED = {
    "public": N_("Public"),
    "internal": N_("Internal"),
    "personal": N_("Personal"),
    "secret": N_("Secret"),
}
WHEN: Mapping[str, Sequence[tuple[str, str]]] = {
    "required": (("=", N_("No")), ("=true", N_("Always")), ("=rule", N_("Only when …"))),
    "read_only": (("=", N_("No")), ("=true", N_("Always")), ("=rule", N_("Only when …"))),
    "visible": (("=", N_("Always")), ("=rule", N_("Only when …")), ("=false", N_("Never"))),
}


@dataclass(frozen=True)
class Group:
    """Properties that show together; `open` where one of them is set, or wrong."""

    key: str
    text: str
    nodes: Sequence[Node]
    open: bool

    @property
    def label(self) -> str:
        return _(self.text)


def groups(page: Page, at: str) -> list[Group]:
    """The properties of the field at a place, by group; a type that nobody knows has the common ones."""
    value = value_at(page.body, at)
    kind = value.get("type") if isinstance(value, Mapping) else None
    known = FIELD_TYPES[kind].properties() if isinstance(kind, str) and kind in FIELD_TYPES else {"label": None}
    found = []
    for key, text, names in GROUPS:
        wanted = [name for name in names if name in known]
        nodes = [shown(page, kind or "", one) for one in page.node(at, only=wanted).children]
        nodes.sort(key=lambda one: wanted.index(one.name))
        is_open = key == "general" or any(not one.absent or one.problems for one in nodes)
        if nodes:
            found.append(Group(key, text, nodes, is_open))
    return found


def shown(page: Page, kind: str, node: Node) -> Node:
    """A property with the control that fits its type; most have one already."""
    if node.name in WHEN:
        return condition(node)
    if node.name in _SPECIAL:
        control, choices = _SPECIAL[node.name](page, node.value)
        return replace(node, control=control, choices=choices)
    if kind not in FIELD_TYPES:
        return node
    rule = FIELD_TYPES[kind].properties().get(node.name)
    if node.name in OF_THE_TYPE and rule is not rules.count:
        return _of_the_type(page, kind, node)
    plain = {rules.count: "number", rules.flag: "flag", rules.string: "line"}
    return replace(node, control=plain.get(rule, node.control)) if rule in plain and node.control == "value" else node


def condition(node: Node) -> Node:
    """Whether, or when: a choice, and a rule beside it."""
    said = "=" if node.value is None else "=rule"
    if isinstance(node.value, bool):
        said = "=true" if node.value else "=false"
    words = [(value, _(text)) for value, text in WHEN.get(node.name, WHEN["visible"])]
    if said not in dict(words):
        said = "="
    return replace(node, control="field-rule", choices=words, shapes=(said,))


def _of_the_type(page: Page, kind: str, node: Node) -> Node:
    """A default or limit, as an answer of the type is written."""
    if isinstance(node.value, Mapping):
        return replace(node, control="worked-out")
    field = field_of(kind)
    if not field.takes_default and node.name == "default":
        return replace(node, control="none")
    if kind in ("choice", "choices") and node.name == "default":
        return replace(node, control="several" if kind == "choices" else "word", choices=_own_options(page, node))
    if kind == "boolean":
        return replace(node, control="yes-no")
    text = "" if node.value is None else str(node.value)
    with suppress(Refused, ValueError, TypeError):
        text = str(field.form_value(field.canonical(node.value), UTC)) if node.value is not None else ""
    control = {"number": "decimal", "date": "date", "datetime-local": "datetime-local", "time": "time"}
    name = "long" if kind == "long_text" else control.get(field.input_type, "line")
    return replace(node, control=f"of-type:{name}", value=text)


def _own_options(page: Page, node: Node) -> Choices:
    """The options of the field whose default it is; what stands there stays one of them."""
    options = value_at(page.body, node.pointer.rpartition("/")[0] + "/options")
    if isinstance(options, Mapping) and isinstance(options.get("use"), str):
        found = page.around.of_reference("choice_list", options["use"])
        options = found.body.get("options") if found is not None else None
    held = [one for one in options if isinstance(one, Mapping)] if isinstance(options, list) else []
    choices = [(str(one.get("key")), pick(one.get("label")) or str(one.get("key"))) for one in held]
    said = node.value if isinstance(node.value, list) else [node.value] if node.value else []
    return [*choices, *((str(one), str(one)) for one in said if str(one) not in dict(choices))]


def _words(names: Sequence[str]) -> Choices:
    return [(one, _(_CLASSIFIED[one])) for one in names]


def _results(page: Page, now: Any) -> tuple[str, Choices]:
    return "word", [(one, _(FIELD_TYPES[one].title)) for one in RESULTS]


def _stages(page: Page, now: Any) -> tuple[str, Choices]:
    """The approval's stages, of the service itself or of the chain that it uses."""
    chain = page.body.get("approval")
    if isinstance(chain, Mapping) and isinstance(chain.get("use"), str):
        found = page.around.of_reference("approval_chain", chain["use"])
        chain = found.body if found is not None else None
    stages = chain.get("stages") if isinstance(chain, Mapping) else None
    held = [one for one in stages if isinstance(one, Mapping)] if isinstance(stages, list) else []
    return "stages", [(str(one.get("key")), pick(one.get("title")) or str(one.get("key"))) for one in held]


def _classifications(page: Page, now: Any) -> tuple[str, Choices]:
    """Those that the department may use; what stands there stays one of them."""
    rails = page.around.rails
    return "word", _words([one for one in CLASSIFICATIONS if one == now or rails.allows("classifications", one)])


_SPECIAL = {
    "classification": _classifications,
    "as": _results,
    "share_with": lambda page, now: ("several", page.around.departments),
    "reopens": _stages,
}
