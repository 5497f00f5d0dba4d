"""Organizations and mapping: one tenant, one Syncro Tenant, whoever races for it (reliability.md A20, A22, A38)."""

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from shared.storage.retries import Unanswered
from tests.flows.portal import Portal


def code(answer: object) -> str:
    return str(json.loads(answer.body).get("code"))  # type: ignore[attr-defined]


def pairs_in_store(portal: Portal, account: str = "acct_northwind") -> dict[str, str]:
    rows = portal.services.control(account).reservations.list()
    return {stored.value.key: stored.value.tenant_id for stored in rows}


def test_an_organization_comes_with_a_syncro_tenant_of_its_name(portal: Portal) -> None:
    made = portal.ask(
        "POST", "/organizations", {"name": "Acme", "domains": ["ACME.example", "acme.example"]}, expect=201
    )

    syncro = portal.services.control("acct_northwind").syncro_tenants.find(made["syncro_tenant_id"])
    assert (made["name"], made["domains"]) == ("Acme", ["acme.example"])
    assert syncro.value.name == "Acme"


def test_several_organizations_may_share_one_syncro_tenant(portal: Portal) -> None:
    head = portal.ask("POST", "/organizations", {"name": "Head office"}, expect=201)
    body = {"name": "Branch", "syncro_tenant_id": head["syncro_tenant_id"]}
    branch = portal.ask("POST", "/organizations", body, expect=201)
    tenant = portal.has_tenant()
    portal.integrate(tenant)

    portal.ask("PUT", f"/tenants/{tenant['id']}/mapping", {"organization_id": branch["id"]})

    under = portal.ask("GET", f"/tenants/{tenant['id']}")["organizations"]
    assert {it["name"] for it in under} == {"Head office", "Branch"}
    assert portal.row(tenant)["syncro_tenant"]["name"] == "Head office"


def test_organizations_are_changed_listed_page_by_page_and_deleted(portal: Portal) -> None:
    made = [portal.ask("POST", "/organizations", {"name": f"Org {number}"}, expect=201) for number in range(5)]

    portal.ask("PUT", f"/organizations/{made[0]['id']}", {"name": "Renamed", "domains": []})
    portal.ask("DELETE", f"/organizations/{made[1]['id']}", expect=204)
    seen, cursor = [], ""
    while True:
        page = portal.ask("GET", f"/organizations?limit=2{f'&cursor={cursor}' if cursor else ''}")
        seen += [it["name"] for it in page["items"]]
        cursor = page["next_cursor"]
        if cursor is None:
            break

    assert sorted(seen) == ["Org 2", "Org 3", "Org 4", "Renamed"]
    assert portal.ask("GET", f"/organizations/{made[0]['id']}")["name"] == "Renamed"
    assert portal.call("GET", f"/organizations/{made[1]['id']}").status == 404
    control = portal.services.control("acct_northwind")
    assert control.syncro_tenants.find(made[1]["syncro_tenant_id"]) is None


def test_a_mapped_organization_can_neither_be_deleted_nor_moved(portal: Portal) -> None:
    tenant = portal.has_tenant()
    portal.integrate(tenant)
    organization, other = portal.organization("Acme"), portal.organization("Other")
    portal.ask("PUT", f"/tenants/{tenant['id']}/mapping", {"organization_id": organization})
    elsewhere = portal.ask("GET", f"/organizations/{other}")["syncro_tenant_id"]

    deleted = portal.call("DELETE", f"/organizations/{organization}")
    moved = portal.call("PUT", f"/organizations/{organization}", {"name": "Acme", "syncro_tenant_id": elsewhere})
    renamed = portal.call("PUT", f"/organizations/{organization}", {"name": "Acme Ltd"})

    assert (deleted.status, code(deleted)) == (409, "organization_mapped")
    assert (moved.status, code(moved)) == (409, "organization_mapped")
    assert renamed.status == 200


@pytest.mark.parametrize(
    "body", [{"name": ""}, {"name": "\u202e\u200b"}, {"name": "x", "domains": ["a.example"] * 101}]
)
def test_an_organization_needs_a_visible_name_and_few_domains(portal: Portal, body: dict[str, object]) -> None:
    answer = portal.call("POST", "/organizations", body)

    assert answer.status == 400
    assert json.loads(answer.body)["errors"][0]["pointer"] in {"/name", "/domains"}


def test_a_conflict_names_the_holder(portal: Portal) -> None:
    first, second = portal.has_tenant("First", seed=1), portal.has_tenant("Second", seed=2)
    for tenant in (first, second):
        portal.integrate(tenant)
    acme, other = portal.organization("Acme"), portal.organization("Other")
    portal.ask("PUT", f"/tenants/{first['id']}/mapping", {"organization_id": acme})

    again = portal.call("PUT", f"/tenants/{first['id']}/mapping", {"organization_id": other})
    taken = portal.call("PUT", f"/tenants/{second['id']}/mapping", {"organization_id": acme})

    assert (again.status, code(again)) == (409, "already_mapped")
    assert "'Acme'" in json.loads(again.body)["detail"]
    assert (taken.status, code(taken)) == (409, "organization_taken")
    assert "'First'" in json.loads(taken.body)["detail"]
    assert json.loads(taken.body)["remedy"]


