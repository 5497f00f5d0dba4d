"""Awkward people, from Microsoft's directory to the API, by the numbers of the table they are listed in."""

from collections.abc import Mapping
from typing import Any

import pytest

from local.portal_client import APP_ROLES
from tests.flows.portal import CLIENT_ID, Portal
from tests.flows.user_sync import UserSync, with_user_sync

CALL_QUEUE = "440eaaa8-b3e0-484b-a8be-62870b9ba70a"  # PHONESYSTEM_VIRTUALUSER
BUSINESS = "f245ecc8-75af-4f8e-b61f-27d8114de5f3"  # O365_BUSINESS_PREMIUM
SALES = {"department": {"include": [{"value": "Sales"}]}}


@pytest.fixture
def sync(portal: Portal) -> UserSync:
    return with_user_sync(portal, users=1)


def licensed(*products: str) -> list[dict[str, object]]:
    return [{"skuId": it, "disabledPlans": []} for it in products]


def without_permission(sync: UserSync, *permissions: str) -> None:
    kept = [it for it in APP_ROLES if it not in permissions]
    sync.world.set_app_roles(sync.id, CLIENT_ID, kept)
    sync.portal.services.sign_in.forget(sync.id)


def branch_of(sync: UserSync) -> str:
    """Another Organization under the same Syncro Tenant."""
    organizations = sync.portal.ask("GET", "/organizations")["items"]
    syncro_tenant = next(it["syncro_tenant_id"] for it in organizations if it["id"] == sync.organization)
    body = {"name": "Branch", "syncro_tenant_id": syncro_tenant}
    return str(sync.portal.ask("POST", "/organizations", body, expect=201)["id"])


def questions(sync: UserSync) -> dict[str, str]:
    return {it["user"]["name"]: it["kind"] for it in sync.questions()}


def mailbox_of(person: Mapping[str, Any]) -> tuple[str, str]:
    """What the mailbox of the user is for, whom somebody is, and how that is known."""
    (user,) = person["microsoft"]
    return user["mailbox"], user["mailbox_evidence"]


def linked_by(sync: UserSync, name: str) -> str:
    return str(next(it["linked_by"] for it in sync.links() if it["end_user"] and it["end_user"]["name"] == name))


def test_whom_it_finds_by_addresses_and_whom_it_asks_about(sync: UserSync) -> None:
    """3, 4, 6, 7, 8, 9, 10, 11, 25, 26: one tenant in which each of these people is."""
    domain, initial = sync.tenant["domain"], sync.tenant["initial_domain"]
    desk = sync.has_end_user("Desk", mail="desk@contoso.example")
    for name in ("Uma One", "Uma Two"):
        sync.has_user(name, mail="desk@contoso.example")
    for name in ("Twin", "Twin Too"):
        sync.has_end_user(name, mail=f"twin@{domain}")
    sync.has_user("Twin")
    namesake = sync.has_end_user("Homer Nym", mail="homer@other.example")
    sync.has_user("Homer Nym")
    old = sync.has_end_user("Nell Alias", mail="nell.before@contoso.example")
    sync.has_user("Nell Alias", proxyAddresses=["smtp:nell.before@contoso.example"])
    cased = sync.has_end_user("Carl Case", mail=f"CARL.case@{domain}")
    sync.has_user("Carl Case", mail=f"carl.CASE@{domain} ")
    sync.has_user("Upton Only", mail=None)
    sync.has_user("Noel Mail", mail=None, userPrincipalName=f"noel@{initial.replace('.example', '.com')}")
    sync.has_user("backup", displayName="Backup Service")
    sync.sync()

    sync.turn_on()

    assert questions(sync) == {
        "Uma One": "several_microsoft_users",
        "Uma Two": "several_microsoft_users",
        "Twin": "several_end_users",
        "Homer Nym": "name_only",
    }
    assert sync.portal.ask("GET", f"/end-users/{desk}")["microsoft"] == []
    assert sync.portal.ask("GET", f"/end-users/{namesake}")["microsoft"] == []
    assert sync.portal.ask("GET", f"/end-users/{old}")["mail"] == f"nell.alias@{domain}"
    assert linked_by(sync, "Nell Alias") == "alias"
    assert sync.person("Carl Case")["id"] == cased
    assert sync.person("Upton Only")["mail"] == f"upton.only@{domain}"
    assert sync.state()["skipped"] == {"no_email": 1}
    assert sync.person("Backup Service")


