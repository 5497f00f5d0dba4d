"""Pages, tokens, certificates and redirects of Azure Tables, to both clients."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from azure.core.exceptions import ClientAuthenticationError

from shared.storage.rows import Row, RowNotStorable, StorageUnavailable, insert, upsert
from shared.storage.table import Table
from tests.shared.storage.front import TOKEN, Front, Said, front
from tests.shared.storage.ways import WAYS, Identity, by_key, by_token

Make = Callable[[], Table]


@pytest.fixture
def before(storage: str) -> Iterator[Front]:
    with front(storage) as found:
        yield found


@pytest.fixture(params=[*WAYS])
def table(request: pytest.FixtureRequest, before: Front) -> Table:
    """A table behind a front that has no faults yet, with two rows."""
    found = WAYS[request.param](by_key(before.connection))
    found.write(insert(row("a")), insert(row("b")))
    before.asked.clear()
    return found


def row(key: str, name: str = "x", etag: str = "") -> Row:
    return Row("p", key, {"name": name}, etag)


def test_a_server_that_leads_elsewhere_is_not_followed(table: Table, before: Front) -> None:
    away = Said(307, {"Location": f"{before.behind.endpoint}/things()"}, b"")
    for call in (lambda: table.get("p", "a"), lambda: table.range("p"), lambda: table.write(upsert(row("a")))):
        before.asked.clear()
        before.faults = [lambda _: away]
        with pytest.raises(RowNotStorable):
            call()
        assert len(before.asked) == 1


def _page(*keys: str, more: dict[str, str] | None = None) -> Callable[[Said], Said]:
    rows = [{"PartitionKey": "p", "RowKey": key, "odata.etag": "e", "name": "x"} for key in keys]
    headers = {"Content-Type": "application/json"} | {
        f"x-ms-continuation-{name}": it for name, it in (more or {}).items()
    }
    return lambda _: Said(200, headers, json.dumps({"value": rows}).encode())


MORE = {"NextPartitionKey": "1!4!cA--", "NextRowKey": "1 2/ä".encode().decode("latin-1")}


def test_a_page_may_be_short_or_empty_and_be_followed_by_more(table: Table, before: Front) -> None:
    before.faults = [_page(more=MORE), _page("a", more=MORE), _page(more={"NextPartitionKey": "p"}), _page("b")]

    assert [it.key for it in table.range("p")] == ["a", "b"]
    places = [it.partition("Next")[2] and "Next" + it.partition("Next")[2] for it in map(_sorted, before.asked)]
    assert places[0] == ""
    assert places[1] == places[2] != ""
    assert "1%214%21cA--" in places[1]
    assert "NextRowKey" not in places[3]


def _sorted(asked: str) -> str:
    path, _, query = asked.partition("?")
    return f"{path}?{'&'.join(sorted(query.split('&'), key=lambda it: it.startswith('Next')))}"


def test_no_page_is_asked_for_behind_the_last_row_that_is_wanted(table: Table, before: Front) -> None:
    before.faults = [_page("a", "b", more=MORE), _page("c", "d", more=MORE)]

    assert [it.key for it in table.range("p", limit=3)] == ["a", "b", "c"]
    assert len(before.asked) == 2


def test_a_page_that_was_lost_is_asked_for_again_from_where_it_began(table: Table, before: Front) -> None:
    before.faults = [_page("a", more=MORE), "lost", "busy", _page("b")]

    assert [it.key for it in table.range("p")] == ["a", "b"]
    assert len({_sorted(it) for it in before.asked[1:]}) == 1


@pytest.mark.parametrize("way", WAYS)
def test_a_token_is_asked_for_once_and_again_when_it_is_refused(way: str, storage: str, tmp_path: Path) -> None:
    with front(storage, tmp_path) as before:
        steady, renewed = Identity(), Identity(first="withdrawn")
        for identity in (steady, renewed):
            table = WAYS[way](by_token(before, tmp_path, identity))
            for number in range(3):
                table.write(insert(row(f"{id(identity)} {number}")), insert(row(f"{id(identity)} {number} more")))

    assert (steady.asked, renewed.asked) == (1, 2)


class NoIdentity:
    """A managed identity whose service is out."""

    def get_token(self, *_: str, **__: object) -> None:
        raise ClientAuthenticationError(TOKEN)


@pytest.mark.parametrize("way", WAYS)
def test_without_a_token_storage_is_out(way: str, storage: str, tmp_path: Path) -> None:
    with front(storage, tmp_path) as before:
        table = WAYS[way](by_token(before, tmp_path, NoIdentity()))
        for call in (lambda: table.get("p", "a"), lambda: table.range("p"), lambda: table.write(upsert(row("a")))):
            with pytest.raises(StorageUnavailable):
                call()
        assert before.asked == []


@pytest.mark.parametrize("way", WAYS)
def test_a_certificate_nobody_vouches_for_is_refused(way: str, storage: str, tmp_path: Path) -> None:
    import certifi  # noqa: PLC0415 - the authorities that everybody trusts

    with front(storage, tmp_path) as before:
        (tmp_path / "ca.pem").write_bytes(Path(certifi.where()).read_bytes())
        with pytest.raises(StorageUnavailable):
            WAYS[way](by_token(before, tmp_path)).get("p", "k")
        assert before.asked == []
