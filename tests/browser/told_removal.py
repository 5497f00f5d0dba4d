"""What the API tells of removals, made up."""

from typing import Any

from tests.browser.told import Object, ago

EFFECTS = {
    "confirm": "Northwind Partner",
    "effects": [
        "Completely disconnects your Microsoft account from Syncro.",
        "Removes 6 tenants and their mappings.",
        "Does not delete any data from your Microsoft accounts.",
    ],
    "by_hand": [
        {
            "tenant_id": "00000000-0000-4000-8000-000000000099",
            "what": "Delete our application in Northwind Partner, your own tenant.",
            "steps": ["Sign in as a Cloud Application Administrator.", "Search for it.", "Delete it."],
            "command": "Remove-MgServicePrincipal -ServicePrincipalId x",
        }
    ],
}


def leftover(**changes: Any) -> Object:
    return EFFECTS["by_hand"][0] | {"last_seen_at": None, "done_at": None, "done_by": None} | changes  # type: ignore[index]


def removal(state: str, *states: str, **changes: Any) -> Object:
    labels = ("Stop syncing", "Delete synced data", "Remove our application from Microsoft", "Forget the integration")
    steps = [
        {
            "name": f"step_{n}",
            "label": label,
            "state": done,
            "detail": "",
            "at": ago(seconds=30 - n) if done == "done" else None,
        }
        for n, (label, done) in enumerate(zip(labels, states, strict=True))
    ]
    return {
        "id": "rem_1",
        "kind": "csp",
        "state": state,
        "name": "Northwind Partner",
        "steps": steps,
        "leftovers": [],
        "receipt": None,
        "verification_at": ago(minutes=-12) if state == "removed" else None,
        "verified_at": ago(minutes=2) if state == "verified" else None,
    } | changes


def removal_item(number: int, state: str, **changes: Any) -> Object:
    return {
        "id": f"rem_{number}",
        "integration_id": f"int_{number}",
        "kind": "csp",
        "name": "" if state == "verified" else "Northwind Partner",
        "state": state,
        "requested_at": ago(hours=number),
        "requested_by": "user_alice",
        "removed_at": None if state == "removing" else ago(hours=number),
        "verified_at": ago(hours=number) if state == "verified" else None,
        "steps_left": 0,
        "receipt": {"removed": "preliminary", "verified": "final"}.get(state),
    } | changes
