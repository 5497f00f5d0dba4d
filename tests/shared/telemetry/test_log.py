"""Log lines and spans hold registered fields only; a log line is one JSON object."""

import json
import logging
from collections.abc import Callable
from pathlib import Path

import pytest

from shared.telemetry import fields
from shared.telemetry.fields import register_fields, registered_fields
from shared.telemetry.log import log, write_to
from shared.telemetry.tracing import count, span


@pytest.fixture(autouse=True)
def registered(monkeypatch: pytest.MonkeyPatch) -> None:
    """The general fields, and none that a product has registered in this process."""
    monkeypatch.setattr(fields, "_registered", set(GENERAL))
    monkeypatch.setattr("shared.telemetry.log._target", {"logger": logging.getLogger("shared.telemetry.log")})


GENERAL = frozenset({"attempt", "code", "counts", "reason"})


def test_a_log_line_is_one_json_object(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    log("synced tenant", reason="t\n{}", counts={"users": 1})

    assert json.loads(caplog.messages[0]) == {"event": "synced tenant", "reason": "t\n{}", "counts": {"users": 1}}
    assert "\n" not in caplog.messages[0]


def test_a_product_names_the_logger_of_its_lines(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    log("before")
    write_to("product")
    log("after")

    assert [(it.name, "after" in it.message) for it in caplog.records] == [
        ("shared.telemetry.log", False), ("product", True),
    ]  # fmt: skip


def spanned(name: str) -> None:
    with span("work", **{name: "x"}):
        pass


def set_later(name: str) -> None:
    with span("work") as current:
        current.set_attributes(**{name: "x"})


WRITERS: dict[str, Callable[[str], object]] = {
    "log line": lambda name: log("event", **{name: "x"}),
    "span": spanned,
    "attribute of a span": set_later,
    "counter": lambda name: count("rows", 1, **{name: "x"}),
}


@pytest.mark.parametrize("write", WRITERS.values(), ids=WRITERS.keys())
def test_a_field_that_nobody_registered_is_refused(
    write: Callable[[str], object], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    for name in ("token", "tenant_id"):
        with pytest.raises(ValueError, match="allow-list"):
            write(name)
    assert [it for it in caplog.records if it.name == "shared.telemetry.log"] == []

    register_fields(["tenant_id"])
    register_fields(["tenant_id"])

    write("tenant_id")
    assert registered_fields() == GENERAL | {"tenant_id"}
    with pytest.raises(ValueError, match="allow-list"):
        write("token")


def test_the_plumbing_registers_no_field_of_a_product() -> None:
    source = Path(fields.__file__).read_text()

    assert [it for it in ("tenant", "account", "integration", "dataset", "slot", "shard") if it in source] == []
