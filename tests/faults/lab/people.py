"""End Users in the laboratory: what is done with them, what must be true in the end, and the rules of their rows."""

import json
from collections import Counter
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from local.host.invocation.invoker import Response
from tests.flows.portal import Portal
from tests.stored import Store

if TYPE_CHECKING:
    from tests.faults.lab.flows import Case
    from tests.faults.lab.races import Unit

_PUSHED = 40  # two transactions
_PUSHED_ASSETS = 60  # three transactions
_NUMBERED = ("end_user_change", "end_user_tombstone", "asset_change", "asset_tombstone")
_GONE = frozenset({204, 404})  # 404: a first try, whose answer was lost, did it

Documents = dict[str, dict[str, Any]]


# Flows: they begin with three End Users of one Organization, two of whom have an asset, and another one that is empty.


def has_people(portal: Portal, case: "Case") -> None:
    case.organization, case.other_organization = portal.organization("Acme"), portal.organization("Other")
    _push(portal, case.organization, 3)
    _push_assets(portal, case.organization, 2)


def push_assets(portal: Portal, case: "Case") -> None:
    _push_assets(portal, case.organization, _PUSHED_ASSETS)
    case.is_told = True


def push(portal: Portal, case: "Case") -> None:
    _push(portal, case.organization, _PUSHED)
    case.is_told = True


def move(portal: Portal, case: "Case") -> None:
    path = f"/organizations/{case.organization}/end-users/move"
    assert portal.ask("POST", path, {"organization_id": case.other_organization})["remaining"] == 0
    case.is_told = True


def merge(portal: Portal, case: "Case") -> None:
    first, second, _ = _people(portal, case.organization)
    portal.ask("POST", f"/end-users/{first['id']}/merge", {"end_user_id": second["id"]})
    case.is_told = True


def erase(portal: Portal, case: "Case") -> None:
    for person in _people(portal, case.organization):
        assert portal.call("DELETE", f"/end-users/{person['id']}").status in _GONE
    case.is_told = True


def delete_organization(portal: Portal, case: "Case") -> None:
    assert portal.call("DELETE", f"/organizations/{case.other_organization}").status in _GONE
    case.is_told = True


def is_pushed(portal: Portal, case: "Case") -> bool:
    expected = {(f"{number}", f"Person {number}") for number in range(_PUSHED)}
    people = _people(portal, case.organization)
    return len(people) == _PUSHED and {(it["external_id"], it["name"]) for it in people} == expected


def are_assets_pushed(portal: Portal, case: "Case") -> bool:
    people = {it["id"]: it["external_id"] for it in _people(portal, case.organization)}
    assets = {it["name"]: people.get(it["assigned_end_user_id"]) for it in _assets(portal, case.organization)}
    return assets == {f"PC-{number}": f"{number % 3}" for number in range(_PUSHED_ASSETS)}


def is_moved(portal: Portal, case: "Case") -> bool:
    people = _people(portal, case.other_organization)
    found = [portal.ask("GET", f"/end-users/{it['id']}") for it in people]
    return found == people and len(people) == 3 and _people(portal, case.organization) == []


def is_merged(portal: Portal, case: "Case") -> bool:
    people = {it["id"]: len(it["merged_external_ids"]) for it in _people(portal, case.organization)}
    holders = [people.get(it["assigned_end_user_id"]) for it in _assets(portal, case.organization)]
    return sorted(people.values()) == [0, 1] and all(it is not None for it in holders)


def is_erased(portal: Portal, case: "Case") -> bool:
    holders = {it["assigned_end_user_id"] for it in _assets(portal, case.organization)}
    return _people(portal, case.organization) == [] and holders == {None}


def is_organization_gone(portal: Portal, case: "Case") -> bool:
    return portal.call("GET", f"/organizations/{case.other_organization}").status == 404


def _push(portal: Portal, organization: str, count: int) -> None:
    items = [{"external_id": f"{number}", "name": f"Person {number}"} for number in range(count)]
    pushed = portal.ask("POST", f"/organizations/{organization}/end-users/bulk", {"items": items})
    assert pushed["rejected"] == 0


def _push_assets(portal: Portal, organization: str, count: int) -> None:
    body = {"items": _items(portal, organization, range(count)), "complete": True}
    assert portal.ask("POST", f"/organizations/{organization}/assets/bulk", body)["rejected"] == 0


