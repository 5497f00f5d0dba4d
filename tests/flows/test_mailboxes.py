"""What each mailbox is for is read of one user at a time, and rooms are no people."""

from typing import Any

import pytest

from integrations.domain.evaluations.mfa import MfaRow
from integrations.domain.sync.mailboxes import MailboxPurpose, mailboxes_in
from local.portal_client import APP_ROLES
from tests.flows.evaluating import derived_rows, synced
from tests.flows.portal import CLIENT_ID, Portal
from tests.flows.reading import cycle, data_of, parts, rows, states
from tests.flows.user_sync import with_user_sync

Tenant = dict[str, str]
PURPOSE = "/mailboxSettings/userPurpose"


def mailboxes(portal: Portal, tenant: Tenant) -> dict[str, MailboxPurpose]:
    return mailboxes_in(rows(portal, tenant, "mailbox_purposes").values())


def purposes(portal: Portal, tenant: Tenant) -> dict[str, str | None]:
    return {user_id: it.purpose for user_id, it in mailboxes(portal, tenant).items()}


def unread(portal: Portal, tenant: Tenant) -> int:
    return sum(it.turn is not None for it in mailboxes(portal, tenant).values())


def asked_about(portal: Portal, tenant: Tenant) -> list[str]:
    """The users whose mailboxes were asked about since the requests were last forgotten."""
    return sorted(it.split("/")[3] for it in parts(portal, tenant) if it.endswith(PURPOSE))


def batches(portal: Portal, tenant: Tenant) -> int:
    requests = portal.graph_requests(tenant)
    return sum(any(part["path"].endswith(PURPOSE) for part in it.get("parts") or []) for it in requests)


def members(portal: Portal, tenant: Tenant) -> list[dict[str, Any]]:
    return [it for it in portal.microsoft.world.users(tenant["id"]) if it["userType"] == "Member" and it["mail"]]


def refuse(portal: Portal, user_id: str, status: int, *, times: int = 100) -> None:
    portal.microsoft.world.fault(host="graph", path=f"/users/{user_id}{PURPOSE}", status=status, times=times)


def revoke(portal: Portal, tenant: Tenant, *permissions: str) -> None:
    portal.microsoft.world.set_app_roles(tenant["id"], CLIENT_ID, [it for it in APP_ROLES if it not in permissions])
    portal.services.sign_in.forget(tenant["id"])


def counts(portal: Portal, tenant: Tenant) -> dict[str, Any]:
    return dict(portal.ask("GET", f"/tenants/{tenant['id']}/mfa")["counts"])


def test_the_first_sync_brings_rooms_and_what_mailboxes_are_for(portal: Portal) -> None:
    tenant, world = portal.has_tenant(users=30), portal.microsoft.world
    board, front_desk, *others = [it["id"] for it in members(portal, tenant)]
    world.set_mailbox(tenant["id"], board, "room")
    world.set_mailbox(tenant["id"], front_desk, "shared")
    world.put_room(tenant["id"], "r1", displayName="Board\u202eroom", emailAddress="board@contosodental.example")
    world.put_room(tenant["id"], "r2", displayName=None)

    portal.connected(tenant)

    assert purposes(portal, tenant) == dict.fromkeys(others, "user") | {board: "room", front_desk: "shared"}
    rooms = rows(portal, tenant, "rooms")
    assert {key: (it.name, it.address) for key, it in rooms.items()} == {
        "r1": ("Boardroom", "board@contosodental.example"),
        "r2": ("r2", None),
    }
    assert portal.row(tenant)["sync_status"]["cause"] == "synced"


def test_of_many_rooms_every_page_is_read(portal: Portal) -> None:
    tenant = portal.has_tenant()
    for number in range(101):
        portal.microsoft.world.put_room(tenant["id"], f"r{number}")

    portal.connected(tenant)

    assert len(rows(portal, tenant, "rooms")) == 101


def test_no_cycle_takes_more_than_twenty_batches_and_whoever_has_no_license_comes_first(portal: Portal) -> None:
    tenant = portal.has_tenant(users=480)
    portal.connected(tenant)
    everybody = members(portal, tenant)
    first, first_batches, known = asked_about(portal, tenant), batches(portal, tenant), purposes(portal, tenant)

    cycle(portal, minutes=40)
    second = asked_about(portal, tenant)
    cycle(portal, minutes=40)
    third = parts(portal, tenant)

    unlicensed = {it["id"] for it in everybody if not it["assignedLicenses"]}
    assert (first_batches, len(first), len(set(first))) == (20, 400, 400)
    assert unlicensed & set(second) == set()
    assert unlicensed
    assert {it for it, purpose in known.items() if purpose is None} == set(second)
    assert len(everybody) > 400
    assert sorted([*first, *second]) == sorted(it["id"] for it in everybody)
    assert set(purposes(portal, tenant).values()) == {"user"}
    assert not [it for it in third if it.endswith(PURPOSE)]
    assert data_of(portal, tenant).cursors()["mailbox_purposes"].counts_by_kind.keys() == {"total"}


