"""From a case that the solver found to answers and people that anybody can try."""

from __future__ import annotations

import random
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from functools import cached_property
from typing import Any

from servicehall.clock import as_instant
from servicehall.documents.reasoning.answers import option_keys
from servicehall.documents.reasoning.inquiry import PREDICATES
from servicehall.documents.reasoning.solver import Known, Verdict
from servicehall.documents.reasoning.world import Case
from servicehall.domain.conditions import Context, PersonFacts, RequestFacts
from servicehall.domain.expression_types import format_duration
from servicehall.forms import Field
from servicehall.forms.lookup import FileFacts
from servicehall.forms.numbers import MAX_PLACES, plain
from servicehall.forms.reading import Refused

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_TODAY = date(2026, 1, 5)
_HASH = "0" * 64
_KEPT = 0.6
"""How often a guess leaves a value as the solver had it."""
_BASES: Mapping[str, tuple[str, ...]] = {
    "email": ("somebody@example.com", "somebody.else@example.com"),
    "person": ("somebody@example.com", "somebody.else@example.com"),
    "phone": ("+8613800138000", "+8613800138001"),
    "url": ("https://example.com/", "https://example.com/other"),
    "time": tuple(f"{hour:02}:{minute:02}" for hour in range(24) for minute in (0, 30)),
}


@dataclass(frozen=True)
class Witness:
    """Answers that show something, as the API takes them, and what is assumed of people, request, tasks and time.

    Those of a `row` of a table, its key and its columns, stand among the others here, and in the row where they are
    shown.
    """

    answers: Mapping[str, Any]
    facts: Mapping[str, Any]
    tasks: Mapping[str, Mapping[str, Any]]
    row: tuple[str, Collection[str]] | None = None

    def as_dict(self) -> dict[str, Any]:
        """Only what there is: `answers`, `tasks`, and facts by root."""
        answers = dict(self.answers)
        if self.row is not None:
            table, columns = self.row
            row = {key: answers.pop(key) for key in self.answers if key in columns}
            answers |= {table: [row]} if row else {}
        found: dict[str, Any] = {"answers": answers} if answers else {}
        if self.tasks:
            found["tasks"] = {key: dict(answers) for key, answers in self.tasks.items()}
        for path, value in self.facts.items():
            root, _dot, name = path.partition(".")
            if name:
                found.setdefault(root, {})[name] = value
            else:
                found[root] = value
        return found

    @cached_property
    def context(self) -> Context:
        """The people, request and time of the witness, as conditions see them."""
        today = date.fromisoformat(self.facts["today"]) if "today" in self.facts else _TODAY
        now = self.facts.get("now")
        moment = datetime.fromisoformat(now) if now else datetime(today.year, today.month, today.day, 12, tzinfo=UTC)
        return Context(
            requester=self._person("requester"),
            requested_for=self._person("requested_for"),
            now=moment,
            today=today,
            request=RequestFacts(**self._of("request")),
            tasks=self.tasks,
        )

    def _of(self, root: str) -> dict[str, Any]:
        return {
            path.removeprefix(f"{root}."): value for path, value in self.facts.items() if path.startswith(f"{root}.")
        }

    def _person(self, root: str) -> PersonFacts:
        said = self._of(root)
        if "start_date" in said:
            said["start_date"] = date.fromisoformat(said["start_date"])
        if "groups" in said:
            said["groups"] = tuple(said["groups"])
        email = "somebody@example.com"
        return PersonFacts(**{"id": "somebody", "name": "Somebody", "email": email, **said})


class Anything:
    """A directory in which whatever is named is there, and every file was uploaded."""

    def exists(self, kind: str, key: str) -> bool:
        return True

    def label(self, kind: str, key: str, locale: str) -> str:
        return key

    def search(self, kind: str, q: str, limit: int) -> list[tuple[str, str]]:
        return []

    def file(self, sha256: str) -> FileFacts | None:
        return FileFacts(sha256, "example.pdf", "application/pdf", 1)


