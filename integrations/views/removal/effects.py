"""What a removal will do, in sentences shown before anybody confirms it."""

from collections.abc import Sequence

import msgspec

from integrations.domain.integrations import Integration, Kind

_FROM_SINGLE = (
    "Takes our application out of a tenant that was connected by itself, where Microsoft lets it delete itself; "
    "otherwise tells how a Cloud Application Administrator of the tenant deletes it."
)
_FROM_CUSTOMERS = (
    "Takes away every permission of our application in the customers' tenants, and your consent there. Where "
    "Microsoft keeps an entry for it, that entry has no rights."
)
_FROM_PARTNER = (
    "Leaves our application in your own tenant ({}), without the sign-in it worked with: Microsoft does not let it "
    "delete itself there. At the end we say how a Cloud Application Administrator deletes it."
)


class Effects(msgspec.Struct, frozen=True, kw_only=True):
    """What a removal will do, and the text that confirms it."""

    confirm: str
    effects: list[str]


def effects(integration: Integration, tenants: int, mapped: int, product: str) -> list[str]:
    """The effects of removing one integration with so many ``tenants``, of which ``mapped`` are mapped."""
    if integration.kind is Kind.CSP:
        count = "no tenants" if tenants == 0 else f"its {tenants} {'tenant' if tenants == 1 else 'tenants'}"
        first = f"Disconnects the Cloud Solution Provider {integration.name} and {count}."
        return [first, *_common(mapped, product, [_FROM_CUSTOMERS, _FROM_PARTNER.format(integration.name)])]
    return [f"Disconnects the Microsoft tenant {integration.name}.", *_common(mapped, product, [_FROM_SINGLE])]


def effects_of_all(integrations: int, csps: Sequence[str], tenants: int, mapped: int, product: str) -> list[str]:
    """What Remove All Integrations does; ``csps`` are the names of the CSPs among the account's ``integrations``."""
    connections = f"{integrations} {'integration' if integrations == 1 else 'integrations'}"
    reached = f"{tenants} Microsoft {'tenant' if tenants == 1 else 'tenants'}"
    singles = [_FROM_SINGLE] if integrations > len(csps) else []
    partners = [_FROM_CUSTOMERS, _FROM_PARTNER.format(", ".join(csps))] if csps else []
    first = f"Disconnects all {connections} with {reached}."
    return [first, *_common(mapped, product, [*singles, *partners])]


def _common(mapped: int, product: str, at_microsoft: list[str]) -> list[str]:
    mappings = f"{mapped} {'mapping' if mapped == 1 else 'mappings'} to {product} Tenants"
    return [
        f"Removes {mappings}; nothing is synced any more." if mapped else "Nothing is synced any more.",
        *at_microsoft,
        f"Deletes the Microsoft data that {product} has stored: users, devices, licenses, MFA, Secure Score, policies.",
        "Keeps your End Users; they are no longer updated.",
        "Deletes nothing in the Microsoft accounts themselves.",
        "You can integrate again at any time, after a few minutes.",
    ]