def test_new_ones_that_look_like_services_are_named_before_they_are_taken(sync: UserSync) -> None:
    """25. Of these, somebody has signed in with all but some."""
    backups = {sync.has_user(f"Backup {it}"): f"Backup {it}" for it in range(12)}
    sync.sync()

    plan = sync.turn_on()

    suggested = {it["object_id"] for it in plan["examples"]["service_accounts"]}
    assert suggested < backups.keys()
    assert plan["service_accounts"] == len(suggested) > 0
    assert {it["name"] for it in sync.people()} >= set(backups.values())
    assert "service_accounts" not in sync.plan()["examples"]


def test_marriage_and_a_mail_address_that_somebody_else_has(sync: UserSync) -> None:
    """1, 2, 37, 38, 42."""
    jane = sync.has_user("Jane Roe", mobilePhone="+1 206 555 0100")
    sync.sync()
    sync.turn_on()
    person = sync.person("Jane Roe")
    sync.has_end_user("Bob", mail="bob@contoso.example")
    sync.world.change_user(
        sync.id, jane, displayName="Jane Doe", mail="bob@contoso.example", jobTitle="Chief", mobilePhone=None
    )

    sync.sync()

    changed = sync.portal.ask("GET", f"/end-users/{person['id']}")
    assert (changed["name"], changed["mail"], changed["job_title"]) == ("Jane Doe", person["mail"], "Chief")
    assert changed["mobile_phone"] == "+1 206 555 0100"
    assert questions(sync) == {"Jane Doe": "email_taken"}
    assert sync.questions()[0]["mail"] == "bob@contoso.example"
    assert len(sync.plan()["examples"]["cleared"]) == 1
    sync.world.change_user(sync.id, jane, mail="doe@contoso.example", userPrincipalName="doe@contoso.example")
    sync.sync()
    changed = sync.portal.ask("GET", f"/end-users/{person['id']}")
    assert (changed["mail"], changed["microsoft"][0]["username"]) == ("doe@contoso.example", "doe@contoso.example")
    assert sync.questions() == []


def test_guests_and_accounts_that_nobody_is(sync: UserSync) -> None:
    """12, 13, 14, 16."""
    guest = {"userType": "Guest", "userPrincipalName": "ines_partner.example#EXT#@contoso.onmicrosoft.com"}
    sync.has_user("Ines", **guest, mail="ines@partner.example")
    external = {"userType": "Member", "userPrincipalName": "emil_partner.example#EXT#@contoso.onmicrosoft.com"}
    sync.has_user("Emil", **external, mail="emil@partner.example")
    sync.has_user("Nora Null", userType=None)
    sync.has_user("Dora Disabled", accountEnabled=False)
    sync.sync()
    sync.turn_on()

    assert {it["name"] for it in sync.people()} >= {"Nora Null"}
    assert {it["name"] for it in sync.people()}.isdisjoint({"Ines", "Emil", "Dora Disabled"})
    assert sync.state()["skipped"] == {"disabled": 1, "unrouted": 2}
    both = {"organization_id": sync.organization, "filter": {"user_types": ["member", "external_member"]}}
    sync.turn_on({"organizations": [both]})
    assert sync.person("Emil")["mail"] == "emil@partner.example"


