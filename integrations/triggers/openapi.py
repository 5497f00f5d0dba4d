"""The OpenAPI 3.1 document, generated from the routes."""

import re
from collections.abc import Iterable
from typing import Any

from integrations.triggers.routes import HttpRoute, Need
from shared.http.responses import ProblemBody, json_schema

# Schemas whose published name is not that of their class: renaming a class does not rename them for API clients.
_PUBLISHED_NAMES = {"DatasetOutcome": "Outcome"}
_PARAMETER = re.compile(r"{\*?(\w+)(?::[^}]*)?}")
_MEANING = {
    "400": "The request is malformed or invalid. errors[] names each field.",
    "401": "The portal token is missing or invalid.",
    "403": "The caller's role (code role) or plan (code plan) does not allow this.",
    "404": "Not found in the caller's account.",
    "409": "The current state does not allow this. code and remedy say why and what to do.",
    "413": "The body is larger than 64 KiB.",
    "415": "The body is not JSON.",
    "422": "The Idempotency-Key was used for another request.",
    "429": "Too many requests. Retry-After says how long to wait.",
    "500": "An error on our side. Search the log for trace_id.",
    "503": "Storage or Microsoft is not available. Nothing was changed. Retry-After says when to try again.",
}


def document(routes: Iterable[HttpRoute]) -> dict[str, Any]:
    """OpenAPI 3.1: every route, every status, every schema."""
    public = sorted((route for route in routes if route.in_api), key=lambda route: (route.path, route.methods))
    models = _models(public)
    references, schemas = json_schema(models)
    named = dict(zip(models, map(_published, references), strict=True))
    paths: dict[str, dict[str, Any]] = {}
    for route in public:
        for method in route.methods:
            paths.setdefault(_path(route.path), {})[method.lower()] = _operation(route, named)
    return {
        "openapi": "3.1.0",
        "info": {"title": "Microsoft Tenant Integrations", "version": "1"},
        "servers": [{"url": "/api"}],
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
        "summary": route.summary,
        "description": f"Needs: {route.needs.value}.",
        "parameters": _parameters(route),
        "responses": _responses(route, named),
    }
    if route.needs is not Need.NOTHING:
        operation["security"] = [{"portal": []}]
    if route.body:
        content = {"application/json": {"schema": named[route.body]}}
        operation["requestBody"] = {"required": True, "content": content}
    return operation


def _parameters(route: HttpRoute) -> list[dict[str, Any]]:
    text = {"type": "string"}
    parameters: list[dict[str, Any]] = [
        {"name": name, "in": "path", "required": True, "schema": text} for name in _PARAMETER.findall(route.path)
    ]
    parameters += [
        {"name": name, "in": "query", "description": meaning, "schema": text} for name, meaning in route.query.items()
    ]
    if route.changes:
        meaning = "A request repeated with the same key is carried out once and gets the same answer."
        parameters.append({"name": "Idempotency-Key", "in": "header", "description": meaning, "schema": text})
    elif route.needs is not Need.NOTHING:
        meaning = "The ETag of the answer you have. 304 if it has not changed."
        parameters.append({"name": "If-None-Match", "in": "header", "description": meaning, "schema": text})
    return parameters


def _responses(route: HttpRoute, named: dict[Any, Any]) -> dict[str, Any]:
    responses: dict[str, Any] = {}
    for status, model in sorted(route.answers.items()):
        response: dict[str, Any] = {"description": "Done." if route.changes else "Found."}
        if model:
            response["content"] = {"application/json": {"schema": named[model]}}
        if route.csv:
            response["content"]["text/csv"] = {"schema": {"type": "string"}}
        responses[str(status)] = response
    if not route.changes and route.needs is not Need.NOTHING:
        responses["304"] = {"description": "Not changed since the ETag that you sent."}
    problem = {"application/problem+json": {"schema": named[ProblemBody]}}
    for status_code in _problems(route):
        responses[status_code] = {"description": _MEANING[status_code], "content": problem}
    return responses


def _problems(route: HttpRoute) -> list[str]:
    statuses = {"500", "503", *route.refusals}
    if route.needs is not Need.NOTHING:
        statuses |= {"401", "403"}
    if _PARAMETER.search(route.path) or route.query or route.changes:
        statuses |= {"400"}
    if _PARAMETER.search(route.path):
        statuses |= {"404"}
    if route.changes:
        statuses |= {"404", "409", "422", "429"}
    if route.body:
        statuses |= {"413", "415"}
    return sorted(statuses)


def _path(route: str) -> str:
    return "/" + _PARAMETER.sub(r"{\1}", route)
