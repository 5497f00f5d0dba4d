"""Who holds a role, from when until when, by which rules; and what of people, domains and licences bears on it."""

from datetime import UTC, datetime
from typing import Any

import pytest
from msgspec import UNSET

from integrations.domain.policies.role_management import RoleRule
from integrations.domain.sync.records import User
from integrations.domain.sync.security_records import PerUserMfa
from local.microsoft.world.roles import GLOBAL_ADMINISTRATOR, PRIVILEGED_ROLE_ADMINISTRATOR, ROLE_NAMES
from tests.exhaustive import exhaustive
from tests.flows.portal import Portal
from tests.flows.reading import cycle, rows, states

E5 = ["SPE_E5"]
APPROVAL = "Approval_EndUser_Assignment"
TOLD = "Notification_Admin_Admin_Assignment"


def schedules(portal: Portal, tenant: dict[str, str], dataset: str) -> dict[str, Any]:
    return {it.principal_id: it for it in rows(portal, tenant, dataset).values()}


def test_an_active_role_has_a_beginning_and_an_end_or_none(portal: Portal) -> None:
    tenant, world = portal.has_tenant(licences=E5), portal.microsoft.world
    admin = world.users(tenant["id"])[0]["id"]
    world.give_role(tenant["id"], tenant["member"], PRIVILEGED_ROLE_ADMINISTRATOR, scope="/administrativeUnits/au1")
    world.put_setting(
        tenant["id"],
        "role_assignments",
        "activated",
        principalId="p1",
        roleDefinitionId=GLOBAL_ADMINISTRATOR,
        assignmentType="Activated",
        memberType="Group",
        startDateTime="2026-01-04T10:00:00Z",
        endDateTime="2026-01-04T18:00:00Z",
    )
    world.put_setting(
        tenant["id"],
        "role_eligibilities",
        "eligible",
        principalId="p2",
        roleDefinitionId=GLOBAL_ADMINISTRATOR,
        startDateTime="2026-01-01T00:00:00Z",
    )

    portal.connected(tenant)

    active = schedules(portal, tenant, "role_assignments")
    always = active[admin]
    assert (always.role_id, always.scope, always.kind, always.member) == (
        GLOBAL_ADMINISTRATOR,
        "/",
        "Assigned",
        "Direct",
    )
    assert (always.starts_at, always.ends_at) == (None, None)
    assert active["p1"].ends_at == datetime(2026, 1, 4, 18, tzinfo=UTC)
    assert (active["p1"].kind, active["p1"].member) == ("Activated", "Group")
    assert {it.scope for it in active.values()} == {"/", "/administrativeUnits/au1"}
    [eligible] = rows(portal, tenant, "role_eligibilities").values()
    assert (eligible.principal_id, eligible.kind, eligible.ends_at) == ("p2", None, None)
    assert eligible.starts_at == datetime(2026, 1, 1, tzinfo=UTC)


def test_every_assignment_is_read_however_many_pages_there_are_and_leaves_when_it_ends(portal: Portal) -> None:
    tenant, world = portal.has_tenant(licences=E5), portal.microsoft.world
    world.switch(role_management_page_size=2, list_replays=True)
    for number in range(5):
        world.put_setting(
            tenant["id"], "role_eligibilities", f"e{number}", principalId=f"p{number}",
            roleDefinitionId=GLOBAL_ADMINISTRATOR,
        )  # fmt: skip
    portal.connected(tenant)
    before = set(rows(portal, tenant, "role_eligibilities"))
    world.drop_setting(tenant["id"], "role_eligibilities", "e3")

    cycle(portal, hours=7)

    assert before == {f"e{number}" for number in range(5)}
    assert before - set(rows(portal, tenant, "role_eligibilities")) == {"e3"}
    assert {it.role_id for it in rows(portal, tenant, "role_policies").values()} == set(ROLE_NAMES)


