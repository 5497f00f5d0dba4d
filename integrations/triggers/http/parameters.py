"""Parameters of requests: one declaration both checks what is sent and describes it in the OpenAPI document."""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any, Generic, NamedTuple, TypeVar

from integrations.domain import ids
from shared.errors import Invalid, Problem

T = TypeVar("T")

_CURSOR = re.compile(r"[A-Za-z0-9_.@-]{1,128}")
_MOST_CHARACTERS = 256
_MOST_DIGITS = 9


class ValidValues(NamedTuple):
    """The values that a parameter can have: their JSON Schema, in a few words, and an example."""

    schema: Mapping[str, Any]
    expected: str
    example: Any = ""


@dataclass(frozen=True, slots=True)
class Parameter(Generic[T]):
    """A query parameter. ``read`` gives the value of a text, and raises ValueError for a text that is not valid.

    ``valid`` tells what is valid when the parameter is described or refused. ``default`` is the value of a parameter
    that is absent or empty.
    """

    name: str
    description: str
    valid: Callable[[], ValidValues]
    read: Callable[[str], T]
    default: T

    @property
    def schema(self) -> Mapping[str, Any]:
        return self.valid().schema

    @property
    def expected(self) -> str:
        return self.valid().expected

    @property
    def example(self) -> Any:
        return self.valid().example


@dataclass(frozen=True, slots=True)
class PathParameter:
    """A parameter in the path of a route, which the handler checks; ``schema`` is its JSON Schema."""

    description: str
    schema: Mapping[str, Any]
    example: str


def text(
    name: str, description: str, *, most: int = _MOST_CHARACTERS, pattern: str = "", example: str = ""
) -> Parameter[str]:
    """A text of at most so many characters; empty if it is absent."""

    def read(value: str) -> str:
        if len(value) > most or (pattern and not re.fullmatch(pattern, value)):
            raise ValueError(value)
        return value

    schema = {"type": "string", "maxLength": most, **({"pattern": f"^{pattern}$"} if pattern else {})}
    valid = ValidValues(schema, f"at most {most} characters", example)
    return Parameter(name, description, lambda: valid, read, "")


def one_of(
    name: str, description: str, values: Sequence[str] | Callable[[], Sequence[str]], *, default: str = ""
) -> Parameter[str]:
    """One of some words, in upper or lower case; words that take time to find are given as a function."""

    @cache
    def known() -> dict[str, str]:
        return {value.casefold(): value for value in (values() if callable(values) else values)}

    def valid() -> ValidValues:
        words = list(known().values())
        schema = {"type": "string", "enum": words, **({"default": default} if default else {})}
        return ValidValues(schema, f"one of {', '.join(words)}", words[0])

    def read(value: str) -> str:
        if value.casefold() not in known():
            raise ValueError(value)
        return known()[value.casefold()]

    return Parameter(name, description, valid, read, default)


def flag(name: str, description: str, *, default: T) -> Parameter[bool | T]:
    """True or false; ``default`` is None where both are shown if it is absent."""

    def read(value: str) -> bool | T:
        if value not in {"true", "false"}:
            raise ValueError(value)
        return value == "true"

    schema = {"type": "boolean", **({} if default is None else {"default": default})}
    return Parameter(name, description, lambda: ValidValues(schema, "true or false", example=True), read, default)


def integer(name: str, description: str, *, least: int, most: int, default: int) -> Parameter[int]:
    """An integer between two limits, both included."""

    def read(value: str) -> int:
        is_number = value.isascii() and value.isdigit() and len(value) <= _MOST_DIGITS
        if not is_number or not least <= int(value) <= most:
            raise ValueError(value)
        return int(value)

    schema = {"type": "integer", "minimum": least, "maximum": most, "default": default}
    valid = ValidValues(schema, f"a whole number, {least} to {most}", default)
    return Parameter(name, description, lambda: valid, read, default)


def time(name: str, description: str) -> Parameter[datetime | None]:
    """A time in RFC 3339 with its zone, from 1970 to 9000."""

    def read(value: str) -> datetime:
        at = datetime.fromisoformat(value)
        if at.tzinfo is None or not 1970 <= at.year <= 9000:
            raise ValueError(value)
        return at

    schema = {"type": "string", "format": "date-time"}
    example = "2026-11-23T07:30:00Z"
    valid = ValidValues(schema, f"a time with its zone, such as {example}", example)
    return Parameter(name, description, lambda: valid, read, None)


