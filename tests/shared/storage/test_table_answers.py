"""Pages, tokens, certificates and redirects of Azure Tables, with both clients."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from azure.core.exceptions import ClientAuthenticationError

from shared.storage.rows import Row, RowNotStorable, StorageUnavailable, insert, upsert
from shared.storage.table import Table
from tests.shared.storage.clients import CLIENTS, Identity, by_key, by_token
from tests.shared.storage.proxy import TOKEN, Proxy, Reply, proxied

Make = Callable[[], Table]


@pytest.fixture
def proxy(storage: str) -> Iterator[Proxy]:
    with proxied(storage) as running:
        yield running


@pytest.fixture(params=[*CLIENTS])
def table(request: pytest.FixtureRequest, proxy: Proxy) -> Table:
    """A table with two rows behind the proxy."""
    opened = CLIENTS[request.param](by_key(proxy.connection))
    opened.write(insert(row("a")), insert(row("b")))
    proxy.requests.clear()
    return opened


def row(key: str, name: str = "x", etag: str = "") -> Row:
    return Row("p", key, {"name": name}, etag)


def test_a_server_that_leads_elsewhere_is_not_followed(table: Table, proxy: Proxy) -> None:
    away = Reply(307, {"Location": f"{proxy.storage.endpoint}/things()"}, b"")
    for call in (lambda: table.get("p", "a"), lambda: table.range("p"), lambda: table.write(upsert(row("a")))):
        proxy.requests.clear()
        proxy.faults = [lambda _: away]
        with pytest.raises(RowNotStorable):
            call()
        assert len(proxy.requests) == 1


def _page(*keys: str, more: dict[str, str] | None = None) -> Callable[[Reply], Reply]:
    rows = [{"PartitionKey": "p", "RowKey": key, "odata.etag": "e", "name": "x"} for key in keys]
    headers = {"Content-Type": "application/json"} | {
        f"x-ms-continuation-{name}": it for name, it in (more or {}).items()
    }
    return lambda _: Reply(200, headers, json.dumps({"value": rows}).encode())


MORE = {"NextPartitionKey": "1!4!cA--", "NextRowKey": "1 2/ä".encode().decode("latin-1")}


def test_a_page_may_be_short_or_empty_and_be_followed_by_more(table: Table, proxy: Proxy) -> None:
    proxy.faults = [_page(more=MORE), _page("a", more=MORE), _page(more={"NextPartitionKey": "p"}), _page("b")]

    assert [it.key for it in table.range("p")] == ["a", "b"]
    places = [it.partition("Next")[2] and "Next" + it.partition("Next")[2] for it in map(_sorted, proxy.requests)]
    assert places[0] == ""
    assert places[1] == places[2] != ""
    assert "1%214%21cA--" in places[1]
    assert "NextRowKey" not in places[3]


def _sorted(requests: str) -> str:
    path, _, query = requests.partition("?")
    return f"{path}?{'&'.join(sorted(query.split('&'), key=lambda it: it.startswith('Next')))}"


def test_no_page_is_requested_after_the_last_row_that_is_needed(table: Table, proxy: Proxy) -> None:
    proxy.faults = [_page("a", "b", more=MORE), _page("c", "d", more=MORE)]

    assert [it.key for it in table.range("p", limit=3)] == ["a", "b", "c"]
    assert len(proxy.requests) == 2


def test_a_page_that_was_lost_is_requested_again(table: Table, proxy: Proxy) -> None:
    proxy.faults = [_page("a", more=MORE), "lost", "busy", _page("b")]

    assert [it.key for it in table.range("p")] == ["a", "b"]
    assert len({_sorted(it) for it in proxy.requests[1:]}) == 1


@pytest.mark.parametrize("client", CLIENTS)
def test_a_token_is_requested_once_and_again_when_it_is_refused(client: str, storage: str, tmp_path: Path) -> None:
    with proxied(storage, tmp_path) as proxy:
        steady, renewed = Identity(), Identity(first="withdrawn")
        for identity in (steady, renewed):
            table = CLIENTS[client](by_token(proxy, tmp_path, identity))
            for number in range(3):
                table.write(insert(row(f"{id(identity)} {number}")), insert(row(f"{id(identity)} {number} more")))

    assert (steady.requests, renewed.requests) == (1, 2)


class NoIdentity:
    """A managed identity whose service is out."""

    def get_token(self, *_: str, **__: object) -> None:
        raise ClientAuthenticationError(TOKEN)


@pytest.mark.parametrize("client", CLIENTS)
def test_without_a_token_storage_is_out(client: str, storage: str, tmp_path: Path) -> None:
    with proxied(storage, tmp_path) as proxy:
        table = CLIENTS[client](by_token(proxy, tmp_path, NoIdentity()))
        for call in (lambda: table.get("p", "a"), lambda: table.range("p"), lambda: table.write(upsert(row("a")))):
            with pytest.raises(StorageUnavailable):
                call()
        assert proxy.requests == []


@pytest.mark.parametrize("client", CLIENTS)
def test_a_certificate_of_an_unknown_authority_is_refused(client: str, storage: str, tmp_path: Path) -> None:
    import certifi  # noqa: PLC0415 - the authorities that everybody trusts

    with proxied(storage, tmp_path) as proxy:
        (tmp_path / "ca.pem").write_bytes(Path(certifi.where()).read_bytes())
        with pytest.raises(StorageUnavailable):
            CLIENTS[client](by_token(proxy, tmp_path)).get("p", "k")
        assert proxy.requests == []
