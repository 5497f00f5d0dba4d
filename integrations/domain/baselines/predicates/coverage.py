"""Whether narrowed policies cover every sign-in together, such as one for browsers and one for all other clients.

Sign-ins are distinguished by the client, the platform, the locations, and the risks of the sign-in and of the user.
Only what some policy mentions is distinguished. A policy with any other condition covers nothing for sure.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from itertools import combinations, product
from typing import NamedTuple

from integrations.domain.baselines.predicates.foreign import CLIENTS, CONDITIONS, foreign_ways
from integrations.domain.policies.conditional_access import ConditionalAccess, Conditions, Selection

_LEVELS = ("none", "low", "medium", "high")
_ANOTHER = "another"  # a platform that no policy mentions
_DISTINGUISHED = frozenset({"client_apps", "platforms", "locations", "sign_in_risk", "user_risk"})
_MOST_LOCATIONS = 6  # an address can be in any of them at once: 64 combinations


class SignInKind(NamedTuple):
    """One kind of sign-in. It can be at several named locations at once."""

    client: str
    platform: str
    locations: frozenset[str]
    sign_in_risk: str
    user_risk: str


def cover_every_sign_in(policies: Iterable[ConditionalAccess], asks: Collection[str], accepts: Collection[str]) -> bool:
    """Whether each sign-in is covered by one of these policies.

    ``asks`` and ``accepts`` are those of ``foreign_conditions``; what the control asks for is not distinguished.
    """
    usable = [it.conditions for it in policies if it.conditions and _is_usable(it, asks, accepts)]
    locations = sorted(set[str]().union(*(_mentioned(it.locations, "All") for it in usable)))
    if len(usable) < 2 or len(locations) > _MOST_LOCATIONS:
        return False
    return all(any(_covers(it, sign_in, asks) for it in usable) for sign_in in _sign_ins(usable, locations))


def _is_usable(policy: ConditionalAccess, asks: Collection[str], accepts: Collection[str]) -> bool:
    conditions = policy.conditions or Conditions()
    opaque = (applies for name, (_, applies) in CONDITIONS.items() if name not in _DISTINGUISHED and name not in asks)
    return not (conditions.other or foreign_ways(policy, accepts) or any(it(conditions) for it in opaque))


def _sign_ins(usable: Sequence[Conditions], locations: Sequence[str]) -> Iterator[SignInKind]:
    platforms = set[str]().union(*(_mentioned(it.platforms, "all") for it in usable))
    places = [frozenset(some) for count in range(len(locations) + 1) for some in combinations(locations, count)]
    kinds = product(sorted(CLIENTS), (*sorted(platforms), _ANOTHER), places, _LEVELS, _LEVELS)
    return (SignInKind(*it) for it in kinds)


def _mentioned(selection: Selection | None, everything: str) -> set[str]:
    return {*selection.included, *selection.excluded} - {everything} if selection else set()


# By the names that controls use under ``asks``.
_COVERS: Mapping[str, Callable[[Conditions, SignInKind], bool]] = {
    "client_apps": lambda it, sign_in: not it.client_apps or bool({"all", sign_in.client} & {*it.client_apps}),
    "platforms": lambda it, sign_in: _selects(it.platforms, "all", {sign_in.platform}),
    "locations": lambda it, sign_in: _selects(it.locations, "All", sign_in.locations),
    "sign_in_risk": lambda it, sign_in: not it.sign_in_risks or sign_in.sign_in_risk in it.sign_in_risks,
    "user_risk": lambda it, sign_in: not it.user_risks or sign_in.user_risk in it.user_risks,
}


def _covers(conditions: Conditions, sign_in: SignInKind, asks: Collection[str]) -> bool:
    return all(covers(conditions, sign_in) for name, covers in _COVERS.items() if name not in asks)


def _selects(selection: Selection | None, everything: str, where: Collection[str]) -> bool:
    if selection is None:
        return True
    is_included = (
        not selection.included or everything in selection.included or not set(where).isdisjoint(selection.included)
    )
    return is_included and set(where).isdisjoint(selection.excluded)
