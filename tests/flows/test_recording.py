"""A connected tenant is recorded into a file, and the file says of the tenant what its sync does."""

import json
import stat
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import msgspec
import pytest

from integrations.actions.account import Change
from integrations.assess.assessment import Assessment, assess
from integrations.assess.recording import Recording, read_recordings
from integrations.assess.rows import RecordedRows
from integrations.domain.baselines.tenant import BaselineProfile
from integrations.domain.ids import AccountId, TenantId
from integrations.domain.sync.records import User
from integrations.microsoft.registry import BY_NAME, DATASETS
from integrations.record import __main__ as command
from integrations.record.record_tenant import record_tenant
from local.portal_client import APP_ROLES
from shared.errors import NotFound
from shared.storage.tables import StorageUnavailable
from tests.flows.failing import ACCOUNT
from tests.flows.portal import CLIENT_ID, CLIENT_SECRET, Portal, settings_of
from tests.flows.reading import rows

HELPDESK = "729827e3-9c14-49f7-bb1b-9608f156bbb8"
_KEY = b"a key that the tests know"

Tenant = dict[str, str]


def lively(portal: Portal) -> Tenant:
    """A connected tenant with people, devices, groups, and administrators in person and through a group."""
    tenant = portal.has_tenant(users=30, devices=12)
    world, people = portal.microsoft.world, portal.microsoft.world.users(tenant["id"])
    world.give_role(tenant["id"], people[1]["id"], HELPDESK)
    world.give_role(tenant["id"], people[2]["id"], HELPDESK, through_group=True)
    world.set_mailbox(tenant["id"], people[4]["id"], "equipment")
    place = {"phone": "+1 555 0100", "address": {"street": "4567 Main Street", "city": "Buffalo"}}
    place |= {"geoCoordinates": {"latitude": 47.640568390488625}, "nickname": "The Aquarium"}
    world.put_room(tenant["id"], "r1", displayName="Boardroom North", emailAddress=people[5]["mail"], **place)
    set_up_by_somebody_else(portal, tenant)
    portal.connected(tenant)
    return tenant


def set_up_by_somebody_else(portal: Portal, tenant: Tenant) -> None:
    """A laptop whose listed user is not who registered it, so that Intune is asked about it."""
    world = portal.microsoft.world
    ana, technician = (it["id"] for it in world.users(tenant["id"])[:2])
    device = world.add_device(tenant["id"], owner_id=ana, displayName="NW-LT-1")
    managed = world.add_managed_device(tenant["id"], azureADDeviceId=device["deviceId"], userId=technician)
    world.set_device_users(tenant["id"], managed["id"], [ana])


def recorded(portal: Portal, tenant: Tenant, key: bytes | None = None) -> str:
    made = record_tenant(portal.services, AccountId(ACCOUNT), TenantId(tenant["id"]), pseudonym_key=key)
    return msgspec.json.encode(made).decode()


def read_back(text: str) -> Recording:
    only = next(read_recordings(text.encode(), is_lines=False))
    assert isinstance(only, Recording), only
    return only


def by_key(found: Iterable[tuple[str, Any]]) -> dict[str, Any]:
    """Rows without the phone numbers that a recording leaves out."""
    return {key: without_phones(msgspec.to_builtins(row)) for key, row in found}


def without_phones(row: dict[str, Any]) -> dict[str, Any]:
    return {name: it for name, it in row.items() if name not in {"mobile_phone", "business_phones"}}


def test_a_recorded_tenant_has_the_rows_of_its_sync(portal: Portal) -> None:
    tenant = lively(portal)
    synced = {it.name: by_key(rows(portal, tenant, it.name).items()) for it in DATASETS if not it.is_beta}

    replayed = RecordedRows(read_back(recorded(portal, tenant)))

    assert {name: by_key(replayed.rows(name, BY_NAME[name].record)) for name in synced} == synced
    assert len(synced["users"]) == 30
    assert all(
        synced[it]
        for it in (
            "rooms",
            "mailbox_purposes",
            "devices",
            "device_users",
            "groups",
            "roles",
            "licenses",
            "registrations",
            "sign_ins",
        )
    )


def test_a_recorded_tenant_gets_the_verdicts_of_its_sync(portal: Portal) -> None:
    tenant = lively(portal)
    shown = portal.ask("GET", f"/tenants/{tenant['id']}/findings")["items"]

    made = assess(read_back(recorded(portal, tenant)), BaselineProfile.STRICT)

    assert isinstance(made.controls, list)
    assert {it.id: it.verdict.value for it in made.controls} == {it["control"]: it["verdict"] for it in shown}
    assert {it.id: it.reason for it in made.controls} == {it["control"]: it["reason"] for it in shown}


def test_what_microsoft_refuses_is_recorded_as_refused(portal: Portal) -> None:
    tenant = lively(portal)
    denied = [it for it in APP_ROLES if it != "Policy.Read.All"]
    portal.microsoft.world.set_app_roles(tenant["id"], CLIENT_ID, denied)
    portal.later(hours=2)

    made = assess(read_back(recorded(portal, tenant)), BaselineProfile.STRICT)

    states = {it.name: it.state for it in made.datasets}
    assert (states["conditional_access"], states["users"]) == ("denied", "fresh")