def _items(portal: Portal, organization: str, numbers: range) -> list[dict[str, Any]]:
    """Assets of the Organization's first three End Users in turn."""
    people = sorted(_people(portal, organization), key=lambda it: it["external_id"] or "")[:3]
    owners = [{"assigned_end_user_id": it["id"], "assigned_by": "manual"} for it in people] or [{}]
    return [{"external_id": f"{it}", "name": f"PC-{it}", **owners[it % len(owners)]} for it in numbers]


def _assets(portal: Portal, organization: str) -> list[dict[str, Any]]:
    answer = portal.call("GET", f"/organizations/{organization}/assets")
    return list(json.loads(answer.body)["items"]) if answer.status == 200 else []


def _people(portal: Portal, organization: str) -> list[dict[str, Any]]:
    answer = portal.call("GET", f"/organizations/{organization}/end-users")
    return list(json.loads(answer.body)["items"]) if answer.status == 200 else []


# Races: in the unit's second Organization, to which nothing is mapped.


def make_ready(portal: Portal, unit: "Unit") -> None:
    _push(portal, unit.organizations[1], 3)
    _push_assets(portal, unit.organizations[1], 3)


def push_assets_here(portal: Portal, unit: "Unit") -> list[Response]:
    body = {"items": _items(portal, unit.organizations[1], range(1, 40)), "complete": True}
    return [portal.call("POST", f"/organizations/{unit.organizations[1]}/assets/bulk", body)]


def push_here(portal: Portal, unit: "Unit") -> list[Response]:
    items = [{"external_id": f"{number}", "name": f"Pushed {number}"} for number in range(2, 40)]
    return [portal.call("POST", f"/organizations/{unit.organizations[1]}/end-users/bulk", {"items": items})]


def edit_here(portal: Portal, unit: "Unit") -> list[Response]:
    people = _people(portal, unit.organizations[1])
    return [portal.call("PUT", f"/end-users/{it['id']}", {"name": "Edited"}) for it in people[:2]]


def erase_here(portal: Portal, unit: "Unit") -> list[Response]:
    return [portal.call("DELETE", f"/end-users/{it['id']}") for it in _people(portal, unit.organizations[1])]


def move_here(portal: Portal, unit: "Unit") -> list[Response]:
    first, second = unit.organizations
    ways = ((second, first), (first, second))
    return [portal.call("POST", f"/organizations/{a}/end-users/move", {"organization_id": b}) for a, b in ways]


def delete_here(portal: Portal, unit: "Unit") -> list[Response]:
    return [portal.call("DELETE", f"/organizations/{unit.organizations[1]}")]


# Rules.


def people_of(store: Store) -> Iterator[tuple[str, str, dict[str, Documents]]]:
    """The account, the Organization, and the documents of each kind by their ids, of each partition."""
    partitions: dict[str, dict[str, Documents]] = {}
    for (partition, key), row in store.rows("people").items():
        kind, _, row_id = key.partition(":")
        partitions.setdefault(partition, {}).setdefault(kind, {})[row_id] = json.loads(row["body"])
    for partition, kinds in partitions.items():
        account, _, organization = partition.rpartition("|")
        yield account, organization, kinds


def heads(store: Store) -> Iterator[str]:
    """The head knows how many people and assets there are and the last number; each number is used once."""
    for _, organization, kinds in people_of(store):
        head = kinds.get("people_head", {}).get("current", {})
        if head.get("count", 0) != len(kinds.get("end_user", {})):
            yield f"{organization} has {len(kinds.get('end_user', {}))} people and counts {head.get('count', 0)}"
        if head.get("assets", 0) != len(kinds.get("asset", {})):
            yield f"{organization} has {len(kinds.get('asset', {}))} assets and counts {head.get('assets', 0)}"
        numbers = [number for kind in _NUMBERED for number in kinds.get(kind, {})]
        if len(numbers) != len(set(numbers)) or any(int(it) > head.get("sequence", 0) for it in numbers):
            yield f"{organization} has numbers {sorted(numbers)[-3:]} twice or beyond {head}"