class Reader:
    """Reads the values of one case."""

    def __init__(self, case: Case, verdict: Verdict) -> None:
        self.case, self.values = case, verdict.values
        self.texts = {code: text for text, code in case.inquiry.codes.items()}
        self.made: dict[Fraction, str] = {}

    def witness(self) -> Witness:
        answers: dict[str, Any] = {}
        tasks: dict[str, dict[str, Any]] = {}
        for name, field in sorted(self.case.fields.items()):
            value = self.answer(name, field) if self.values.get(f"{name}?") is True else None
            if value is None or field.type == "computed":
                continue
            if name.startswith("tasks."):
                _tasks, task, key = name.split(".")
                tasks.setdefault(task, {})[key] = value
            else:
                answers[name] = value
        world = self.case.world
        row = (world.table.key, world.form.by_key.keys()) if world.table is not None else None
        return Witness(answers, dict(self._facts()), tasks, row)

    def answer(self, name: str, field: Field) -> Any:
        """A canonical answer; None where none can be made up."""
        return _ANSWERS[field.type](self, name, field) if field.type in _ANSWERS else self.text(name, field)

    def number(self, name: str, default: int = 0) -> Fraction:
        found: Known = self.values.get(name, Fraction(default))
        return found if isinstance(found, Fraction) else Fraction(default)

    def integer(self, name: str, field: Any) -> int:
        """Within the limits, also where nothing was said of it."""
        low, high = (getattr(field, part, None) for part in ("min", "max"))
        found = int(self.number(name, 1))
        found = max(found, int(low)) if low is not None else found
        return min(found, int(high)) if high is not None else found

    def decimal(self, name: str, field: Any) -> str:
        exact = self.number(name, 1)
        return str(_canonical(field, plain(_decimal(exact))))

    def day(self, name: str) -> date:
        return (_EPOCH + timedelta(seconds=int(self.number(name)))).date()

    def text(self, name: str, field: Field | None = None) -> str:
        """The text of a code; one that nobody named is made up so that what is asked of it comes out right."""
        code = self.number(name, -1)
        if code in self.texts:
            return self.texts[int(code)]
        if code not in self.made:
            taken = {*self.texts.values(), *self.made.values()}
            self.made[code] = next(
                (one for one in self._candidates(name, field) if one not in taken and self._fits(name, one)), "?"
            )
        return self.made[code]

    def _wanted(self, name: str) -> dict[tuple[str, str], bool]:
        predicates = self.case.inquiry.predicates.items()
        return {asked: self.values.get(f"{name}~{function}") is True for asked, function in predicates}

    def _fits(self, name: str, text: str) -> bool:
        return all(PREDICATES[call](text, literal) == said for (call, literal), said in self._wanted(name).items())

    def _candidates(self, name: str, field: Field | None) -> Iterator[str]:
        wanted = [asked for asked, said in self._wanted(name).items() if said]
        begin = max((text for call, text in wanted if call == "startsWith"), key=len, default="")
        end = max((text for call, text in wanted if call == "endsWith"), key=len, default="")
        middle = "".join(text for call, text in wanted if call == "contains")
        for base in (*_BASES.get(field.type if field is not None else "", ()), "something", "something-else", "x", "1"):
            for made in (base, f"{begin}{middle}{base}{end}", f"{begin}{base}{middle}{end}", f"{begin}{middle}{end}"):
                if field is None or _canonical(field, made) == made:
                    yield made

    def choices(self, name: str, field: Field) -> list[str] | None:
        keys = option_keys(field)
        chosen = [key for n, key in enumerate(keys or ()) if self.values.get(f"{name}~{n}") is True]
        return chosen or (keys or [])[:1] or None

    def _facts(self) -> Iterator[tuple[str, Any]]:
        """What is assumed of people, request and time."""
        for name, sort in sorted(self.case.inquiry.symbols.items()):
            root = name.partition(".")[0]
            if root not in ("requester", "requested_for", "request", "today", "now") or name[-1] in "#?" or "~" in name:
                continue
            if "@" in name:
                continue
            if self.values.get(f"{name}?", True) is True:
                yield name, self._fact(name, sort)
        for function in self.case.inquiry.functions:
            if function.endswith(".groups"):
                codes = self.texts.items()
                yield function, [text for code, text in codes if self.values.get(f"{function}@{code}") is True]

    def _fact(self, name: str, sort: str) -> Any:
        if sort == "Bool":
            return self.values.get(name) is True
        if name == "now":
            return as_instant(_EPOCH + timedelta(seconds=int(self.number(name))))
        return self.day(name).isoformat() if sort == "Real" else self.text(name)


