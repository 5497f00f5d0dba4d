"""Microsoft's OpenAPI description of Graph: which operation a request is, and what the description says of it."""

import gzip
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

_METHODS = frozenset({"get", "post", "put", "patch", "delete"})
_PARAMETER = re.compile(r"\{[^}]+\}")
_CAST = re.compile(r"/microsoft\.graph\.(\w+)$", re.IGNORECASE)
_KEY = r"(?!microsoft\.graph\.)[^/()'$]+"
_KEY_FORM = re.compile(r"\((\w+)=")


@dataclass(frozen=True)
class Operation:
    """One path and method. ``element`` is the schema of the thing answered, or of one item of the collection."""

    template: str
    method: str
    options: frozenset[str]
    is_collection: bool
    element: dict[str, Any] | None
    answer: dict[str, Any] | None
    answer_type: str
    body: dict[str, Any] | None
    permissions: dict[str, frozenset[str]] | None
    path: str

    @property
    def is_delta(self) -> bool:
        return self.template.endswith("/delta()")


@dataclass(frozen=True)
class _Template:
    text: str
    pattern: re.Pattern[str]

    @property
    def rank(self) -> tuple[int, int]:
        """Literal templates come before those with a parameter: /users/delta() is not a user called delta."""
        return (self.text.count("{"), -len(self.text))


class Description:
    """The OpenAPI document, with questions to it."""

    def __init__(self, document: dict[str, Any]) -> None:
        self.document = document
        self._paths: dict[str, dict[str, Any]] = document["paths"]
        self._found: dict[tuple[str, str], Operation | None] = {}

    def find(self, method: str, path: str) -> Operation | None:
        """The operation of a request; None when Microsoft describes none."""
        for template in self._templates:
            if template.pattern.fullmatch(path) and method.lower() in self._paths[template.text]:
                return self._operation(method.lower(), template.text, path)
        return self._cast(method, path)

    def knows_path(self, path: str) -> bool:
        return any(template.pattern.fullmatch(path) for template in self._templates)

    def resolve(self, thing: dict[str, Any]) -> dict[str, Any]:
        """Follow "$ref" until something stands there."""
        while "$ref" in thing:
            section, name = str(thing["$ref"]).removeprefix("#/components/").split("/", 1)
            thing = self.document["components"][section][name]
        return thing

    def schema(self, name: str) -> dict[str, Any] | None:
        """A type by its full name, whatever the case of its letters."""
        return self._schemas.get(name.lower())

    @cached_property
    def _schemas(self) -> dict[str, dict[str, Any]]:
        return {name.lower(): schema for name, schema in self.document["components"]["schemas"].items()}

    @cached_property
    def _templates(self) -> list[_Template]:
        made = [
            _Template(text, re.compile(_pattern(form), re.IGNORECASE))
            for text, item in self._paths.items()
            for form in {text, item.get("x-qualified-path", text)}
        ]
        return sorted(made, key=lambda template: template.rank)

    def _cast(self, method: str, path: str) -> Operation | None:
        """A collection of directory objects narrowed to one type: /me/transitiveMemberOf/microsoft.graph.user."""
        cast = _CAST.search(path)
        if not cast or method != "GET":
            return None
        whole, narrowed = self.find(method, path[: cast.start()]), self.schema(f"microsoft.graph.{cast[1]}")
        if not whole or not whole.is_collection or narrowed is None or not self._may_be(whole.element, narrowed):
            return None
        answer = {"type": "object", "required": ["value"], "properties": {"value": {"items": narrowed}}}
        return Operation(**{**vars(whole), "element": narrowed, "answer": answer, "path": path})

    def _may_be(self, element: dict[str, Any] | None, narrowed: dict[str, Any]) -> bool:
        """Whether an item of a collection may be of the narrower type."""
        branches = (element or {}).get("anyOf", []) if "x-discriminator" in (element or {}) else []
        return any(self.resolve(branch) is narrowed for branch in branches)

    def _operation(self, method: str, template: str, path: str) -> Operation:
        told = self._paths[template][method]
        answer_type, answer = self._answer(told)
        element, is_collection = self._element(answer)
        return Operation(
            template=template,
            method=method,
            options=frozenset(name.lower() for name in self._query_options(told)),
            is_collection=is_collection,
            element=element,
            answer=answer,
            answer_type=answer_type,
            body=self._body(told),
            permissions=self._permissions(method, template),
            path=path,
        )

    def _query_options(self, told: dict[str, Any]) -> Iterator[str]:
        for parameter in map(self.resolve, told.get("parameters", [])):
            if parameter["in"] == "query":
                yield parameter["name"]

    def _answer(self, told: dict[str, Any]) -> tuple[str, dict[str, Any] | None]:
        good = next(value for status, value in told["responses"].items() if status.startswith("2"))
        content: dict[str, Any] = self.resolve(good).get("content", {})
        for media, described in content.items():
            return media, described.get("schema")
        return "", None

    def _element(self, answer: dict[str, Any] | None) -> tuple[dict[str, Any] | None, bool]:
        if answer is None:
            return None, False
        value = self.resolve(answer).get("properties", {}).get("value", {})
        if value.get("type") == "array":
            return self.resolve(value["items"]), True
        return self.resolve(answer), False

    def _body(self, told: dict[str, Any]) -> dict[str, Any] | None:
        content = self.resolve(told.get("requestBody", {})).get("content", {})
        schema: dict[str, Any] | None = content.get("application/json", {}).get("schema")
        return schema

    def _permissions(self, method: str, template: str) -> dict[str, frozenset[str]] | None:
        """Any of these lets the request pass, by kind of token; None where the source has no row."""
        for neighbour in _neighbours(template):
            told = self._paths.get(neighbour, {}).get(method, {}).get("x-permissions")
            if told:
                return {kind: frozenset(row["least"] + row["other"]) for kind, row in told.items()}
        return None


def load(path: Path) -> Description:
    """Read the gzipped document.

    Raises:
        FileNotFoundError: there is none at that path.
    """
    with gzip.open(path) as file:
        return Description(json.load(file))


def _pattern(template: str) -> str:
    """A template as an expression: keys hold no slash or bracket, and a function may leave its empty brackets out."""
    pieces = re.split(f"({_PARAMETER.pattern})", template)
    expression = "".join(_KEY if _PARAMETER.fullmatch(piece) else re.escape(piece) for piece in pieces)
    empty = re.escape("()")
    return expression.removesuffix(empty) + f"(?:{empty})?" if expression.endswith(empty) else expression


def _neighbours(template: str) -> Iterator[str]:
    """Where permissions stand: at the path itself, without its cast or count, or with the plain key."""
    yield template
    yield _CAST.sub("", template).removesuffix("/$count")
    keyed = _KEY_FORM.search(template)
    if keyed and "/" not in template[1 : keyed.start()]:
        collection = template[: keyed.start()]
        singular = collection.strip("/").removesuffix("s")
        yield f"{collection}/{{{singular}-id}}"
