"""Whether MFA protects each person of a tenant follows what Microsoft has, by the API."""

import csv
import io
from datetime import datetime, timedelta
from typing import Any

import pytest

from integrations.actions.evaluate.evaluate_tenant import evaluate_tenant
from integrations.domain.evaluations.mfa import MfaRow
from tests.flows.evaluating import derived_rows, order_of, resynced, states, synced
from tests.flows.portal import Portal
from tests.flows.test_evaluations import due_at

EVERYBODY: dict[str, Any] = {"includeUsers": ["All"]}
Person = dict[str, Any]


def mfa(portal: Portal, tenant: dict[str, str], query: str = "") -> dict[str, Any]:
    return dict(portal.ask("GET", f"/tenants/{tenant['id']}/mfa{query}"))


def people(portal: Portal, tenant: dict[str, str], query: str = "?limit=1000") -> dict[str, Person]:
    return {it["user_id"]: it for it in mfa(portal, tenant, query)["items"]}


def unprotected(portal: Portal, tenant: dict[str, str]) -> set[str]:
    return set(people(portal, tenant, "?protection=unprotected&limit=1000"))


def applied_to(policy: dict[str, Any], **users: list[str]) -> dict[str, Any]:
    """The policy's conditions for these people."""
    return {**policy["conditions"], "users": {**EVERYBODY, **users}}


def seeded_policy(portal: Portal, tenant: dict[str, str]) -> dict[str, Any]:
    """The policy that requires MFA of everybody."""
    return dict(portal.microsoft.world.conditional_access(tenant["id"])[0])


def test_whoever_is_excluded_from_the_policy_is_unprotected_until_it_holds_them_again(portal: Portal) -> None:
    tenant, world = portal.has_tenant(users=30), portal.microsoft.world
    ids = [it["id"] for it in world.users(tenant["id"])]
    for it in ids:
        world.set_registration(tenant["id"], it, isMfaRegistered=True, isMfaCapable=True)
    excluded = set(ids[3:6])
    inner = world.add_group(tenant["id"], "Night shift", ids[5:6])
    outer = world.add_group(tenant["id"], "Warehouse", ids[3:5])
    world.add_member(tenant, outer, inner)
    policy = seeded_policy(portal, tenant)
    portal.connected(tenant)
    before = mfa(portal, tenant)
    leaving_out = applied_to(policy, excludeGroups=[outer])
    world.change_conditional_access(tenant["id"], policy["id"], conditions=leaving_out)
    resynced(portal, tenant)
    during, listed = mfa(portal, tenant), people(portal, tenant)
    world.change_conditional_access(tenant["id"], policy["id"], conditions=policy["conditions"])
    resynced(portal, tenant)
    after = mfa(portal, tenant)

    assert before["counts"]["people"]["protected"] == before["counts"]["people"]["total"] > 20
    assert {key for key, it in listed.items() if it["required"] == "no"} == excluded
    assert set(list(listed)[:3]) == excluded, "who is unprotected comes first"
    for key in excluded:
        assert listed[key]["protection"] == "not_asked"
        assert listed[key]["causes"][0]["why"] == "excluded through the group Warehouse"
        assert listed[key]["causes"][0]["name"] == "Require MFA for all users"
    assert during["counts"]["people"]["not_asked"] == 3
    assert after["counts"] == before["counts"]
    assert unprotected(portal, tenant) == set()


def test_whoever_is_excepted_is_told_apart_while_the_exception_is_valid(portal: Portal) -> None:
    tenant, world = portal.has_tenant(users=5), portal.microsoft.world
    ids = [it["id"] for it in world.users(tenant["id"])]
    policy = seeded_policy(portal, tenant)
    for it in ids:
        world.set_registration(tenant["id"], it, isMfaRegistered=True, isMfaCapable=True)
    world.change_conditional_access(tenant["id"], policy["id"], conditions=applied_to(policy, excludeUsers=ids[1:3]))
    portal.connected(tenant)
    before = mfa(portal, tenant)
    made = [{"tenant_id": tenant["id"], "user_id": it, "reason": "Break-glass account"} for it in (ids[1], ids[4])]
    portal.ask("PUT", "/settings", {"exceptions": made})
    excepted = mfa(portal, tenant)
    portal.ask("PUT", "/settings", {"exceptions": []})

    assert before["counts"]["people"]["not_asked"] == 2
    assert before["excepted"]["people"]["total"] == 0
    assert excepted["counts"] == before["counts"]
    assert excepted["excepted"]["people"]["not_asked"] == excepted["excepted"]["people"]["total"] == 1
    assert mfa(portal, tenant)["excepted"] == before["excepted"]


