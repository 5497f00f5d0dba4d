"""What a user sync has come to: what is stored of it, and what whoever follows the feeds of its people has."""

from collections.abc import Mapping
from typing import Any

from tests.faults.lab.courses import without_times
from tests.faults.lab.links import partitions
from tests.faults.lab.people import people_of
from tests.flows.portal import Portal
from tests.stored import Store

_KINDS = ("user_link", "linked_end_user", "user_sync_question", "user_sync_decision")
_IN_HEAD = ("is_on", "is_first", "counts", "skipped", "organization_id", "failure")

People = dict[str, Any]


def outcome(store: Store) -> dict[str, Any]:
    """The End Users, links, questions and decisions, and the state, without when they came to be so."""
    found: dict[str, Any] = {}
    for _, organization, kinds in people_of(store):
        found |= {f"{organization} {key}": without_times(it) for key, it in kinds.get("end_user", {}).items()}
    for _, tenant, kinds in partitions(store):
        for kind in _KINDS:
            found |= {f"{tenant} {kind} {key}": without_times(it) for key, it in kinds.get(kind, {}).items()}
        head = kinds.get("user_sync_head", {}).get("current", {})
        found[f"{tenant} head"] = {it: head.get(it) for it in _IN_HEAD} | {
            "held": (head.get("hold") or {}).get("reasons"),
            "is_applied": head.get("version") == head.get("applied_version"),
        }
    return found


def people_in(portal: Portal, organization: str) -> People:
    found = portal.ask("GET", f"/organizations/{organization}/end-users?limit=1000")["items"]
    return {it["id"]: _of_the_portal(it) for it in found}


def _of_the_portal(person: Mapping[str, Any]) -> dict[str, Any]:
    """Without what is Microsoft's, which is shown as it is at the moment."""
    return {key: it for key, it in person.items() if key not in {"microsoft", "managed_fields"}}


def follow(portal: Portal, organization: str, people: People, after: str) -> str:
    """Bring a copy of an Organization's people up to date; returns the position reached."""
    while True:
        query = f"?limit=7{f'&after={after}' if after else ''}"
        page = portal.ask("GET", f"/organizations/{organization}/changes{query}")
        for it in page["items"]:
            if it["end_user_id"] is None:
                continue
            people.pop(it["end_user_id"], None)
            if it["end_user"]:
                people[it["end_user"]["id"]] = _of_the_portal(it["end_user"])
        after = str(page["next_after"])
        if not page["has_more"]:
            return after