def feeds(store: Store) -> Iterator[str]:
    """Everybody and every asset that is there is in the feed once, at the last change; and nothing else is."""
    for _, organization, kinds in people_of(store):
        for kind, changes, key in (
            ("end_user", "end_user_change", "end_user_id"),
            ("asset", "asset_change", "asset_id"),
        ):
            there = {(it["sequence"], it["id"]) for it in kinds.get(kind, {}).values()}
            listed = {(it["sequence"], it[key]) for it in kinds.get(changes, {}).values()}
            yield from (f"{organization} {it} is in the feed or there alone" for it in there ^ listed)


def assignments(store: Store) -> Iterator[str]:
    """Only assets that are there belong to somebody, and only to End Users of the account who are there."""
    end_users: dict[str, set[str]] = {}
    for account, _, kinds in people_of(store):
        end_users.setdefault(account, set()).update(kinds.get("end_user", {}))
    for account, organization, kinds in people_of(store):
        for key, it in kinds.get("asset_assignment", {}).items():
            if key not in kinds.get("asset", {}):
                yield f"{key} of {organization} is assigned and not there"
            named = [it["assignment"], *it["assignment"].get("former", [])]
            unknown = {each["end_user_id"] for each in named} - end_users[account] - {None}
            yield from (f"{key} of {organization} belongs or belonged to {gone}, who is gone" for gone in unknown)


def external_ids(store: Store) -> Iterator[str]:
    """Every external id leads to who has it, and to nobody else."""
    for _, organization, kinds in people_of(store):
        people = kinds.get("end_user", {}).values()
        wanted = Counter(it["id"] for it in people if it.get("external_id"))
        wanted.update(it["id"] for it in people for _ in it.get("merged_external_ids", []))
        found = Counter(it["end_user_id"] for it in kinds.get("external_id", {}).values())
        if wanted != found:
            yield f"{organization} has external ids of {found - wanted}, and lacks those of {wanted - found}"
        assets, holders = kinds.get("asset", {}), kinds.get("asset_external_id", {})
        if sorted(assets) != sorted(it["asset_id"] for it in holders.values()):
            yield f"{organization} has assets {sorted(assets)}, and external ids of {holders}"


def organizations(store: Store) -> Iterator[str]:
    """People and assets belong to an Organization that is there."""
    known = store.documents("organization")
    for account, organization, kinds in people_of(store):
        if kinds.get("end_user") and (account, organization) not in known:
            yield f"{len(kinds['end_user'])} people of {organization}, which is gone"
        if kinds.get("asset") and (account, organization) not in known:
            yield f"{len(kinds['asset'])} assets of {organization}, which is gone"


def audited(store: Store) -> Iterator[str]:
    """Nobody is gone without an audit entry that says so."""
    actions = {(it["action"], word) for it in store.documents("audit").values() for word in it["subject"].values()}
    by = {"deleted": "erased End User", "merged": "merged End Users"}
    for _, organization, kinds in people_of(store):
        for it in kinds.get("end_user_tombstone", {}).values():
            if it["how"] in by and (by[it["how"]], it["end_user_id"]) not in actions:
                yield f"{it['end_user_id']} of {organization} was {it['how']} by nobody"


def at_one_place(store: Store) -> Iterator[str]:
    """Nobody is in two Organizations or on the way, and everybody is found from where the id leads."""
    where: dict[str, list[str]] = {}
    ways: dict[tuple[str, str], str] = {}
    for _, organization, kinds in people_of(store):
        for it in kinds.get("end_user", {}).values():
            where.setdefault(it["id"], []).append(organization)
            if it.get("moving_to"):
                yield f"{it['id']} is on the way from {organization}"
        ways |= {(organization, key): it["moved_to"] for key, it in kinds.get("moved_end_user", {}).items()}
    for person, places in where.items():
        place, steps = f"org_{person.removeprefix('eu_')[:20]}", 0
        while place not in places and (place, person) in ways and steps <= len(ways):
            place, steps = ways[place, person], steps + 1
        if places != [place]:
            yield f"{person} is in {places} and looked for in {place}"


ALWAYS = {
    "a head counts its people": heads,
    "a feed holds everybody once": feeds,
    "external ids lead to their owners": external_ids,
    "assets belong to people who are there": assignments,
    "people have their Organization": organizations,
    "nobody is gone without an entry": audited,
}
AT_REST = {"everybody is at one place": at_one_place}
