"""What controls and buttons of the studio mean: a JSON Patch of just what a person changed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from servicehall.documents.patching import patched
from servicehall.errors import Invalid
from servicehall.web.studio.reading import operations

SERVICE: Mapping[str, Any] = {
    "kind": "service",
    "department": "it",
    "key": "thing",
    "title": {"en": "A thing", "zh": "东西"},
    "keywords": ["new hire, or old", "starter"],
    "form": {"pages": [{"key": "main", "fields": [{"key": "reason", "type": "text", "required": True}]}]},
    "approval": {
        "stages": [{"key": "boss", "approvers": [{"manager": {"of": "requester"}}], "decide": {"percent": 60}}]
    },
    "strange": {"deep": [1, None]},
}
FIELD = "/form/pages/0/fields/0"
STAGE = "/approval/stages/0"


def after(sent: Mapping[str, Sequence[str]]) -> dict[str, Any]:
    """The service after a form was sent."""
    return patched(SERVICE, operations("service", SERVICE, sent))


@pytest.mark.parametrize(
    ("sent", "path", "value"),
    [
        ({"v:/title/zh": ["物品"]}, ("title",), {"en": "A thing", "zh": "物品"}),
        ({"v:/title/zh": [""]}, ("title",), {"en": "A thing"}),
        ({"v:/keywords": ["new hire, or old\r\nlaptop"]}, ("keywords",), ["new hire, or old", "laptop"]),
        ({"v:/confidential": ["false", "true"]}, ("confidential",), True),
        ({f"v:{FIELD}/required": ["false"]}, ("form", "pages", 0, "fields", 0, "required"), False),
        ({f"v:{FIELD}/max_length": ["40"]}, ("form", "pages", 0, "fields", 0, "max_length"), 40),
        ({f"v:{STAGE}/decide/percent": ["75"]}, ("approval", "stages", 0, "decide"), {"percent": 75}),
        ({"v:/strange": ['{"deep": [2]}']}, ("strange",), {"deep": [2]}),
        ({"do": [f"shape:{FIELD}/required:1"]}, ("form", "pages", 0, "fields", 0, "required"), ""),
        (
            {"do": [f"shape:{STAGE}/approvers/0"], f"to:{STAGE}/approvers/0": ["group"]},
            ("approval", "stages", 0, "approvers"),
            [{"group": ""}],
        ),
        ({"do": ["remove:/approval/stages"]}, ("approval",), {}),
        ({"do": ["remove:/strange"]}, ("strange",), None),
    ],
)
def test_a_change_is_where_it_was_made(sent: Mapping[str, Sequence[str]], path: Sequence[Any], value: Any) -> None:
    found: Any = after(sent)
    for key in path:
        found = found.get(key) if isinstance(found, dict) else found[key]
    assert found == value


def test_what_a_button_does_stands_on_what_was_typed_beside_it() -> None:
    sent = {f"v:{FIELD}/key": ["why"], "do": [f"copy:{FIELD}"]}
    assert [one["key"] for one in after(sent)["form"]["pages"][0]["fields"]] == ["why", "why_2"]


@pytest.mark.parametrize(
    "sent",
    [
        {"v:/strange": ["{not json"]},
        {"v:/price/amount": ["1"]},
        {"v:/nowhere": ["x"]},
        {"do": ["explode:/title"]},
        {"c:unknown:/title": ["x"]},
    ],
)
def test_what_cannot_be_read_is_refused_in_words(sent: Mapping[str, Sequence[str]]) -> None:
    with pytest.raises(Invalid):
        after(sent)


def test_new_entries_have_what_they_need() -> None:
    field = after({"do": ["add:/form/pages/0/fields"]})["form"]["pages"][0]["fields"][1]
    assert field == {"key": "new", "type": "text", "label": {"en": "Untitled"}}
    stage = after({"do": ["add:/approval/stages"]})["approval"]["stages"][1]
    assert stage == {"key": "new", "title": {"en": "Untitled"}, "approvers": [{"manager": {"of": "requested_for"}}]}
