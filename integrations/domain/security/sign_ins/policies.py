"""The sign-ins that a policy applies to, as regions of the space of all sign-ins. Pure."""

from collections.abc import Collection, Iterable, Mapping
from typing import NamedTuple

from integrations.domain.policies.conditional_access import ConditionalAccess, Conditions, PolicyApplications, Selection
from integrations.domain.security.sign_ins.space import (
    CLIENTS,
    PLATFORMS,
    RISKS,
    TRUSTED,
    Dimension,
    Region,
    SignInSpace,
)
from integrations.domain.sync.security_records import NamedLocation

_ALL, _NONE = "All", "None"

Locations = Mapping[str, NamedLocation]


class PolicySignIns(NamedTuple):
    """``surely`` is the region a policy certainly applies to, ``possibly`` the one it may apply to; None: to nothing.

    With neither, a policy still applies to some sign-ins that cannot be told, such as those of some devices.
    """

    surely: Region | None
    possibly: Region | None


def space_of(policies: Iterable[ConditionalAccess]) -> SignInSpace:
    """The space of all sign-ins, with the applications and places that these policies tell apart."""
    applications: set[str] = set()
    places: set[str] = set()
    for it in policies:
        if it.conditions is not None and it.conditions.applications is not None:
            applications.update(it.conditions.applications.included, it.conditions.applications.excluded)
        if it.conditions is not None and it.conditions.locations is not None:
            places.update(it.conditions.locations.included, it.conditions.locations.excluded)
    return SignInSpace(tuple(sorted(applications - {_ALL, _NONE})), tuple(sorted(places - {_ALL, TRUSTED})))


def is_about_sign_ins(conditions: Conditions) -> bool:
    """Whether people sign in to something; false for the sign-ins of applications and agents, and for user actions."""
    if conditions.workloads or conditions.service_principal_risks or conditions.agent_risks:
        return False
    applications = conditions.applications
    if applications is None:
        return "applications" in conditions.other
    return bool(set(applications.included) - {_NONE}) or applications.filter is not None


def is_readable(conditions: Conditions) -> bool:
    """Whether it is known about whom and about which applications a policy is."""
    return conditions.applications is not None and "users" not in conditions.other


def sign_ins_of(conditions: Conditions | None, space: SignInSpace, locations: Locations | None) -> PolicySignIns:
    """What a policy applies to; ``locations`` are None if they are not known. Without readable conditions: anything."""
    if conditions is None or conditions.applications is None or not is_readable(conditions):
        return PolicySignIns(None, space.everything)
    if _is_narrowed_beyond_telling(conditions):
        return PolicySignIns(None, None)
    surely, possibly = _place_masks(conditions.locations, space, locations)
    rest = {
        Dimension.SIGN_IN_RISK: _risks(conditions.sign_in_risks, Dimension.SIGN_IN_RISK, space),
        Dimension.USER_RISK: _risks(conditions.user_risks, Dimension.USER_RISK, space),
        Dimension.CLIENT: _clients(conditions.client_apps, space),
        Dimension.PLATFORM: _platforms(conditions.platforms, space),
        Dimension.APPLICATION: _applications(conditions.applications, space),
    }
    return PolicySignIns(_region(rest | {Dimension.PLACE: surely}), _region(rest | {Dimension.PLACE: possibly}))


def _region(masks: Mapping[Dimension, int]) -> Region | None:
    return tuple(masks[it] for it in Dimension) if all(masks.values()) else None


def _is_narrowed_beyond_telling(conditions: Conditions) -> bool:
    has_filter = conditions.applications is not None and conditions.applications.filter is not None
    return bool(has_filter or conditions.devices or conditions.flows or conditions.insider_risks or conditions.other)


def _applications(applications: PolicyApplications, space: SignInSpace) -> int:
    return _selected(Dimension.APPLICATION, applications.included, applications.excluded, space)


def _clients(clients: Collection[str], space: SignInSpace) -> int:
    every = not clients or "all" in clients
    return space.mask(Dimension.CLIENT, CLIENTS if every else clients)


def _risks(risks: Collection[str], dimension: Dimension, space: SignInSpace) -> int:
    return space.mask(dimension, risks or RISKS)


def _platforms(platforms: Selection | None, space: SignInSpace) -> int:
    if platforms is None:
        return space.everything[Dimension.PLATFORM]
    included, excluded = ([it.lower() for it in side] for side in (platforms.included, platforms.excluded))
    every = not included or "all" in included
    none = "all" in excluded
    named = space.mask(Dimension.PLATFORM, PLATFORMS if every else included)
    return 0 if none else named & ~space.mask(Dimension.PLATFORM, excluded)


def _place_masks(places: Selection | None, space: SignInSpace, locations: Locations | None) -> tuple[int, int]:
    """The places where a policy surely applies, and those where it may."""
    if places is None:
        every = space.everything[Dimension.PLACE]
        return every, every
    sure, possible = _trusted(space, locations)
    surely = _selected_places(places, space, included=sure, excluded=possible)
    return surely, _selected_places(places, space, included=possible, excluded=sure)


def _trusted(space: SignInSpace, locations: Locations | None) -> tuple[set[str], set[str]]:
    """The places that are surely trusted, and those that may be."""
    places = space.values[Dimension.PLACE][2:]
    if locations is None:
        return {TRUSTED}, {TRUSTED, *places}
    known = {TRUSTED, *(it for it in places if it in locations and locations[it].is_trusted)}
    return known, known


def _selected_places(places: Selection, space: SignInSpace, *, included: set[str], excluded: set[str]) -> int:
    chosen = {*places.included, *(included if TRUSTED in places.included else ())}
    without = {*places.excluded, *(excluded if TRUSTED in places.excluded else ())}
    return _selected(Dimension.PLACE, chosen or {_ALL}, without, space)


def _selected(dimension: Dimension, included: Collection[str], excluded: Collection[str], space: SignInSpace) -> int:
    if _ALL in excluded:
        return 0
    chosen = space.everything[dimension] if _ALL in included else space.mask(dimension, included)
    return chosen & ~space.mask(dimension, excluded)
