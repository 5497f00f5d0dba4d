"""What a removal will do, in sentences shown before anybody confirms it."""

from collections.abc import Sequence

import msgspec

from integrations.domain.integrations import Integration, Kind
from integrations.views.removal.leftovers import ManualStep

_FROM_SINGLE = (
    "Removes our application from a tenant that was integrated as a single tenant, if Microsoft lets it delete itself. "
    "Otherwise we explain how a Cloud Application Administrator of the tenant can delete it."
)
_FROM_CUSTOMERS = (
    "Removes every permission of our application in your customers' tenants, and your consent there. If Microsoft "
    "keeps an entry for the application, that entry has no permissions."
)
_FROM_PARTNER = (
    "Leaves our application in your own tenant ({}), without its credential, because Microsoft does not let it "
    "delete itself there. A Cloud Application Administrator can delete it by hand."
)


class Effects(msgspec.Struct, frozen=True, kw_only=True):
    """What a removal will do, and the text that confirms it.

    Attributes:
        confirm: The text to send back as the parameter confirm.
        effects: What will happen, in sentences for people.
        by_hand: What will certainly be left to do by hand. Empty if nothing is.
    """

    confirm: str
    effects: list[str]
    by_hand: list[ManualStep]


def effects(integration: Integration, tenants: int, mapped: int, product: str) -> list[str]:
    """The effects of removing one integration with so many ``tenants``, of which ``mapped`` are mapped."""
    if integration.kind is Kind.CSP:
        count = "no tenants" if tenants == 0 else f"its {tenants} {'tenant' if tenants == 1 else 'tenants'}"
        first = f"Disconnects the Cloud Solution Provider {integration.name} and {count}."
        return [first, *_common(mapped, product, [_FROM_CUSTOMERS, _FROM_PARTNER.format(integration.name)])]
    return [f"Disconnects the Microsoft tenant {integration.name}.", *_common(mapped, product, [_FROM_SINGLE])]


def effects_of_all(integrations: int, csps: Sequence[str], tenants: int, mapped: int, product: str) -> list[str]:
    """What Remove All Integrations does; ``csps`` are the names of the CSPs among the account's ``integrations``."""
    if integrations == 0:
        return ["Nothing is integrated, so there is nothing to remove."]
    connections = "your only integration," if integrations == 1 else f"all {integrations} integrations"
    reached = f"{tenants} Microsoft {'tenant' if tenants == 1 else 'tenants'}"
    singles = [_FROM_SINGLE] if integrations > len(csps) else []
    partners = [_FROM_CUSTOMERS, _FROM_PARTNER.format(", ".join(csps))] if csps else []
    first = f"Disconnects {connections} with {reached}."
    return [first, *_common(mapped, product, [*singles, *partners])]


def _common(mapped: int, product: str, at_microsoft: list[str]) -> list[str]:
    mappings = f"{mapped} {'mapping' if mapped == 1 else 'mappings'} to {product} Tenants"
    return [
        f"Removes {mappings} and stops syncing." if mapped else "Stops syncing.",
        *at_microsoft,
        f"Deletes the Microsoft data stored in {product}: users, devices, licenses, MFA, Secure Score and policies.",
        "Keeps your End Users, but no longer updates them.",
        "Deletes no data from your Microsoft accounts.",
        "You can integrate again as soon as this removal has finished, usually after a few minutes.",
    ]
