"""Assets of an Organization and of all tenants as the API answers them; made up."""

from collections.abc import Callable
from typing import Any

from tests.browser.answering import Asked, Handle
from tests.browser.told import HOSTILE, Object, ago, fulfil
from tests.browser.told_people import page_of

TENANT_ID = "00000000-0000-4000-8000-000000000020"


def device(number: int, name: str, **changes: Any) -> Object:
    told = {
        "device_id": f"00000000-0000-4000-8000-0000000d{number:04d}", "name": name, "serial": f"5CD{number:04d}XYZ",
        "manufacturer": "HP", "model": "EliteBook 840", "system": "Windows", "system_version": "10.0.22631",
        "last_seen_at": ago(hours=number),
        "primary_user": {"object_id": "object-1", "name": "Ada Lund", "username": "ada@contoso.example"},
    }  # fmt: skip
    return told | changes


def link(number: int, **changes: Any) -> Object:
    told = {
        "device_id": f"00000000-0000-4000-8000-0000000d{number:04d}", "device": device(number, f"LAPTOP-{number:02d}"),
        "how": "serial", "evidence": [
            {"key": "entra_device_id", "value": f"00000000-0000-4000-8000-0000000e{number:04d}"},
            {"key": "serial", "value": f"5CD{number:04d}XYZ"},
        ],
        "confidence": 0.99, "since": ago(days=12), "by": None, "stale_since": None, "stale_ids": [],
        "person": {"object_id": "object-1", "name": "Ada Lund", "username": "ada@contoso.example"},
    }  # fmt: skip
    return told | changes


def linking(**changes: Any) -> Object:
    told = {"tenant_id": TENANT_ID, "link": None, "review": None, "reason": None, "findings": []}
    return told | changes


def reason(code: str, detail: str, remedy: str) -> Object:
    return {"code": code, "detail": detail, "remedy": remedy}


def review(kind: str, *candidates: Object, **changes: Any) -> Object:
    told = {
        "kind": kind, "is_conflict": kind in {"several_assets", "several_devices", "serial_differs"}, "key": "serial",
        "confidence": 0.95, "candidates": list(candidates), "rivals": [], "end_user": None,
    }  # fmt: skip
    return told | changes


def asset(number: int, name: str, **changes: Any) -> Object:
    """An asset; linked by its serial number and assigned as Microsoft says, if nothing else is told."""
    told = {
        "id": f"ast_{number}", "organization_id": "org_1", "external_id": f"pc-{number}", "name": name,
        "kind": "laptop", "serial": f"5CD{number:04d}XYZ", "bios_serial": None, "entra_device_id": None,
        "intune_device_id": None, "manufacturer": "HP", "model": "EliteBook 840", "os": "Windows",
        "os_version": "11 Pro", "mac_addresses": ["00:1A:2B:3C:4D:5E"], "last_seen_at": ago(hours=2),
        "is_shared": False, "is_archived": False, "created_at": ago(days=300), "changed_at": ago(days=3),
        "gone_at": None, "assigned_end_user_id": "eu_1", "assigned_by": "microsoft", "assigned_since": ago(days=12),
        "former_assignments": [], "linking": linking(link=link(number)),
    }  # fmt: skip
    return told | changes


NOBODY: Object = {"assigned_end_user_id": None, "assigned_by": None, "assigned_since": None}
BY_HAND: Object = {"assigned_end_user_id": "eu_5", "assigned_by": "manual"}
NO_DEVICE = reason(
    "no_device",
    "No device of the tenant fits.",
    "Join the device to Entra and enroll it in Intune, or link the asset by hand.",
)
NO_END_USER = reason(
    "person_without_end_user",
    "The device's person has no End User.",
    "Let the user sync take the person, or link the person to an End User.",
)
CONFLICT = reason(
    "conflict",
    "Serial number or ids fit several assets or several devices.",
    "Look at both and link the right ones by hand, or archive the asset that is a duplicate.",
)
REVIEW = reason(
    "review", "Only the name fits a device.", "Confirm the proposed link, or let the portal send the serial number."
)
OTHER = reason(
    "person_in_other_organization",
    "The device's person belongs to another Organization.",
    "Move the asset or the End User, or assign an End User by hand.",
)
ELSEWHERE = {
    "id": "eu_90", "name": "Mo Ving", "organization_id": "org_2", "organization_name": "Contoso North",
    "is_active": True,
}  # fmt: skip
FORMER = {"end_user_id": "eu_2", "by": "microsoft", "since": ago(days=200), "until": ago(days=12)}
ASSETS = [
    asset(1, "LAPTOP-01", former_assignments=[FORMER]),
    asset(2, "LAPTOP-02", **BY_HAND, linking=linking(link=link(2), findings=["differs_from_microsoft"])),
    asset(3, "LAPTOP-03", **NOBODY, linking=linking(reason=NO_DEVICE)),
    asset(4, "FRONTDESK-LAPTOP.contoso.local", **NOBODY, serial=None, linking=linking(
        reason=REVIEW,
        review=review("name_only", device(4, "FRONTDESK-LAPTO", manufacturer="Dell"), key="name", confidence=0.6),
    )),
    asset(5, "LAPTOP-05", **NOBODY, linking=linking(
        reason=CONFLICT,
        review=review("several_assets", device(5, "LAPTOP-05"), rivals=[{"asset_id": "ast_6", "name": HOSTILE}]),
    )),
    asset(6, HOSTILE, **NOBODY, serial="5CD0005XYZ", linking=linking(
        reason=CONFLICT,
        review=review("several_assets", device(5, "LAPTOP-05"), rivals=[{"asset_id": "ast_5", "name": "LAPTOP-05"}]),
    )),
    asset(7, "LAPTOP-07", **NOBODY, linking=linking(
        link=link(7, person={"object_id": "object-90", "name": "Mo Ving", "username": "mo@contoso.example"}),
        reason=OTHER, review=review("person_in_other_organization", key=None, confidence=0, end_user=ELSEWHERE),
    )),
    asset(8, "LAPTOP-08", **NOBODY, linking=linking(link=link(8), reason=NO_END_USER)),
    asset(9, "LAPTOP-09", linking=linking(
        link=link(9, how="manual", evidence=[], confidence=1.0, by="user_alice", device=None, stale_since=ago(days=3)),
        findings=["end_user_inactive"],
    )),
    asset(10, "OLD-LAPTOP", is_archived=True, linking=None),
    asset(11, "LAPTOP-11", **NOBODY, linking=linking(
        reason=CONFLICT, review=review("serial_differs", device(99, "LAPTOP-11"), key="entra_device_id"),
    )),
    *(asset(number, f"PC-{number:03d}", kind="desktop") for number in range(20, 75)),
]  # fmt: skip


