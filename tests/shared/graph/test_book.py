"""A reading's pages come out of its book as Microsoft sent them."""

import pytest

from shared.microsoft.graph import Book, OutOfTime
from shared.microsoft.graph import checkpoint as books


def test_pages_of_an_earlier_part_are_given_back_byte_by_byte() -> None:
    first = Book()
    first.add("/a", b'{"value":[1]}')
    first.add("/b", b'{"value":[2]}')

    second = Book(first.news)

    assert (second.get("/a"), second.get("/b"), second.get("/c")) == (b'{"value":[1]}', b'{"value":[2]}', None)
    assert second.news == {}


def test_many_pages_are_packed_as_they_come(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(books, "_PLAIN_MOST", 1000)
    book = Book()
    for number in range(20):
        book.add(f"/{number}", b"x" * 300)

    assert sum(map(len, book._plain.values())) <= 1000
    assert {Book(book.news).get(f"/{number}") for number in range(20)} == {b"x" * 300}


def test_each_part_reads_one_page_at_least_and_then_stops_when_its_time_is_over() -> None:
    now = [0.0]
    book = Book({}, until=10, monotonic=lambda: now[0])
    book.check()
    book.add("/a", b"{}")
    book.check()
    now[0] = 10.0

    with pytest.raises(OutOfTime):
        book.check()
    late = Book(book.news, until=10, monotonic=lambda: now[0])
    late.check()


def test_a_book_that_was_cleared_has_nothing() -> None:
    book = Book({"/a": b""})
    book.add("/b", b"{}")
    book.clear()

    assert (book.get("/a"), book.news) == (None, {})
