"""Asking about many things of one kind one by one: in batches, as long as the service answers."""

from collections.abc import Iterator, Mapping, Sequence

from shared.microsoft.graph import BatchRequest, BatchResponse, Graph, TokenRejected, Transient

_BATCH = 20
MOST_BATCHES = 20  # in a cycle
_TOGETHER = 5 * _BATCH  # refused ones are retried together; what an outage interrupts is asked for again


def most_at_once(batches: int) -> int:
    """How many requests these batches hold."""
    return batches * _BATCH


def in_turn(graph: Graph, requests: Sequence[BatchRequest]) -> Iterator[Mapping[str, BatchResponse]]:
    """The responses by the ids of their requests, some at a time.

    Raises:
        Transient: one of the last responses, or a batch as a whole: there is no use in going on now.
        TokenRejected: what concerns everybody.
    """
    for start in range(0, len(requests), _TOGETHER):
        responses = graph.batch(requests[start : start + _TOGETHER])
        errors = [it.error for it in responses.values()]
        for rejected in (it for it in errors if isinstance(it, TokenRejected)):
            raise rejected
        yield responses
        for busy in (it for it in errors if isinstance(it, Transient)):
            raise busy
