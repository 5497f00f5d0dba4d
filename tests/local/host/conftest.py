"""Hosts in the tests' hands: each has a folder of its own, settings of its own, and is stopped at the end."""

import base64
import json
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import azure.functions as func
import pytest
from azure.core.exceptions import ResourceNotFoundError
from azure.storage.queue import QueueServiceClient

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


class Queues:
    """Queues of one storage account, as another program sees them."""

    def __init__(self, connection):
        self.env = {"AzureWebJobsStorage": connection}
        self.service = QueueServiceClient.from_connection_string(connection)

    def put(self, queue, *texts, encode=True):
        client = self.service.get_queue_client(queue)
        if queue not in {it.name for it in self.service.list_queues()}:
            client.create_queue()
        for text in texts:
            client.send_message(base64.b64encode(text.encode()).decode() if encode else text)

    def raw(self, queue):
        """Texts that are visible, as they lie there."""
        try:
            return [it.content for it in self.service.get_queue_client(queue).peek_messages(32)]
        except ResourceNotFoundError:
            return []

    def texts(self, queue):
        return [base64.b64decode(it).decode() for it in self.raw(queue)]

    def length(self, queue):
        return self.service.get_queue_client(queue).get_queue_properties().approximate_message_count


@pytest.fixture
def queues(storage):
    with_queues = Queues(storage)
    yield with_queues
    with_queues.service.close()


@pytest.fixture
def failing(app):
    """An app whose function fails on what begins with "bad", and notes what it saw."""
    seen = []

    @app.queue_trigger(arg_name="msg", queue_name="WORK", connection="AzureWebJobsStorage")
    def work(msg: func.QueueMessage) -> None:
        seen.append((msg.get_body().decode(), msg.dequeue_count))
        if msg.get_body().startswith(b"bad"):
            raise ValueError("bad message")

    return app, seen
