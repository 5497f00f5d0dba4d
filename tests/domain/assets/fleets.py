"""A tenant's devices and an account's assets in memory, on which links are planned and applied."""

from collections.abc import Collection
from copy import copy
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec

from integrations.domain.assets.asset import Asset, AssetAssignment, AssetKind, AssignedBy, assigned
from integrations.domain.assets.devices.records import DirectoryDevice, IntuneDevice
from integrations.domain.assets.inputs import (
    AccountUse,
    AssetInputs,
    Assignee,
    DevicePerson,
    IntuneState,
)
from integrations.domain.assets.links import AssetLink, AssetStatus, ManualLink, UndoneLink, undo
from integrations.domain.assets.plan import AssetPlan, plan_links
from integrations.domain.assets.settings import AssetLinkSettings
from integrations.domain.ids import AssetId, EndUserId, OrganizationId

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
ACME, BRANCH, ELSEWHERE = (OrganizationId(it) for it in ("org_acme", "org_branch", "org_elsewhere"))
Row = Asset | DirectoryDevice | IntuneDevice


def ago(days: float) -> datetime:
    return NOW - timedelta(days=days)


def asset(asset_id: str, organization_id: OrganizationId = ACME, **more: Any) -> Asset:
    """A laptop with Windows that was seen yesterday."""
    defaults = {"name": asset_id.upper(), "kind": AssetKind.LAPTOP, "os": "Microsoft Windows 11 Pro"}
    dates = {"last_seen_at": ago(1), "created_at": ago(400), "changed_at": ago(400)}
    values = {"external_id": f"x-{asset_id}", **defaults, **dates, **more}
    return Asset(id=AssetId(asset_id), organization_id=organization_id, **values)


def managed(intune_id: str, **more: Any) -> IntuneDevice:
    """A device of Intune that reported yesterday, with a name that no asset has."""
    defaults = {"name": f"intune-{intune_id}", "system": "Windows", "last_sync_at": ago(1)}
    return IntuneDevice(id=intune_id, **{**defaults, **more})


def listed(object_id: str, **more: Any) -> DirectoryDevice:
    """A device of the directory that was used yesterday, with a name that no asset has."""
    defaults = {"name": f"directory-{object_id}", "system": "Windows", "last_seen_at": ago(1), "is_enabled": True}
    return DirectoryDevice(id=object_id, **{**defaults, **more})


@dataclass
class FleetWorld:
    """What is stored, and what somebody or Microsoft changes about it."""

    assets: dict[AssetId, Asset] = field(default_factory=dict)
    directory: dict[str, DirectoryDevice] = field(default_factory=dict)
    intune: dict[str, IntuneDevice] = field(default_factory=dict)
    people: dict[str, DevicePerson] = field(default_factory=dict)
    end_users: dict[EndUserId, Assignee] = field(default_factory=dict)
    manual: dict[AssetId, ManualLink] = field(default_factory=dict)
    undone: list[UndoneLink] = field(default_factory=list)
    statuses: dict[AssetId, AssetStatus] = field(default_factory=dict)
    assignments: dict[AssetId, AssetAssignment] = field(default_factory=dict)
    settings: AssetLinkSettings = field(default_factory=AssetLinkSettings)
    intune_state: IntuneState = IntuneState.READ
    is_current: bool = True
    organization_ids: Collection[OrganizationId] = (ACME, BRANCH)
    now: datetime = NOW

    def inputs(self) -> AssetInputs:
        return AssetInputs(
            organization_ids=self.organization_ids,
            assets=self.assets,
            directory=self.directory,
            intune=self.intune,
            intune_state=self.intune_state,
            is_current=self.is_current,
            people=self.people,
            end_users=self.end_users,
            manual=self.manual,
            undone=self.undone,
            statuses=self.statuses,
            assignments=self.assignments,
            settings=self.settings,
            as_of=self.now,
        )

    def plan(self) -> AssetPlan:
        return plan_links(self.inputs())

    def run(self) -> AssetPlan:
        """Plan and apply; an hour passes."""
        plan = self.plan()
        for change in plan.changes:
            self.statuses.pop(change.asset_id, None)
            if change.status:
                self.statuses[change.asset_id] = change.status
            if change.assignment:
                self.assignments[change.asset_id] = change.assignment
        self.now += timedelta(hours=1)
        return plan

    def forked(self) -> "FleetWorld":
        other = copy(self)
        for name, value in vars(self).items():
            if isinstance(value, dict | list):
                setattr(other, name, copy(value))
        return other

    def has(self, *rows: Row) -> "FleetWorld":
        for row in rows:
            rows_by_id: dict[Any, Any] = {Asset: self.assets, DirectoryDevice: self.directory}.get(
                type(row), self.intune
            )
            rows_by_id[row.id] = row
        return self

    def changes(self, row_id: str, **fields: Any) -> None:
        """Something about an asset or a device changes."""
        rows: Any = next(it for it in (self.assets, self.directory, self.intune) if row_id in it)
        rows[row_id] = msgspec.structs.replace(rows[row_id], **fields)

    def has_person(
        self,
        object_id: str,
        organization_id: OrganizationId = ACME,
        *,
        is_active: bool = True,
        use: AccountUse = AccountUse.PERSON,
    ) -> "FleetWorld":
        """A user of the tenant with an End User of the same name."""
        end_user_id = EndUserId(f"eu_{object_id}")
        self.people[object_id] = DevicePerson(end_user_id=end_user_id, use=use)
        self.end_users[end_user_id] = Assignee(organization_id=organization_id, is_active=is_active)
        return self

    def assigns(self, asset_id: str, end_user_id: str | None) -> None:
        """Somebody says whom an asset belongs to."""
        key, end_user = AssetId(asset_id), EndUserId(end_user_id) if end_user_id else None
        self.assignments[key] = assigned(self.assignments.get(key), end_user, AssignedBy.MANUAL, self.now)

    def links(self, asset_id: str, device_id: str, **more: Any) -> None:
        """Somebody links an asset by hand."""
        key = AssetId(asset_id)
        self.manual[key] = ManualLink(asset_id=key, device_id=device_id, at=self.now, by="tech", **more)

    def undoes(self, asset_id: str) -> None:
        """Somebody undoes the link of an asset."""
        link = self.link(asset_id)
        assert link
        key = AssetId(asset_id)
        self.undone = [*self.undone, undo(self.assets[key], link, self.now, "tech")]
        self.manual.pop(key, None)

    def status(self, asset_id: str) -> AssetStatus:
        return self.statuses[AssetId(asset_id)]

    def link(self, asset_id: str) -> AssetLink | None:
        return self.status(asset_id).link

    def device(self, asset_id: str) -> str | None:
        link = self.link(asset_id)
        return link.device_id if link else None

    def owner(self, asset_id: str) -> str | None:
        assignment = self.assignments.get(AssetId(asset_id))
        return assignment.end_user_id if assignment else None


def fleet(*rows: Row, **more: Any) -> FleetWorld:
    return FleetWorld(**more).has(*rows)


def ran(*rows: Row, **more: Any) -> FleetWorld:
    """A fleet of which links were planned and applied once."""
    made = fleet(*rows, **more)
    made.run()
    return made
