"""The oracle: judges exchanges with Graph by Microsoft's description and documentation, and by nothing else.

It was written from those texts alone, so that it can find what the client and the simulated Graph, which were
written together, both believe wrongly.
"""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from urllib.parse import urlsplit

from tests.conformance.graph.batches import batch_answer_faults, batch_request_faults, parts_of
from tests.conformance.graph.bodies import body_faults
from tests.conformance.graph.description import Description, Operation
from tests.conformance.graph.exchange import Exchange
from tests.conformance.graph.failures import failure_faults
from tests.conformance.graph.headers import header_faults
from tests.conformance.graph.links import link_faults
from tests.conformance.graph.mismatch import Mismatch
from tests.conformance.graph.options import query_faults
from tests.conformance.graph.permissions import permission_faults
from tests.conformance.graph.properties import Properties
from tests.conformance.graph.schemas import Schemas
from tests.conformance.graph.selection import selection_faults

BATCH = "/$batch"
_VERSION = "/v1.0"


class Oracle:
    """Judges exchanges with one Graph; ``graph_url`` is its address without the version."""

    def __init__(self, description: Description, graph_url: str) -> None:
        self._description = description
        self._schemas = Schemas(description.document)
        self._properties = Properties(description)
        self._root = f"{graph_url.rstrip('/')}{_VERSION}"

    def judge(self, exchanges: Iterable[Exchange]) -> list[Mismatch]:
        """Everything that differs from Microsoft's contract, in requests and answers."""
        return [mismatch for exchange in exchanges for mismatch in (*self.requests(exchange), *self.answers(exchange))]

    def requests(self, exchange: Exchange) -> list[Mismatch]:
        """What the client does wrong. A request that is wrong on purpose should not be asked about."""
        return _placed(self._request(exchange), exchange)

    def answers(self, exchange: Exchange) -> list[Mismatch]:
        """What Graph, or whoever stands in for it, does wrong."""
        return _placed(self._answer(exchange, is_part=False), exchange)

    def _request(self, exchange: Exchange) -> Iterator[Mismatch]:
        if not exchange.url.startswith(f"{self._root}/"):
            yield Mismatch("path", f"the request does not go to {self._root}")
            return
        if exchange.path == BATCH:
            yield from batch_request_faults(exchange)
            for part in parts_of(exchange, self._root):
                yield from _inside(part, self._request(part))
            return
        operation = self._description.find(exchange.method, exchange.path)
        if operation is None:
            yield self._unknown(exchange)
            return
        yield from query_faults(exchange, operation, self._properties)
        yield from body_faults(exchange, operation, self._schemas)

    def _answer(self, exchange: Exchange, *, is_part: bool) -> Iterator[Mismatch]:
        if not is_part:
            yield from header_faults(exchange)
        if not exchange.succeeded:
            yield from failure_faults(exchange, self._description, self._schemas, is_part=is_part)
        elif exchange.path == BATCH:
            yield from batch_answer_faults(exchange)
            for part in parts_of(exchange, self._root):
                yield from _inside(part, self._answer(part, is_part=True))
        else:
            operation = self._description.find(exchange.method, exchange.path)
            if operation is None:
                yield Mismatch("path", f"{exchange.status} for a path that Microsoft does not describe")
            else:
                yield from self._success(exchange, operation)

    def _success(self, exchange: Exchange, operation: Operation) -> Iterator[Mismatch]:
        yield from permission_faults(exchange, operation)
        if exchange.status == 204 or not operation.answer_type:
            if exchange.received:
                yield Mismatch("shape", f"{exchange.status} with a body")
            return
        if operation.answer_type == "text/plain":
            if not exchange.received.strip().isdigit():
                yield Mismatch("shape", "a count is a number in plain text")
            return
        if operation.answer is None or operation.answer_type != "application/json":
            return
        for fault in self._schemas.faults(operation.answer, exchange.answer):
            yield Mismatch("shape", fault)
        yield from selection_faults(exchange, operation, self._properties)
        yield from link_faults(exchange, operation, self._description, self._root)

    def _unknown(self, exchange: Exchange) -> Mismatch:
        if self._description.knows_path(exchange.path):
            return Mismatch("path", f"Microsoft describes no {exchange.method} for {exchange.path}")
        return Mismatch("path", f"Microsoft describes no {exchange.path}")


def _inside(part: Exchange, found: Iterator[Mismatch]) -> Iterator[Mismatch]:
    for mismatch in found:
        yield replace(mismatch, detail=f"in the part {part.method} {urlsplit(part.url).path}: {mismatch.detail}")


def _placed(found: Iterator[Mismatch], exchange: Exchange) -> list[Mismatch]:
    return [replace(mismatch, where=f"{exchange.names} -> {exchange.status}") for mismatch in found]
