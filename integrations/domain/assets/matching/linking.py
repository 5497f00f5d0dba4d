"""What becomes of each asset: a link, a question, or a reason why there is neither. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice

import msgspec

from integrations.domain.assets.asset import Asset
from integrations.domain.assets.devices.fleet import IN_USE, DeviceRecord, Fleet, TenantDevice
from integrations.domain.assets.inputs import AssetInputs, IntuneState
from integrations.domain.assets.links import (
    MOST_LISTED,
    MOST_STALE,
    AssetLink,
    LinkEvidence,
    LinkKey,
    ManualLink,
    ReviewItem,
    ReviewKind,
)
from integrations.domain.assets.matching.claims import Claim, Claims
from integrations.domain.assets.matching.keys import differs, is_server
from integrations.domain.assets.reasons import NoEndUserReason
from integrations.domain.ids import AssetId
from integrations.domain.retention import STALE_ASSET_LINKS

_CONFIDENCE = {
    LinkKey.MANUAL: 1.0,
    LinkKey.SERIAL: 0.95,
    LinkKey.ENTRA_DEVICE_ID: 0.95,
    LinkKey.INTUNE_DEVICE_ID: 0.95,
    LinkKey.NAME: 0.6,
}
_CONFIRMED = 0.99  # serial number and device id
_DEVICE_IDS = frozenset({LinkKey.ENTRA_DEVICE_ID, LinkKey.INTUNE_DEVICE_ID})


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What becomes of an asset.

    ``record`` is what counts of a device that is there. ``valid_until`` is when a name will not count any more.
    """

    link: AssetLink | None = None
    record: DeviceRecord | None = None
    review: ReviewItem | None = None
    reason: NoEndUserReason | None = None
    valid_until: datetime | None = None


