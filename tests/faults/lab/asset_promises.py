"""What linking assets may do, whatever its code says: told from what is stored before a run and after it."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from tests.faults.lab import assets
from tests.faults.lab.links import partitions
from tests.faults.lab.people import people_of
from tests.stored import Store

Documents = dict[str, dict[str, Any]]

_DECISIONS = ("manual_asset_link", "undone_asset_link")


@dataclass(frozen=True)
class Fleet:
    """Microsoft's devices: of the directory by their object ids with their owners, and Intune's by their ids."""

    directory: Mapping[str, Mapping[str, Any]]
    managed: Mapping[str, Mapping[str, Any]]

    def records(self, device_id: str) -> list[Mapping[str, Any]]:
        """What Intune knows of a device, by its object id or its id there."""
        entra = self.directory.get(device_id, {}).get("deviceId")
        return [
            it for key, it in self.managed.items() if key == device_id or (entra and it["azureADDeviceId"] == entra)
        ]

    def serials(self, device_id: str) -> set[str]:
        return {_plain(it["serialNumber"]) for it in self.records(device_id)} - {""}


class AssetState:
    """Assets and End Users of all Organizations, and what is stored of one tenant's links."""

    def __init__(self, store: Store, tenant_id: str) -> None:
        self.assets: Documents = {}
        self.assignments: Documents = {}
        self.people: Documents = {}
        for _, organization, kinds in people_of(store):
            place = {"organization_id": organization}
            self.assets |= {key: {**it, **place} for key, it in kinds.get("asset", {}).items()}
            self.people |= {key: {**it, **place} for key, it in kinds.get("end_user", {}).items()}
            self.assignments |= {key: it["assignment"] for key, it in kinds.get("asset_assignment", {}).items()}
        self.kinds: Mapping[str, Documents] = next((it for _, t, it in assets.partitions(store) if t == tenant_id), {})
        self.statuses = self.kinds.get("asset_status", {})
        self.head = self.kinds.get("asset_links_head", {}).get("current", {})
        of_users = next((it for _, t, it in partitions(store) if t == tenant_id), {})
        self.end_user_of = {key: it.get("end_user_id") for key, it in of_users.get("user_link", {}).items()}

    def linked(self) -> Iterator[tuple[str, dict[str, Any]]]:
        yield from ((key, it["link"]) for key, it in self.statuses.items() if it.get("link"))


def broken_promises(before: AssetState, after: AssetState, fleet: Fleet) -> Iterator[str]:
    """What a run did that it may not have done."""
    if "failure" in after.head:
        yield f"linking failed: {after.head['failure']}"
    for kind in _DECISIONS:
        forgotten = before.kinds.get(kind, {}).keys() - after.kinds.get(kind, {}).keys()
        there = [it for it in forgotten if it.partition(".")[0] in after.assets]
        yield from (f"{kind} {it} was decided and is forgotten" for it in there)
    for key, asset in before.assets.items():
        now = after.assets.get(key, {})
        if {**asset, "sequence": 0} != {**now, "sequence": 0}:
            yield f"{key} was {asset} and is {now}"
        yield from _assignment(key, before, after, fleet)
    yield from _one_to_one(after)
    for key in after.statuses:
        if after.assets.get(key, {}).get("gone_at") or after.assets.get(key, {}).get("is_archived"):
            yield f"{key} is out of use, and something is said of its device"
    for key, link in after.linked():
        asset = after.assets.get(key, {})
        was = before.statuses.get(key, {}).get("link")
        if not link.get("stale_since") and (was is None or was["device_id"] != link["device_id"]):
            yield from _reasons(key, asset, link, was, fleet)


def _one_to_one(after: AssetState) -> Iterator[str]:
    """No device is joined by itself with two assets, nor with one if a person linked it with another."""
    holders: defaultdict[str, list[tuple[str, str]]] = defaultdict(list)
    for key, link in after.linked():
        if not link.get("stale_since"):
            holders[link["device_id"]].append((key, link["how"]))
    for device, them in holders.items():
        if len(them) > 1 and any(how != "manual" for _, how in them):
            yield f"{device} is {them}"


def _reasons(
    key: str, asset: Mapping[str, Any], link: Mapping[str, Any], was: Mapping[str, Any] | None, fleet: Fleet
) -> Iterator[str]:
    """Whether a new link has the reason that it says it has."""
    device, how = link["device_id"], link["how"]
    own = {_plain(asset.get("serial")), _plain(asset.get("bios_serial"))} - {""}
    ids = {device, fleet.directory.get(device, {}).get("deviceId"), *(it["id"] for it in fleet.records(device))}
    is_kept = was is not None and bool(fleet.serials(device) & {was.get("serial")} or set(was["record_ids"]) & ids)
    holds = {
        "manual": True,
        "serial": bool(own & fleet.serials(device)),
        "entra_device_id": asset.get("entra_device_id") in ids,
        "intune_device_id": asset.get("intune_device_id") in ids,
    }
    if not holds.get(how, False) and not is_kept:
        yield f"{key} was linked with {device} by {how}: {asset} is not {sorted(map(str, ids))} {fleet.serials(device)}"


def _assignment(key: str, before: AssetState, after: AssetState, fleet: Fleet) -> Iterator[str]:
    was, now = before.assignments.get(key), after.assignments.get(key)
    if was == now or now is None:
        yield from [f"{key} was {was} and belongs to nobody"] if was != now else []
        return
    if was is not None and was["by"] == "manual":
        yield f"{key} was {was}, by hand, and is {now}"
    person = after.people.get(now["end_user_id"] or "", {})
    if person.get("organization_id") != after.assets[key]["organization_id"]:
        yield f"{key} came to {now['end_user_id']}, who is in {person.get('organization_id')}"
    link = after.statuses.get(key, {}).get("link", {})
    device = link.get("device_id", "")
    users = {it["userId"] for it in fleet.records(device)} | {fleet.directory.get(device, {}).get("owner")}
    if not link.get("stale_since") and now["end_user_id"] not in {after.end_user_of.get(it or "") for it in users}:
        yield f"{key} came to {now['end_user_id']}, and its device is of {users}"


def _plain(text: str | None) -> str:
    return "".join((text or "").split()).upper()
