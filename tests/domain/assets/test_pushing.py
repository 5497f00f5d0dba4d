"""What the portal pushes is cleaned or refused, and does not overwrite whom Microsoft or a person gave an asset to."""

from datetime import datetime, timedelta, timezone
from typing import Any

import pytest

from integrations.domain.assets.asset import AssetAssignment, AssetKind, AssignedBy, assigned
from integrations.domain.assets.fields import checked_asset
from integrations.domain.assets.pushing import AssetPushResult, new_asset, pushed_again, read_asset_items
from integrations.domain.assets.snapshot import absence_hash, gone
from integrations.domain.ids import AssetId, OrganizationId, asset_id, new_asset_id, organization_of
from shared.errors import Invalid
from tests.domain.assets.fleets import ACME, NOW, ago, asset
from tests.growth import MOST, growth

GUID = "1F0A3C5E-0000-4000-8000-00000000D001"
MAC_ADDRESSES = ["00:00:00:00:00:01", "00:1A:2B:3C:4D:5E"]
MANUAL, MICROSOFT = AssignedBy.MANUAL, AssignedBy.MICROSOFT


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("name", " PC\u202e 7 ", "PC 7"),
        ("serial", "  ", None),
        ("serial", " 5CG 1 ", "5CG 1"),
        ("entra_device_id", f"{{{GUID}}}", GUID.lower()),
        ("intune_device_id", "00000000-0000-0000-0000-000000000000", None),
        ("entra_device_id", None, None),
        ("mac_addresses", ["00-1a-2b-3c-4d-5e", "001A.2B3C.4D5E", "00:00:00:00:00:01"], MAC_ADDRESSES),
        ("last_seen_at", NOW.astimezone(timezone(timedelta(hours=2))), NOW),
        ("last_seen_at", None, None),
        ("kind", AssetKind.VM, AssetKind.VM),
        ("external_id", "4711", "4711"),
        ("assigned_end_user_id", "eu_" + "a" * 32, "eu_" + "a" * 32),
        ("assigned_end_user_id", None, None),
    ],
)
def test_values_are_stored_in_one_form(name: str, value: Any, expected: Any) -> None:
    assert checked_asset({name: value}) == ({name: expected}, [])


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("name", "\u200b "),
        ("external_id", " 4711"),
        ("external_id", ""),
        ("external_id", "x" * 257),
        ("entra_device_id", "PC-7"),
        ("assigned_end_user_id", "jane@contoso.example"),
        ("assigned_end_user_id", "ast_" + "a" * 32),
        ("mac_addresses", ["00:1A:2B:3C:4D"]),
        ("mac_addresses", ["00:1A:2B:3C:4D:5G"]),
        ("last_seen_at", datetime(2026, 3, 1)),  # noqa: DTZ001
    ],
)
def test_what_makes_no_sense_is_refused_with_its_place(name: str, value: Any) -> None:
    stored, problems = checked_asset({name: value, "model": "X1"})

    assert stored == {"model": "X1"}
    assert [it.pointer for it in problems] == [f"/{name}"]
    assert problems[0].detail


def test_30_of_a_thousand_items_one_that_is_wrong_is_rejected_and_the_others_are_not() -> None:
    items = [{"external_id": f"x{it}", "name": "PC"} for it in range(1000)]
    items[7] |= {"entra_device_id": "no id"}
    valid, rejected = read_asset_items(items)

    assert len(valid) == 999
    assert [it.place for it in valid[6:8]] == [6, 8]
    ((place, result),) = rejected.items()
    assert (place, result.external_id, result.result) == (7, "x7", AssetPushResult.REJECTED)
    assert [it.pointer for it in result.problems] == ["/items/7/entra_device_id"]


def test_an_id_that_comes_twice_is_rejected_each_time() -> None:
    valid, rejected = read_asset_items([{"external_id": it} for it in ("a", "b", "a")])

    assert [it.external_id for it in valid] == ["b"]
    assert {place: it.problems[0].pointer for place, it in rejected.items()} == {
        0: "/items/0/external_id",
        2: "/items/2/external_id",
    }


def test_a_new_asset_has_what_was_pushed_and_belongs_to_whom_the_portal_says() -> None:
    values = {"external_id": "4711", "name": "PC", "serial": "5CG1", "assigned_end_user_id": "eu_ana"}
    push = new_asset(AssetId("a"), ACME, values, NOW)

    assert (push.result, push.asset.serial, push.asset.created_at) == (AssetPushResult.CREATED, "5CG1", NOW)
    assert push.assignment == AssetAssignment(end_user_id="eu_ana", by=MANUAL, since=NOW)
    assert new_asset(AssetId("a"), ACME, {"external_id": "4711", "name": "PC"}, NOW).assignment is None


