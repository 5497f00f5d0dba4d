"""What tests of syncing look at: requests made, rows stored, counts of a run."""

from http.client import HTTPConnection
from typing import Any
from urllib.parse import urlsplit

import pytest

from integrations.domain.sync.groups import join
from integrations.domain.sync.records import Group
from integrations.microsoft.registry import BY_NAME
from integrations.storage.data.store import DataStore
from tests.flows.portal import Portal


def asked(portal: Portal, tenant: dict[str, str]) -> list[tuple[str, str]]:
    return [(it["method"], it["path"]) for it in portal.graph_requests(tenant)]


def users_of(portal: Portal, tenant: dict[str, str]) -> list[dict[str, Any]]:
    return list(portal.ask("GET", f"/tenants/{tenant['id']}/users?limit=1000")["items"])


def counts(run: dict[str, Any], dataset: str = "users") -> dict[str, int]:
    found = next(it for it in run["datasets"] if it["dataset"] == dataset)
    return {name: found.get("counts", {}).get(name, 0) for name in ("created", "changed", "removed")}


def states(portal: Portal, tenant: dict[str, str]) -> dict[str, str]:
    return {it["dataset"]: it["state"] for it in portal.ask("GET", f"/tenants/{tenant['id']}")["datasets"]}


def items(portal: Portal, tenant: dict[str, str], what: str) -> list[dict[str, Any]]:
    return list(portal.ask("GET", f"/tenants/{tenant['id']}/{what}?limit=1000")["items"])


def data_of(portal: Portal, tenant: dict[str, str]) -> DataStore:
    stored = portal.services.control("acct_northwind").tenants.find(tenant["id"]).value
    return portal.services.data("acct_northwind", tenant["id"], stored.epoch)


def rows(portal: Portal, tenant: dict[str, str], dataset: str) -> dict[str, Any]:
    """The stored rows of a data set, by their keys."""
    return dict(data_of(portal, tenant).list(dataset, BY_NAME[dataset].record, limit=1000))


def groups_of(portal: Portal, tenant: dict[str, str]) -> dict[str, Group]:
    return join(row for _, row in data_of(portal, tenant).list("groups", Group, limit=1000))


def security(portal: Portal, tenant: dict[str, str]) -> dict[str, Any]:
    return dict(portal.ask("GET", f"/tenants/{tenant['id']}/security"))


def parts(portal: Portal, tenant: dict[str, str]) -> list[str]:
    """Paths below the version of everything asked, alone or in batches."""
    requests = portal.graph_requests(tenant)
    alone = [it["path"] for it in requests if not it["path"].endswith("$batch")]
    return alone + [part["path"] for it in requests for part in it.get("parts") or []]


def cycle(portal: Portal, **span: float) -> None:
    """Time passes, and the schedule syncs."""
    portal.later(**span)
    portal.microsoft.world.forget_requests()
    portal.tick()


def table_requests(portal: Portal, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Every request to table storage from now on, whoever makes it; read at the one place all pass."""
    port = urlsplit(portal.services.tables._account.endpoint).port
    made: list[str] = []
    putrequest = HTTPConnection.putrequest

    def count(self: HTTPConnection, method: str, url: str, *rest: Any, **more: Any) -> None:
        if self.port == port:
            made.append(f"{method} {url}")
        putrequest(self, method, url, *rest, **more)

    monkeypatch.setattr(HTTPConnection, "putrequest", count)
    return made
