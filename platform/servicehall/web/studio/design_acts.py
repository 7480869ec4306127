"""What the buttons of the designer do, as JSON Patch (reading.act_of says how a button is named).

Beside the button the form sends `form` (the form's pointer), `at` (what is selected), `pick` (fields that are ticked),
`used` (keys that the form's field sets bring) and `clip` (copied fields as JSON).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from servicehall.documents import field_changes, form_edits, option_sheets
from servicehall.documents.form_places import entries_in, lists, split, taken
from servicehall.documents.patching import Operation, patched, value_at
from servicehall.errors import Invalid, Problem
from servicehall.texts import _, current_locale
from servicehall.web.studio.reading import Acts, Sent
from servicehall.web.studio.removing import SURE, refuse_used

LONGEST_CLIP = 1 << 20


class Said:
    """One press of a button, with what the form around it says."""

    def __init__(self, body: Mapping[str, Any], at: str, more: str, sent: Sent) -> None:
        self.body, self.at, self.more, self.sent = body, at, more, sent

    def one(self, name: str) -> str:
        """The last value of a control; empty where it was not sent."""
        return "".join(self.sent.get(name, ())[-1:])

    @property
    def form(self) -> str:
        return self.one("form")

    @property
    def used(self) -> list[str]:
        return self.one("used").split()

    @property
    def picked(self) -> list[str]:
        """The fields that are ticked, else the one that the button is for."""
        return list(self.sent.get("pick", ())) or [self.at]

    @property
    def place(self) -> str:
        """Where something new goes: the place of the button, else behind what is selected, else at the end."""
        return self.at or behind(self.body, self.form, self.one("at"))


def behind(body: Mapping[str, Any], form: str, at: str) -> str:
    """The place after a field, at the end of a page or a table, or else of the form."""
    for part in (at, at.rpartition("/")[0]):
        if isinstance(value_at(body, f"{part}/fields"), list) and part.startswith(form):
            return f"{part}/fields/{len(value_at(body, f'{part}/fields'))}"
    held = [one for place in lists(body, form) for one in (place, *_columns(body, place))]
    if at.rpartition("/")[0] in held:
        place, index = split(at)
        return f"{place}/{index + 1}"
    last = lists(body, form)[-1]
    return f"{last}/{len(value_at(body, last) or ())}"


def _columns(body: Mapping[str, Any], place: str) -> list[str]:
    return [f"{one.pointer}/columns" for one in entries_in(body, place)]


def _field(said: Said) -> list[Operation]:
    """A new field of a type."""
    return form_edits.insert(said.body, said.form, said.place, [form_edits.new_field(said.more)], used=said.used)


def _use(said: Said) -> list[Operation]:
    """The fields of a set."""
    return form_edits.insert(said.body, said.form, said.place, [{"use": said.more}], used=said.used)


def _page(said: Said) -> list[Operation]:
    """A new page, behind the one named."""
    index = said.at.rpartition("/")[2]
    return form_edits.add_page(said.body, said.form, int(index) + 1 if index.isdecimal() else 0)


def _shift(said: Said) -> list[Operation]:
    """Up, down, or to a place; the fields that are ticked go together."""
    if said.more in ("up", "down"):
        by = -1 if said.more == "up" else 1
        return form_edits.step(said.body, said.form, said.at, by, used=said.used)
    together = said.picked if said.at in said.picked else [said.at]
    return form_edits.move(said.body, said.form, together, said.more, used=said.used)


def _send(said: Said) -> list[Operation]:
    """To the end of another page."""
    there = said.more or said.one("to-page")
    end = len(value_at(said.body, there) or ())
    return form_edits.move(said.body, said.form, said.picked, f"{there}/{end}", used=said.used)


def _double(said: Said) -> list[Operation]:
    return form_edits.double(said.body, said.form, said.picked, used=said.used)


def _drop(said: Said) -> list[Operation]:
    """Takes fields out; those that rules use only where one is sure."""
    if said.more != SURE:
        refuse_used(said.body, said.picked)
    return form_edits.remove(said.body, said.form, said.picked)


def _group(said: Said) -> list[Operation]:
    return form_edits.group(said.body, said.form, said.picked, used=said.used)


def _paste(said: Said) -> list[Operation]:
    """What was copied here or in another document: a list of fields, or `{"fields": […]}`, as JSON."""
    clip = said.one("clip")
    try:
        found = json.loads(clip) if len(clip) <= LONGEST_CLIP else None
    except (ValueError, RecursionError):
        found = None
    values = found.get("fields") if isinstance(found, dict) else found
    if not isinstance(values, list):
        raise Invalid(_("There are no fields in this."), [Problem("clip", "type", _("There are no fields in this."))])
    return form_edits.insert(said.body, said.form, said.place, values, used=said.used)


def _retype(said: Said) -> list[Operation]:
    at = said.at.removesuffix("/type")
    return field_changes.retype(said.body, at, said.more)


def _rename(said: Said) -> list[Operation]:
    """Another key, chosen; the rules follow where the box is ticked."""
    at = said.at.removesuffix("/key")
    along = said.one("along") == "true"
    return field_changes.new_key(said.body, said.form, at, said.more.strip(), along=along, used=said.used)


def _name(said: Said) -> list[Operation]:
    return field_changes.name_by_label(said.body, said.form, said.at, used=said.used)


def _source(said: Said) -> list[Operation]:
    """Where the options come from: `own`, `use=<choice list>` or `from=<field>`."""
    how, _equals, which = said.more.partition("=")
    was = value_at(said.body, said.at)
    begun: Any = form_edits.new_field("choice")["options"]
    now = {how: which} if how in ("use", "from") and which else begun
    if now == was or (how == "own" and isinstance(was, list)):
        return []
    return [{"op": "add" if was is None else "replace", "path": said.at, "value": now}]


def _option(said: Said) -> list[Operation]:
    """One more option, named in both languages; its key follows from its words."""
    label = {locale: text for locale in ("en", "zh") if (text := said.one(f"option-{locale}").strip())}
    was = value_at(said.body, said.at)
    held = was if isinstance(was, list) else []
    keys = {str(one.get("key")) for one in held if isinstance(one, Mapping)}
    words = field_changes.proposed_key(label.get("en", ""), keys) or form_edits.fresh(f"option_{len(held) + 1}", keys)
    option = {"key": words, "label": label or form_edits.in_all_languages("Option")}
    if isinstance(was, list):
        return [{"op": "add", "path": f"{said.at}/-", "value": option}]
    return [{"op": "add", "path": said.at, "value": [option]}]


def _sheet(said: Said) -> list[Operation]:
    """Options from pasted cells, instead of those there are or behind them; a tree gets the fields that go down it."""
    at, place = said.at, said.at.removesuffix("/options")
    was = value_at(said.body, at)
    held = was if isinstance(was, list) else []
    made: list[Any] = option_sheets.read_sheet(said.one("sheet"), held, locale=current_locale())
    if said.one("append") == "true":
        keys = {one["key"] for one in made}
        made = [*(one for one in held if isinstance(one, Mapping) and one.get("key") not in keys), *made]
    done: list[Operation] = [{"op": "add" if was is None else "replace", "path": at, "value": made}]
    if place.rpartition("/")[2].isdecimal() and isinstance(value_at(said.body, place), Mapping):
        done += _below(said, place, option_sheets.levels(made))
    return done


def _below(said: Said, at: str, levels: int) -> list[Operation]:
    """The fields that choose further down a tree of options, as far as there are none."""
    done: list[Operation] = []
    body, (place, index) = said.body, split(at)
    key = value_at(body, at).get("key")
    for depth in range(1, levels):
        beside = list(entries_in(body, place))
        child = next((one for one in beside if one.value.get("options") == {"from": key}), None)
        if child is None:
            free = form_edits.fresh("choice", taken(body, said.form, place) | set(said.used))
            field = {**form_edits.new_field("choice"), "key": free, "options": {"from": key}}
            put = form_edits.insert(body, said.form, f"{place}/{index + depth}", [field], used=said.used)
            done, body = [*done, *put], patched(body, put)
            key = value_at(body, f"{place}/{index + depth}").get("key")
        else:
            key = child.key
    return done


_ACTS: Mapping[str, Callable[[Said], list[Operation]]] = {
    "field": _field,
    "use": _use,
    "page": _page,
    "shift": _shift,
    "send": _send,
    "double": _double,
    "drop": _drop,
    "group": _group,
    "paste": _paste,
    "retype": _retype,
    "rename": _rename,
    "name": _name,
    "source": _source,
    "option": _option,
    "sheet": _sheet,
}


def _act(do: Callable[[Said], list[Operation]]) -> Callable[..., list[Operation]]:
    return lambda kind, body, at, more, sent: do(Said(body, at, more, sent))


ACTS: Acts = {name: _act(do) for name, do in _ACTS.items()}