def test_a_leaver_comes_back_and_an_address_is_given_to_somebody_else(sync: UserSync) -> None:
    """17, 18, 19, 20, 21."""
    leaver = sync.has_user("Lea Leaver")
    quitter = sync.has_user("Quentin Quit", employeeId="E4711")
    kept = sync.has_user("Kim Kept")
    sync.has_user("Otto Off")
    sync.sync()
    sync.turn_on()
    people = {it["name"]: it["id"] for it in sync.people()}
    for name, fields in (("Kim Kept", {"keep_active": True}), ("Otto Off", {"is_active": False})):
        person = sync.portal.ask("GET", f"/end-users/{people[name]}")
        names = ("name", "given_name", "surname", "mail", "phone", "mobile_phone", "job_title")
        sync.portal.ask("PUT", f"/end-users/{people[name]}", {**{it: person[it] for it in names}, **fields})
    for object_id in (leaver, quitter, kept):
        sync.world.remove_user(sync.id, object_id)
    sync.sync()

    def active(name: str) -> bool:
        return bool(sync.portal.ask("GET", f"/end-users/{people[name]}")["is_active"])

    assert [active(it) for it in ("Lea Leaver", "Quentin Quit", "Kim Kept", "Otto Off")] == [False, False, True, False]
    assert sync.portal.ask("GET", f"/end-users/{people['Kim Kept']}")["microsoft"][0]["is_gone"] is True
    assert sync.portal.ask("GET", f"/end-users/{people['Otto Off']}")["inactive_reason"] == "portal"
    sync.world.restore_user(sync.id, leaver)
    sync.world.remove_user(sync.id, quitter, permanently=True)
    sync.world.remove_user(sync.id, kept, permanently=True)
    sync.has_user("Quentin Quit", employeeId="E4711")
    sync.has_user("Kim Kept")
    sync.sync()

    assert active("Lea Leaver")
    assert not active("Otto Off")
    assert active("Quentin Quit")
    assert linked_by(sync, "Quentin Quit") == "rehire"
    assert questions(sync) == {"Kim Kept": "rehire_or_other_person"}
    sync.decide(sync.questions()[0], "create")
    assert len([it for it in sync.people() if it["name"] == "Kim Kept"]) == 2


def test_organizations_take_users_in_order_and_nobody_moves_by_itself(sync: UserSync) -> None:
    """5, 27, 28, 31, 32."""
    branch = branch_of(sync)
    for organization in (sync.organization, branch):
        sync.has_end_user("Sam Both", organization, mail=f"sam.both@{sync.tenant['domain']}")
    sam = sync.has_user("Sam Both", department="sales ")
    sync.has_user("Fay Field", department=None)
    sync.sync()
    settings = {"organizations": [{"organization_id": branch, "filter": SALES}, {"organization_id": sync.organization}]}

    sync.turn_on(settings)

    assert [it["name"] for it in sync.people(branch)] == ["Sam Both"]
    (person,) = sync.people(branch)
    assert person["microsoft"][0]["object_id"] == sam
    assert sync.person("Fay Field")["microsoft"]
    sync.world.change_user(sync.id, sam, department="Purchase")
    sync.sync()
    assert questions(sync) == {"Sam Both": "would_move"}
    assert sync.questions()[0]["organization"]["id"] == sync.organization
    sync.decide(sync.questions()[0], "move")
    moved = sync.portal.ask("GET", f"/end-users/{person['id']}")
    assert (moved["organization_id"], moved["microsoft"][0]["object_id"]) == (sync.organization, sam)
    sync.sync()
    assert (sync.questions(), sync.state()["state"]) == ([], "synced")