def test_the_rules_of_a_role_tell_who_approves_and_who_is_told(portal: Portal) -> None:
    tenant, world = portal.has_tenant(licences=E5), portal.microsoft.world
    setting = {"isApprovalRequired": True, "approvalMode": "SingleStage", "approvalStages": []}
    world.set_role_rule(tenant["id"], GLOBAL_ADMINISTRATOR, APPROVAL, setting=setting)
    world.set_role_rule(
        tenant["id"], GLOBAL_ADMINISTRATOR, TOLD, notificationRecipients=["b@x.example", "a@x.example"],
        isDefaultRecipientsEnabled=False,
    )  # fmt: skip

    portal.connected(tenant)

    policies = {it.role_id: it for it in rows(portal, tenant, "role_policies").values()}
    rules = policies[GLOBAL_ADMINISTRATOR].rules
    assert rules[APPROVAL] == RoleRule(needs_approval=True)
    assert rules[TOLD] == RoleRule(
        recipients=["a@x.example", "b@x.example"], tells_default_recipients=False, channel="Email"
    )
    assert policies[PRIVILEGED_ROLE_ADMINISTRATOR].rules[APPROVAL].needs_approval is False
    assert rules["Expiration_Admin_Assignment"] == RoleRule()  # nothing that anybody asks of it
    assert {it.group_id for it in policies.values()} == {None}


def test_groups_that_may_hold_roles_bring_the_rules_of_being_in_them(portal: Portal) -> None:
    tenant, world = portal.has_tenant(licences=E5), portal.microsoft.world
    world.add_group(tenant["id"], "Plain")
    world.give_role(tenant["id"], tenant["member"], through_group=True)
    [group] = [it["id"] for it in world.groups(tenant["id"]) if it["isAssignableToRole"]]
    setting = {"isApprovalRequired": True}
    world.set_role_rule(tenant["id"], f"{group}/member", APPROVAL, setting=setting)

    portal.connected(tenant)

    policies = {(it.group_id, it.role_id): it for it in rows(portal, tenant, "group_role_policies").values()}
    assert set(policies) == {(group, "member"), (group, "owner")}
    assert policies[group, "member"].rules[APPROVAL].needs_approval is True
    assert policies[group, "owner"].rules[APPROVAL].needs_approval is False


# People, domains, licences.


def test_the_legacy_state_of_mfa_is_kept_of_everybody_it_is_not_disabled_for(portal: Portal) -> None:
    tenant, world = portal.has_tenant(users=8), portal.microsoft.world
    people = [it["id"] for it in world.users(tenant["id"])]
    for user, state in zip(people, ("enabled", "enforced", None, "disabled"), strict=False):
        world.set_per_user_mfa(tenant["id"], user, state)

    portal.connected(tenant)

    found = [it for page in rows(portal, tenant, "per_user_mfa").values() for it in page.people]
    assert sorted(found, key=lambda it: people.index(it.user_id)) == [
        PerUserMfa(user_id=people[0], state="enabled"),
        PerUserMfa(user_id=people[1], state="enforced"),
        PerUserMfa(user_id=people[2], state=None),
    ]


@pytest.mark.parametrize("refusal", ["denied", *exhaustive("refused", "missing")])
def test_a_tenant_where_microsoft_does_not_offer_that_state_has_everything_else_and_no_warning(
    portal: Portal, refusal: str
) -> None:
    portal.microsoft.world.switch(per_user_mfa_state=refusal)
    tenant = portal.has_tenant(users=8, licences=E5)
    portal.connected(tenant)
    portal.run_queues()
    first_states = states(portal, tenant)
    row = portal.row(tenant)
    cycle(portal, hours=7)
    portal.microsoft.world.switch(per_user_mfa_state="answered")
    cycle(portal, hours=18)

    assert first_states.pop("per_user_mfa") == "not_offered"
    assert set(first_states.values()) == {"fresh"}
    assert (row["sync_status"]["label"], row["sync_status"]["cause"]) == ("Success", "synced")
    assert states(portal, tenant)["per_user_mfa"] == "fresh", "it is tried once a day"


