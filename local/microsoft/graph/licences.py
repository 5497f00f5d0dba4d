"""What a tenant has bought, and how much of it is in use.

Source: https://learn.microsoft.com/graph/api/subscribedsku-list
"""

from dataclasses import replace

from local.microsoft.graph.ask import Ask
from local.microsoft.graph.errors import missing
from local.microsoft.graph.kinds import Kind, every, one
from local.microsoft.http import Reply
from local.microsoft.objects import Object
from local.microsoft.skus import FREE
from local.microsoft.tenants import Licence

_SKU = Kind(
    "subscribedSku",
    {
        "accountName": None, "accountId": None, "appliesTo": None, "capabilityStatus": None, "consumedUnits": None,
        "id": None, "skuId": None, "skuPartNumber": None, "subscriptionIds": [], "prepaidUnits": None,
        "servicePlans": [],
    },
)  # fmt: skip


def subscribed_skus(ask: Ask) -> Reply:
    if ask.world.switches.subscribed_skus_options == "ignore":
        ask = replace(ask, options={name: it for name, it in ask.options.items() if name == "$select"})
    return every(ask, _SKU, _skus(ask), "subscribedSkus")


def subscribed_sku(ask: Ask, key: str) -> Reply:
    found = next((it for it in _skus(ask) if it["id"] == key), None)
    if found is None:
        raise missing(key)
    return one(ask, _SKU, found, "subscribedSkus")


_SUBSCRIPTION = Kind(
    "companySubscription",
    {
        "id": None, "commerceSubscriptionId": None, "createdDateTime": None, "isTrial": False,
        "nextLifecycleDateTime": None, "ownerId": None, "ownerTenantId": None, "ownerType": None,
        "serviceStatus": [], "skuId": None, "skuPartNumber": None, "status": None, "totalLicenses": None,
    },
)  # fmt: skip


def subscriptions(ask: Ask) -> Reply:
    return every(ask, _SUBSCRIPTION, _subscriptions(ask), "directory/subscriptions", "$filter", "$top", "$count")


def subscription(ask: Ask, key: str) -> Reply:
    found = next((it for it in _subscriptions(ask) if it["id"] == key), None)
    if found is None:
        raise missing(key)
    return one(ask, _SUBSCRIPTION, found, "directory/subscriptions")


def _subscriptions(ask: Ask) -> list[Object]:
    """One for each product; its id is among the product's ``subscriptionIds``."""
    return [
        {
            "id": _subscription_id(ask, it),
            "commerceSubscriptionId": f"c{_subscription_id(ask, it)[1:]}",
            "createdDateTime": "2024-01-05T00:00:00Z",
            "isTrial": it.is_trial,
            "nextLifecycleDateTime": None if part in FREE else it.renews_at,
            "ownerTenantId": ask.tenant.id,
            "serviceStatus": _service_plans(it),
            "skuId": it.sku.id,
            "skuPartNumber": part,
            "status": it.status,
            "totalLicenses": it.enabled + it.suspended + it.warning + it.locked_out,
        }
        for part, it in ask.tenant.licences.items()
    ]


def _subscription_id(ask: Ask, licence: Licence) -> str:
    return f"{licence.sku.id[:8]}-0000-4000-8000-{ask.tenant.id[-12:]}"


def _service_plans(licence: Licence) -> list[Object]:
    status = "Success" if licence.status in {"Enabled", "Warning"} else "Disabled"
    return [
        {"servicePlanId": it.id, "servicePlanName": it.name, "provisioningStatus": status, "appliesTo": "User"}
        for it in licence.sku.plans
    ]


def _skus(ask: Ask) -> list[Object]:
    taken = ask.tenant.seats_taken()
    return [_sku(ask, part, it, taken[it.sku.id]) for part, it in ask.tenant.licences.items()]


def _sku(ask: Ask, part: str, licence: Licence, taken: int) -> Object:
    tenant, sku = ask.tenant, licence.sku
    return {
        "accountName": tenant.initial_domain.partition(".")[0],
        "accountId": tenant.id,
        "appliesTo": licence.applies_to,
        "capabilityStatus": licence.status,
        "consumedUnits": taken if licence.consumed is None else licence.consumed,
        "id": f"{tenant.id}_{sku.id}",
        "skuId": sku.id,
        "skuPartNumber": part,
        "subscriptionIds": [_subscription_id(ask, licence)],
        "prepaidUnits": {
            "enabled": licence.enabled,
            "suspended": licence.suspended,
            "warning": licence.warning,
            "lockedOut": licence.locked_out,
        },
        "servicePlans": _service_plans(licence),
    }
