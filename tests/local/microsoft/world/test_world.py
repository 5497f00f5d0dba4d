"""The simulated world itself: seeded tenants, named worlds, size, and the process of its own."""

import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import requests

from local import worlds
from local.microsoft import World, WorldRefused
from local.microsoft.control.call import CALLS
from tests.local.microsoft.caller import Caller
from tests.waiting import HANGS_S


def test_contoso_has_somebody_of_each_sort(caller: Caller):
    (tenant,) = caller.world.load("contoso")
    people = {it["userPrincipalName"]: it for it in caller.world.users(tenant["id"])}

    assert (tenant["name"], len(people), len(caller.world.devices(tenant["id"]))) == ("Contoso Dental", 25, 12)
    assert people[tenant["guest"]]["userType"] == "Guest"
    assert people[tenant["member"]]["userType"] == "Member"
    assert any(not it["accountEnabled"] for it in people.values())
    assert all(it["proxyAddresses"] for it in people.values() if it["userType"] == "Member")
    assert [it for it in people.values() if it["assignedLicenses"]]


@pytest.mark.parametrize("name", worlds.names())
def test_every_named_world_can_be_loaded(caller: Caller, name):
    assert len(caller.world.load(name)) == len(worlds.named(name)["tenants"])


def test_a_world_can_be_described_in_place(caller: Caller):
    tenants = caller.world.load({"switches": {"wids_claim": True}, **worlds.many_tenants(12, users=4)})

    assert len({it["id"] for it in tenants}) == 12
    assert len({it["domain"] for it in tenants}) == 12
    assert len(caller.world.users(tenants[11]["id"])) == 4


def test_a_world_nobody_knows_is_refused(caller: Caller):
    with pytest.raises(KeyError, match="contoso"):
        caller.world.load("atlantis")


def test_the_same_seed_makes_the_same_tenant(caller: Caller):
    first = caller.world.add_tenant("Contoso", users=40, devices=5, seed=3)
    people, devices = caller.world.users(first["id"]), caller.world.devices(first["id"])
    caller.world.reset()
    again = caller.world.add_tenant("Contoso", users=40, devices=5, seed=3)

    assert again == first
    assert (caller.world.users(again["id"]), caller.world.devices(again["id"])) == (people, devices)
    other = caller.world.add_tenant("Contoso", users=40, seed=4)
    assert {it["id"] for it in caller.world.users(other["id"])}.isdisjoint(it["id"] for it in people)


def test_two_tenants_of_one_name_are_two(caller: Caller):
    first, second = (caller.world.add_tenant("Contoso") for _ in range(2))

    assert first["id"] != second["id"]
    assert (first["domain"], second["domain"]) == ("contoso.example", "contoso2.example")


@pytest.mark.parametrize("wrong", [{"users": 0}, {"tenant_id": "taken"}, {"licences": ["NO_SUCH_PRODUCT"]}])
def test_impossible_tenants_are_refused(caller: Caller, wrong):
    caller.world.add_tenant("Taken", tenant_id="taken")
    with pytest.raises(WorldRefused):
        caller.world.add_tenant("Contoso", **wrong)


def test_a_hundred_thousand_people_are_no_burden(caller: Caller):
    ours = time.process_time()  # the cloud is a thread of this process
    tenant = caller.tenant(users=100_000)
    asker = caller.as_app(tenant)
    page = asker.found("/users?$top=999&$select=id,displayName,mail,assignedLicenses")
    seats = asker.rows("/subscribedSkus?$select=skuPartNumber,consumedUnits")

    assert len(page["value"]) == 999
    assert {it["skuPartNumber"]: it["consumedUnits"] for it in seats}["SPB"] == 85_500
    assert caller.signs_in(tenant["member"]).fields["code"]
    assert time.process_time() - ours < 5


def test_whatever_the_client_offers_is_a_call_of_the_cloud():
    offered = {name for name in dir(World) if not name.startswith("_")}

    assert offered - {"close", "history", "load"} == CALLS.keys()


def test_it_runs_in_a_process_of_its_own_until_it_is_told_to_stop(tmp_path: Path, root: Path):
    command = [sys.executable, "-m", "local.microsoft", "--login-port", "0", "--graph-port", "0", "--partner-port", "0"]
    with subprocess.Popen(
        [*command, "--state-dir", str(tmp_path)], cwd=root, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout
        where = json.loads(process.stdout.readline())
        url = f"{where['login_url']}/common/discovery/instance"
        told = requests.get(url, verify=where["ca_file"], timeout=30).json()
        process.send_signal(signal.SIGTERM)

        assert where.keys() == {"login_url", "graph_url", "partner_url", "ca_file"}
        assert told["metadata"][0]["preferred_network"] in where["login_url"]
        assert process.wait(HANGS_S) == 0
