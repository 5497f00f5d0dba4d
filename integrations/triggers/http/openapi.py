"""The OpenAPI 3.1 document, generated from the routes."""

import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import msgspec

from integrations.domain import ids
from integrations.triggers.http.parameters import CURSOR, PATH, Parameter, PathParameter
from integrations.triggers.http.routes import PREFIX, HttpRoute, Need
from shared.http.responses import ProblemBody
from shared.http.schemas import json_schema

# Schemas whose published name is not that of their class: renaming a class does not rename them for API clients.
_PUBLISHED_NAMES = {"AccountSettingsView": "AccountSettings", "DatasetOutcome": "Outcome"}
_PARAMETER = re.compile(r"{\*?(\w+)(?::[^}]*)?}")
_MEANING = {
    "400": "The request is malformed or invalid. errors[] names each field and each parameter.",
    "401": "The portal token is missing or invalid.",
    "403": "The caller's role (code role) or plan (code plan) does not allow this.",
    "404": "Not found in the caller's account.",
    "409": "The current state does not allow this. code and remedy say why and what to do.",
    "410": "Too old to be continued. Read all again.",
    "412": "It was changed since the ETag in If-Match.",
    "413": "The body is larger than {} KiB.",
    "415": "The body is not JSON.",
    "428": "The header If-Match is missing.",
    "422": "The Idempotency-Key was used for another request.",
    "429": "Too many requests. Retry-After says how long to wait.",
    "500": "An error on our side. Search the log for trace_id.",
    "503": "Storage or Microsoft is not available. Nothing was changed. Retry-After says when to try again.",
}

_HEADERS = {
    "ETag": "Identifies this state of what was read. Send it back in If-None-Match.",
    "Idempotency-Replayed": "true if the request was carried out before, and this is the answer it got then.",
    "Location": "Where what was created can be read.",
    "Next-Cursor": "The cursor of the next page, in an answer in CSV.",
    "Retry-After": "After how many seconds to try again.",
}
_TAGS = {
    "Audit": "Who did what and when, and the export of everything.",
    "Consent": "Integrating and reauthorizing: somebody signs in at Microsoft and consents.",
    "CSPs": "Partners, through whom tenants of their customers are reached.",
    "End Users": "The people of an Organization, as the portal knows them.",
    "Assets": "Devices of Organizations, as the portal knows them.",
    "Insights": "What is known across all mapped tenants, and the history of each.",
    "Organizations": "The MSP's clients, to which tenants are mapped.",
    "Removals": "Removing integrations and their data.",
    "Service": "The service itself.",
    "Settings": "What the account has chosen for itself, and the permissions that this asks for.",
    "User sync": "End Users that follow the users of a tenant: settings, plans, questions and links.",
    "Tenants": "Integrated tenants: their statuses, mappings, syncs and synced data.",
}
# What GET /integrations?limit=0 is answered.
EXAMPLE_OF_A_REFUSAL = {
    "type": "urn:problem:invalid",
    "title": "The request is not valid",
    "status": 400,
    "code": "invalid",
    "detail": "The query is invalid: ?limit=.",
    "remedy": "Correct the request and send it again.",
    "trace_id": "4bf92f3577b34da6a3ce929d0e0e4736",
    "errors": [{"pointer": "/limit", "detail": "a whole number, 1 to 1000", "parameter": "limit"}],
}
# An example of each successful answer, by route and status: received by a test, with one item of each list.
ANSWERS: dict[str, dict[str, Any]] = msgspec.json.decode(Path(__file__).with_name("answers.json").read_bytes())
_DESCRIPTION = """\
Connects the Microsoft 365 tenants of an MSP's customers, and shows whether each connection works.

Times are in UTC and full seconds. Fields and query parameters that are not described here are refused with 400, an
unknown path with 404, and a method that a path does not have with 405 and Allow. Every GET also answers HEAD."""


def document(routes: Iterable[HttpRoute]) -> dict[str, Any]:
    """OpenAPI 3.1: every route, every status, every schema."""
    public = sorted((route for route in routes if route.in_api), key=lambda route: (route.path, route.methods))
    models = _models(public)
    references, schemas = json_schema(models, ids.SCHEMAS)
    named = dict(zip(models, map(_published, references), strict=True))
    paths: dict[str, dict[str, Any]] = {}
    for route in public:
        for method in route.methods:
            paths.setdefault(_path(route.path), {})[method.lower()] = _operation(route, named)
    return {
        "openapi": "3.1.0",
        "info": {"title": "Microsoft Tenant Integrations", "version": "1", "description": _DESCRIPTION},
        "servers": [{"url": PREFIX}],
        "tags": [{"name": name, "description": text} for name, text in _TAGS.items()],
        "paths": paths,
        "components": {
            "schemas": _published(schemas),
            "securitySchemes": {"portal": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}},
        },
    }


def _published(schema: Any) -> Any:
    """A schema, or all of them by name, with published names in keys, titles and references."""
    if isinstance(schema, dict):
        return {_PUBLISHED_NAMES.get(key, key): _published(value) for key, value in schema.items()}
    if isinstance(schema, list):
        return [_published(it) for it in schema]
    if not isinstance(schema, str):
        return schema
    path, slash, name = schema.rpartition("/")
    return f"{path}{slash}{_PUBLISHED_NAMES.get(name, name)}"