def test_a_mailbox_is_read_again_when_its_address_or_its_licenses_changed(portal: Portal) -> None:
    tenant, world = portal.has_tenant(users=30), portal.microsoft.world
    ada, ben, cid, dora, *_ = members(portal, tenant)
    portal.connected(tenant)
    for it in (ada, ben, cid):
        world.set_mailbox(tenant["id"], it["id"], "room")
    world.change_user(tenant["id"], ada["id"], assignedLicenses=[])
    world.change_user(tenant["id"], ben["id"], mail="other@contosodental.example")
    world.change_user(tenant["id"], cid["id"], jobTitle="Room")
    world.remove_user(tenant["id"], dora["id"])

    cycle(portal, minutes=40)

    assert asked_about(portal, tenant) == sorted([ada["id"], ben["id"]])
    now = purposes(portal, tenant)
    assert [now[it["id"]] for it in (ada, ben, cid)] == ["room", "room", "user"]
    assert dora["id"] not in now
    cycle(portal, minutes=40)
    assert asked_about(portal, tenant) == []


def test_whoever_comes_is_read_and_guests_and_people_without_an_address_are_not(portal: Portal) -> None:
    tenant, world = portal.has_tenant(users=10), portal.microsoft.world
    portal.connected(tenant)
    new = world.add_user(tenant["id"], displayName="Nora New", mail="nora@contosodental.example")
    world.add_user(tenant["id"], displayName="No Mail", mail=None)
    world.make_guest(tenant["id"], "gina@fabrikam.example")
    invited = "ivo_fabrikam.example#EXT#@contosodental.example"
    world.add_user(tenant["id"], userPrincipalName=invited, mail="ivo@fabrikam.example")

    cycle(portal, minutes=40)

    assert asked_about(portal, tenant) == [new["id"]]


@pytest.mark.parametrize("status", [403, 404])
def test_a_mailbox_that_may_not_be_read_costs_itself_and_is_tried_again_after_days(portal: Portal, status: int) -> None:
    tenant = portal.has_tenant(users=12)
    closed, *others = [it["id"] for it in members(portal, tenant)]
    refuse(portal, closed, status)
    portal.connected(tenant)
    first = purposes(portal, tenant)
    cycle(portal, minutes=40)
    next_cycle = asked_about(portal, tenant)
    portal.microsoft.world.clear_faults()

    portal.microsoft.world.expire_delta_tokens(tenant["id"])  # so that everything is read in full
    cycle(portal, days=1)
    soon = asked_about(portal, tenant)
    cycle(portal, days=8)
    later = asked_about(portal, tenant)

    assert first == dict.fromkeys(others, "user") | {closed: None}
    assert (next_cycle, soon, later) == ([], [], [closed])
    assert purposes(portal, tenant)[closed] == "user"
    assert states(portal, tenant)["mailbox_purposes"] == "fresh"


def test_a_policy_that_closes_every_mailbox_is_no_missing_permission(portal: Portal) -> None:
    tenant = portal.has_tenant(users=12)
    portal.microsoft.world.fault(host="graph", path=PURPOSE, status=403, times=1000)

    portal.connected(tenant)

    assert set(purposes(portal, tenant).values()) == {None}
    assert states(portal, tenant)["mailbox_purposes"] == "fresh"
    assert portal.row(tenant)["sync_status"]["cause"] == "synced"


def test_without_the_permission_no_mailbox_and_no_user_is_asked_for_until_it_is_granted(portal: Portal) -> None:
    tenant = portal.has_tenant(users=12)
    portal.integrate(tenant)
    revoke(portal, tenant, "MailboxSettings.Read")
    portal.map(tenant)
    portal.run_queues()
    cycle(portal, minutes=40)
    asked, told = parts(portal, tenant), states(portal, tenant)["mailbox_purposes"]
    revoke(portal, tenant)

    cycle(portal, minutes=40)

    assert told == "denied"
    assert [asked.count("/v1.0/users/delta"), asked.count("/v1.0/users")] == [1, 0]
    assert not [it for it in asked if it.endswith(PURPOSE)]
    assert set(purposes(portal, tenant).values()) == {"user"}
    assert states(portal, tenant)["mailbox_purposes"] == "fresh"


def test_a_throttled_exchange_delays_mailboxes_and_nothing_else(portal: Portal) -> None:
    tenant, world = portal.has_tenant(users=50), portal.microsoft.world
    everybody = members(portal, tenant)
    world.fault(host="graph", path=PURPOSE, status=429, headers={"Retry-After": "600"}, times=1000)
    portal.connected(tenant)
    first, told = states(portal, tenant), portal.row(tenant)["sync_status"]
    world.clear_faults()

    cycle(portal, minutes=40)

    assert {name for name, it in first.items() if it == "stale"} == {"mailbox_purposes"}
    assert (told["cause"], told["evidence"]["mailbox_purposes"]) == ("synced_with_warnings", "throttled")
    assert purposes(portal, tenant) == {it["id"]: "user" for it in everybody}
    assert portal.row(tenant)["sync_status"]["cause"] == "synced"


