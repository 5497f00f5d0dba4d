"""Storage that records the order of its writes, and at each of which the process can die."""

import dataclasses
from collections.abc import Callable
from typing import Any, TypeVar

from integrations.services import Services
from shared.storage.queues import Queues, QueueUnavailable
from shared.storage.tables import StorageUnavailable, Tables, Write

Result = TypeVar("Result")


class Died(BaseException):
    """The process is dead; our code must not catch this."""


class Recorder:
    """Every request that changes something: ``steps`` names what it writes, one text a request.

    The process dies at the step with number ``dies_at``, before it reaches storage or (``is_done``) after it did.
    ``fails`` are steps that storage does not answer.
    """

    def __init__(self, dies_at: int = 0, *, is_done: bool = False, fails: tuple[str, ...] = ()) -> None:
        self.steps: list[str] = []
        self._dies_at = dies_at
        self._is_done = is_done
        self.fails = fails

    def on(self, services: Services, **changes: Any) -> Services:
        """The services of another process, whose writes are recorded."""
        recorded = {
            "tables": _Tables(services.tables, self),
            "queues": _Queues(services.queues, self),
            "seal_lines": {},
        }
        return dataclasses.replace(services, **recorded, **changes)

    def step(self, what: str, do: Callable[[], Result], error: type[Exception]) -> Result:
        self.steps.append(what)
        is_last = len(self.steps) == self._dies_at
        if is_last and not self._is_done:
            raise Died
        if what in self.fails:
            raise error
        result = do()
        if is_last:
            raise Died
        return result


class _Tables(Tables):
    def __init__(self, tables: Tables, recorder: Recorder) -> None:
        self._tables = tables
        self._recorder = recorder

    def rest_table(self, name: str) -> Any:
        return _Table(self._tables.rest_table(name), name, self._recorder)

    def table(self, name: str) -> Any:
        return _Table(self._tables.table(name), name, self._recorder)


class _Table:
    """A table, whichever client is behind it, whose writes are steps."""

    def __init__(self, table: Any, name: str, recorder: Recorder) -> None:
        self._table = table
        self._named = name
        self._recorder = recorder

    def __getattr__(self, name: str) -> Any:
        return getattr(self._table, name)

    def write(self, *writes: Write) -> str:
        kinds = ", ".join(f"{it.how} {it.row.key.partition(':')[0]}" for it in writes)
        return self._recorder.step(f"{self._named}: {kinds}", lambda: self._table.write(*writes), StorageUnavailable)


class _Queues(Queues):
    def __init__(self, queues: Queues, recorder: Recorder) -> None:
        self.__dict__.update(vars(queues))
        self._queues = queues
        self._recorder = recorder

    def send(self, queue: str, body: bytes, **options: Any) -> Any:
        return self._recorder.step(f"send {queue}", lambda: self._queues.send(queue, body, **options), QueueUnavailable)
