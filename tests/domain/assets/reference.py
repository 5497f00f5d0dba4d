"""The rules of asset links once more: slow, without any index, one after another. It shares no rule with the app.

It reads a fleet as plain values and imports nothing of the app's.
"""

import re
from datetime import UTC, datetime, timedelta
from typing import Any

Row = dict[str, Any]
LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)
DAY = timedelta(days=1)
FILLERS = {"DEFAULTSTRING", "TOBEFILLEDBYO.E.M.", "SN-12345"}
LEAVING = ("retirePending", "wipeIssued")


def serial(text: str | None) -> str | None:
    text = re.sub(r"\s", "", text or "").upper().replace("S/N:", "")
    if text in FILLERS or len(re.sub(r"[^A-Z0-9]", "", text)) < 4 or not text.strip("0"):
        return None
    return text


def guid(text: str | None) -> str | None:
    text = (text or "").lower()
    return text if text.strip("0-") else None


def family(system: str | None) -> str | None:
    system = (system or "").lower()
    return "windows" if "windows" in system else "ios" if system == "ios" else None


class Device:
    """One enrollment: what the directory and Intune know by one device id."""

    def __init__(self, listed: Row | None, managed: list[Row]) -> None:
        self.d = listed
        order = sorted(managed, key=lambda it: (it["state"] not in LEAVING, reported(it), it["id"]))
        self.m: Row | None = order[-1] if order else None
        self.older = order[:-1]
        self.id: str = listed["id"] if listed else order[-1]["id"]
        known = self.m or listed or {}
        systems = [it["system"] for it in (self.m, listed) if it]
        self.name = known["name"].split(".")[0].lower()
        self.family = next((it for it in map(family, systems) if it), None)
        self.is_server = any("server" in (it or "").lower() for it in systems)
        self.reported = reported(self.m) if self.m else LONG_AGO
        self.enrolled = min((self.m and self.m["enrolled_at"]) or LONG_AGO, self.reported)
        self.seen = max(self.reported, (listed and listed["last_seen_at"]) or LONG_AGO)
        is_enabled = not listed or listed["is_enabled"] is not False
        self.is_usable = is_enabled and (not self.m or self.m["state"] not in LEAVING)
        ids = {self.id, guid(known["device_id"]), self.m and self.m["id"], listed and listed["id"]}
        self.ids = {it for it in ids if it}
        self.serial: str | None = None


def reported(managed: Row) -> datetime:
    return managed["last_sync_at"] or managed["enrolled_at"] or LONG_AGO


class Machine:
    """A device with all of its enrollments."""

    def __init__(self, enrollments: list[Device], serial: str | None) -> None:
        self.enrollments, self.serial = enrollments, serial
        alive = living(enrollments) if serial else [it for it in enrollments if it.is_usable]
        self.current = alive[0] if alive else None
        self.tied = [it for it in alive[1:] if alive[0].reported - it.reported < DAY]
        self.ids = {id_ for it in enrollments for id_ in {*it.ids, *(older["id"] for older in it.older)}}


def living(enrollments: list[Device]) -> list[Device]:
    found = []
    usable = [it for it in enrollments if it.is_usable]
    for it in usable:
        is_replaced = any(other.enrolled > it.reported for other in usable)
        is_silent = any(other.reported - it.reported >= 30 * DAY for other in usable)
        if not is_replaced and not is_silent:
            found.append(it)
    return sorted(found, key=lambda it: (it.reported, it.id), reverse=True)