def test_what_was_read_before_exchange_failed_is_kept(portal: Portal) -> None:
    tenant, world = portal.has_tenant(users=150), portal.microsoft.world
    late = [it["id"] for it in sorted(members(portal, tenant), key=lambda it: (bool(it["assignedLicenses"]), it["id"]))]
    refuse(portal, late[25], 503, times=1000)
    portal.connected(tenant)
    known = purposes(portal, tenant)
    world.clear_faults()

    cycle(portal, minutes=40)

    assert {it for it in late if known[it] == "user"} == set(late[:25]) | set(late[26:100])
    assert states(portal, tenant)["mailbox_purposes"] == "fresh"
    assert asked_about(portal, tenant) == sorted([late[25], *late[100:]])
    assert unread(portal, tenant) == 0


def test_a_word_that_exchange_does_not_document_is_kept_and_read_again(portal: Portal) -> None:
    tenant, world = portal.has_tenant(users=12), portal.microsoft.world
    odd, *_ = [it["id"] for it in members(portal, tenant)]
    world.set_mailbox(tenant["id"], odd, "hologram")
    portal.connected(tenant)
    first = purposes(portal, tenant)[odd]
    world.set_mailbox(tenant["id"], odd, "equipment")

    cycle(portal, days=8)

    assert first == "hologram"
    assert asked_about(portal, tenant) == [odd]
    assert purposes(portal, tenant)[odd] == "equipment"


def test_a_cloud_without_places_is_no_fault(portal: Portal) -> None:
    portal.microsoft.world.fault(host="graph", path="/places/", status=404, times=100)
    tenant = portal.has_tenant()

    portal.connected(tenant)

    assert states(portal, tenant)["rooms"] == "not_offered"
    assert portal.row(tenant)["sync_status"]["cause"] == "synced"


def test_an_account_that_is_a_rooms_is_not_counted_among_people(portal: Portal) -> None:
    tenant, world = synced(portal), portal.microsoft.world
    before = counts(portal, tenant)
    by_purpose, by_address, by_license, shared, *_ = [it for it in members(portal, tenant) if it["accountEnabled"]]
    world.set_mailbox(tenant["id"], by_purpose["id"], "equipment")
    world.set_mailbox(tenant["id"], shared["id"], "shared")
    for it in (by_purpose, by_license, shared):
        world.change_user(tenant["id"], it["id"], assignedLicenses=[])
    world.put_room(tenant["id"], "r1", displayName="Board", emailAddress=by_address["mail"].upper())
    refuse(portal, by_address["id"], 404)
    world.change_user(tenant["id"], by_address["id"], assignedLicenses=[])

    cycle(portal, days=1)

    after = counts(portal, tenant)
    assert (before["rooms"], after["rooms"]) == (0, 2)
    assert after["people"]["total"] == before["people"]["total"] - 2
    told = derived_rows(portal.services, tenant, "mfa", MfaRow)
    assert {key for key, it in told.items() if it.counted_as.value == "room"} == {by_purpose["id"], by_address["id"]}


def test_nobody_is_counted_as_a_room_once_the_permissions_are_gone_for_long(portal: Portal) -> None:
    tenant, world = synced(portal), portal.microsoft.world
    board, *_ = [it["id"] for it in members(portal, tenant) if it["accountEnabled"]]
    world.set_mailbox(tenant["id"], board, "room")
    world.change_user(tenant["id"], board, assignedLicenses=[])
    cycle(portal, minutes=40)
    before = counts(portal, tenant)["rooms"]
    revoke(portal, tenant, "MailboxSettings.Read", "Place.Read.All")

    cycle(portal, minutes=100)
    during = counts(portal, tenant)["rooms"]
    cycle(portal, days=3)

    assert (before, during, counts(portal, tenant)["rooms"]) == (1, 1, 0)
    assert portal.row(tenant)["sync_status"]["cause"] == "synced"


def test_who_became_inactive_as_a_shared_mailbox_stays_so_while_exchange_tells_nothing(portal: Portal) -> None:
    sync = with_user_sync(portal)
    user = sync.has_user("Front Desk")
    sync.sync()
    sync.turn_on()
    portal.microsoft.world.set_mailbox(sync.id, user, "shared")
    portal.microsoft.world.change_user(sync.id, user, mail="desk@other.example")  # so that it is read again
    sync.sync()

    def front_desk() -> tuple[bool, str | None]:
        person = sync.person("Front Desk")
        return person["is_active"], person["inactive_reason"]

    assert front_desk() == (False, "shared_mailbox")
    revoke(portal, sync.tenant, "MailboxSettings.Read")
    for number in range(5):
        sync.has_end_user(f"Somebody {number}")
        sync.run()  # everybody is planned
        sync.sync(hours=25)
        assert front_desk() == (False, "shared_mailbox")
