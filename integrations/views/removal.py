"""What is told of a removal: its effects beforehand, each step, and what is left to do by hand, in plain sentences."""

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from integrations.domain.integrations import Integration, Kind
from integrations.domain.removal import Removal, TenantRemoval, UninstallOutcome


class Step(NamedTuple):
    """One step as the page shows it; ``state`` is waiting, running, done, skipped or failed."""

    name: str
    label: str
    state: str
    detail: str
    at: datetime | None


def steps(removal: Removal, tenant_removals: Iterable[TenantRemoval], quiet: timedelta) -> list[Step]:
    """Every step of a removal, done and to come."""
    told = list(tenant_removals)
    found = [
        Step("hidden", "Hidden in your account", "done", "", removal.requested_at),
        _step("fenced", "Syncing stopped", removal.fenced_at, is_next=True),
        _data(removal, told),
        _microsoft(removal, told),
        _credential(removal),
        _forgotten(removal),
        _verified(removal, quiet),
    ]
    return found if removal.given_up is None else _failing(found)


def _failing(found: list[Step]) -> list[Step]:
    """The steps while our own service fails in the first of them that is not done."""
    at = next((n for n, it in enumerate(found) if it.state == "running"), len(found) - 1)
    told = f"Our service failed at this step. It continues automatically. {found[at].detail}".strip()
    return [it._replace(detail=told) if n == at else it for n, it in enumerate(found)]


def _step(name: str, label: str, at: datetime | None, *, is_next: bool, detail: str = "") -> Step:
    return Step(name, label, "done" if at else "running" if is_next else "waiting", detail, at)


def _data(removal: Removal, tenant_removals: list[TenantRemoval]) -> Step:
    deleted = sum(removal.rows.values()) if removal.swept_at else sum(sum(it.rows.values()) for it in tenant_removals)
    open_ = sum(not it.is_swept for it in tenant_removals) if removal.fenced_at else 0
    detail = f"{deleted} rows deleted."
    if removal.swept_at is None and open_:
        detail += f" {open_} of {len(tenant_removals)} tenants remaining."
    return _step(
        "data", "Microsoft data deleted", removal.swept_at, is_next=removal.fenced_at is not None, detail=detail
    )


def _microsoft(removal: Removal, tenant_removals: list[TenantRemoval]) -> Step:
    label = "Application removed from Microsoft"
    if removal.left_at is None:
        waiting = sum(it.outcome is UninstallOutcome.WAITING for it in tenant_removals)
        detail = f"{waiting} of {len(tenant_removals)} tenants remaining." if removal.fenced_at else ""
        if removal.tries:
            detail = f"Microsoft is not answering. We try again automatically. {detail}"
        return _step("microsoft", label, None, is_next=removal.swept_at is not None, detail=detail)
    counts = Counter(removal.outcomes)
    by_hand = counts[UninstallOutcome.IMPOSSIBLE.value] + counts[UninstallOutcome.BY_HAND.value]
    said = [
        (counts[UninstallOutcome.REMOVED.value], "Removed from {} {}."),
        (
            counts[UninstallOutcome.NO_RIGHTS.value],
            "In {} {} our application has no permissions left; an empty entry remains.",
        ),
        (
            counts[UninstallOutcome.UNCONFIRMED.value],
            "In {} {} its permissions were removed, and we are verifying that they are gone.",
        ),
        (counts[UninstallOutcome.ABSENT.value], "No longer present in {} {}."),
        (counts[UninstallOutcome.KEPT.value], "Left unchanged in {} {}."),
        (by_hand, "To be removed manually in {} {}."),
    ]
    detail = " ".join(text.format(number, "tenant" if number == 1 else "tenants") for number, text in said if number)
    state = "failed" if counts[UninstallOutcome.IMPOSSIBLE.value] else "done"
    return Step("microsoft", label, state, detail, removal.left_at)


def _credential(removal: Removal) -> Step:
    if removal.kind is Kind.SINGLE:
        detail = "A single tenant integration has no stored credential."
        return Step("credential", "Stored credential deleted", "skipped", detail, None)
    return _step("credential", "Stored credential deleted", removal.destroyed_at, is_next=removal.left_at is not None)


def _forgotten(removal: Removal) -> Step:
    is_next = removal.destroyed_at is not None and removal.swept_at is not None
    detail = "The tenant can be integrated again." if removal.forgotten_at else ""
    return _step("forgotten", "Integration and mappings deleted", removal.forgotten_at, is_next=is_next, detail=detail)


