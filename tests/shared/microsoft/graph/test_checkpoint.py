"""Pages come out of a checkpoint exactly as Microsoft sent them."""

import pytest

from shared.microsoft.graph import Checkpoint, OutOfTime
from shared.microsoft.graph import checkpoint as checkpoints


def test_pages_of_an_earlier_part_are_given_back_byte_by_byte() -> None:
    first = Checkpoint()
    first.add("/a", b'{"value":[1]}')
    first.add("/b", b'{"value":[2]}')

    second = Checkpoint(first.new_pages)

    assert (second.get("/a"), second.get("/b"), second.get("/c")) == (b'{"value":[1]}', b'{"value":[2]}', None)
    assert second.new_pages == {}


def test_many_pages_are_compressed_as_they_come(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checkpoints, "_MAX_RAW_BYTES", 1000)
    checkpoint = Checkpoint()
    for number in range(20):
        checkpoint.add(f"/{number}", b"x" * 300)

    assert sum(map(len, checkpoint._raw.values())) <= 1000
    assert {Checkpoint(checkpoint.new_pages).get(f"/{number}") for number in range(20)} == {b"x" * 300}


def test_each_part_reads_one_page_at_least_and_then_stops_when_its_time_is_over() -> None:
    now = [0.0]
    checkpoint = Checkpoint({}, until=10, monotonic=lambda: now[0])
    checkpoint.check_time()
    checkpoint.add("/a", b"{}")
    checkpoint.check_time()
    now[0] = 10.0

    with pytest.raises(OutOfTime):
        checkpoint.check_time()
    late = Checkpoint(checkpoint.new_pages, until=10, monotonic=lambda: now[0])
    late.check_time()


def test_a_checkpoint_that_was_cleared_is_empty() -> None:
    checkpoint = Checkpoint({"/a": b""})
    checkpoint.add("/b", b"{}")
    checkpoint.clear()

    assert (checkpoint.get("/a"), checkpoint.new_pages) == (None, {})
