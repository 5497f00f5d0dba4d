"""Storage whose answers take their time, as an emulator's do that is small, plain and shared."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple

from tests.faults.lab.cloud import Loop
from tests.faults.lab.kill import Switch
from tests.faults.lab.relay import Relay


class Slow(NamedTuple):
    """The connection string that leads through a relay, which can be told how long to hold requests back."""

    connection: str
    relay: Relay


@contextmanager
def slowed(connection: str) -> Iterator[Slow]:
    """A storage account behind a relay that is quick until it is told otherwise."""
    loop, relay = Loop(), Relay(Switch())
    try:
        yield Slow(loop.run(relay.start(connection)), relay)
    finally:
        loop.run(relay.stop())
        loop.close()
