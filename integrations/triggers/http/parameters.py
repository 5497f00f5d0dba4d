"""Parameters of requests: one declaration both checks what is sent and describes it in the OpenAPI document."""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, TypeVar

from integrations.domain import ids
from shared.errors import Invalid, Problem

T = TypeVar("T")

_CURSOR = re.compile(r"[A-Za-z0-9_.@-]{1,128}")
_MOST_CHARACTERS = 256
_MOST_DIGITS = 9


@dataclass(frozen=True, slots=True)
class Parameter(Generic[T]):
    """A query parameter. ``read`` gives the value of a text, and raises ValueError for a text that is not valid.

    ``schema`` is its JSON Schema, ``expected`` says in a few words what is valid, and ``default`` is the value of a
    parameter that is absent or empty.
    """

    name: str
    description: str
    schema: Mapping[str, Any]
    expected: str
    read: Callable[[str], T]
    default: T
    example: Any = ""


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
    return Parameter(name, description, schema, f"at most {most} characters", read, "", example)


def one_of(name: str, description: str, values: Sequence[str], *, default: str = "") -> Parameter[str]:
    """One of some words, in upper or lower case."""
    known = {value.casefold(): value for value in values}

    def read(value: str) -> str:
        if value.casefold() not in known:
            raise ValueError(value)
        return known[value.casefold()]

    schema = {"type": "string", "enum": list(values), **({"default": default} if default else {})}
    return Parameter(name, description, schema, f"one of {', '.join(values)}", read, default, values[0])


def flag(name: str, description: str, *, default: T) -> Parameter[bool | T]:
    """True or false; ``default`` is None where both are shown if it is absent."""

    def read(value: str) -> bool | T:
        if value not in {"true", "false"}:
            raise ValueError(value)
        return value == "true"

    schema = {"type": "boolean", **({} if default is None else {"default": default})}
    return Parameter(name, description, schema, "true or false", read, default, example=True)


def integer(name: str, description: str, *, least: int, most: int, default: int) -> Parameter[int]:
    """An integer between two limits, both included."""

    def read(value: str) -> int:
        is_number = value.isascii() and value.isdigit() and len(value) <= _MOST_DIGITS
        if not is_number or not least <= int(value) <= most:
            raise ValueError(value)
        return int(value)

    schema = {"type": "integer", "minimum": least, "maximum": most, "default": default}
    return Parameter(name, description, schema, f"a whole number, {least} to {most}", read, default, default)


def time(name: str, description: str) -> Parameter[datetime | None]:
    """A time in RFC 3339 with its zone, from 1970 to 9000."""

    def read(value: str) -> datetime:
        at = datetime.fromisoformat(value)
        if at.tzinfo is None or not 1970 <= at.year <= 9000:
            raise ValueError(value)
        return at

    schema = {"type": "string", "format": "date-time"}
    example = "2026-11-23T07:30:00Z"
    return Parameter(name, description, schema, f"a time with its zone, such as {example}", read, None, example)


def tenant(description: str) -> Parameter[ids.TenantId | None]:
    """The id of a Microsoft tenant, as ``tenant_id``."""

    def read(value: str) -> ids.TenantId:
        try:
            return ids.tenant_id(value)
        except Invalid as error:
            raise ValueError(value) from error

    schema = {"type": "string", **ids.SCHEMAS[ids.TenantId]}
    return Parameter("tenant_id", description, schema, ids.TENANT_ID_EXPECTED, read, None, ids.EXAMPLE_TENANT)


def end_user(name: str, description: str) -> Parameter[ids.EndUserId | None]:
    """The id of an End User."""

    def read(value: str) -> ids.EndUserId:
        if not ids.is_end_user_id(value):
            raise ValueError(value)
        return value

    schema = {"type": "string", **ids.SCHEMAS[ids.EndUserId]}
    return Parameter(name, description, schema, "the id of an End User", read, None, ids.EXAMPLE_END_USER)


def cursor(pattern: str = _CURSOR.pattern) -> Parameter[str]:
    """The key after which a page begins; empty for the first page."""

    def read(value: str) -> str:
        if not re.fullmatch(pattern, value):
            raise ValueError(value)
        return value

    description = "next_cursor of the previous page, unchanged. Leave it out for the first page."
    schema = {"type": "string", "pattern": f"^{pattern}$"}
    return Parameter("cursor", description, schema, "next_cursor of the previous page, unchanged", read, "")


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
