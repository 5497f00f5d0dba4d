"""Hosts in the tests' hands: each has a folder of its own, settings of its own, and is stopped at the end."""

import json
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import azure.functions as func
import pytest

from local.host import Host

MakeHost = Callable[..., Host]


@dataclass
class Clock:
    """Time that stands still until a test moves it."""

    now: datetime = field(default_factory=lambda: datetime(2026, 11, 23, 7, 10, tzinfo=UTC))

    def __call__(self) -> datetime:
        return self.now

    def pass_by(self, **span: float) -> None:
        self.now += timedelta(**span)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def app() -> func.FunctionApp:
    return func.FunctionApp(http_auth_level=func.AuthLevel.ANONYMOUS)


@pytest.fixture
def make_host(tmp_path: Path) -> Iterator[MakeHost]:
    """A host for an app, with the given host.json and settings."""
    made: list[Host] = []

    def make(
        app: func.FunctionApp | None = None,
        *,
        env: Mapping[str, str] | None = None,
        host_json: Mapping[str, Any] | None = None,
        **options: Any,
    ) -> Host:
        (tmp_path / "host.json").write_text(json.dumps(host_json or {"version": "2.0"}))
        made.append(Host(app, root=tmp_path, env=env or {}, **options))
        return made[-1]

    yield make
    for host in made:
        host.stop(2)


@pytest.fixture
def write_app(tmp_path: Path) -> Iterator[Callable[[str], Path]]:
    """Write a function_app.py; what it leaves in the interpreter is taken out again."""
    modules, path = set(sys.modules), list(sys.path)

    def write(script: str) -> Path:
        (tmp_path / "function_app.py").write_text(script)
        return tmp_path

    yield write
    sys.path[:] = path
    for name in set(sys.modules) - modules:
        if getattr(sys.modules[name], "__file__", None) and str(tmp_path) in str(sys.modules[name].__file__):
            del sys.modules[name]
