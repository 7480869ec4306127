"""The building blocks of every kind's schema: marshmallow fields that also know the order and layout of what they hold.

One description serves four readers: validation (marshmallow), canonical text (`canonical.py`), and the search for
references and expressions and their replacement (`walk`, `rewrite`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from difflib import get_close_matches
from typing import Any, ClassVar

from marshmallow import Schema, ValidationError, fields, validates_schema

from servicehall.documents.source import child
from servicehall.errors import Problem
from servicehall.texts import N_, _


class Message(str):
    """A sentence for a person that carries the code for programs."""

    code: str

    def __new__(cls, code: str, text: str) -> Message:
        message = super().__new__(cls, text)
        message.code = code
        return message


def wrong(code: str, text: str) -> ValidationError:
    """What a part raises: one sentence that says what would be right."""
    return ValidationError([Message(code, text)])


def suggest(word: str, known: Iterable[str]) -> str:
    """“did you mean …?” where something known looks alike, else what is known (at most twelve)."""
    names = [name for name in known if name]
    close = get_close_matches(word, names, n=1, cutoff=0.6)
    if close:
        return _("did you mean “{word}”?", word=close[0])
    if not names:
        return _("there is none")
    return _("known here: {words}", words=", ".join(names[:12]) + (" …" if len(names) > 12 else ""))


Child = tuple[str | int, "Part", Any]


MOST_TOLD = 50
"""So many mistakes are told of one list or mapping."""
MOST_PARTS = 1000
_GENERAL = {
    "required": ("missing", N_("missing")),
    "null": ("type", N_("empty; give it a value or leave the key out")),
    "validator_failed": ("invalid", N_("not valid")),
}


class Part(fields.Field[Any]):
    """A place in a document; `inline` says that its canonical text stands on one line."""

    inline = False

    def make_error(self, key: str, **kwargs: Any) -> ValidationError:
        code, text = _GENERAL[key]
        return wrong(code, _(text, **kwargs))

    def one_line(self, value: Any) -> bool:
        """Whether the value's canonical text is one line, where all it holds can be."""
        return self.inline

    def chosen(self, value: Any) -> Part:
        """The part that describes this very value; another than itself where several shapes are allowed."""
        return self

    def children(self, value: Any) -> Iterator[Child]:
        """What the value holds, in canonical order; nothing for a scalar or a value of another shape."""
        yield from unknown_children(value)


class Anything(Part):
    """A value that nothing is known about: keys by alphabet, inline where it holds scalars only."""

    def one_line(self, value: Any) -> bool:
        items = value.values() if isinstance(value, Mapping) else value
        return not any(isinstance(item, (Mapping, list)) for item in items)

    def children(self, value: Any) -> Iterator[Child]:
        yield from unknown_children(value)


ANYTHING = Anything()


def unknown_children(value: Any) -> Iterator[Child]:
    if isinstance(value, Mapping):
        yield from ((key, ANYTHING, value[key]) for key in sorted(value))
    elif isinstance(value, list):
        yield from ((index, ANYTHING, item) for index, item in enumerate(value))


def kind_of(value: Any) -> str:
    """A value's type in words for people."""
    if value is None:
        return _("nothing")
    if isinstance(value, bool):
        return _("true or false")
    if isinstance(value, (int, float)):
        return _("a number")
    if isinstance(value, str):
        return _("text")
    return _("a mapping") if isinstance(value, Mapping) else _("a list")


def not_a(expected: str, value: Any) -> ValidationError:
    return wrong("type", _("expected {expected}, not {found}", expected=expected, found=kind_of(value)))


class Layout(Schema):
    """The base of every mapping in the language: unknown properties are errors that name the likely one.

    With `refuses_unknown` off they are left to a later check, which knows better.
    """

    class Meta:
        unknown = "include"

    refuses_unknown: ClassVar[bool] = True

    @validates_schema(pass_original=True, skip_on_field_errors=False)
    def refuse_unknown(self, data: Any, original: Any, **kwargs: Any) -> None:
        known = [name_of(part) for part in self.fields.values()]
        extra = [key for key in original if key not in known] if isinstance(original, Mapping) else []
        if extra and self.refuses_unknown:
            raise ValidationError(
                {
                    key: [Message("unknown", _("no such property; {hint}", hint=suggest(key, known)))]
                    for key in extra[:MOST_TOLD]
                }
            )


def name_of(part: fields.Field[Any]) -> str:
    return part.data_key or str(part.name)


class Block(Part):
    """A mapping with the properties of one `Layout`; with `inline`, on one line where all it holds can be."""

    def __init__(
        self, layout: type[Layout] | Callable[[], type[Layout]], *, inline: bool = False, **options: Any
    ) -> None:
        super().__init__(**options)
        self.inline = inline
        self._layout = layout
        self._made: Layout | None = None

    @property
    def layout(self) -> Layout:
        if self._made is None:
            made = self._layout if isinstance(self._layout, type) else self._layout()
            self._made = made()
        return self._made

    def _deserialize(self, value: Any, attr: Any, data: Any, **kwargs: Any) -> Any:
        if not isinstance(value, Mapping):
            known = ", ".join(name_of(part) for part in self.layout.fields.values())
            raise not_a(_("a mapping with {words}", words=known), value)
        return self.layout.load(value)

    def children(self, value: Any) -> Iterator[Child]:
        if isinstance(value, Mapping):
            known = {name_of(part): part for part in self.layout.fields.values()}
            for name, part in known.items():
                if name in value:
                    yield name, part if isinstance(part, Part) else ANYTHING, value[name]
            yield from ((key, ANYTHING, value[key]) for key in sorted(value) if key not in known)
        else:
            yield from unknown_children(value)