def test_a_password_that_never_expires_is_told_from_one_that_was_never_set(portal: Portal) -> None:
    tenant, world = portal.has_tenant(), portal.microsoft.world
    world.put_setting(tenant["id"], "domains", tenant["domain"], passwordValidityPeriodInDays=None)
    world.put_setting(
        tenant["id"], "domains", f"mail.{tenant['domain']}", isRoot=False, passwordValidityPeriodInDays=90
    )

    portal.connected(tenant)

    found = {it.name: (it.password_days, it.is_root) for it in rows(portal, tenant, "domains").values()}
    assert found == {
        tenant["domain"]: (None, True),
        tenant["initial_domain"]: (2147483647, True),
        f"mail.{tenant['domain']}": (90, False),
    }


def test_a_product_brings_the_plans_that_are_ready(portal: Portal) -> None:
    tenant, world = portal.has_tenant(licences=["AAD_PREMIUM_P2", "SPB"]), portal.microsoft.world
    world.set_licences(tenant["id"], "SPB", status="Suspended")

    portal.connected(tenant)

    plans = {it.part_number: it.plans for it in rows(portal, tenant, "licenses").values()}
    assert "eec0eb4f-6444-4f95-aba0-50c24d67f998" in plans["AAD_PREMIUM_P2"]
    assert plans["SPB"] == []  # none is ready while the product is suspended


@pytest.mark.parametrize("by_changes", [True, False])
def test_people_come_with_their_company_addresses_and_where_their_licences_come_from(
    portal: Portal, *, by_changes: bool
) -> None:
    tenant, world = portal.has_tenant(users=21), portal.microsoft.world
    people = world.users(tenant["id"])
    key, sku = people[1]["id"], people[1]["assignedLicenses"][0]["skuId"]
    if by_changes:
        portal.connected(tenant)
    world.change_user(
        tenant["id"],
        key,
        companyName="Contoso",
        employeeId="E7",
        mail="ana@contoso.example",
        proxyAddresses=["SMTP:ana@contoso.example", "smtp:a@contoso.example", "X500:/o=x", "sip:ana@contoso.example"],
        otherMails=["ana@home.example"],
        createdDateTime="2024-02-03T04:05:06Z",
        onPremisesImmutableId="aW1t",
        onPremisesSyncEnabled=True,
        licenseAssignmentStates=[
            {"skuId": sku, "assignedByGroup": "g1", "state": "Error", "error": "CountViolation", "disabledPlans": []},
            {"skuId": sku, "assignedByGroup": None, "state": "Active", "error": "None", "disabledPlans": []},
        ],
        assignedLicenses=people[1]["assignedLicenses"],
    )
    if by_changes:
        cycle(portal, minutes=40)
    else:
        portal.connected(tenant)

    found: dict[str, User] = rows(portal, tenant, "users")
    user = found[key]
    assert (user.company, user.employee_id, user.aliases) == ("Contoso", "E7", ["a@contoso.example"])
    assert (user.other_mails, user.immutable_id, user.is_synced) == (["ana@home.example"], "aW1t", True)
    assert user.created_at == datetime(2024, 2, 3, 4, 5, 6, tzinfo=UTC)
    assert (user.license_groups, user.license_errors) == ({sku: ["g1"]}, {sku: "CountViolation"})
    assert user.home_issuer is None
    guest = next(it for it in found.values() if it.is_guest)
    assert (guest.home_issuer, guest.other_mails) == ("ExternalAzureAD", [guest.mail])


def test_a_change_that_leaves_out_what_is_null_does_not_make_it_absent(portal: Portal) -> None:
    tenant = portal.has_tenant(users=5)
    portal.connected(tenant)
    [changed] = portal.microsoft.world.touch_users(tenant["id"], 1)
    before = rows(portal, tenant, "users")

    cycle(portal, minutes=40)

    after = rows(portal, tenant, "users")
    assert {it.immutable_id for it in before.values()} == {it.immutable_id for it in after.values()} == {None}
    assert before[changed].job_title != after[changed].job_title


def test_an_id_of_the_premises_that_microsoft_does_not_send_at_all_is_absent(portal: Portal) -> None:
    tenant = portal.has_tenant(users=3)
    portal.microsoft.world.garble("drop", "value", 1, "onPremisesImmutableId", path=r"/users\?.*displayName")
    portal.connected(tenant)

    assert sorted(it.immutable_id is UNSET for it in rows(portal, tenant, "users").values()) == [False, False, True]
