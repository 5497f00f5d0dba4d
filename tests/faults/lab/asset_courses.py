"""A tenant's assets and devices through whatever may happen, with deaths at any write and others in between."""

import json
import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, timedelta
from typing import Any

from tests.faults.lab.asset_promises import AssetState, Fleet, broken_promises
from tests.faults.lab.assets import partitions
from tests.faults.lab.courses import FRESH_MINUTES, Course, Ends, Outcome, Request, Scene, without_times
from tests.faults.lab.flows import settle
from tests.faults.lab.lab import Lab
from tests.faults.lab.people import people_of
from tests.flows.portal import Portal
from tests.stored import Store

_USERS = 4
_LAPTOPS = 3
_ANSWERS = frozenset({200, 201, 202, 204, 400, 404, 409, 412})
_KINDS = ("asset_status", "manual_asset_link", "undone_asset_link")
_STALE_HOURS = 13  # devices count for twelve

Asset = dict[str, Any]


def nothing(_portal: Portal) -> None:
    """What follows from Microsoft's changes, and nothing else."""


class AssetCourse(Course):
    """One tenant, two Organizations under its Syncro Tenant, a user sync that is on, laptops and assets."""

    lasting, head = "assetlinks", "asset_links_head"

    def __init__(self, lab: Lab, chance: random.Random, ends: Ends) -> None:
        portal = lab.begin()
        tenant = portal.has_tenant(f"Tenant {chance.randrange(10**9)}", users=_USERS, devices=0)
        super().__init__(lab, portal, tenant, chance, ends)
        self._made = 0
        self._owners: dict[str, str] = {}
        self._removed: dict[str, dict[str, Any]] = {}  # Intune's list tells of what left it once a day
        portal.integrate(tenant)
        mapped = portal.organization("Acme Dental")
        found = portal.ask("GET", "/organizations")["items"]
        syncro_tenant = next(it["syncro_tenant_id"] for it in found if it["id"] == mapped)
        branch = {"name": "Branch", "syncro_tenant_id": syncro_tenant}
        self._organizations = mapped, str(portal.ask("POST", "/organizations", branch, expect=201)["id"])
        portal.ask("PUT", f"/tenants/{tenant['id']}/mapping", {"organization_id": mapped})
        portal.run_queues()
        settings = {"settings": {"organizations": [{"organization_id": mapped}]}}
        plan = portal.ask("POST", f"/tenants/{tenant['id']}/user-sync/plan", settings)
        body = settings | {"plan_hash": plan["plan_hash"]}
        portal.call("PUT", f"/tenants/{tenant['id']}/user-sync", body, headers={"if-match": "*"})
        for _ in range(_LAPTOPS):
            self._has_laptop()
        self._send(portal, [self._item(it) for it in range(1, _LAPTOPS)])
        self._synced()
        settle(portal)

    # What stands before, and what is asked for; a scene without a request is about what Microsoft says.

    def _all(self) -> dict[str, Callable[[], Request]]:
        devices = (self._enrolled, self._reimaged, self._renamed, self._retired, self._handed_over, self._stale)
        pushed = (self._pushed, self._several_pushed, self._snapshot, self._rivals, self._namesake, self._deleting)
        asked = (self._linking, self._undoing, self._assigning, self._person_leaves, self._person_moves)
        return {it.__name__.strip("_"): it for it in (*devices, *pushed, *asked)}

    def _scenes(self) -> Sequence[str]:
        return list(self._all())

    def _begins(self, scene: str) -> Scene:
        for _ in range(self._chance.randrange(3)):
            way = self._chance.choice(list(self._all().values())[:12])
            if way != self._stale:
                way()(self._portal)
        return Scene(scene, self._all()[scene]())

    def _enrolled(self) -> Request:
        """A laptop comes at Microsoft, and mostly in the portal, too."""
        number = self._has_laptop()
        if self._chance.random() < 0.8:
            self._send(self._portal, [self._item(number)])
        return nothing

    def _reimaged(self) -> Request:
        """A laptop is set up anew: new records with the same serial number, and the old ones stay behind."""
        if managed := self._managed():
            old = self._chance.choice(managed)
            self._world.change_managed_device(self._tenant["id"], old["id"], lastSyncDateTime=self._ago(days=40))
            self._record(old["deviceName"] + "-NEW", old["serialNumber"], self._user())
        return nothing

    def _renamed(self) -> Request:
        if managed := self._managed():
            device = self._chance.choice(managed)
            self._made += 1
            self._world.change_managed_device(self._tenant["id"], device["id"], deviceName=f"NAMED-{self._made}")
            for it in self._world.devices(self._tenant["id"]):
                if it["deviceId"] == device["azureADDeviceId"]:
                    self._world.change_device(self._tenant["id"], it["id"], displayName=f"NAMED-{self._made}")
        return nothing

    def _retired(self) -> Request:
        if len(managed := self._managed()) > 1:
            device = self._chance.choice(managed)
            self._removed[device["id"]] = device
            self._world.remove_managed_device(self._tenant["id"], device["id"])
            for it in self._world.devices(self._tenant["id"]):
                if it["deviceId"] == device["azureADDeviceId"]:
                    self._world.remove_device(self._tenant["id"], it["id"], permanently=self._chance.random() < 0.5)
        return nothing

    def _handed_over(self) -> Request:
        """A laptop gets another primary user, who is also its owner in the directory."""
        if managed := self._managed():
            device, user = self._chance.choice(managed), self._user()
            self._world.change_managed_device(
                self._tenant["id"], device["id"], userId=user, lastSyncDateTime=self._ago()
            )
            for it in self._world.devices(self._tenant["id"]):
                if it["deviceId"] == device["azureADDeviceId"]:
                    self._owns(it["id"], user)
                    self._world.change_device(self._tenant["id"], it["id"], displayName=f"{it['displayName']}x"[-15:])
        return nothing

    def _stale(self) -> Request:
        """Devices are read, and for half a day nobody comes to look at them: nothing is linked or given by then."""
        self._retired()
        self._handed_over()
        self._portal.later(minutes=FRESH_MINUTES)
        self._read_only()
        before = AssetState(self._lab.storage.read(queues=False), self._tenant["id"])
        self._portal.later(hours=_STALE_HOURS)
        self._evaluate(self._portal)
        after = AssetState(self._lab.storage.read(queues=False), self._tenant["id"])
        if (before.statuses, before.assignments) != (after.statuses, after.assignments):
            self._ends.breaks.append("stale: links changed, from what was read too long ago")
        return nothing

    def _pushed(self) -> Request:
        """One asset changes what it is known by, its place in use, or whom it belongs to."""
        return self._sends([self._changed(it) for it in self._some(1)])

    def _several_pushed(self) -> Request:
        return self._sends([self._changed(it) for it in self._some(3)])

    def _snapshot(self) -> Request:
        """Everything that the portal has, but for one asset at times."""
        found = [it for it in self._assets() if it["organization_id"] == self._organizations[0]]
        left = found[1:] if self._chance.random() < 0.6 else found
        items = [{"external_id": it["external_id"], "name": it["name"]} for it in left]
        return self._sends(items, complete=True) if items else nothing

    def _rivals(self) -> Request:
        """A second asset says to be the same laptop, or says so no more."""
        numbers = [it["serialNumber"] for it in self._managed()]
        serial = self._chance.choice(numbers) if numbers else None
        self._send(self._portal, [{"external_id": "rival", "name": "Rival", "serial": serial}])
        return self._sends([{"external_id": "rival", "serial": self._chance.choice([serial, None])}])

    def _namesake(self) -> Request:
        """An asset has nothing but the name in common with a laptop."""
        if managed := self._managed():
            self._made += 1
            name = self._chance.choice(managed)["deviceName"]
            item = {
                "external_id": f"n{self._made}",
                "name": name,
                "os": "Windows 11",
                "last_seen_at": self._ago(days=1),
            }
            self._send(self._portal, [item])
        return nothing

    def _deleting(self) -> Request:
        return self._asks("DELETE", self._chance.choice(found), "") if len(found := self._assets()) > 2 else nothing

    def _linking(self) -> Request:
        found, devices = self._assets(), [it["id"] for it in self._world.devices(self._tenant["id"])]
        if not found or not devices:
            return nothing
        return self._asks("PUT", self._chance.choice(found), "/link", {"device_id": self._chance.choice(devices)})

    def _undoing(self) -> Request:
        linked = self._linked() or self._assets()
        return self._asks("DELETE", self._chance.choice(linked), "/link") if linked else nothing

    def _assigning(self) -> Request:
        people = self._people()
        bodies: list[dict[str, Any]] = [{"end_user_id": None}, {"is_automatic": True}]
        bodies += [{"end_user_id": it} for it in self._chance.sample(people, min(3, len(people)))]
        found, body = self._linked() or self._assets(), self._chance.choice(bodies)
        return self._asks("PUT", self._chance.choice(found), "/end-user", body) if found else nothing

    def _person_leaves(self) -> Request:
        """Somebody who has an asset leaves Microsoft, or is disabled or back; another one comes."""
        users = self._world.users(self._tenant["id"])
        user, what = self._chance.choice(users[1:]), self._chance.randrange(3)
        if what == 0 and len(users) > _USERS - 1:
            self._world.remove_user(self._tenant["id"], user["id"], permanently=True)
        elif what == 1:
            self._world.change_user(self._tenant["id"], user["id"], accountEnabled=not user["accountEnabled"])
        else:
            self._made += 1
            mail = f"person{self._made}@{self._tenant['domain']}"
            self._world.add_user(self._tenant["id"], displayName=f"Person {self._made}", mail=mail)
        return nothing

    def _person_moves(self) -> Request:
        """An End User is erased, merged into another one, or moved to the other Organization."""
        people, what = self._people(), self._chance.randrange(3)
        if len(people) < 2:
            return nothing
        first, second = self._chance.sample(people, 2)
        if what == 0:
            return lambda portal: _call(portal, "DELETE", f"/end-users/{first}")
        if what == 1:
            return lambda portal: _call(portal, "POST", f"/end-users/{first}/merge", {"end_user_id": second})
        body = {"organization_id": self._organizations[1], "end_user_ids": [first]}
        path = f"/organizations/{self._organizations[0]}/end-users/move"
        return lambda portal: _call(portal, "POST", path, body)

    def _comes_between(self) -> Request:
        ways = (self._pushed, self._several_pushed, self._linking, self._undoing, self._assigning, self._person_moves)
        return self._chance.choice([*ways, self._deleting])()

    # What is done with it.

    def _has_laptop(self) -> int:
        self._made += 1
        self._record(f"NW-{self._made}", _serial(self._made), self._user())
        return self._made

    def _record(self, name: str, serial: str, user: str) -> None:
        device = self._world.add_device(self._tenant["id"], displayName=name)
        self._owns(device["id"], user)
        self._world.add_managed_device(
            self._tenant["id"],
            azureADDeviceId=device["deviceId"],
            deviceName=name,
            serialNumber=serial,
            userId=user,
            lastSyncDateTime=self._ago(),
        )

    def _owns(self, device: str, user: str) -> None:
        self._owners[device] = user
        self._world.set_owner(self._tenant["id"], device, user)

    def _item(self, number: int) -> dict[str, Any]:
        return {"external_id": f"{number}", "name": f"PC-{number}", "serial": _serial(number), "os": "Windows 11"}

    def _changed(self, asset: Asset) -> dict[str, Any]:
        devices, people = self._world.devices(self._tenant["id"]), self._people()
        values: dict[str, Any] = {
            "name": f"PC-{self._chance.randrange(100)}",
            "serial": self._chance.choice([None, _serial(self._chance.randint(1, self._made))]),
            "entra_device_id": self._chance.choice(devices)["deviceId"] if devices else None,
            "is_archived": self._chance.random() < 0.4,
            "is_shared": self._chance.random() < 0.4,
            "assigned_end_user_id": self._chance.choice([None, *people]),
        }
        name = self._chance.choice(list(values))
        more = {"assigned_by": "manual"} if name == "assigned_end_user_id" else {}
        return {"external_id": asset["external_id"], name: values[name], **more}

    def _sends(self, items: list[dict[str, Any]], **more: Any) -> Request:
        return (lambda portal: self._send(portal, items, **more)) if items else nothing

    def _send(self, portal: Portal, items: list[dict[str, Any]], **more: Any) -> None:
        _call(portal, "POST", f"/organizations/{self._organizations[0]}/assets/bulk", {"items": items, **more})

    def _asks(self, method: str, asset: Asset, what: str, body: object = None) -> Request:
        return lambda portal: _call(portal, method, f"/assets/{asset['id']}{what}", body)

    # What is there, and what must be true of it.

    def _assets(self) -> list[Asset]:
        return list(self._portal.ask("GET", f"/organizations/{self._organizations[0]}/assets?limit=1000")["items"])

    def _linked(self) -> list[Asset]:
        """Assets with a link, or with a question about one."""
        return [it for it in self._assets() if it["linking"] and (it["linking"]["link"] or it["linking"]["review"])]

    def _some(self, most: int) -> list[Asset]:
        found = self._assets()
        return self._chance.sample(found, min(most, len(found)))

    def _people(self) -> list[str]:
        found = self._portal.ask("GET", f"/organizations/{self._organizations[0]}/end-users?limit=1000")["items"]
        return sorted(it["id"] for it in found)

    def _managed(self) -> list[dict[str, Any]]:
        return self._world.managed_devices(self._tenant["id"])

    def _user(self) -> str:
        return str(self._chance.choice(self._world.users(self._tenant["id"]))["id"])

    def _ago(self, **span: float) -> str:
        return (self._portal.clock() - timedelta(**span)).astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")

    def _outcome(self, store: Store) -> Outcome:
        """Assets, assignments, links, questions and decisions; an asset goes by what the portal calls it."""
        found: Outcome = {}
        names: dict[str, str] = {}
        for _, organization, kinds in people_of(store):
            names |= {key: f"{organization} {it['external_id']}" for key, it in kinds.get("asset", {}).items()}
            for kind in ("asset", "asset_assignment"):
                found |= {f"{kind} {key}": it for key, it in kinds.get(kind, {}).items()}
        for _, tenant, kinds in partitions(store):
            for kind in _KINDS:
                found |= {f"{tenant} {kind} {key}": it for key, it in kinds.get(kind, {}).items()}
            head = kinds.get("asset_links_head", {}).get("current", {})
            found[f"{tenant} head"] = {it: head.get(it) for it in ("counts", "failure", "organization_id")}
        text = json.dumps({key: without_times(it) for key, it in found.items()})
        for key, name in names.items():
            text = text.replace(key, name)
        return dict(json.loads(text))

    def _broken(self, asked: Store, done: Store) -> Iterator[str]:
        before, after = (AssetState(it, self._tenant["id"]) for it in (asked, done))
        yield from broken_promises(before, after, self._fleet())

    def _fleet(self) -> Fleet:
        owned: Mapping[str, str] = self._owners
        directory = {it["id"]: {**it, "owner": owned.get(it["id"])} for it in self._world.devices(self._tenant["id"])}
        return Fleet(directory, self._removed | {it["id"]: it for it in self._managed()})

    def _kept(self) -> Iterator[str]:
        """What is shown of assets is what is stored: each is there once, with the device that it is linked with."""
        state = AssetState(self._lab.storage.read(queues=False), self._tenant["id"])
        for it in self._assets():
            link = (it["linking"] or {}).get("link")
            stored = state.statuses.get(it["id"], {}).get("link")
            if (link and link["device_id"]) != (stored and stored["device_id"]):
                yield f"{it['external_id']} is shown with {link}, and {stored} is stored"


def _serial(number: int) -> str:
    return f"5CD{number:04}XYZ"


def _call(portal: Portal, method: str, path: str, body: object = None) -> None:
    answer = portal.call(method, path, body)
    assert answer.status in _ANSWERS, (method, path, answer.status, answer.body)
