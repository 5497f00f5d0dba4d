"""Domains whose passwords expire, and what users may consent to."""

from collections.abc import Collection
from typing import Any, cast

from msgspec import UNSET

from integrations.domain.baselines.paths import value_at
from integrations.domain.baselines.predicates.judging import Scope
from integrations.domain.baselines.predicates.values import parsed_like
from integrations.domain.baselines.tenant import Unknown
from integrations.domain.policies.app_management import PermissionClassification
from integrations.domain.sync.records import Domain

_SETTING = ("values", "EnableAdminConsentRequests")


def domains_with_expiry(scope: Scope, never: Collection[int]) -> list[str]:
    """Verified domains, managed in the tenant, where passwords expire.

    ``never`` are the numbers of days that mean never. A subdomain follows its root domain: for ScubaGear every one with
    whose name its own ends. Null means never, too.

    Raises:
        Unknown: no such domain exists, or none is known to have passwords that expire and something was not read.
    """
    managed = [
        it for it in cast("list[Domain]", scope.tenant.rows("domains")) if it.is_verified and not it.is_federated
    ]
    if not managed:
        raise Unknown("No domain is managed in the tenant: people sign in elsewhere.", "domains")
    mark = "." if scope.is_strict else ""
    days = {it.name: _days(it, managed, mark) for it in managed}
    expiring = sorted(f"{name}: {it}" for name, it in days.items() if it is not UNSET and it not in {None, *never})
    if not expiring and UNSET in days.values():
        raise Unknown("Of some domains it was not read whether passwords expire.", "domains")
    return expiring


def _days(domain: Domain, managed: Collection[Domain], mark: str) -> Any:
    """After how many days passwords of a domain expire; for one without a root domain in the tenant, in words.

    ``mark`` is what stands before the name of a root domain in that of a subdomain.
    """
    if domain.is_root is UNSET:
        return UNSET
    if domain.is_root:
        return domain.password_days
    roots = [it for it in managed if it.is_root is True and domain.name.lower().endswith(mark + it.name.lower())]
    nearest = max(roots, key=lambda it: len(it.name), default=None)
    return nearest.password_days if nearest else "its root domain is not managed in the tenant"


def admin_consent_workflow(scope: Scope, decides: str = "") -> bool:
    """Whether users can ask an administrator for consent, as the policy and the directory's setting say.

    One of them is enough. ``decides`` names the data set that alone counts wherever it was read.

    Raises:
        Unknown: neither says so, or they disagree.
    """
    states = {dataset: _workflow(scope, dataset) for dataset in ("admin_consent_requests", "group_settings")}
    if decides and scope.tenant.valid_until(decides) is not None:
        return states[decides] is True
    known = {dataset: it for dataset, it in states.items() if it is not None}
    if not known:
        raise Unknown("Neither the policy nor the directory's setting says so.", "admin_consent_requests")
    if len(set(known.values())) > 1:
        policy, setting = known["admin_consent_requests"], known["group_settings"]
        raise Unknown(f"The policy says {policy}, the directory's setting {setting}.", "admin_consent_requests")
    return next(iter(known.values()))


def _workflow(scope: Scope, dataset: str) -> bool | None:
    if scope.tenant.valid_until(dataset) is None:
        return None
    root = scope.tenant.root(dataset)
    value = value_at(root, _SETTING if dataset == "group_settings" else ("is_enabled",))
    read = parsed_like(value, expected=True)
    return read if isinstance(read, bool) else None


def risky_low_permissions(scope: Scope, permissions: Collection[str]) -> list[str]:
    """Which of these permissions the tenant calls low-risk, so that users may consent to them."""
    rows = cast("list[PermissionClassification]", scope.tenant.rows("permission_classifications"))
    return sorted({it.permission for it in rows if it.classification == "low" and it.permission in permissions})