def test_groups_take_users_and_a_group_that_is_gone_hurts_nobody(sync: UserSync) -> None:
    """29, 30."""
    inner_member, outsider = sync.has_user("Ina Inner"), sync.has_user("Olaf Out")
    inner = sync.world.add_group(sync.id, "Inner", [inner_member])
    outer = sync.world.add_group(sync.id, "Outer")
    sync.world.add_member(sync.tenant, outer, inner)
    sync.sync()
    group = {"organization_id": sync.organization, "filter": {"group": {"include": [outer]}}}

    sync.turn_on({"organizations": [group]})

    assert [it["name"] for it in sync.people()] == ["Ina Inner"]
    assert outsider not in {it["object_id"] for it in sync.links()}
    sync.world.remove_group(sync.tenant, outer)
    sync.sync()
    assert sync.kinds() == ["filter_broken"]
    (broken,) = sync.questions()
    assert (broken["missing_groups"], broken["choices"], broken["user"]) == ([outer], [], None)
    assert sync.person("Ina Inner")["is_active"]


def test_a_filter_that_is_edited_shows_whom_it_drops_and_needs_to_be_seen(portal: Portal) -> None:
    """33, 35."""
    sync = with_user_sync(portal, users=16)
    sync.turn_on()
    nobody = {"department": {"include": [{"value": "Nowhere"}]}}
    settings = {"organizations": [{"organization_id": sync.organization, "filter": nobody}]}

    plan = sync.plan(settings)

    assert (plan["counts"]["inactivate"], plan["inactivated"]) == (16, {"unrouted": 16})
    assert set(plan["hold_reasons"]) == {"too_many", "filter_matches_nobody"}
    assert sync.put(settings).status == 409
    sync.turn_on(settings)
    assert all(not it["is_active"] and it["inactive_reason"] == "unrouted" for it in sync.people())
    sync.turn_on()
    assert all(it["is_active"] for it in sync.people())


def test_a_name_full_of_tricks_is_cleaned(sync: UserSync) -> None:
    """39."""
    sync.has_user("Mallory", displayName="Mal\u202elory\x07 " + "x" * 500)
    sync.sync()

    sync.turn_on()

    name = next(it["name"] for it in sync.people() if it["name"].startswith("Mal"))
    assert (name[:8], len(name)) == ("Mallory ", 256)


def test_one_person_in_two_tenants_has_one_end_user_in_each_organization(sync: UserSync) -> None:
    """41."""
    sync.has_user("Zoe Twice")
    sync.sync()
    sync.turn_on()
    other = sync.portal.has_tenant("Fabrikam", users=1)
    sync.portal._integrates(other)
    organization = sync.portal.organization("Fabrikam")
    sync.portal.ask("PUT", f"/tenants/{other['id']}/mapping", {"organization_id": organization})
    second = UserSync(sync.portal, other, organization)
    second.has_user("Zoe Twice", mail=f"zoe.twice@{sync.tenant['domain']}")
    sync.portal.run_queues()

    second.turn_on()

    assert sync.person("Zoe Twice")["id"] != second.person("Zoe Twice")["id"]
    assert second.person("Zoe Twice")["microsoft"][0]["tenant_id"] == other["id"]


def test_a_tenant_that_is_renamed_changes_nobody(sync: UserSync) -> None:
    """42: keys are ids."""
    sync.has_user("Jane Roe")
    sync.sync()
    sync.turn_on()
    before, links = sync.people(), sync.links()

    sync.world.rename_tenant(sync.id, "Contoso Holding")
    sync.sync(hours=25)

    assert [it | {"microsoft": []} for it in sync.people()] == [it | {"microsoft": []} for it in before]
    assert {link["tenant_name"] for it in sync.people() for link in it["microsoft"]} == {"Contoso Holding"}
    assert sync.links() == links


def test_somebody_disabled_who_has_an_end_user_is_linked_and_becomes_inactive_as_the_plan_said(sync: UserSync) -> None:
    """15."""
    known = sync.has_end_user("Dora Disabled", mail=f"dora.disabled@{sync.tenant['domain']}")
    dora = sync.has_user("Dora Disabled", accountEnabled=False)
    sync.sync()
    plan = sync.plan()
    (example,) = plan["examples"]["inactivate"]
    assert (example["object_id"], example["end_user"]["id"], example["reason"]) == (dora, known, "disabled")
    assert sync.person("Dora Disabled")["is_active"]

    sync.turn_on()

    person = sync.person("Dora Disabled")
    assert (person["id"], person["microsoft"][0]["object_id"]) == (known, dora)
    assert (person["is_active"], person["inactive_reason"]) == (False, "disabled")
    assert [it["id"] for it in sync.people() if it["name"] == "Dora Disabled"] == [known]


