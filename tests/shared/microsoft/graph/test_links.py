"""Links of Graph: which are followed, and which never are (A25-A28, A41)."""

import pytest

from shared.microsoft.graph import (
    HostileLink,
)
from shared.microsoft.graph.links import address, relative
from tests.shared.microsoft.graph.replies import ROOT, Thing, graph, page

HOSTILE = [
    "http://graph.microsoft.com/v1.0/users",
    "https://evil.example/v1.0/users",
    "https://graph.microsoft.com.evil.example/v1.0/users",
    "https://graph.microsoft.com@evil.example/v1.0/users",
    "https://user:pw@graph.microsoft.com/v1.0/users",
    "https://evil.example\\@graph.microsoft.com/v1.0/users",
    "https://graph.microsoft.com%2eevil.example/v1.0/users",
    "https://graph.microsoft.com:8443/v1.0/users",
    "https://graph.microsoft.com:x/v1.0/users",
    "https://graph.microsoft.com/beta/users",
    "https://graph.microsoft.com/v1.0/../admin",
    "https://graph.microsoft.com/v1.0/%2e%2e/admin",
    "https://graph.microsoft.com/v1.0/a%2fb",
    "https://graph.microsoft.com/v1.0//evil.example",
    "https://graph.microsoft.com/v1.0/users#x",
    "https://graph.microsoft.com/v1.0/users\r\nX: y",
    "https://[::1/v1.0/users",
    "//graph.microsoft.com/v1.0/users",
    "/v1.0/users",
    "javascript:alert(1)",
    "https://graph.microsoft.com/v1.0/" + "x" * 20_000,
    "",
]


@pytest.mark.parametrize("link", HOSTILE, ids=lambda link: ascii(link)[:60])
def test_a_hostile_link_is_never_followed(link: str) -> None:
    client, http = graph(page("a", following=link or " "))

    with pytest.raises(HostileLink):
        list(client.items("/users", type=Thing))
    assert len(http.requests) == 1


def test_a_good_link_is_rebuilt_below_our_own_root() -> None:
    assert relative(f"{ROOT}:443/v1.0/users/delta?$deltatoken=a%20b", ROOT) == "/users/delta?$deltatoken=a%20b"
    assert (
        address("/users", {"select": "id,mail", "filter": "a eq 'b c'"})
        == "/users?$select=id,mail&$filter=a%20eq%20'b%20c'"
    )
