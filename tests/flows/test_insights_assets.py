"""Assets of all mapped tenants by their devices: what is linked, who has what, and what is left to decide."""

import csv
import io

import pytest

from tests.flows.assets import Fleet, with_fleet
from tests.flows.portal import Portal

ASSETS = "/insights/assets"


@pytest.fixture
def fleet(portal: Portal) -> Fleet:
    found = with_fleet(portal)
    found.has_laptop("NW-LT-1", "5CD1234XYZ", user=0)
    found.has_laptop("NW-LT-2", "OTHER-123", user=1)
    found.has_laptop("NW-LT-3", "NOBODYS-1", user=1)
    found.run()
    found.push("pc-1", serial="5CD1234XYZ")
    found.push("pc-2", name="NW-LT-2", last_seen_at=found.ago(days=1))
    found.push("srv-1", kind="server")
    return found


def test_a_tenants_assets_are_counted_with_the_reasons_in_words(fleet: Fleet) -> None:
    found = fleet.portal.ask("GET", ASSETS)
    (row,) = found["items"]

    assert (row["tenant_id"], row["organization"]["id"], row["is_failing"]) == (fleet.id, fleet.organization, False)
    assert row["counts"] == {
        "assets": 3, "linked": 1, "assigned": 1, "unassigned": 2, "review": 1, "conflicts": 0, "unmanaged": 2,
    }  # fmt: skip
    assert [(it["code"], it["count"]) for it in row["reasons"]] == [("review", 1), ("server", 1)]
    assert all(it["detail"] and it["remedy"] for it in row["reasons"])
    assert found["counts"] == {"tenants": 1, "review": 1, "unassigned": 1, "unmanaged": 1, "unknown": 0}


def test_who_has_most_to_decide_comes_first_and_what_is_not_known_last(fleet: Fleet) -> None:
    fabrikam = fleet.portal.has_tenant("Fabrikam", devices=0)
    fleet.portal.integrate(fabrikam)
    fleet.portal.map(fabrikam, to="Fabrikam")
    fleet.portal.run_queues()

    found = fleet.portal.ask("GET", ASSETS)

    assert [it["tenant_id"] for it in found["items"]] == [fleet.id, fabrikam["id"]]
    assert found["items"][1]["counts"] is None
    assert [it["tenant_id"] for it in fleet.portal.ask("GET", f"{ASSETS}?only=unknown")["items"]] == [fabrikam["id"]]
    assert [it["tenant_id"] for it in fleet.portal.ask("GET", f"{ASSETS}?only=review")["items"]] == [fleet.id]


def test_counts_follow_what_is_decided_and_end_with_the_mapping(fleet: Fleet) -> None:
    fleet.unlink(fleet.by("pc-2"))
    (row,) = fleet.portal.ask("GET", ASSETS)["items"]
    assert (row["counts"]["review"], [it["code"] for it in row["reasons"]]) == (0, ["link_undone", "server"])

    fleet.portal.ask("DELETE", f"/tenants/{fleet.id}/mapping", expect=204)

    assert fleet.portal.ask("GET", ASSETS)["items"] == []


def test_the_list_is_there_as_csv(fleet: Fleet) -> None:
    answer = fleet.portal.call("GET", f"{ASSETS}?format=csv")

    head, line = csv.reader(io.StringIO(answer.body.decode("utf-8-sig")))
    assert head[:4] == ["name", "tenant_id", "default_domain", "organization"]
    assert line[-8:] == ["3", "1", "1", "2", "1", "0", "2", "review: 1, server: 1"]