def test_only_people_with_another_verdict_have_another_row(portal: Portal) -> None:
    tenant, world = synced(portal), portal.microsoft.world
    ids = [it["id"] for it in world.users(tenant["id"])]
    before = derived_rows(portal.services, tenant, "mfa", MfaRow)
    policy = seeded_policy(portal, tenant)
    world.change_conditional_access(tenant["id"], policy["id"], conditions=applied_to(policy, excludeUsers=ids[:2]))
    resynced(portal, tenant)
    after = derived_rows(portal.services, tenant, "mfa", MfaRow)

    assert {key for key in after if after[key] != before[key]} == set(ids[:2])
    assert {after[key].since > before[key].since for key in ids[:2]} == {True}


def test_a_guest_a_disabled_account_and_an_administrator_through_a_group_are_counted_apart(portal: Portal) -> None:
    tenant, world = portal.has_tenant(users=30), portal.microsoft.world
    ids = [it["id"] for it in world.users(tenant["id"])]
    guest = world.make_guest(tenant["id"], "gina@elsewhere.example")["id"]
    world.change_user(tenant["id"], ids[1], accountEnabled=False)
    world.give_role(tenant["id"], ids[2], through_group=True)
    portal.connected(tenant)
    found, counts = people(portal, tenant), mfa(portal, tenant)["counts"]
    by_who = {
        who: set(people(portal, tenant, f"?who={who}&limit=1000"))
        for who in ("administrators", "guests", "disabled", "people")
    }

    assert (found[guest]["counted_as"], found[ids[1]]["counted_as"]) == ("guest", "disabled")
    assert found[ids[2]]["is_administrator"]
    assert {ids[0], ids[2]} <= by_who["administrators"] <= by_who["people"]
    assert guest in by_who["guests"]
    assert ids[1] in by_who["disabled"]
    assert (counts["administrators"]["total"], counts["guests"]["total"], counts["disabled"]) == (
        len(by_who["administrators"]), len(by_who["guests"]), len(by_who["disabled"]),
    )  # fmt: skip
    assert counts["people"]["total"] == len(by_who["people"])
    assert sum(len(by_who[who]) for who in ("people", "guests", "disabled")) == len(found)


def test_without_the_licence_it_is_known_what_is_required_and_not_who_has_registered(portal: Portal) -> None:
    tenant, world = portal.has_tenant(users=5, premium=False), portal.microsoft.world
    world.set_security_defaults(tenant["id"], enabled=False)
    world.set_per_user_mfa(tenant["id"], world.users(tenant["id"])[1]["id"], "enforced")
    portal.connected(tenant)
    found = list(people(portal, tenant).values())

    assert sorted(it["required"] for it in found) == ["no", "no", "no", "no", "yes"]
    assert {it["registered"] for it in found} == {"unknown"}
    assert all(it["causes"][-1]["why"] == "the tenant has no licence for it" for it in found)
    assert mfa(portal, tenant)["counts"]["people"]["unknown"] == 5


def test_security_defaults_require_mfa_of_everybody(portal: Portal) -> None:
    tenant, world = portal.has_tenant(users=3, premium=False), portal.microsoft.world
    world.set_security_defaults(tenant["id"], enabled=True)
    portal.connected(tenant)

    assert {it["mode"] for it in people(portal, tenant).values()} == {"always", "adaptive"}


def test_a_missing_permission_is_named_where_it_leaves_something_unknown(portal: Portal) -> None:
    tenant = portal.has_tenant()
    portal.microsoft.world.fault(host="graph", path="conditionalAccess/policies", status=403, times=None)
    portal.connected(tenant)

    whys = {it["causes"][0]["why"] for it in people(portal, tenant).values()}
    assert whys == {"the permission Policy.Read.All is missing"}
    assert {it["required"] for it in people(portal, tenant).values()} == {"unknown"}