def guesses(case: Case, verdict: Verdict, most: int = 120) -> Iterator[Witness]:
    """Answers near those of a case and at random, the same each time, for what only the engine can evaluate."""
    dice = random.Random(0)  # noqa: S311 - a choice of examples, nothing secret
    for _number in range(most):
        reader = Reader(case, Verdict(True, _Thrown(case, dice, verdict.values)))
        yield reader.witness()


class _Thrown(dict[str, Known]):
    """A value for each symbol that is asked for, thrown once."""

    def __init__(self, case: Case, dice: random.Random, near: Mapping[str, Known]) -> None:
        super().__init__()
        self.case, self.dice, self.near = case, dice, near
        self.days = dice.randrange(20_454, 20_454 + 90)

    def get(self, name: str, default: Any = None) -> Any:
        if name not in self:
            keeps = name in self.near and self.dice.random() < _KEPT
            self[name] = self.near[name] if keeps else self._throw(name)
        return self[name]

    def _throw(self, name: str) -> Known:
        if name.endswith("?"):
            return self.dice.random() < 0.9
        if self.case.inquiry.symbols.get(name) == "Bool":
            return self.dice.random() < 0.5
        field = self.case.fields.get(name)
        if field is not None and field.type == "choice":
            return Fraction(self.case.inquiry.code(self.dice.choice(option_keys(field) or [""])))
        if field is not None and field.cel.name == "timestamp":
            return Fraction(86_400 * (self.days + self.dice.randrange(0, 60)))
        if name in ("today", "now"):
            return Fraction(86_400 * self.days)
        low = int(Decimal(str(getattr(field, "min", None) or 0))) if field is None or field.type != "duration" else 0
        return Fraction(low + self.dice.choice((0, 1, 2, 5, 10, 50, 500, 5_000, 50_000, 500_000)))


def _decimal(exact: Fraction) -> Decimal:
    found = Decimal(exact.numerator) / Decimal(exact.denominator)
    return round(found, MAX_PLACES).normalize() + Decimal(0)


def _canonical(field: Field, raw: Any) -> Any:
    try:
        return field.canonical(raw)
    except Refused:
        return raw if field.type in ("decimal", "money") else None


def _rows(reader: Reader, name: str, field: Any) -> list[dict[str, Any]] | None:
    """As many rows as the case has, each with what its columns need."""
    row = {one.key: _sample(reader, one) for one in field.columns if one.answered and not one.derived}
    made = {key: value for key, value in row.items() if value is not None}
    return [dict(made) for _row in range(max(1, int(reader.number(f"{name}#", 1))))]


def _sample(reader: Reader, field: Field) -> Any:
    keys = option_keys(field)
    if keys:
        return [keys[0]] if field.type == "choices" else keys[0]
    return None if field.type == "table" else reader.answer(f"a row's {field.key}", field)


_ANSWERS: Mapping[str, Callable[[Reader, str, Any], Any]] = {
    "boolean": lambda reader, name, field: reader.values.get(name) is True,
    "integer": lambda reader, name, field: reader.integer(name, field),
    "rating": lambda reader, name, field: reader.integer(name, field),
    "decimal": lambda reader, name, field: reader.decimal(name, field),
    "money": lambda reader, name, field: reader.decimal(name, field),
    "date": lambda reader, name, field: reader.day(name).isoformat(),
    "datetime": lambda reader, name, field: as_instant(_EPOCH + timedelta(seconds=int(reader.number(name)))),
    "duration": lambda reader, name, field: format_duration(timedelta(seconds=int(reader.number(name)))),
    "choices": lambda reader, name, field: reader.choices(name, field),
    "file": lambda reader, name, field: {
        "sha256": _HASH,
        "name": "example.pdf",
        "media_type": "application/pdf",
        "size": 1,
    },
    "table": _rows,
}
