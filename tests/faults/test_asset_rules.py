"""The checker's rules of asset links can fail: each is shown a store in which exactly that is broken."""

import json
from typing import Any

import pytest

from tests.faults.lab.assets import ALWAYS, AT_REST
from tests.stored import Store

ACCOUNT, TENANT = "acct_northwind", "t1"
COUNTS = {"assets": 1}
DOCUMENTS: dict[str, Any] = {
    "asset_links_head:current": {"epoch": 1, "basis": "1", "counts": COUNTS},
    "asset_status:linked": {"asset_id": "linked", "link": {"how": "manual", "device_id": "d1"}},
    "asset_status:undone": {"asset_id": "undone"},
    "manual_asset_link:linked": {"asset_id": "linked", "device_id": "d1"},
    "undone_asset_link:undone.d2": {"asset_id": "undone", "device_ids": ["d2"]},
}
WRONG_LINK = {"asset_id": "undone", "link": {"how": "serial", "device_id": "d2"}}


def stored(documents: dict[str, Any], partition: str = ACCOUNT) -> dict[tuple[str, str], dict[str, Any]]:
    return {(partition, key): {"body": json.dumps(it)} for key, it in documents.items()}


def store(**changes: Any) -> Store:
    """Links that are in use, as they should be; changes are other documents, or None for none, by their keys."""
    links = {**DOCUMENTS, **{key.replace("__", ":"): it for key, it in changes.items()}}
    kept = {key: it for key, it in links.items() if it is not None}
    control = {
        f"tenant:{TENANT}": {"tenant_id": TENANT, "epoch": 1, "mapping": {"organization_id": "org"}},
        f"summary:{TENANT}": {"assets": {"counts": COUNTS}},
    }
    assets = {f"asset:{it}": {} for it in ("linked", "undone")}
    return Store(
        {
            "control": stored(control),
            "people": stored(assets, f"{ACCOUNT}|org"),
            "assetlinks": stored(kept, f"{ACCOUNT}|{TENANT}|lasting"),
        }
    )


def broken(found: Store) -> set[str]:
    return {name for name, rule in {**ALWAYS, **AT_REST}.items() if list(rule(found))}


def test_links_as_they_should_be_break_no_rule() -> None:
    assert broken(store()) == set()


@pytest.mark.parametrize(
    ("rule", "changes"),
    [
        ("asset links have a head", {"asset_links_head__current": None}),
        ("assets are linked as somebody decided", {"asset_status__undone": WRONG_LINK}),
        ("assets are linked as somebody decided", {"asset_status__linked": {"asset_id": "linked"}}),
        ("asset links are of assets that are there", {"asset_status__gone": {"asset_id": "gone"}}),
        ("a summary counts asset links", {"asset_links_head__current": {"epoch": 1, "basis": "1", "counts": {}}}),
    ],
)
def test_a_rule_sees_what_breaks_it(rule: str, changes: dict[str, Any]) -> None:
    assert broken(store(**changes)) == {rule}


def test_nothing_is_left_of_a_tenant_that_is_gone() -> None:
    found = store()
    del found.tables["control"][ACCOUNT, f"tenant:{TENANT}"]

    assert broken(found) == {"no asset links of a tenant that is gone"}


def test_frozen_links_may_differ() -> None:
    assert broken(store(asset_links_head__current={"epoch": 2, "basis": "1"}, asset_status__undone=WRONG_LINK)) == set()