def test_people_are_paged_and_searched(portal: Portal) -> None:
    tenant = synced(portal)
    every = mfa(portal, tenant, "?limit=1000")
    pages, cursor = [], ""
    while cursor is not None:
        page = mfa(portal, tenant, f"?limit=7&cursor={cursor}")
        pages.append([it["user_id"] for it in page["items"]])
        cursor = page["next_cursor"]
    one = every["items"][4]
    by_name = mfa(portal, tenant, f"?q={one['name'].split()[0].upper()}")
    by_username = mfa(portal, tenant, f"?q={one['username'].partition('@')[0]}")

    assert [it for page in pages for it in page] == [it["user_id"] for it in every["items"]]
    assert {len(it) for it in pages[:-1]} == {7}
    assert every["total"] == len(every["items"]) > 20
    for found in (by_name, by_username):
        assert one["user_id"] in {it["user_id"] for it in found["items"]}
        assert 0 < found["total"] == len(found["items"]) < every["total"]
        assert found["counts"] == every["counts"]
    portal.ask("GET", f"/tenants/{tenant['id']}/mfa?cursor=abc", expect=400)


def test_the_list_comes_as_csv_to_those_who_ask_for_it(portal: Portal) -> None:
    tenant = synced(portal)
    answer = portal.call("GET", f"/tenants/{tenant['id']}/mfa?limit=2", headers={"accept": "text/csv"})
    lines = list(csv.DictReader(io.StringIO(answer.body.decode(), newline="")))
    shown = mfa(portal, tenant, "?limit=2")

    assert answer.headers["Content-Disposition"] == f'attachment; filename="mfa-{tenant["id"]}.csv"'
    assert answer.headers["Next-Cursor"] == shown["next_cursor"]
    assert [it["user_id"] for it in lines] == [it["user_id"] for it in shown["items"]]
    assert lines[0]["causes"] == "; ".join(f"{it['name']}: {it['why']}" for it in shown["items"][0]["causes"])
    assert lines[0]["since"] == shown["items"][0]["since"]


@pytest.mark.parametrize("is_mapped", [False, True])
def test_before_the_first_evaluation_nobody_is_listed(portal: Portal, is_mapped: bool) -> None:
    tenant = portal.has_tenant()
    portal.integrate(tenant)
    if is_mapped:
        portal.map(tenant)
    told = mfa(portal, tenant)

    assert (told["items"], told["counts"], told["as_of"]) == ([], None, None)
    assert told["state"] == ("not_evaluated" if is_mapped else "not_mapped")


def test_whoever_is_deleted_is_gone_from_the_list(portal: Portal) -> None:
    tenant, world = synced(portal, users=5), portal.microsoft.world
    gone = world.users(tenant["id"])[3]["id"]
    was_there = gone in people(portal, tenant)
    world.remove_user(tenant["id"], gone)
    portal.sync(tenant)

    assert was_there
    assert gone not in people(portal, tenant)
    assert states(portal, tenant)["mfa"] == "fresh"


def decided_at(portal: Portal, tenant: dict[str, str]) -> datetime:
    """When everybody was last decided about."""
    order = order_of(portal.services, tenant)
    at = portal.services.derived(order.account_id, order.tenant_id, order.epoch).cursors()["mfa"].full_read_at
    assert at is not None
    return at


def test_while_data_is_read_again_in_time_nothing_is_decided_anew_and_once_it_is_not_everything_is_unknown(
    portal: Portal,
) -> None:
    tenant = synced(portal)
    decided = [decided_at(portal, tenant)]
    resynced(portal, tenant)
    for hours in (6, 13):  # since the sync: the first look is in time
        portal.later(hours=hours)
        at = due_at(portal, tenant)
        evaluate_tenant(portal.services, order_of(portal.services, tenant))
        decided.append(decided_at(portal, tenant))
        as_of = datetime.fromisoformat(mfa(portal, tenant)["as_of"])
        assert portal.clock() - as_of < timedelta(minutes=5), "what is still right is so as of now"
    everybody = people(portal, tenant).values()

    assert at is not None
    assert at <= portal.clock()
    assert decided[0] == decided[1] < decided[2]
    assert {it["protection"] for it in everybody} == {"unknown"}
    assert {it["causes"][0]["why"] for it in everybody} == {"it was last read too long ago"}
