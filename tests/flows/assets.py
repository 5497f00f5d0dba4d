"""A tenant whose devices are linked with pushed assets, in words of the product: for tests of asset links."""

from collections.abc import Iterable, Mapping
from datetime import UTC, timedelta
from typing import Any

from local.host.invocation.invoker import Response
from tests.flows.portal import Portal
from tests.flows.user_sync import UserSync

NO_DEVICE_ID = "00000000-0000-0000-0000-000000000000"


class Fleet:
    """One tenant, mapped and synced, whose users are synced; devices are added at Microsoft, assets by the portal."""

    def __init__(self, sync: UserSync) -> None:
        self.sync = sync
        self.portal = sync.portal
        self.world = sync.world
        self.organization = sync.organization
        self.id = sync.id

    def user(self, number: int) -> str:
        """The object id of one of the tenant's users."""
        return str(self.world.users(self.id)[number]["id"])

    def end_user(self, number: int) -> str:
        """The End User that one of the tenant's users is."""
        links = {it["object_id"]: it["end_user"]["id"] for it in self.sync.links()}
        return str(links[self.user(number)])

    def ago(self, **span: float) -> str:
        return (self.portal.clock() - timedelta(**span)).astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")

    def has_device(self, name: str, owner: int | None = None, **properties: Any) -> dict[str, Any]:
        """A device of the directory, registered by one of the users."""
        seen = {"approximateLastSignInDateTime": self.ago(hours=1)}
        owner_id = None if owner is None else self.user(owner)
        return dict(self.world.add_device(self.id, owner_id=owner_id, displayName=name, **{**seen, **properties}))

    def enrolls(self, device: Mapping[str, Any] | None, serial: str, user: int | None = None, **more: Any) -> str:
        """Intune manages a device, whose primary user is one of the users; returns its id there."""
        properties = {
            "azureADDeviceId": device["deviceId"] if device else NO_DEVICE_ID,
            "deviceName": device["displayName"] if device else "MD",
            "serialNumber": serial,
            "userId": "" if user is None else self.user(user),
            "lastSyncDateTime": self.ago(hours=1),
            "enrolledDateTime": self.ago(days=90),
            **more,
        }
        return str(self.world.add_managed_device(self.id, **properties)["id"])

    def has_laptop(self, name: str, serial: str, user: int = 0, **more: Any) -> dict[str, Any]:
        """A joined laptop of one of the users, managed by Intune."""
        device = self.has_device(name, user)
        self.enrolls(device, serial, user, **more)
        return device

    def push(self, external_id: str, organization: str = "", **fields: Any) -> dict[str, Any]:
        """The portal sends an asset, and the sync looks at it."""
        item = {"external_id": external_id, "name": external_id, "kind": "laptop", "os": "Windows 11", **fields}
        (asset_id,) = self.push_all([item], organization)
        return self.asset(asset_id)

    def push_all(self, items: Iterable[Mapping[str, Any]], organization: str = "") -> list[str]:
        """The portal sends assets at once, and the sync looks at them; returns their ids."""
        path = f"/organizations/{organization or self.organization}/assets/bulk"
        results = self.portal.ask("POST", path, {"items": list(items)})["items"]
        self.portal.run_queues()
        return [it["asset_id"] for it in results]

    def asset(self, asset_id: str) -> dict[str, Any]:
        return dict(self.portal.ask("GET", f"/assets/{asset_id}"))

    def assets(self, query: str = "") -> list[dict[str, Any]]:
        return list(self.portal.ask("GET", f"/organizations/{self.organization}/assets{query}")["items"])

    def by(self, external_id: str) -> dict[str, Any]:
        """An asset by the portal's id."""
        (found,) = self.assets(f"?external_id={external_id}")
        return found

    def link(self, asset: Mapping[str, Any], device_id: str) -> Response:
        answer = self.portal.call("PUT", f"/assets/{asset['id']}/link", {"device_id": device_id})
        self.portal.run_queues()
        return answer

    def unlink(self, asset: Mapping[str, Any]) -> None:
        assert self.portal.call("DELETE", f"/assets/{asset['id']}/link").status == 204
        self.portal.run_queues()

    def assign(self, asset: Mapping[str, Any], body: Mapping[str, Any]) -> Response:
        answer = self.portal.call("PUT", f"/assets/{asset['id']}/end-user", body)
        self.portal.run_queues()
        return answer

    def run(self) -> None:
        """Microsoft's changes come with the next sync."""
        self.sync.sync(hours=7)


def device_of(asset: Mapping[str, Any]) -> str | None:
    """The object id of the device that an asset is linked with."""
    link = (asset["linking"] or {}).get("link")
    return link and link["device_id"]


def reason_of(asset: Mapping[str, Any]) -> str | None:
    reason = asset["linking"]["reason"]
    return reason and reason["code"]


def question_of(asset: Mapping[str, Any]) -> str | None:
    review = asset["linking"]["review"]
    return review and review["kind"]


def with_fleet(portal: Portal, users: int = 3, **tenant: Any) -> Fleet:
    """A tenant with so many users and no device, mapped; its users are synced. ``tenant`` is how it is at Microsoft."""
    made = portal.has_tenant(users=users, devices=0, **tenant)
    portal.connected(made)
    organization = portal.ask("GET", "/organizations")["items"][0]["id"]
    return _synced(portal, made, organization)


def with_another_fleet(portal: Portal, name: str, users: int = 3) -> Fleet:
    """The same of another customer, with an Organization of its own."""
    made = portal.has_tenant(name, users=users, devices=0)
    portal.integrate(made)
    organization = portal.organization(name)
    portal.ask("PUT", f"/tenants/{made['id']}/mapping", {"organization_id": organization})
    portal.run_queues()
    return _synced(portal, made, organization)


def _synced(portal: Portal, tenant: Mapping[str, str], organization: str) -> Fleet:
    sync = UserSync(portal, tenant, organization)
    sync.turn_on()
    return Fleet(sync)
