"""The reference engine of CEL, behind this one module: environments, the functions beside the standard ones, programs.

An expression is checked against records with known fields, so that names behind a dot and types are refused, and
run against plain maps, in which an unanswered name is simply absent.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from functools import lru_cache
from typing import Any

from cel_expr_python import cel
from google.protobuf import descriptor_pb2, descriptor_pool, duration_pb2, timestamp_pb2

from servicehall.domain.expression_environment import Environment
from servicehall.domain.expression_types import Type

_PACKAGE = "servicehall_records"
_Field = descriptor_pb2.FieldDescriptorProto
_PLAIN = {
    "bool": (_Field.TYPE_BOOL, cel.Type.BOOL),
    "int": (_Field.TYPE_INT64, cel.Type.INT),
    "double": (_Field.TYPE_DOUBLE, cel.Type.DOUBLE),
    "string": (_Field.TYPE_STRING, cel.Type.STRING),
}
_KNOWN_MESSAGES = {
    "timestamp": (".google.protobuf.Timestamp", cel.Type.TIMESTAMP),
    "duration": (".google.protobuf.Duration", cel.Type.DURATION),
}
_RESULTS = {
    "BOOL": "bool",
    "INT": "int",
    "DOUBLE": "double",
    "STRING": "string",
    "TIMESTAMP": "timestamp",
    "DURATION": "duration",
}


def _sum(numbers: list[Any]) -> float:
    return math.fsum(numbers)


def _days(count: int) -> timedelta:
    return timedelta(days=count)


def _functions(*numbers: Any) -> list[Any]:
    """The functions beside the standard ones; `numbers` are the element types that `sum` takes."""
    overloads = [
        cel.Overload(f"sum_{n}", return_type=cel.Type.DOUBLE, parameters=[cel.Type.List(kind)], impl=_sum)
        for n, kind in enumerate(numbers)
    ]
    days = cel.Overload("days_int", return_type=cel.Type.DURATION, parameters=[cel.Type.INT], impl=_days)
    return [cel.FunctionDecl("sum", overloads), cel.FunctionDecl("days", [days])]


class _Records:
    """The descriptors that let the checker know the fields of each record."""

    def __init__(self) -> None:
        self.file = descriptor_pb2.FileDescriptorProto(name="records.proto", package=_PACKAGE, syntax="proto3")
        self.file.dependency.extend(["google/protobuf/timestamp.proto", "google/protobuf/duration.proto"])
        self._names: dict[Type, str] = {}

    def pool(self) -> Any:
        pool = descriptor_pool.DescriptorPool()
        for module in (timestamp_pb2, duration_pb2):
            pool.AddSerializedFile(module.DESCRIPTOR.serialized_pb)
        pool.Add(self.file)
        return pool

    def message(self, type_: Type) -> str:
        """The message that stands for a record; equal records share one."""
        if type_ not in self._names:
            self._names[type_] = name = f"R{len(self._names)}"
            inner = [(key, self._entry(kind)) for key, kind in type_.fields]
            message = self.file.message_type.add(name=name)
            for number, (key, (kind_number, type_name, repeated)) in enumerate(inner, start=1):
                label = _Field.LABEL_REPEATED if repeated else _Field.LABEL_OPTIONAL
                entry = message.field.add(name=key, number=number, label=label, type=kind_number)
                if type_name:
                    entry.type_name = type_name
        return f"{_PACKAGE}.{self._names[type_]}"

    def _entry(self, type_: Type) -> tuple[Any, str, bool]:
        if type_.of is not None:
            number, name, _repeated = self._entry(type_.of)
            return number, name, True
        if type_.name in _PLAIN:
            return _PLAIN[type_.name][0], "", False
        if type_.name in _KNOWN_MESSAGES:
            return _Field.TYPE_MESSAGE, _KNOWN_MESSAGES[type_.name][0], False
        return _Field.TYPE_MESSAGE, "." + self.message(type_), False


def _checked_type(type_: Type, records: _Records) -> Any:
    if type_.of is not None:
        return cel.Type.List(_checked_type(type_.of, records))
    if type_.name == "record":
        return cel.Type(records.message(type_))
    return (_PLAIN.get(type_.name) or _KNOWN_MESSAGES[type_.name])[1]


def _running_type(type_: Type) -> Any:
    if type_.of is not None:
        return cel.Type.List(_running_type(type_.of))
    if type_.name == "record":
        return cel.Type.Map(cel.Type.STRING, cel.Type.DYN)
    return (_PLAIN.get(type_.name) or _KNOWN_MESSAGES[type_.name])[1]


def type_of(engine_type: Any) -> Type:
    name = engine_type.name()
    if name.startswith("LIST"):
        inner = re.fullmatch(r"LIST<(\w+)>", name)
        known = _RESULTS.get(inner[1]) if inner else None
        return Type("list", of=Type(known) if known else None)
    return Type(_RESULTS.get(name, "record" if name.startswith((_PACKAGE, "MAP")) else name.lower()))


@lru_cache(maxsize=512)
def engines(environment: Environment) -> tuple[Any, Any]:
    """Two engines for the same names: one that knows every field of every record, and one that runs on maps."""
    records = _Records()
    roots = environment.roots()
    checked = {name: _checked_type(kind, records) for name, kind in roots.items()}
    running = {name: _running_type(kind) for name, kind in roots.items()}
    numbers = (cel.Type.DOUBLE, cel.Type.INT)
    checking = cel.NewEnv(records.pool(), variables=checked, functions=_functions(*numbers))
    return checking, cel.NewEnv(variables=running, functions=_functions(cel.Type.DYN))


class NotRun(Exception):
    """An evaluation that gave no value, for the reason that the engine states."""


@dataclass(frozen=True, slots=True)
class Program:
    """An expression that can be run, any number of times and by several threads."""

    expression: Any

    def run(self, data: Mapping[str, Any]) -> Any:
        """The plain Python value; NotRun where there is none."""
        try:
            result = self.expression.eval(data=data)
            if result.type() == cel.Type.ERROR:
                raise NotRun(str(result.value()))
            return result.plain_value()
        except (RuntimeError, ValueError, TypeError, OverflowError) as error:
            raise NotRun(str(error)) from error
