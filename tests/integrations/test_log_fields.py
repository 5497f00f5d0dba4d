"""Every field that the code writes to log lines, spans and counters is registered when the product connects."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from integrations.services import LOG_FIELDS, connect
from integrations.settings import Settings
from shared.telemetry import fields
from tests.integrations.test_settings import GOOD

ROOT = Path(__file__).parents[2]
WRITERS = frozenset({"log", "span", "count", "set_attributes"})
NOT_FIELDS = frozenset({"level", "is_outgoing"})


def written() -> Iterator[tuple[str, str]]:
    """Each field with the place where it is written."""
    for path in [*ROOT.glob("integrations/**/*.py"), *ROOT.glob("shared/**/*.py")]:
        source = path.read_text()
        for node in ast.walk(ast.parse(source)) if "from shared.telemetry." in source else ():
            if isinstance(node, ast.Call) and _name(node.func) in WRITERS:
                for keyword in node.keywords:
                    if keyword.arg and keyword.arg not in NOT_FIELDS:
                        yield keyword.arg, f"{path.relative_to(ROOT)}:{node.lineno}"


def _name(function: ast.expr) -> str:
    return function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")


def test_every_field_that_is_written_is_registered_by_connecting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fields, "_registered", set(fields._registered) - set(LOG_FIELDS))
    assert "tenant_id" not in fields.registered_fields()

    connect(Settings.from_env(GOOD))

    places = list(written())
    assert len(places) > 50
    assert [it for it in places if it[0] not in fields.registered_fields()] == []
