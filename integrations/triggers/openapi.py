"""The OpenAPI 3.1 document, made from the doors themselves."""

import re
from collections.abc import Iterable
from typing import Any

from integrations.triggers.doors import Door, Need
from shared.http.answers import ProblemBody, json_schema

_PARAMETER = re.compile(r"{\*?(\w+)(?::[^}]*)?}")
_MEANING = {
    "400": "The request is malformed or invalid; errors[] name each place.",
    "401": "No portal token, or not a good one.",
    "403": "The caller's role (code role) or plan (code plan) does not allow this.",
    "404": "There is no such thing in the caller's account.",
    "409": "The present state does not allow this; code and remedy say why and what to do.",
    "413": "The body is larger than 64 KiB.",
    "415": "The body is not JSON.",
    "422": "The Idempotency-Key was used for another request.",
    "429": "Too many requests; Retry-After says how long to wait.",
    "500": "A fault of ours; trace_id finds it in our log.",
    "503": "Storage or Microsoft is out; nothing was changed; Retry-After says when to try again.",
}


def document(doors: Iterable[Door]) -> dict[str, Any]:
    """OpenAPI 3.1: every route, every status, every schema."""
    public = sorted((door for door in doors if door.in_api), key=lambda door: (door.route, door.methods))
    models = _models(public)
    references, schemas = json_schema(models)
    named = dict(zip(models, references, strict=True))
    paths: dict[str, dict[str, Any]] = {}
    for door in public:
        for method in door.methods:
            paths.setdefault(_path(door.route), {})[method.lower()] = _operation(door, named)
    return {
        "openapi": "3.1.0",
        "info": {"title": "Microsoft Tenant Integrations", "version": "1"},
        "servers": [{"url": "/api"}],
        "paths": paths,
        "components": {
            "schemas": schemas,
            "securitySchemes": {"portal": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}},
        },
    }


def _models(doors: Iterable[Door]) -> list[Any]:
    models: list[Any] = [ProblemBody]
    for door in doors:
        models.extend(model for model in (door.body, *door.answers.values()) if model and model not in models)
    return models


def _operation(door: Door, named: dict[Any, Any]) -> dict[str, Any]:
    operation: dict[str, Any] = {
        "operationId": door.name,
        "summary": door.summary,
        "description": f"Needs: {door.needs.value}.",
        "parameters": _parameters(door),
        "responses": _responses(door, named),
    }
    if door.needs is not Need.NOTHING:
        operation["security"] = [{"portal": []}]
    if door.body:
        content = {"application/json": {"schema": named[door.body]}}
        operation["requestBody"] = {"required": True, "content": content}
    return operation


def _parameters(door: Door) -> list[dict[str, Any]]:
    text = {"type": "string"}
    found: list[dict[str, Any]] = [
        {"name": name, "in": "path", "required": True, "schema": text} for name in _PARAMETER.findall(door.route)
    ]
    found += [
        {"name": name, "in": "query", "description": meaning, "schema": text} for name, meaning in door.query.items()
    ]
    if door.changes:
        meaning = "The same request under the same key is done once and answered alike."
        found.append({"name": "Idempotency-Key", "in": "header", "description": meaning, "schema": text})
    elif door.needs is not Need.NOTHING:
        meaning = "The ETag of the answer you have; 304 when it is still the same."
        found.append({"name": "If-None-Match", "in": "header", "description": meaning, "schema": text})
    return found


def _responses(door: Door, named: dict[Any, Any]) -> dict[str, Any]:
    responses: dict[str, Any] = {}
    for status, model in sorted(door.answers.items()):
        told: dict[str, Any] = {"description": "Done." if door.changes else "Found."}
        if model:
            told["content"] = {"application/json": {"schema": named[model]}}
        if door.csv:
            told["content"]["text/csv"] = {"schema": {"type": "string"}}
        responses[str(status)] = told
    if not door.changes and door.needs is not Need.NOTHING:
        responses["304"] = {"description": "Unchanged since the ETag you sent."}
    problem = {"application/problem+json": {"schema": named[ProblemBody]}}
    for status_code in _problems(door):
        responses[status_code] = {"description": _MEANING[status_code], "content": problem}
    return responses


def _problems(door: Door) -> list[str]:
    statuses = {"500", "503", *door.refusals}
    if door.needs is not Need.NOTHING:
        statuses |= {"401", "403"}
    if _PARAMETER.search(door.route) or door.query or door.changes:
        statuses |= {"400"}
    if _PARAMETER.search(door.route):
        statuses |= {"404"}
    if door.changes:
        statuses |= {"404", "409", "422", "429"}
    if door.body:
        statuses |= {"413", "415"}
    return sorted(statuses)


def _path(route: str) -> str:
    return "/" + _PARAMETER.sub(r"{\1}", route)