def test_an_asset_pushed_again_with_the_same_values_is_unchanged() -> None:
    before = asset("pc", serial="5CG1")
    push = pushed_again(before, None, {"serial": "5CG1", "name": before.name}, NOW)
    assert (push.result, push.asset is before) == (AssetPushResult.UNCHANGED, True)

    push = pushed_again(before, None, {"serial": None}, NOW)
    assert (push.result, push.asset.serial, push.asset.changed_at) == (AssetPushResult.UPDATED, None, NOW)
    assert (push.asset.name, push.asset.created_at) == (before.name, before.created_at)


def test_an_asset_that_was_gone_is_back_when_it_is_pushed() -> None:
    push = pushed_again(gone(asset("pc"), ago(3)), None, {}, NOW)

    assert (push.result, push.asset.gone_at) == (AssetPushResult.UPDATED, None)


def by(who: AssignedBy, end_user_id: str | None = "eu_ana") -> AssetAssignment:
    return assigned(None, end_user_id, who, ago(9))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("before", "end_user_id", "who", "expected"),
    [
        pytest.param(None, None, None, None, id="nobody and nothing decided"),
        pytest.param(None, "eu_ana", None, MANUAL, id="the first word is a person's"),
        pytest.param(None, "eu_ana", MICROSOFT, "ignored", id="what Microsoft is said to have decided"),
        pytest.param(None, None, MANUAL, MANUAL, id="nobody by decision"),
        pytest.param(by(MICROSOFT), "eu_ana", None, None, id="the same"),
        pytest.param(by(MICROSOFT), "eu_ana", MICROSOFT, None, id="the same as Microsoft says"),
        pytest.param(by(MICROSOFT), "eu_ana", MANUAL, MANUAL, id="the same, but a person says so now"),
        pytest.param(by(MICROSOFT), None, None, "ignored", id="the portal has not heard yet"),
        pytest.param(by(MICROSOFT), "eu_bob", None, "ignored", id="the portal knows an older one"),
        pytest.param(by(MICROSOFT), "eu_bob", MANUAL, MANUAL, id="a person decides"),
        pytest.param(by(MANUAL), "eu_ana", MANUAL, None, id="the same by hand"),
        pytest.param(by(MANUAL), "eu_bob", MICROSOFT, "ignored", id="a person's word stands"),
        pytest.param(by(MANUAL), "eu_bob", MANUAL, MANUAL, id="a person decides anew"),
        pytest.param(by(MANUAL, None), None, None, None, id="still nobody"),
        pytest.param(by(MANUAL, None), None, MANUAL, None, id="still nobody by hand"),
        pytest.param(by(MICROSOFT), None, MANUAL, MANUAL, id="a person takes it away"),
    ],
)
def test_whom_an_asset_belongs_to_changes_only_by_a_person_s_word(before, end_user_id, who, expected) -> None:
    values = {"assigned_end_user_id": end_user_id} | ({"assigned_by": who} if who else {})
    push = pushed_again(asset("pc"), before, values, NOW)

    assert push.ignored_fields == (("assigned_end_user_id",) if expected == "ignored" else ())
    if expected is MANUAL:
        assert push.assignment is not None
        assert (push.assignment.end_user_id, push.assignment.by) == (end_user_id, MANUAL)
        assert push.result is AssetPushResult.UPDATED
    else:
        assert (push.assignment, push.result) == (None, AssetPushResult.UNCHANGED)


def test_pushed_texts_are_read_in_one_pass() -> None:
    def check(size: int) -> None:
        checked_asset({"name": "a" * size, "entra_device_id": "{" * size, "mac_addresses": [":" * size]})

    assert growth(check) <= MOST


def test_an_assets_id_begins_with_that_of_its_organization() -> None:
    acme = OrganizationId("org_" + "a" * 20)
    made = new_asset_id(acme)

    assert asset_id(made) == made
    assert organization_of(made) == acme
    for bad in (made[:-1], made.upper(), made.replace("ast_", "eu_")):
        with pytest.raises(Invalid):
            asset_id(bad)


def test_an_approval_stands_for_the_same_assets_in_any_order() -> None:
    one, two = AssetId("a"), AssetId("b")

    assert absence_hash([one, two]) == absence_hash([two, one])
    assert len({absence_hash(it) for it in ([one], [two], [one, two], [])}) == 4