def _models(routes: Iterable[HttpRoute]) -> list[Any]:
    models: list[Any] = [ProblemBody]
    for route in routes:
        models.extend(model for model in (route.body, *route.answers.values()) if model and model not in models)
    return models


def _operation(route: HttpRoute, named: dict[Any, Any]) -> dict[str, Any]:
    operation: dict[str, Any] = {
        "operationId": route.name,
        "tags": [route.tag],
        "summary": route.summary,
        "description": f"Needs: {route.needs.value}.",
        "parameters": _parameters(route),
        "responses": _responses(route, named),
    }
    if route.needs is not Need.NOTHING:
        operation["security"] = [{"portal": []}]
    if route.body:
        content = {"schema": named[route.body], **({"example": route.example} if route.example else {})}
        operation["requestBody"] = {"required": True, "content": {"application/json": content}}
    return operation


def _parameters(route: HttpRoute) -> list[dict[str, Any]]:
    parameters = [_path_parameter(name, PATH[name]) for name in _PARAMETER.findall(route.path)]
    parameters += [_query_parameter(it) for it in route.query]
    if route.changes:
        meaning = "A request repeated with the same key is carried out once and gets the same answer."
        schema = {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[!-~]+$"}
        parameters.append(_header("Idempotency-Key", meaning, schema))
    if route.needs_version:
        meaning = "The ETag of what you have read and want to change, or *."
        parameters.append({**_header("If-Match", meaning, {"type": "string"}), "required": True})
    if not route.changes and route.needs is not Need.NOTHING:
        meaning = "The ETag of the answer you have. 304 if it has not changed."
        parameters.append(_header("If-None-Match", meaning, {"type": "string"}))
    return parameters


def _path_parameter(name: str, parameter: PathParameter) -> dict[str, Any]:
    schema = {"type": "string", **parameter.schema}
    described = {"name": name, "in": "path", "required": True, "description": parameter.description}
    return {**described, "schema": schema, "example": parameter.example}


def _query_parameter(parameter: Parameter[Any]) -> dict[str, Any]:
    described = {"name": parameter.name, "in": "query", "description": parameter.description}
    return {
        **described,
        "schema": dict(parameter.schema),
        **({"example": parameter.example} if parameter.example != "" else {}),
    }


def _header(name: str, meaning: str, schema: dict[str, Any]) -> dict[str, Any]:
    return {"name": name, "in": "header", "description": meaning, "schema": schema}


def _responses(route: HttpRoute, named: dict[Any, Any]) -> dict[str, Any]:
    responses: dict[str, Any] = {}
    for status, model in sorted(route.answers.items()):
        response: dict[str, Any] = {"description": "Done." if route.changes else "Found."}
        if model:
            example = ANSWERS.get(route.name, {}).get(str(status))
            response["content"] = {
                "application/json": {"schema": named[model]} | ({"example": example} if example else {})
            }
        if route.csv:
            response["content"]["text/csv"] = {"schema": {"type": "string"}}
        if headers := _headers(route, status):
            response["headers"] = headers
        responses[str(status)] = response
    if not route.changes and route.needs is not Need.NOTHING:
        responses["304"] = {"description": "Not changed since the ETag that you sent."}
    problem = {"schema": named[ProblemBody]}
    for status_code in _problems(route):
        refusal = {"example": EXAMPLE_OF_A_REFUSAL} if status_code == "400" else {}
        content = {"application/problem+json": problem | refusal}
        meaning = _MEANING[status_code].format(route.max_body_bytes // 1024)
        responses[status_code] = {"description": meaning, "content": content}
        if status_code in {"429", "503"}:
            responses[status_code]["headers"] = _described_headers(["Retry-After"])
    return responses


def _headers(route: HttpRoute, status: int) -> dict[str, Any]:
    names = ["Location"] if status in {201, 202} and route.body else []
    if route.needs is not Need.NOTHING:
        names.append("Idempotency-Replayed" if route.changes else "ETag")
    if route.needs_version:
        names.append("ETag")
    return _described_headers([*names, "Next-Cursor"] if route.csv and _has_pages(route) else names)


def _has_pages(route: HttpRoute) -> bool:
    return any(it.name == CURSOR.name for it in route.query)


def _described_headers(names: Iterable[str]) -> dict[str, Any]:
    return {name: {"description": _HEADERS[name], "schema": {"type": "string"}} for name in names}


def _problems(route: HttpRoute) -> list[str]:
    statuses = {"400", "500", "503", *route.refusals}
    if route.needs is not Need.NOTHING:
        statuses |= {"401", "403"}
    if _PARAMETER.search(route.path):
        statuses |= {"404"}
    if route.changes:
        statuses |= {"404", "409", "422", "429"}
    if route.body:
        statuses |= {"413", "415"}
    if route.needs_version:
        statuses |= {"412", "428"}
    return sorted(statuses)


def _path(route: str) -> str:
    return "/" + _PARAMETER.sub(r"{\1}", route)
