"""Users and devices: lists, single ones, pages, and what changed since a link.

Sources: https://learn.microsoft.com/graph/api/user-list, https://learn.microsoft.com/graph/delta-query-overview
"""

from collections.abc import Iterable
from typing import Any

from local.microsoft.asking import Ask, myself
from local.microsoft.http import Reply
from local.microsoft.odata import (
    GraphError,
    answered,
    bad,
    filtered,
    missing,
    refuse_options,
    select_of,
    selected,
    state_of,
    token_of,
    top_of,
)
from local.microsoft.seeds import Collection
from local.microsoft.world import SKUS

USER_DEFAULT = (
    "businessPhones", "displayName", "givenName", "id", "jobTitle", "mail", "mobilePhone", "officeLocation",
    "preferredLanguage", "surname", "userPrincipalName",
)  # fmt: skip
SINGLE_USER_ONLY = frozenset(
    {
        "aboutMe", "birthday", "hireDate", "interests", "mySite", "pastProjects", "preferredName", "responsibilities",
        "schools", "skills", "mailboxSettings",
    }
)  # fmt: skip
_PLANS = dict(SKUS.values())
USER_KNOWN = frozenset(
    {
        *USER_DEFAULT, "otherMails", "proxyAddresses", "accountEnabled", "userType", "externalUserState",
        "createdDateTime", "department", "companyName", "employeeId", "usageLocation", "onPremisesSyncEnabled",
        "lastPasswordChangeDateTime", "passwordPolicies", "assignedLicenses", "licenseAssignmentStates",
        "assignedPlans",
    }
)  # fmt: skip
DEVICE_KNOWN = frozenset(
    {
        "id", "deviceId", "displayName", "operatingSystem", "operatingSystemVersion", "trustType", "profileType",
        "isManaged", "isCompliant", "managementType", "accountEnabled", "approximateLastSignInDateTime",
        "registrationDateTime", "manufacturer", "model",
    }
)  # fmt: skip


def users(ask: Ask) -> Reply:
    refuse_options(ask.query, {"$select", "$top", "$filter", "$count", "$skiptoken"})
    _refuse_stored_elsewhere(select_of(ask.query), SINGLE_USER_ONLY)
    return _listed(ask, "users", ask.tenant.users, USER_KNOWN, USER_DEFAULT)


def devices(ask: Ask) -> Reply:
    refuse_options(ask.query, {"$select", "$top", "$filter", "$count", "$skiptoken"})
    return _listed(ask, "devices", ask.tenant.devices, DEVICE_KNOWN, DEVICE_KNOWN)


def user(ask: Ask, key: str) -> Reply:
    refuse_options(ask.query, {"$select"})
    found = ask.tenant.users.get(key)
    if found is None:
        raise missing(key)
    select = select_of(ask.query)
    told = selected(_whole(found, select), select, USER_KNOWN, USER_DEFAULT)
    return answered({"@odata.context": f"{ask.context}users/$entity", **told})


def me(ask: Ask) -> Reply:
    return user(ask, myself(ask))


def _listed(ask: Ask, name: str, things: Collection, known: Iterable[str], default: Iterable[str]) -> Reply:
    """A page of a collection; the skip token holds the place and the options, as Graph's does."""
    query = dict(ask.query)
    state = state_of(query["$skiptoken"]) if "$skiptoken" in query else {}
    select = state.get("select", select_of(query))
    top = state.get("top", top_of(query, 100, 999))
    wanted = state.get("filter", query.get("$filter", ""))
    rows, place, last = _rows(things, wanted, state.get("place", 0), top)
    body: dict[str, Any] = {"@odata.context": f"{ask.context}{name}"}
    if query.get("$count") == "true" and not state:
        if ask.headers.get("consistencylevel", "").lower() != "eventual":
            raise bad("$count is not currently supported.")
        body["@odata.count"] = last if wanted else len(things)
    if place < last:
        onward = token_of({"place": place, "select": select, "top": top, "filter": wanted})
        body["@odata.nextLink"] = ask.link(f"/{name}", skiptoken=onward)
    return answered(body | {"value": [selected(_whole(row, select), select, known, default) for row in rows]})


def _whole(row: dict[str, Any], select: list[str]) -> dict[str, Any]:
    """With what follows from a user's licences, where that is asked for."""
    whole = row
    licences = [it["skuId"] for it in row.get("assignedLicenses", [])]
    if "licenseAssignmentStates" in select:
        whole = {**whole, "licenseAssignmentStates": [_assignment(sku) for sku in licences]}
    if "assignedPlans" in select:
        whole = {**whole, "assignedPlans": [_plan(*_PLANS[sku]) for sku in licences if sku in _PLANS]}
    return whole


def _assignment(sku: str) -> dict[str, Any]:
    return {
        "skuId": sku,
        "assignedByGroup": None,
        "disabledPlans": [],
        "state": "Active",
        "error": "None",
        "lastUpdatedDateTime": "2024-05-01T12:00:00Z",
    }


def _plan(plan: str, service: str) -> dict[str, Any]:
    return {
        "assignedDateTime": "2024-05-01T12:00:00Z",
        "capabilityStatus": "Enabled",
        "service": service,
        "servicePlanId": plan,
    }


