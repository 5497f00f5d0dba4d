"""A data set is one entry in a registry: what must follow from it follows, without another line anywhere."""

from collections.abc import Iterator

import msgspec
import pytest

from integrations.domain.sync.datasets import Reading, Record
from integrations.microsoft import registry as datasets
from integrations.microsoft.dataset import Dataset, FirstRequest, ReadContext, ReadRoute
from integrations.triggers import collect_routes
from integrations.triggers.http.openapi import document
from local.microsoft.cloud import Running
from local.portal_identity import PortalIdentity
from tests.flows.portal import Portal, open_portal
from tests.flows.raw import everything
from tests.flows.reading import states


class _Place(msgspec.Struct, rename="camel"):
    id: str


class MailDomain(msgspec.Struct, frozen=True, kw_only=True):
    name: str


def _read(asked: ReadContext) -> Reading:
    found = asked.by_id(_Place)
    return Reading(records=[Record(key=it, body=MailDomain(name=it)) for it in found], is_complete=True)


MAIL_DOMAINS = Dataset(
    name="mail_domains",
    permission="Directory.Read.All",
    record=MailDomain,
    first_request=FirstRequest(path="/domains", query={"select": "id"}, page=_Place),
    read=_read,
    route=ReadRoute("mail-domains", "The domains that mail may come from."),
)


@pytest.fixture
def portal(
    microsoft: Running, identity: PortalIdentity, storage: str, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Portal]:
    """A portal whose syncs read a data set of a feature that is still to come."""
    monkeypatch.setattr(datasets, "DATASETS", (*datasets.DATASETS, MAIL_DOMAINS))
    found = open_portal(microsoft, identity, storage)
    with found.host:
        yield found


def rows(portal: Portal, tenant: dict[str, str], options: str = "") -> dict[str, list[dict[str, str]]]:
    return portal.ask("GET", f"/tenants/{tenant['id']}/mail-domains{options}")


def test_a_sync_reads_it_and_the_api_answers_its_rows(portal: Portal) -> None:
    tenant = portal.has_tenant()
    portal.connected(tenant)

    told = rows(portal, tenant)

    assert states(portal, tenant)["mail_domains"] == "fresh"
    assert (told["state"], len(rows(portal, tenant, "?limit=1")["items"])) == ("fresh", 1)
    assert {it["name"] for it in told["items"]} >= {"contosodental.example"}


def test_its_route_is_described_and_checked_like_every_other(portal: Portal) -> None:
    tenant = portal.has_tenant()
    portal.connected(tenant)
    api = document(collect_routes(lambda: portal.services).all)
    told = api["paths"]["/tenants/{tenant_id}/mail-domains"]["get"]

    assert told["summary"] == "The domains that mail may come from."
    assert "MailDomain" in str(api["components"]["schemas"])
    refused = {"?limit=x": ("alice", 400), "": ("bob", 404), "?limit=1": ("tess", 403)}
    for options, (who, status) in refused.items():
        told = portal.called_by(who).call("GET", f"/tenants/{tenant['id']}/mail-domains{options}")
        assert told.status == status, (options, told)


def test_it_is_exported_and_gone_with_the_integration(portal: Portal) -> None:
    tenant = portal.has_tenant()
    portal.connected(tenant)
    exported = portal.ask("GET", f"/export?tenant_id={tenant['id']}&kind=mail_domains")["rows"]

    portal.remove(portal.row(tenant)["integration_id"])
    portal.run_queues()
    portal.later(hours=2)
    portal.tick()

    assert {it["value"]["name"] for it in exported} >= {"contosodental.example"}
    assert not [kind for kind, _ in everything(portal) if kind.startswith("data")]