def test_no_secret_and_no_phone_number_gets_into_a_recording(portal: Portal) -> None:
    tenant = lively(portal)
    people = portal.microsoft.world.users(tenant["id"])
    phones = {it["mobilePhone"] for it in people if it["mobilePhone"]} | {
        n for it in people for n in it["businessPhones"]
    }

    text = recorded(portal, tenant)

    assert phones
    assert not [it for it in ("555 0100", "Main Street", "47.64") if it in text]
    assert not [it for it in phones if it in text]
    assert not [it for it in ("passwordProfile", "mobilePhone", "businessPhones", "secretText") if f'"{it}":' in text]
    assert "Bearer" not in text
    assert CLIENT_SECRET not in text
    assert people[3]["userPrincipalName"] in text


def test_pseudonyms_hide_every_name_and_stay_the_same_everywhere(portal: Portal) -> None:
    tenant = lively(portal)
    people = portal.microsoft.world.users(tenant["id"])
    named = [it[field] for it in people for field in ("displayName", "userPrincipalName", "mail") if it[field]]
    devices = [it["name"] for it in portal.ask("GET", f"/tenants/{tenant['id']}/devices")["items"]]

    text = recorded(portal, tenant, _KEY)
    replayed = RecordedRows(read_back(text))

    rooms = ["Boardroom North", "The Aquarium"]
    assert not [it for it in (*named, *devices, *rooms) if it.lower() in text.lower()]
    users = {it.id: it for _, it in replayed.rows("users", User)}
    registered = json.loads(text)["answers"]
    details = next(it for path, it in registered.items() if "userRegistrationDetails" in path)["value"]
    assert all(users[it["id"]].username == it["userPrincipalName"] for it in details)
    assert len({it.username for it in users.values()}) == len(people)
    assert users[people[0]["id"]].username.endswith(f"@{tenant['domain']}")


def test_pseudonyms_change_no_verdict(portal: Portal) -> None:
    tenant = lively(portal)

    with_names, without = (
        assess(read_back(recorded(portal, tenant, key)), BaselineProfile.STRICT) for key in (None, _KEY)
    )

    assert _verdicts(with_names) == _verdicts(without)
    assert len(_verdicts(without)) == 78
    assert [_rooms(it) for it in (with_names, without)] == [_rooms_of(portal, tenant)] * 2
    assert len(_rooms(without)) == 2


def test_a_recording_leaves_an_entry_in_the_audit_log(portal: Portal) -> None:
    tenant = lively(portal)
    before = len(portal.ask("GET", "/audit?limit=100")["items"])

    recorded(portal, tenant)

    entries = portal.ask("GET", "/audit?limit=100")["items"]
    assert len(entries) == before + 1
    assert (entries[0]["action"], entries[0]["subject"]["tenant_id"]) == ("recorded answers", tenant["id"])


def test_without_an_audit_entry_there_is_no_recording(portal: Portal, monkeypatch: pytest.MonkeyPatch) -> None:
    tenant = lively(portal)

    def refuse(_change: Change) -> None:
        raise StorageUnavailable("the audit log cannot be written")

    monkeypatch.setattr(Change, "_commit", refuse)

    with pytest.raises(StorageUnavailable):
        recorded(portal, tenant)


def test_another_accounts_tenant_cannot_be_recorded(portal: Portal) -> None:
    tenant = lively(portal)
    asked = len(portal.graph_requests(tenant))

    with pytest.raises(NotFound):
        record_tenant(portal.services, AccountId("acct_other"), TenantId(tenant["id"]))

    assert len(portal.graph_requests(tenant)) == asked


def test_the_command_writes_a_file_that_only_its_owner_may_read(
    portal: Portal, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    tenant, file = lively(portal), tmp_path / "contoso.json"
    env = settings_of(portal.microsoft, portal.identity, "UseDevelopmentStorage=true")
    monkeypatch.setattr(command, "connect", lambda _settings: portal.services)

    code = command.main([ACCOUNT, tenant["id"], str(file)], env)
    refused = command.main(["acct_other", tenant["id"], str(tmp_path / "other.json")], env)

    assert (code, refused) == (0, 2)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert read_back(file.read_text()).tenant.id == tenant["id"]
    assert not (tmp_path / "other.json").exists()
    assert "Nothing was recorded" in capsys.readouterr().err


def _rooms(made: Assessment) -> set[str]:
    assert isinstance(made.mfa, list)
    return {it.user_id for it in made.mfa if it.counted_as == "room"}


def _rooms_of(portal: Portal, tenant: Tenant) -> set[str]:
    """The accounts that a sync counts as rooms."""
    return {
        it["user_id"] for it in portal.ask("GET", f"/tenants/{tenant['id']}/mfa?limit=1000")["items"]
        if it["counted_as"] == "room"
    }  # fmt: skip


def _verdicts(made: Assessment) -> dict[str, str]:
    assert isinstance(made.controls, list)
    return {it.id: it.verdict.value for it in made.controls}