def gather(parts: Iterable[tuple[Any, Any]], read: Callable[[Any, Any], Any]) -> None:
    """Reads each part of a collection; raises what is wrong with them, at most so many."""
    wrongs: dict[Any, Any] = {}
    for key, item in parts:
        try:
            read(key, item)
        except ValidationError as error:
            wrongs[key] = error.messages
        if len(wrongs) == MOST_TOLD:
            break
    if wrongs:
        raise ValidationError(wrongs)


class ListOf(Part):
    """A list of one kind of part; `least` and `most` are how many there may be."""

    def __init__(
        self, item: Part, *, least: int = 0, most: int = MOST_PARTS, inline: bool | None = None, **options: Any
    ) -> None:
        super().__init__(**options)
        self.item, self.least, self.most = item, least, most
        self.inline = item.inline and not isinstance(item, (Block, OneOf)) if inline is None else inline

    def _deserialize(self, value: Any, attr: Any, data: Any, **kwargs: Any) -> Any:
        if not isinstance(value, list):
            raise not_a(_("a list"), value)
        if len(value) < self.least:
            raise wrong("too_few", _("needs at least {count}", count=self.least))
        if len(value) > self.most:
            raise wrong("too_many", _("more than {count}", count=self.most))
        gather(enumerate(value), lambda _index, item: self.item.deserialize(item))
        return value

    def children(self, value: Any) -> Iterator[Child]:
        if isinstance(value, list):
            yield from ((index, self.item, item) for index, item in enumerate(value))
        else:
            yield from unknown_children(value)


class MapOf(Part):
    """A mapping whose keys are free within `key`, a part that checks them; `order` is the canonical one."""

    def __init__(
        self, item: Part, *, key: Part, order: Callable[[str], Any] = str, inline: bool = True, **options: Any
    ) -> None:
        super().__init__(**options)
        self.item, self.key, self.order, self.inline = item, key, order, inline

    def _deserialize(self, value: Any, attr: Any, data: Any, **kwargs: Any) -> Any:
        if not isinstance(value, Mapping):
            raise not_a(_("a mapping"), value)
        gather(value.items(), lambda name, item: (self.key.deserialize(name), self.item.deserialize(item)))
        return value

    def children(self, value: Any) -> Iterator[Child]:
        if isinstance(value, Mapping):
            yield from ((key, self.item, value[key]) for key in sorted(value, key=lambda key: (self.order(key), key)))
        else:
            yield from unknown_children(value)


class OneOf(Part):
    """Several shapes: `choose` takes the value and gives the part that is meant, so that errors are about that one."""

    def __init__(
        self,
        choose: Callable[[Any], Part],
        shapes: Callable[[], Sequence[Part]],
        *,
        inline: bool = False,
        **options: Any,
    ) -> None:
        super().__init__(**options)
        self.choose, self.inline = choose, inline
        self._shapes = shapes

    @property
    def shapes(self) -> Sequence[Part]:
        """All that it can be; the first is what a new one begins as."""
        return self._shapes()

    def _deserialize(self, value: Any, attr: Any, data: Any, **kwargs: Any) -> Any:
        return self.choose(value).deserialize(value)

    def chosen(self, value: Any) -> Part:
        return self.choose(value).chosen(value)

    def children(self, value: Any) -> Iterator[Child]:
        yield from self.choose(value).children(value)


Place = tuple[str, Part, Any]


def walk(part: Part, value: Any, path: str = "") -> Iterator[Place]:
    """Every place of a value with the part that describes it, outermost first, in canonical order."""
    here = part.chosen(value)
    yield path, here, value
    for key, inner, item in here.children(value):
        yield from walk(inner, item, child(path, key))


def rewrite(part: Part, value: Any, change: Callable[[Part, Any], Any]) -> Any:
    """The same value with every scalar replaced by what `change` makes of it."""
    here = part.chosen(value)
    if isinstance(value, Mapping):
        return {key: rewrite(inner, item, change) for key, inner, item in here.children(value)}
    if isinstance(value, list):
        return [rewrite(inner, item, change) for _key, inner, item in here.children(value)]
    return change(here, value)


def violations(part: Part, value: Any, path: str = "") -> list[Problem]:
    """All that is wrong with a value, by schema alone."""
    try:
        part.deserialize(value)
    except ValidationError as error:
        return list(_flat(error.messages, path))
    return []


def _flat(messages: Any, path: str) -> Iterator[Problem]:
    if isinstance(messages, Mapping):
        for key, inner in messages.items():
            yield from _flat(inner, path if key == "_schema" else child(path, key))
    elif isinstance(messages, Sequence) and not isinstance(messages, str):
        for inner in messages:
            yield from _flat(inner, path)
    else:
        yield Problem(path, getattr(messages, "code", "invalid"), str(messages))