def assets(listed: list[Object] | None = None) -> Handle:
    """A handler that filters as the API does; it gives what is in the list whenever it is asked."""
    everything = ASSETS if listed is None else listed

    def handle(request: Asked) -> None:
        asked = request.query
        found = [it for it in everything if asked.get("link", "") in {"", _link_of(it)}]
        fulfil(request, page_of(found, asked))

    return handle


def _link_of(it: Object) -> str:
    found = it["linking"]
    if not found or not found["review"]:
        return "linked" if found and found["link"] else "none"
    return "conflict" if found["review"]["is_conflict"] else "review"


def tenant_row(number: int, name: str, counts: Object | None, *reasons: Object, **changes: Any) -> Object:
    told = {
        "tenant_id": f"00000000-0000-4000-8000-{number:012d}", "name": name,
        "default_domain": f"tenant{number}.onmicrosoft.com", "organization": {"id": "org_1", "name": "Contoso Dental"},
        "as_of": ago(hours=2) if counts else None, "is_failing": False, "counts": counts, "reasons": list(reasons),
    }  # fmt: skip
    return told | changes


def numbers(assets_: int, assigned: int, review_: int = 0, conflicts: int = 0, unmanaged: int = 0) -> Object:
    return {
        "assets": assets_, "linked": assigned, "assigned": assigned, "unassigned": assets_ - assigned,
        "review": review_, "conflicts": conflicts, "unmanaged": unmanaged,
    }  # fmt: skip


ROWS = [
    tenant_row(
        20, "Contoso Dental", numbers(124, 118, 4, 0, 3), REVIEW | {"count": 4}, NO_DEVICE | {"count": 2},
    ),
    tenant_row(21, "Fabrikam Clinics", numbers(40, 38, 0, 2), CONFLICT | {"count": 2}, is_failing=True),
    tenant_row(22, HOSTILE, numbers(12, 12)),
    tenant_row(23, "Adatum", numbers(0, 0, unmanaged=7)),
    tenant_row(24, "Wingtip Law", None),
]  # fmt: skip
_ONLY: dict[str, Callable[[Object], bool]] = {
    "review": lambda it: bool(it["counts"] and it["counts"]["review"] + it["counts"]["conflicts"]),
    "unassigned": lambda it: bool(it["counts"] and it["counts"]["unassigned"]),
    "unmanaged": lambda it: bool(it["counts"] and it["counts"]["unmanaged"]),
    "unknown": lambda it: it["counts"] is None,
}


def insights(rows: list[Object] | None = None) -> Handle:
    everything = ROWS if rows is None else rows

    def handle(request: Asked) -> None:
        asked = request.query
        text, holds = asked.get("q", "").casefold(), _ONLY.get(asked.get("only", ""), lambda _: True)
        found = [it for it in everything if text in f"{it['name']} {it['tenant_id']}".casefold() and holds(it)]
        counts = {name: sum(map(holds, everything)) for name, holds in _ONLY.items()}
        fulfil(request, page_of(found, asked) | {"counts": {"tenants": len(everything), **counts}})

    return handle


def linking_of_a_tenant(**settings: Any) -> Object:
    """How the assets of a tenant are linked."""
    chosen = {"link_by_name": False, "override_manual": True, "junk_serials": ["1234567"], "good_serials": []}
    return {"tenant_id": TENANT_ID, "settings": chosen | settings, "linked_at": ago(hours=2)}