def _refuse_stored_elsewhere(select: list[str], names: frozenset[str]) -> None:
    """Properties that a list or a delta cannot read, though users have them."""
    found = names & set(select)
    if found:
        raise GraphError(501, "NotImplemented", f"The property '{min(found)}' cannot be read here.")


def _rows(things: Collection, wanted: str, place: int, top: int) -> tuple[list[dict[str, Any]], int, int]:
    """A page, the place after it, and the place after the last one."""
    if not wanted:
        return *_page(things, place, top), things.places()
    found = filtered(things.all(), wanted)
    return found[place : place + top], place + top, len(found)


def _page(things: Collection, place: int, size: int) -> tuple[list[dict[str, Any]], int]:
    rows: list[dict[str, Any]] = []
    while place < things.places() and len(rows) < size:
        found = things.at(place)
        place += 1
        if found is not None:
            rows.append(found)
    return rows, place


def users_delta(ask: Ask) -> Reply:
    _refuse_stored_elsewhere(select_of(ask.query), SINGLE_USER_ONLY | {"signInActivity"})
    return _delta(ask, "users", ask.tenant.users, USER_KNOWN, USER_DEFAULT)


def devices_delta(ask: Ask) -> Reply:
    return _delta(ask, "devices", ask.tenant.devices, DEVICE_KNOWN, sorted(DEVICE_KNOWN))


def _delta(ask: Ask, name: str, things: Collection, known: Iterable[str], default: Iterable[str]) -> Reply:
    """Source: https://learn.microsoft.com/graph/delta-query-overview ."""
    refuse_options(ask.query, {"$select", "$deltatoken", "$skiptoken", "$filter"})
    token = ask.query.get("$skiptoken") or ask.query.get("$deltatoken", "")
    state = state_of(token) if token and token != "latest" else {"select": select_of(ask.query)}  # noqa: S105 - an OData word
    _refuse_expired(ask, name, state)
    fresh = {"era": ask.tenant.delta_era, "select": state["select"], "since": ask.tenant.sequence}
    body: dict[str, Any] = {"@odata.context": f"{ask.context}{name}"}
    if token == "latest":  # noqa: S105 - an OData word
        return answered(
            body | {"@odata.deltaLink": ask.link(f"/{name}/delta", deltatoken=token_of(fresh)), "value": []}
        )
    page, onward = _delta_page(ask, things, state, known, default)
    if onward is not None:
        kept = {**state, "era": fresh["era"], "until": state.get("until", fresh["since"]), "place": onward}
        return answered(body | {"@odata.nextLink": ask.link(f"/{name}/delta", skiptoken=token_of(kept)), "value": page})
    fresh["since"] = state.get("until", fresh["since"])
    return answered(body | {"@odata.deltaLink": ask.link(f"/{name}/delta", deltatoken=token_of(fresh)), "value": page})


def _delta_page(
    ask: Ask, things: Collection, state: dict[str, Any], known: Iterable[str], default: Iterable[str]
) -> tuple[list[dict[str, Any]], int | None]:
    size, place = ask.world.switches.delta_page_size, state.get("place", 0)
    if "since" not in state:
        rows, place = _page(things, place, size)
        told = [_present(things, row, state["select"], known, default) for row in rows]
        return told, place if place < things.places() else None
    changed = things.since(state["since"])
    part = changed[place : place + size]
    told = [_changed(things, key, state["select"], known, default) for key in part]
    return told, place + size if place + size < len(changed) else None


def _changed(
    things: Collection, key: str, select: list[str], known: Iterable[str], default: Iterable[str]
) -> dict[str, Any]:
    found = things.get(key)
    if found is None:
        return {"id": key, "@removed": {"reason": things.removal(key)}}
    return _present(things, found, select, known, default)


def _present(
    things: Collection, row: dict[str, Any], select: list[str], known: Iterable[str], default: Iterable[str]
) -> dict[str, Any]:
    """Delta leaves out what was never set, and says null for what was cleared."""
    cleared = things.cleared.get(row["id"], set())
    told = selected(_whole(row, select), select, known, default)
    return {name: value for name, value in told.items() if value is not None or name in cleared}


def _refuse_expired(ask: Ask, name: str, state: dict[str, Any]) -> None:
    if state.get("era", ask.tenant.delta_era) == ask.tenant.delta_era:
        return
    how = ask.tenant.delta_failure
    if how == "410":
        raise GraphError(
            410,
            "syncStateNotFound",
            "The sync state generation is not found; full synchronization is required.",
            headers={"Location": f"{ask.root}/v1.0/{name}/delta?$deltatoken="},
        )
    raise bad("The sync state is not found; full synchronization is required.", how)


def registered_owners(ask: Ask, key: str) -> Reply:
    found = ask.tenant.devices.get(key)
    if found is None:
        raise missing(key)
    owner = found.get("_owner")
    person = ask.tenant.users.at(owner) if owner is not None else None
    value = (
        [{"@odata.type": "#microsoft.graph.user", **selected(person, [], USER_KNOWN, USER_DEFAULT)}] if person else []
    )
    return answered({"@odata.context": f"{ask.context}directoryObjects", "value": value})
