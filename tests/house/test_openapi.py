"""The API describes itself completely: nothing without a description, a type or a tag, and examples that are valid."""

import re
from collections.abc import Iterator
from typing import Any, get_origin

import msgspec
import pytest
from jsonschema import Draft202012Validator, FormatChecker

from integrations.triggers import collect_routes
from integrations.triggers.http.openapi import _models, document
from shared.http.schemas import _structs, described

ROUTES = collect_routes(lambda: None).all  # type: ignore[arg-type, return-value]
DOCUMENT = document(ROUTES)
SCHEMAS: dict[str, dict[str, Any]] = DOCUMENT["components"]["schemas"]
OPERATIONS = {
    f"{method} {path}": operation
    for path, methods in DOCUMENT["paths"].items()
    for method, operation in methods.items()
}


def properties() -> Iterator[tuple[str, dict[str, Any]]]:
    for name, schema in SCHEMAS.items():
        for field, property_ in schema.get("properties", {}).items():
            yield f"{name}.{field}", property_


def parameters() -> Iterator[tuple[str, dict[str, Any]]]:
    for name, operation in OPERATIONS.items():
        for parameter in operation["parameters"]:
            yield f"{name} {parameter['name']}", parameter


def is_typed(schema: dict[str, Any]) -> bool:
    return bool(schema.keys() & {"type", "$ref", "anyOf", "enum"})


def test_every_property_has_a_description_and_a_type() -> None:
    assert [name for name, it in properties() if len(it.get("description", "")) < 5] == []
    assert [name for name, it in properties() if not is_typed(it) and name != "Exported.value"] == []
    assert [name for name, it in SCHEMAS.items() if not it.get("description") and "enum" not in it] == []


def test_every_parameter_has_a_description_and_a_type() -> None:
    assert [name for name, it in parameters() if len(it.get("description", "")) < 5] == []
    assert [name for name, it in parameters() if not is_typed(it["schema"])] == []


def test_every_operation_has_a_tag_a_summary_and_described_answers() -> None:
    tags = {it["name"] for it in DOCUMENT["tags"] if it["description"]}

    for name, operation in OPERATIONS.items():
        assert len(operation["tags"]) == 1, name
        assert set(operation["tags"]) <= tags, name
        assert operation["summary"], name
        assert operation["description"], name
        for status, answer in operation["responses"].items():
            assert answer["description"], (name, status)
            assert all(it["description"] for it in answer.get("headers", {}).values()), (name, status)
    assert {it["tags"][0] for it in OPERATIONS.values()} == tags


def test_no_docstring_describes_an_attribute_that_is_not_there() -> None:
    public = [it for it in ROUTES if it.in_api]
    classes = set(_structs(msgspec.inspect.multi_type_info(_models(public))))
    assert len(classes) > 90

    for cls in classes:
        fields = {field.name for field in msgspec.structs.fields(get_origin(cls) or cls)}
        assert described(cls)[1].keys() == fields, cls


def test_descriptions_say_more_than_the_name() -> None:
    """A description that holds nothing but the words of its name explains nothing."""
    for name, it in properties():
        words = set(re.findall(r"[a-z]+", it["description"].lower())) - {"the", "a", "an", "of", "its", "is", "in"}
        assert words - set(re.findall(r"[a-z]+", name.rpartition(".")[2])), name


@pytest.mark.parametrize(
    ("name", "keyword"),
    [("tenant_id", "format"), ("integration_id", "pattern"), ("removal_id", "pattern"), ("run_id", "pattern"),
     ("organization_id", "pattern"), ("flow_id", "pattern"), ("syncro_tenant_id", "pattern"),
     ("end_user_id", "pattern")],
)  # fmt: skip
def test_ids_say_what_they_look_like_wherever_they_are(name: str, keyword: str) -> None:
    not_an_id = {"Exported.tenant_id", "Receipt.tenant_id"}  # empty for the account's rows; a hash once verified
    found = [(key, it) for key, it in properties() if key.rpartition(".")[2] == name and key not in not_an_id]
    found += [(key, it["schema"]) for key, it in parameters() if it["name"] == name]

    assert found
    assert [key for key, it in found if not any(keyword in part for part in it.get("anyOf", [it]))] == []


def test_times_say_that_they_are_times() -> None:
    found = [(name, it) for name, it in properties() if re.search(r"(_at|\.at|as_of|since)$", name)]

    assert len(found) > 50
    for name, it in found:
        assert any(part.get("format") == "date-time" for part in it.get("anyOf", [it])), name


def test_every_example_is_valid() -> None:
    bodies = [it["requestBody"]["content"]["application/json"] for it in OPERATIONS.values() if "requestBody" in it]
    examples = [(it["schema"], it["example"]) for it in bodies]
    examples += [(it["schema"], it["example"]) for _, it in parameters() if "example" in it]
    answers = [
        answer["content"]["application/json"]
        for it in OPERATIONS.values()
        for status, answer in it["responses"].items()
        if status.startswith("2") and "application/json" in answer.get("content", {})
    ]
    examples += [(it["schema"], it["example"]) for it in answers]

    assert len(examples) > 50
    assert [name for name, it in parameters() if it["in"] == "path" and "example" not in it] == []
    for schema, example in examples:
        checked = {**schema, "components": DOCUMENT["components"]}
        Draft202012Validator(checked, format_checker=FormatChecker()).validate(example)
