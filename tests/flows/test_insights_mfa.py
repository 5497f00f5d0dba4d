"""Who is protected by MFA across tenants, and people for whom the account has made an exception."""

from typing import Any

from integrations.domain.evaluations.mfa import MfaRow
from tests.flows.evaluating import derived_rows, resynced
from tests.flows.portal import Portal

MFA = "/insights/mfa"
GLOBAL = "62e90394-69f5-4237-9190-012177145e10"


def connected(portal: Portal, name: str, users: int = 6) -> dict[str, str]:
    tenant = portal.has_tenant(name, users=users)
    portal.integrate(tenant)
    portal.map(tenant, to=f"{name} Ltd")
    portal.run_queues()
    return tenant


def row(portal: Portal, name: str) -> dict[str, Any]:
    found: dict[str, Any] = next(it for it in portal.ask("GET", MFA)["items"] if it["name"] == name)
    return found


def people(portal: Portal, tenant: dict[str, str]) -> list[MfaRow]:
    return list(derived_rows(portal.services, tenant, "mfa", MfaRow).values())


def unprotected(portal: Portal, tenant: dict[str, str], *, administrators: bool = False) -> list[str]:
    """Enabled members who are surely not protected, administrators or others."""
    surely = {"exposed", "not_asked", "to_register"}
    return [
        it.user_id
        for it in people(portal, tenant)
        if it.counted_as.value == "person"
        and it.protection.value in surely
        and bool(it.is_administrator) is administrators
    ]


def excepts(portal: Portal, tenant: dict[str, str], *user_ids: str, until: str | None = None) -> None:
    items = [
        {"tenant_id": tenant["id"], "user_id": it, "reason": "Break-glass account", "until": until} for it in user_ids
    ]
    portal.ask("PUT", "/settings", {"exceptions": items})
    portal.run_queues()


def test_a_tenant_with_an_unprotected_administrator_comes_before_all_others(portal: Portal) -> None:
    connected(portal, "Contoso", users=30)
    tenant, world = connected(portal, "Fabrikam", users=3), portal.microsoft.world
    world.give_role(tenant["id"], world.users(tenant["id"])[0]["id"], GLOBAL)
    for person in world.users(tenant["id"]):
        world.set_registration(tenant["id"], person["id"], isMfaRegistered=False, isMfaCapable=False)
    resynced(portal, tenant)

    found = portal.ask("GET", MFA)

    assert found["items"][0]["name"] == "Fabrikam"
    administrators = found["items"][0]["administrators"]
    assert administrators["unprotected"] == len(unprotected(portal, tenant, administrators=True)) > 0
    assert administrators["total"] == sum(administrators[it] for it in BY_PROTECTION)
    assert found["items"][0]["people"]["total"] == sum(it.counted_as.value == "person" for it in people(portal, tenant))
    assert found["counts"]["administrators"] == 1
    assert [it["name"] for it in portal.ask("GET", f"{MFA}?only=administrators")["items"]] == ["Fabrikam"]


BY_PROTECTION = ("protected", "unprotected", "unknown", "excepted")


def test_somebody_with_an_exception_is_not_counted_as_unprotected_until_it_ends(portal: Portal) -> None:
    tenant, world = connected(portal, "Contoso"), portal.microsoft.world
    for person in world.users(tenant["id"]):
        world.set_registration(tenant["id"], person["id"], isMfaRegistered=False, isMfaCapable=False)
    resynced(portal, tenant)
    before, who = row(portal, "Contoso")["people"], unprotected(portal, tenant)[0]
    until = f"{portal.clock().replace(year=portal.clock().year + 1):%Y-%m-%dT%H:%M:%SZ}"

    excepts(portal, tenant, who, until=until)
    during = row(portal, "Contoso")["people"]
    portal.later(days=366)
    after = row(portal, "Contoso")["people"]

    assert before["excepted"] == 0
    assert during == {**before, "excepted": 1, "unprotected": before["unprotected"] - 1, **less_one(before, during)}
    assert after == before


def less_one(before: dict[str, int], during: dict[str, int]) -> dict[str, int]:
    """The number of the one list of unprotected people that is smaller by one."""
    smaller = [it for it in ("exposed", "not_asked", "to_register") if during[it] == before[it] - 1]
    assert len(smaller) == 1
    return {smaller[0]: before[smaller[0]] - 1}


def test_an_exception_for_somebody_who_is_protected_or_unknown_changes_no_number(portal: Portal) -> None:
    tenant = connected(portal, "Contoso")
    before = row(portal, "Contoso")
    protected = next(it.user_id for it in people(portal, tenant) if it.user_id not in unprotected(portal, tenant))

    excepts(portal, tenant, protected, "5c1d3f2a-0000-4000-8000-00000000bb01")

    assert {**row(portal, "Contoso"), "as_of": None} == {**before, "as_of": None}


def test_only_tenants_with_more_unprotected_people_than_the_threshold_are_listed(portal: Portal) -> None:
    tenant, world = connected(portal, "Contoso"), portal.microsoft.world
    for person in world.users(tenant["id"]):
        world.set_registration(tenant["id"], person["id"], isMfaRegistered=False, isMfaCapable=False)
    resynced(portal, tenant)
    number = row(portal, "Contoso")["people"]["unprotected"]

    portal.ask("PUT", "/settings", {"thresholds": {"unprotected_people": number - 1}})
    above = portal.ask("GET", MFA)
    portal.ask("PUT", "/settings", {"thresholds": {"unprotected_people": number}})
    at = portal.ask("GET", MFA)

    assert (above["items"][0]["is_listed"], above["counts"]["unprotected"]) == (True, 1)
    assert (at["items"][0]["is_listed"], at["counts"]["unprotected"]) == (False, 0)