class Linking:
    """Decides about assets one by one."""

    def __init__(self, inputs: AssetInputs, fleet: Fleet, claims: Claims) -> None:
        self._inputs, self._fleet, self._claims = inputs, fleet, claims

    def outcome(self, asset_id: AssetId) -> Outcome:
        """What becomes of a living asset of one of the Organizations."""
        asset = self._inputs.assets[asset_id]
        if manual := self._inputs.manual.get(asset_id):
            return self._by_hand(asset, manual)
        if asset_id not in self._claims.candidates:
            reason = NoEndUserReason.SERVER if is_server(asset) else NoEndUserReason.KIND
            return Outcome(reason=reason)
        if claim := self._claims.by_asset.get(asset_id):
            review = self._conflict(asset_id, claim)
            if review:
                return Outcome(review=review, reason=NoEndUserReason.CONFLICT)
            return self._linked(asset, claim.devices[0], claim.key)
        stale = self._stale(asset_id)
        if device := self._claims.proposed(asset_id):
            return self._by_name(asset, device, stale.link if stale else None)
        return stale or Outcome(reason=self._reason(asset_id))

    def _by_hand(self, asset: Asset, manual: ManualLink) -> Outcome:
        device = self._claims.manual_device(asset.id)
        if device and device.current:
            made = self._link(asset, device, LinkKey.MANUAL)
            link = msgspec.structs.replace(made, since=manual.at, by=manual.by)
            if is_server(asset):
                return Outcome(link=link, reason=NoEndUserReason.SERVER)
            return Outcome(link=link, record=device.current)
        before = self._before(asset.id)
        since = before.stale_since if before and before.by else None
        link = AssetLink(
            device_id=manual.device_id,
            how=LinkKey.MANUAL,
            confidence=_CONFIDENCE[LinkKey.MANUAL],
            since=manual.at,
            by=manual.by,
            serial=manual.serial,
            record_ids=manual.record_ids,
            stale_since=since or self._inputs.as_of,
        )
        return Outcome(link=link, reason=NoEndUserReason.DEVICE_GONE)

    def _conflict(self, asset_id: AssetId, claim: Claim) -> ReviewItem | None:
        devices = [record for it in claim.devices for record in (it.current, *it.others) if record]
        rivals = self._rivals(asset_id, claim.devices)
        if len(devices) > 1:
            kind = ReviewKind.SEVERAL_DEVICES
        elif rivals:
            kind = ReviewKind.SEVERAL_ASSETS
        elif differs(self._claims.keys(asset_id), claim.devices[0]):
            kind = ReviewKind.SERIAL_DIFFERS
        else:
            return None
        return ReviewItem(
            kind=kind,
            key=claim.key,
            device_ids=sorted(it.id for it in devices)[:MOST_LISTED],
            rivals=rivals,
            confidence=_CONFIDENCE[claim.key],
        )

    def _rivals(self, asset_id: AssetId, devices: Sequence[TenantDevice]) -> list[AssetId]:
        rivals = {
            it
            for device in devices
            for listed in (self._claims.by_hand(device), self._claims.claimants(device))
            for it in islice(listed, MOST_LISTED + 1)
        }
        return sorted(rivals - {asset_id})[:MOST_LISTED]

    def _by_name(self, asset: Asset, device: TenantDevice, stale: AssetLink | None) -> Outcome:
        current = device.current
        seen = [it for it in (asset.last_seen_at, current and current.last_seen_at) if it]
        valid_until = min(seen) + IN_USE
        if self._inputs.settings.link_by_name:
            return Outcome(link=self._link(asset, device, LinkKey.NAME), record=current, valid_until=valid_until)
        review = ReviewItem(
            kind=ReviewKind.NAME_ONLY,
            key=LinkKey.NAME,
            device_ids=[current.id] if current else [],
            confidence=_CONFIDENCE[LinkKey.NAME],
        )
        return Outcome(link=stale, review=review, reason=NoEndUserReason.REVIEW, valid_until=valid_until)

    def _linked(self, asset: Asset, device: TenantDevice, key: LinkKey) -> Outcome:
        return Outcome(link=self._link(asset, device, key), record=device.current)

    def _link(self, asset: Asset, device: TenantDevice, how: LinkKey) -> AssetLink:
        before, current = self._before(asset.id), device.current or device.records()[0]
        continues = before is not None and _is_same_device(before, device)
        evidence = self._claims.evidence(asset.id, device)
        if before and continues and how is not LinkKey.MANUAL and how not in {it.key for it in evidence}:
            evidence = [*(it for it in before.evidence if it.key is how), *evidence]
        return AssetLink(
            device_id=current.id,
            how=how,
            evidence=evidence,
            confidence=_confidence(how, evidence),
            since=before.since if before and continues else self._inputs.as_of,
            serial=device.serial,
            record_ids=current.ids,
            stale_ids=device.stale_ids()[:MOST_STALE],
        )

    def _stale(self, asset_id: AssetId) -> Outcome | None:
        """The link of a device that is retired or gone, for a while."""
        link, device = self._before(asset_id), self._claims.linked_device(asset_id)
        if link is None or link.how is LinkKey.MANUAL or (device and device.current):
            return None
        keys = {link.device_id, *link.record_ids, *([link.serial] if link.serial else [])}
        since = link.stale_since or self._inputs.as_of
        if self._claims.is_undone(asset_id, keys) or self._inputs.as_of - since >= STALE_ASSET_LINKS:
            return None
        return Outcome(link=msgspec.structs.replace(link, stale_since=since), reason=NoEndUserReason.DEVICE_GONE)

    def _before(self, asset_id: AssetId) -> AssetLink | None:
        status = self._inputs.statuses.get(asset_id)
        return status.link if status else None

    def _reason(self, asset_id: AssetId) -> NoEndUserReason:
        """Why no device is known for an asset."""
        keys, state = self._claims.keys(asset_id), self._inputs.intune_state
        reasons = (
            (NoEndUserReason.UNDONE, asset_id in self._claims.undone),
            (NoEndUserReason.ANOTHER_ASSET, asset_id in self._claims.barred),
            (NoEndUserReason.SERIAL_SHARED, self._claims.is_serial_shared(asset_id)),
            (NoEndUserReason.NAME_NOT_UNIQUE, self._claims.is_name_ambiguous(asset_id)),
            (NoEndUserReason.NO_KEYS, keys.is_empty),
            (NoEndUserReason.NO_INTUNE_LICENSE, bool(keys.serials) and state is IntuneState.UNLICENSED),
            (NoEndUserReason.INTUNE_NOT_READ, bool(keys.serials) and state is IntuneState.DENIED),
        )
        return next((it for it, is_so in reasons if is_so), NoEndUserReason.NO_DEVICE)


def _is_same_device(link: AssetLink, device: TenantDevice) -> bool:
    """Whether a link, however it was made, was with this device already."""
    is_same = link.serial is not None and link.serial == device.serial
    return is_same or not device.keys.isdisjoint([link.device_id, *link.record_ids])


def _confidence(how: LinkKey, evidence: Sequence[LinkEvidence]) -> float:
    keys = {it.key for it in evidence}
    is_confirmed = how is not LinkKey.MANUAL and LinkKey.SERIAL in keys and keys & _DEVICE_IDS
    return _CONFIRMED if is_confirmed else _CONFIDENCE[how]
