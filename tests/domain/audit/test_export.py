"""What an exported row's fields look like in a table."""

import msgspec
import pytest

from integrations.domain.audit.export import without_secrets
from integrations.storage.control import KINDS
from integrations.views.audit.export import Exported, fields_of


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (b'{"name": "Contoso", "link": null, "parts": 2}', {"name": "Contoso", "link": "", "parts": "2"}),
        (b'{"kept": {"a": [1]}}', {"kept": '{"a":[1]}'}),
        (b'"text"', {"value": "text"}),
        (b"[1]", {"value": "[1]"}),
    ],
    ids=["plain", "nested", "no object", "a list"],
)
def test_fields_are_texts_and_what_is_nested_is_json(value: bytes, expected: dict[str, str]) -> None:
    assert fields_of(Exported(kind="users", id="1", tenant_id="", value=msgspec.Raw(value))) == expected


def test_secrets_are_left_out_and_other_rows_are_as_stored() -> None:
    secret = KINDS["credential"].not_exported
    assert bytes(without_secrets('{"sealed": "x", "epoch": 1}', secret)) == b'{"epoch":1}'
    assert bytes(without_secrets('{"sealed": "x"}', KINDS["tenant"].not_exported)) == b'{"sealed": "x"}'