def test_unmapping_frees_both_sides_and_says_nothing_when_there_is_nothing(portal: Portal) -> None:
    first, second = portal.has_tenant("First", seed=1), portal.has_tenant("Second", seed=2)
    for tenant in (first, second):
        portal.integrate(tenant)
    acme = portal.organization("Acme")
    portal.ask("PUT", f"/tenants/{first['id']}/mapping", {"organization_id": acme})

    portal.ask("DELETE", f"/tenants/{first['id']}/mapping", expect=204)
    portal.ask("DELETE", f"/tenants/{first['id']}/mapping", expect=204)
    portal.ask("PUT", f"/tenants/{second['id']}/mapping", {"organization_id": acme})

    assert set(pairs_in_store(portal).values()) == {second["id"]}
    assert portal.row(first)["syncro_tenant"] is None
    assert portal.row(first)["sync_status"]["label"] == "Success"


def test_the_menu_of_a_row_follows_its_mapping(portal: Portal) -> None:
    tenant = portal.has_tenant()
    portal.integrate(tenant)
    before = [it["label"] for it in portal.row(tenant)["actions"]]
    portal.map(tenant)
    after = [it["label"] for it in portal.row(tenant)["actions"]]

    assert before == ["Map Syncro Tenant", "Reauthorize", "Remove Integration"]
    assert after == ["Unmap Syncro Tenant", "Reauthorize", "Remove Integration"]


def test_another_accounts_organization_is_not_found_and_leaves_no_half_pair(portal: Portal) -> None:
    tenant, bob = portal.has_tenant(), portal.called_by("bob")
    portal.integrate(tenant)
    theirs = bob.organization("Theirs")

    answer = portal.call("PUT", f"/tenants/{tenant['id']}/mapping", {"organization_id": theirs})

    assert answer.status == 404
    assert pairs_in_store(portal) == {}


@pytest.mark.parametrize(
    "spelled",
    [
        str.upper,
        lambda key: f"{{{key}}}",
        lambda key: f" {key}",
        lambda key: key.replace("-", ""),
        lambda _: "contosodental.example",
    ],
    ids=["upper case", "braces", "a space", "no dashes", "a domain"],
)
def test_another_spelling_of_a_tenant_is_the_same_tenant_or_none(portal: Portal, spelled: Callable[[str], str]) -> None:
    tenant = portal.has_tenant("Contoso Dental")
    portal.integrate(tenant)
    portal.map(tenant)
    other = portal.organization("Other")

    answer = portal.call("PUT", f"/tenants/{spelled(tenant['id'])}/mapping", {"organization_id": other})

    assert answer.status in {400, 409}
    assert len(pairs_in_store(portal)) == 2


def test_of_fifty_organizations_one_gets_the_tenant(portal: Portal) -> None:
    tenant = portal.has_tenant()
    portal.integrate(tenant)
    organizations = [portal.organization(f"Org {number}") for number in range(50)]

    with ThreadPoolExecutor(8) as pool:
        answers = list(
            pool.map(
                lambda it: portal.call("PUT", f"/tenants/{tenant['id']}/mapping", {"organization_id": it}),
                organizations,
            )
        )

    statuses = [answer.status for answer in answers]
    assert (statuses.count(200), statuses.count(409)) == (1, 49)
    assert {code(it) for it in answers if it.status == 409} <= {"already_mapped", "changed_meanwhile"}
    assert len(pairs_in_store(portal)) == 2


def test_of_eight_tenants_one_gets_the_organization(portal: Portal) -> None:
    tenants = [portal.has_tenant(f"Tenant {number}", seed=number, users=2) for number in range(8)]
    for tenant in tenants:
        portal.integrate(tenant)
    acme = portal.organization("Acme")

    with ThreadPoolExecutor(8) as pool:
        answers = list(
            pool.map(lambda it: portal.call("PUT", f"/tenants/{it['id']}/mapping", {"organization_id": acme}), tenants)
        )

    statuses = [answer.status for answer in answers]
    assert (statuses.count(200), statuses.count(409)) == (1, 7)
    assert len(pairs_in_store(portal)) == 2
    assert len(set(pairs_in_store(portal).values())) == 1


def test_a_mapping_whose_message_was_lost_is_synced_all_the_same(portal: Portal) -> None:
    tenant = portal.has_tenant()
    portal.integrate(tenant)
    queues = portal.services.queues
    working, queues._account = queues._account, Broken()
    portal.map(tenant)
    queues._account = working

    assert portal.status(tenant) == "Pending"
    portal.later(minutes=2)
    portal.tick()

    assert portal.status(tenant) == "Success"
    assert portal.services.control("acct_northwind").outbox.list() == []


class Broken:
    """A queue storage that never answers."""

    def send(self, *_: object, **__: object) -> None:
        raise Unanswered


def test_every_change_leaves_one_audit_entry(portal: Portal) -> None:
    tenant = portal.has_tenant()
    portal.connected(tenant)
    portal.ask("DELETE", f"/tenants/{tenant['id']}/mapping", expect=204)

    entries = portal.ask("GET", "/audit")["items"]

    told = [it["action"] for it in reversed(entries)]
    assert told == [
        "started integration", "accepted sign-in", "consent came back", "proved consent", "integrated tenant",
        "created organization", "mapped tenant", "unmapped tenant",
    ]  # fmt: skip
    assert {it["actor"] for it in entries} == {"user_alice", "system:consent_callback", "system:prove_consent"}
    assert portal.called_by("bob").ask("GET", "/audit")["items"] == []
