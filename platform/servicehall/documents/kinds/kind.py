"""What a kind of document is: its schema, and whether releases hold it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from servicehall.documents.parts import Block, Layout, OneOf, Part
from servicehall.documents.words import DepartmentKey, Expression, Flag, Key, Line, Reference, Text


class Name(Layout):
    """What identifies a document."""

    kind = Line(required=True)
    department = DepartmentKey(required=True)
    key = Key(required=True)


class Header(Name):
    """What every document begins with."""

    title = Text()
    label = Text()
    summary = Text()
    help = Text()


@dataclass(frozen=True)
class Kind:
    """One kind; what is pinned stands resolved in the releases of the services that use it."""

    name: str
    layout: type[Layout]
    pinned: bool = False
    part: Part = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "part", Block(self.layout))


def use_of(kind: str) -> Part:
    """`{use: department/key}`."""
    return Block(lambda: _use_layout(kind), inline=True)


_USES: dict[str, type[Layout]] = {}


def _use_layout(kind: str) -> type[Layout]:
    if kind not in _USES:
        _USES[kind] = Layout.from_dict({"use": Reference(kind, required=True)}, name=f"Use_{kind}")  # type: ignore[assignment]
    return _USES[kind]


def block_or_use(kind: str, layout: Callable[[], type[Layout]], **options: Any) -> Part:
    """The block itself, or the document of that kind that holds it."""
    block, use = Block(layout), use_of(kind)
    return OneOf(lambda value: use if is_use(value) else block, lambda: (use, block), **options)


def condition() -> Part:
    """An expression, or plainly `true` or `false`."""
    expression, flag = Expression(), Flag()
    return OneOf(lambda value: flag if isinstance(value, bool) else expression, lambda: (flag, expression), inline=True)


def is_use(value: Any) -> bool:
    return isinstance(value, Mapping) and "use" in value