def test_a_shared_mailbox_is_nobodys_where_exchange_may_be_asked_and_taken_where_it_may_not(sync: UserSync) -> None:
    """22: an account that looks like a person's, with a license and enabled."""
    archive = sync.has_user("Archive", assignedLicenses=licensed(BUSINESS))
    sync.world.set_mailbox(sync.id, archive, "shared")
    without_permission(sync, "MailboxSettings.Read", "Place.Read.All")
    sync.sync()
    sync.turn_on()
    assert sync.person("Archive")["is_active"]
    assert mailbox_of(sync.person("Archive")) == ("unknown", "none")
    assert sync.portal.status(sync.tenant) == "Success"

    without_permission(sync)
    sync.sync(hours=25)

    person = sync.person("Archive")
    assert (person["is_active"], person["inactive_reason"]) == (False, "shared_mailbox")
    assert mailbox_of(person) == ("shared", "purpose")
    another = sync.has_user("Archive Two")
    sync.world.set_mailbox(sync.id, another, "shared")
    sync.sync()
    assert "Archive Two" not in {it["name"] for it in sync.people()}
    assert sync.state()["skipped"] == {"shared_mailbox": 1}


def test_a_leavers_mailbox_that_is_made_shared_makes_the_end_user_inactive(sync: UserSync) -> None:
    """23: the license is taken away, and the account stays as it is."""
    leaver = sync.has_user("Lea Ver", assignedLicenses=licensed(BUSINESS))
    sync.sync()
    sync.turn_on()
    assert sync.person("Lea Ver")["is_active"]

    sync.world.set_mailbox(sync.id, leaver, "shared")
    sync.world.change_user(sync.id, leaver, assignedLicenses=[])
    sync.sync()

    person = sync.person("Lea Ver")
    assert (person["is_active"], person["inactive_reason"]) == (False, "shared_mailbox")
    assert [it["object_id"] for it in sync.links("&only=inactive")] == [leaver]

    sync.world.set_mailbox(sync.id, leaver, "user")
    sync.world.change_user(sync.id, leaver, assignedLicenses=licensed(BUSINESS))
    sync.sync()
    assert sync.person("Lea Ver")["is_active"]


def test_rooms_equipment_and_call_queues_are_nobody(sync: UserSync) -> None:
    """24: Exchange says so, or the list of rooms does, or a license that only such accounts have."""
    world = sync.world
    world.set_mailbox(sync.id, sync.has_user("Projector"), "equipment")
    world.set_mailbox(sync.id, sync.has_user("Board"), "room")
    world.set_mailbox(sync.id, sync.has_user("Attic"), "unknownFutureValue")
    world.put_room(sync.id, "r1", displayName="Attic", emailAddress=f"attic@{sync.tenant['domain'].upper()}")
    sync.has_user("Queue", mail=None, assignedLicenses=licensed(CALL_QUEUE))
    world.set_licences(sync.id, "PHONESYSTEM_VIRTUALUSER", sku_id=CALL_QUEUE, enabled=1)
    sync.sync(hours=25)

    sync.turn_on()

    assert {it["name"] for it in sync.people()}.isdisjoint({"Projector", "Board", "Attic", "Queue"})
    assert sync.state()["skipped"] == {"equipment": 1, "room": 2, "call_queue": 1}
    without = {**sync.settings(), "people_only": False}
    sync.turn_on(without)
    assert {it["name"] for it in sync.people()} >= {"Projector", "Board", "Attic"}