def tenant(description: str) -> Parameter[ids.TenantId | None]:
    """The id of a Microsoft tenant, as ``tenant_id``."""

    def read(value: str) -> ids.TenantId:
        try:
            return ids.tenant_id(value)
        except Invalid as error:
            raise ValueError(value) from error

    schema = {"type": "string", **ids.SCHEMAS[ids.TenantId]}
    valid = ValidValues(schema, ids.TENANT_ID_EXPECTED, ids.EXAMPLE_TENANT)
    return Parameter("tenant_id", description, lambda: valid, read, None)


def end_user(name: str, description: str) -> Parameter[ids.EndUserId | None]:
    """The id of an End User."""

    def read(value: str) -> ids.EndUserId:
        if not ids.is_end_user_id(value):
            raise ValueError(value)
        return value

    schema = {"type": "string", **ids.SCHEMAS[ids.EndUserId]}
    valid = ValidValues(schema, "the id of an End User", ids.EXAMPLE_END_USER)
    return Parameter(name, description, lambda: valid, read, None)


def cursor(pattern: str = _CURSOR.pattern) -> Parameter[str]:
    """The key after which a page begins; empty for the first page."""

    def read(value: str) -> str:
        if not re.fullmatch(pattern, value):
            raise ValueError(value)
        return value

    description = "next_cursor of the previous page, unchanged. Leave it out for the first page."
    schema = {"type": "string", "pattern": f"^{pattern}$"}
    valid = ValidValues(schema, "next_cursor of the previous page, unchanged")
    return Parameter("cursor", description, lambda: valid, read, "")


LIMIT = integer("limit", "How many items a page has at most.", least=1, most=1000, default=100)
CURSOR = cursor()
PAGING: tuple[Parameter[Any], ...] = (LIMIT, CURSOR)

PATH = {
    "tenant_id": PathParameter(
        "The Microsoft tenant, by its tenant id.", ids.SCHEMAS[ids.TenantId], ids.EXAMPLE_TENANT
    ),
    "integration_id": PathParameter(
        "The integration: a single tenant or a CSP.", ids.SCHEMAS[ids.IntegrationId], "int_abcdefghijkmnpqrstuv"
    ),
    "flow_id": PathParameter(
        "The consent flow, as it was started.", ids.SCHEMAS[ids.FlowId], "flow_abcdefghijkmnpqrstuv"
    ),
    "organization_id": PathParameter("The Organization.", ids.SCHEMAS[ids.OrganizationId], "org_abcdefghijkmnpqrstuv"),
    "end_user_id": PathParameter("The End User.", ids.SCHEMAS[ids.EndUserId], ids.EXAMPLE_END_USER),
    "asset_id": PathParameter("The asset.", ids.SCHEMAS[ids.AssetId], "ast_abcdefghijkmnpqrstuvwxyz23456789"),
    "plan_id": PathParameter("The plan, as it was ordered.", ids.SCHEMAS[ids.PlanId], "plan_abcdefghijkmnpqrstuv"),
    "question_id": PathParameter(
        "The question, by its id.",
        {"pattern": r"^[a-z_]{1,40}\.[a-z0-9_-]{1,64}$"},
        "name_only.5c1d3f2a-0000-4000-8000-00000000bb01",
    ),
    "object_id": PathParameter(
        "The user, by the object id at Microsoft.", {"format": "uuid"}, "5c1d3f2a-0000-4000-8000-00000000bb01"
    ),
    "run_id": PathParameter("The sync run.", ids.SCHEMAS[ids.RunId], "000253402300799-abcdefgh"),
    "removal_id": PathParameter(
        "The removal, as it was begun.", ids.SCHEMAS[ids.RemovalId], "rem_abcdefghijkmnpqrstuv"
    ),
}


def read_query(parameters: Iterable[Parameter[Any]], sent: Mapping[str, str], *, is_open: bool) -> dict[str, Any]:
    """The value of every declared parameter. Others are ignored only if the query ``is_open``.

    Raises:
        Invalid: ``problems`` name every parameter that is unknown or not valid.
    """
    declared = {it.name: it for it in parameters}
    problems = [] if is_open else [_problem(name, "this parameter is unknown") for name in sent if name not in declared]
    values: dict[str, Any] = {}
    for name, parameter in declared.items():
        value = sent.get(name, "")
        try:
            values[name] = parameter.read(value) if value else parameter.default
        except ValueError:
            problems.append(_problem(name, parameter.expected))
    if problems:
        names = ", ".join(f"?{problem.parameter}=" for problem in problems)
        raise Invalid(f"The query is invalid: {names[:200]}.", problems=problems)
    return values


def _problem(name: str, detail: str) -> Problem:
    return Problem(f"/{name.replace('~', '~0').replace('/', '~1')}", detail, parameter=name)