def _verified(removal: Removal, quiet: timedelta) -> Step:
    label = "Verified"
    if removal.verified_at:
        detail = (
            "Nothing is left." if not removal.late_rows else f"{removal.late_rows} late rows were found and deleted."
        )
        return Step("verified", label, "done", detail, removal.verified_at)
    minutes = round(quiet.total_seconds() / 60)
    detail = f"{minutes} minutes after the last step we verify that no data came back."
    return Step("verified", label, "waiting", detail, None)


class Leftover(NamedTuple):
    """What somebody has to do by hand, in which tenant, and how."""

    tenant_id: str
    what: str
    how: str


def leftover(tenant_removal: TenantRemoval, client_id: str) -> Leftover:
    named = f"{tenant_removal.name} ({tenant_removal.tenant_id})" if tenant_removal.name else tenant_removal.tenant_id
    how = (
        "Sign in to entra.microsoft.com as a Cloud Application Administrator or an Application Administrator of that "
        "tenant. Go to Entra ID > Enterprise apps > All applications, remove the filter "
        f'"Application type", search for {client_id}, open the application, and select Properties > Delete. '
        "In PowerShell: Remove-MgServicePrincipal -ServicePrincipalId (Get-MgServicePrincipal -Filter "
        f"\"appId eq '{client_id}'\").Id. Microsoft can restore it for 30 days. Access tokens that were already issued "
        "expire within about an hour. We check regularly, and remove this entry once the application is gone."
    )
    return Leftover(tenant_removal.tenant_id, _what(tenant_removal).format(named), how)


def _what(tenant_removal: TenantRemoval) -> str:
    if tenant_removal.outcome is UninstallOutcome.BY_HAND:
        return (
            "Our application is still in {}, your own tenant, because Microsoft does not let an application delete "
            "itself there. The credential it used has been deleted."
        )
    if tenant_removal.outcome is not UninstallOutcome.IMPOSSIBLE:
        return "Our application was removed from {}, but Microsoft still accepts it there."
    if tenant_removal.is_stripped:
        return (
            "Our application has no permissions of its own left in {}, but the partner's consent could not be removed."
        )
    return "Our application could not be removed from {}."


def effects(integration: Integration, tenants: int, mapped: int, product: str) -> list[str]:
    """What a removal does, in sentences, told before anybody confirms it (F57)."""
    if integration.kind is Kind.CSP:
        count = "no tenants" if tenants == 0 else f"its {tenants} {'tenant' if tenants == 1 else 'tenants'}"
        first = f"Disconnects the Cloud Solution Provider {integration.name} and {count}."
        return [first, *_common(mapped, product, [_FROM_CUSTOMERS, _FROM_PARTNER.format(integration.name)])]
    return [f"Disconnects the Microsoft tenant {integration.name}.", *_common(mapped, product, [_FROM_SINGLE])]


def effects_of_all(integrations: int, csps: Sequence[str], tenants: int, mapped: int, product: str) -> list[str]:
    """What Remove All Integrations does; ``csps`` are the names of the Cloud Solution Providers among them."""
    connections = f"{integrations} {'integration' if integrations == 1 else 'integrations'}"
    reached = f"{tenants} Microsoft {'tenant' if tenants == 1 else 'tenants'}"
    singles = [_FROM_SINGLE] if integrations > len(csps) else []
    partners = [_FROM_CUSTOMERS, _FROM_PARTNER.format(", ".join(csps))] if csps else []
    first = f"Disconnects all {connections} with {reached}."
    return [first, *_common(mapped, product, [*singles, *partners])]


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
    "delete itself there. At the end we explain how a Cloud Application Administrator can delete it."
)


def _common(mapped: int, product: str, at_microsoft: list[str]) -> list[str]:
    mappings = f"{mapped} {'mapping' if mapped == 1 else 'mappings'} to {product} Tenants"
    return [
        f"Removes {mappings} and stops syncing." if mapped else "Stops syncing.",
        *at_microsoft,
        f"Deletes the Microsoft data stored in {product}: users, devices, licenses, MFA, Secure Score and policies.",
        "Keeps your End Users, but no longer updates them.",
        "Deletes no data from your Microsoft accounts.",
        "You can integrate again at any time, but you may need to wait a few minutes.",
    ]