class Reference:
    """What becomes of each asset."""

    def __init__(self, plain: Row) -> None:
        self.w = plain
        self.now: datetime = plain["as_of"]
        self.settings = plain["settings"]
        self.machines = self.make_machines()
        self.here = {
            key: it
            for key, it in plain["assets"].items()
            if not it["gone_at"] and not it["is_archived"] and it["organization_id"] in plain["organization_ids"]
        }
        self.candidates = {key: it for key, it in self.here.items() if self.is_candidate(it)}
        self.strong = {key: self.claim(key) for key in self.candidates if key not in plain["manual"]}
        self.kept = {key: machine for key in self.strong if (machine := self.keeps(key))}
        self.kept = {
            key: machine
            for key, machine in self.kept.items()
            if [*self.kept.values()].count(machine) == 1 and not self.wanted_by(machine, {})
        }

    def make_machines(self) -> list[Machine]:
        enrollments, used = [], set()
        for listed in self.w["directory"].values():
            managed = [it for it in self.w["intune"].values() if guid(it["device_id"]) == guid(listed["device_id"])]
            used |= {it["id"] for it in managed}
            enrollments.append(Device(listed, managed))
        for managed in self.w["intune"].values():
            if managed["id"] not in used:
                device_id = guid(managed["device_id"])
                them = [it for it in self.w["intune"].values() if device_id and guid(it["device_id"]) == device_id]
                used |= {it["id"] for it in them}
                enrollments.append(Device(None, them or [managed]))
        machines = []
        self.shared = set()
        for it in enrollments:
            it.serial = self.serial_of_device(it)
        for number in sorted({it.serial for it in enrollments if it.serial}):
            them = [it for it in enrollments if it.serial == number]
            if len(living(them)) >= 3 and number not in self.settings["good_serials"]:
                self.shared.add(number)
            else:
                machines.append(Machine(them, number))
        alone = [it for it in enrollments if it.serial is None or it.serial in self.shared]
        return [*machines, *(Machine([it], None) for it in alone)]

    def serial_of_device(self, device: Device) -> str | None:
        number = serial(device.m["serial"]) if device.m else None
        if number is None or number in self.settings["junk_serials"]:
            return None
        return None if number.startswith("VMWARE-") and device.m["manufacturer"] == "Dell" else number  # type: ignore[index]

    def is_candidate(self, asset: Row) -> bool:
        return asset["kind"] not in ("network", "printer") and not self.is_server(asset)

    def is_server(self, asset: Row) -> bool:
        return asset["kind"] == "server" or "server" in (asset["os"] or "").lower()

    def serials(self, asset: Row) -> set[str]:
        numbers = {serial(asset["serial"]), serial(asset["bios_serial"])} - {None, *self.settings["junk_serials"]}
        is_virtual = asset["kind"] == "vm" or "VMware" in (asset["manufacturer"] or "")
        return {it for it in numbers if it and (is_virtual or not it.startswith("VMWARE-"))}

    def fits(self, key: str, machine: Machine) -> bool:
        """Whether an asset may be a device at all."""
        asset, current = self.w["assets"][key], machine.current
        if current is None or (current.family == "ios" and asset["kind"] != "mobile"):
            return False
        return asset["kind"] != "mobile" or current.family in ("ios", None)

    def is_undone(self, key: str, keys: set[str]) -> bool:
        asset = self.w["assets"][key]
        for undone in self.w["undone"]:
            is_again = set(undone["asset_serials"]) & self.serials(asset) and undone["at"] < asset["created_at"]
            if (undone["asset_id"] == key or is_again) and keys & {*undone["device_ids"], undone["device_serial"]}:
                return True
        return False

    def may_be(self, key: str, machine: Machine) -> bool:
        return self.fits(key, machine) and not self.is_undone(key, self.keys(machine)) and not self.is_taken(machine)

    def keys(self, machine: Machine) -> set[str]:
        return machine.ids | {machine.serial or "-"}

    def is_taken(self, machine: Machine) -> bool:
        """Whether somebody linked the device with an asset that fits it, so that it is no other one."""
        by_hand = [it for it in self.w["manual"] if it in self.here and self.manual_machine(it) is machine]
        return any(self.has_key_of(it, machine) for it in by_hand)

    def has_key_of(self, key: str, machine: Machine) -> bool:
        asset = self.w["assets"][key]
        ids = {guid(asset["entra_device_id"]), guid(asset["intune_device_id"])} - {None}
        return machine.serial in self.serials(asset) or bool(ids & machine.ids)

    def claim(self, key: str) -> tuple[str, list[Machine]] | None:
        asset = self.candidates[key]
        ways = [
            ("serial", lambda it: it.serial in self.serials(asset)),
            ("entra_device_id", lambda it: guid(asset["entra_device_id"]) in it.ids),
            ("intune_device_id", lambda it: guid(asset["intune_device_id"]) in it.ids),
        ]
        for how, is_so in ways:
            if them := [it for it in self.machines if is_so(it) and self.may_be(key, it)]:
                return how, them
        return None

    def last(self, key: str) -> Row | None:
        status = self.w["statuses"].get(key)
        return status["link"] if status else None

    def machine_of(self, link: Row) -> Machine | None:
        for id_ in (link["device_id"], *link["record_ids"]):
            for it in self.machines:
                if id_ in it.ids:
                    return it
        return None

    def keeps(self, key: str) -> Machine | None:
        link, asset = self.last(key), self.candidates[key]
        machine = self.machine_of(link) if link else None
        if self.strong[key] or link is None or machine is None or machine.tied:
            return None
        if self.is_taken(machine) or not self.fits(key, machine) or self.is_undone(key, self.keys(machine)):
            return None
        if self.differs(asset, machine):
            return None
        if link["how"] == "serial":
            is_junk = link["serial"] in self.shared or link["serial"] in self.settings["junk_serials"]
            is_kept = not is_junk and (not self.serials(asset) or machine.enrollments[0].serial is None)
        elif link["how"] == "entra_device_id":
            is_kept = guid(asset["entra_device_id"]) is None
        else:
            no_record = machine.current is None or machine.current.m is None
            is_kept = link["how"] == "intune_device_id" and (guid(asset["intune_device_id"]) is None or no_record)
        return machine if is_kept else None

    def differs(self, asset: Row, machine: Machine) -> bool:
        return bool(machine.serial and self.serials(asset) and machine.serial not in self.serials(asset))

    def manual_machine(self, key: str) -> Machine | None:
        link = self.w["manual"][key]
        by_serial = [it for it in self.machines if link["serial"] and it.serial == link["serial"]]
        return self.machine_of(link) or next(iter(by_serial), None)

    def wanted_by(self, machine: Machine, kept: dict[str, Machine]) -> set[str]:
        """Assets that claim a device, keep it, or are it by hand."""
        by_hand = {it for it in self.w["manual"] if it in self.here and self.manual_machine(it) is machine}
        claiming = {it for it, claim in self.strong.items() if claim and machine in claim[1]}
        return by_hand | claiming | {it for it, device in kept.items() if device is machine}

    def names(self, one: str, other: str, kind: str | None) -> bool:
        is_cut = kind == "windows" and 15 in (len(one), len(other)) and one[:15] == other[:15]
        return one == other or is_cut

    def proposal(self, key: str) -> tuple[Machine | None, bool]:
        """The device with the asset's name, and whether several things have it."""
        asset = self.candidates[key]
        name, kind = asset["name"].split(".")[0].lower(), family(asset["os"])
        shown = [
            it
            for it in self.machines
            if it.current and not it.tied and it.current.family and self.now - it.current.seen < 30 * DAY
        ]
        them = [it for it in shown if it.current.family == kind and self.names(name, it.current.name, kind)]  # type: ignore[union-attr]
        if not them:
            return None, False
        seen = {it: row for it, row in self.candidates.items() if self.was_seen(row)}

        def of(name: str) -> list[str]:
            named = {it: row["name"].split(".")[0].lower() for it, row in seen.items() if family(row["os"]) == kind}
            return [it for it, other in named.items() if self.names(other, name, kind)]

        is_ambiguous = len(them) > 1 or len(of(name)) > 1
        machine = them[0]
        is_only = len(them) == 1 and of(machine.current.name) == [key] and self.was_seen(asset)  # type: ignore[union-attr]
        is_free = (
            not self.wanted_by(machine, self.kept) and not self.differs(asset, machine) and self.fits(key, machine)
        )
        return machine if is_only and is_free else None, is_ambiguous

    def was_seen(self, asset: Row) -> bool:
        return bool(asset["last_seen_at"]) and self.now - asset["last_seen_at"] < 30 * DAY

    def result(self, key: str) -> Row:
        """The link, the question and the reason of an asset that is here."""
        asset = self.here[key]
        if key in self.w["manual"]:
            return self.by_hand(key, asset)
        if key not in self.candidates:
            return {"reason": "server" if self.is_server(asset) else "kind_has_no_person"}
        if claim := self.strong[key]:
            review = self.conflict(key, claim[1])
            return {"review": review, "reason": "conflict"} if review else self.linked(key, claim[1][0], claim[0])
        if key in self.kept:
            return self.linked(key, self.kept[key], (self.last(key) or {})["how"])
        return self.unclaimed(key)

    def by_hand(self, key: str, asset: Row) -> Row:
        machine = self.manual_machine(key)
        if machine and machine.current:
            return self.linked(key, machine, "manual", "server" if self.is_server(asset) else None)
        return self.gone(self.w["manual"][key]["device_id"], "manual")

    def conflict(self, key: str, machines: list[Machine]) -> str | None:
        if len(machines) > 1 or machines[0].tied:
            return "several_devices"
        if self.wanted_by(machines[0], self.kept) - {key}:
            return "several_assets"
        return "serial_differs" if self.differs(self.here[key], machines[0]) else None

    def unclaimed(self, key: str) -> Row:
        machine, is_ambiguous = self.proposal(key)
        is_taken_back = machine is not None and not self.may_be(key, machine)
        stale = self.stale(key)
        if machine and not is_taken_back:
            if self.settings["link_by_name"]:
                return self.linked(key, machine, "name")
            return {**stale, "review": "name_only", "reason": "review"}
        return stale or {"reason": self.reason(key, is_taken_back=is_taken_back, is_ambiguous=is_ambiguous)}

    def stale(self, key: str) -> Row:
        link = self.last(key)
        machine = self.machine_of(link) if link else None
        if not link or link["how"] == "manual" or (machine and machine.current):
            return {}
        keys = {link["device_id"], *link["record_ids"], link["serial"] or "-"}
        since = link["stale_since"] or self.now
        if self.is_undone(key, keys) or self.now - since >= 30 * DAY:
            return {}
        return self.gone(link["device_id"], link["how"])

    def gone(self, device_id: str, how: str) -> Row:
        return {"device": device_id, "how": how, "is_stale": True, "reason": "device_gone"}

    def reason(self, key: str, *, is_taken_back: bool, is_ambiguous: bool) -> str:
        asset = self.candidates[key]
        numbers, ids = self.serials(asset), {guid(asset["entra_device_id"]), guid(asset["intune_device_id"])} - {None}
        keyed = [it for it in self.machines if it.serial in numbers or it.ids & ids]
        fitting = [it for it in keyed if self.fits(key, it)]
        if is_taken_back or any(self.is_undone(key, self.keys(it)) for it in fitting):
            return "link_undone"
        if any(map(self.is_taken, fitting)):
            return "device_is_another_asset"
        if numbers & self.shared:
            return "serial_shared"
        if is_ambiguous:
            return "name_not_unique"
        if not numbers and not ids:
            return "nothing_to_compare"
        states = {"unlicensed": "no_intune_license", "denied": "intune_not_read"}
        return states.get(self.w["intune_state"], "no_device") if numbers else "no_device"

    def linked(self, key: str, machine: Machine, how: str, reason: str | None = None) -> Row:
        found: Row = {"device": machine.current.id, "how": how}  # type: ignore[union-attr]
        if reason:
            return {**found, "reason": reason}
        reason, end_user = self.person(self.here[key], machine.current)  # type: ignore[arg-type]
        assignment = self.w["assignments"].get(key)
        is_fixed = assignment and assignment["by"] == "manual" and not self.settings["override_manual"]
        if reason == "person_in_other_organization":
            return {**found, "reason": reason, **({} if is_fixed else {"review": reason})}
        return {**found, "reason": reason, "end_user": None if is_fixed else end_user}

    def person(self, asset: Row, device: Device) -> tuple[str | None, str | None]:
        """Why a device's person gets no asset, or the End User."""
        owner = device.d["owner_id"] if device.d else None
        if asset["is_shared"] or device.is_server:
            return "shared" if asset["is_shared"] else "server", None
        if device.d and device.d["profile"] == "Shared":
            return "shared", None
        if device.m is None:
            return self.end_user(asset, owner) if owner else ("no_person", None)
        reason, user = self.primary_user(device.m, owner)
        return self.end_user(asset, user) if user else (reason, None)

    def primary_user(self, managed: Row, owner: str | None) -> tuple[str | None, str | None]:
        kind, user, users = managed["enrollment"], managed["user_id"], managed["verified_user_ids"]
        without = {"deviceEnrollmentManager": "account_is_no_person", "windowsBulkUserless": "shared"}
        others = [it for it in users or [] if it != user]
        if kind == "deviceEnrollmentManager" and len(others) == 1:
            return None, others[0]
        if kind in without:
            return without[kind], None
        if users is None and user and (kind == "windowsBulkAzureDomainJoin" or owner not in (None, user)):
            return "person_not_verified", None
        if users is None:
            users = [user] if user else []
        return ("shared", None) if len(users) != 1 else (None, users[0])

    def end_user(self, asset: Row, object_id: str) -> tuple[str | None, str | None]:
        person = self.w["people"].get(object_id)
        if person and person["use"] != "person":
            return "account_is_no_person", None
        end_user = self.w["end_users"].get(person["end_user_id"]) if person else None
        if end_user is None:
            return "person_without_end_user", None
        if not end_user["is_active"]:
            return "end_user_inactive", None
        if end_user["organization_id"] != asset["organization_id"]:
            return "person_in_other_organization", None
        return None, person["end_user_id"]

    def everything(self) -> Row:
        """Each asset's link, question, reason and End User."""
        return {key: self.told_of(key) for key in self.here}

    def told_of(self, key: str) -> Row:
        result, assignment = self.result(key), self.w["assignments"].get(key)
        end_user = result.get("end_user") or (assignment["end_user_id"] if assignment else None)
        is_nobody = assignment and not end_user
        reason = None if end_user else "nobody_by_decision" if is_nobody else result.get("reason")
        names = ("device", "how", "is_stale", "review")
        return {**{it: result.get(it) for it in names}, "reason": reason, "end_user": end_user}
