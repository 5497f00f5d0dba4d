"""What a tenant has bought, and how much of it is in use.

Source: https://learn.microsoft.com/graph/api/subscribedsku-list
"""

from dataclasses import replace

from local.microsoft.graph.protocol.entity_types import EntityType, collection_reply, entity_reply
from local.microsoft.graph.protocol.errors import not_found
from local.microsoft.graph.protocol.request import GraphRequest
from local.microsoft.server import Reply
from local.microsoft.world.collection import Object
from local.microsoft.world.skus import FREE
from local.microsoft.world.tenants import Licence

_SKU = EntityType(
    "subscribedSku",
    {
        "accountName": None, "accountId": None, "appliesTo": None, "capabilityStatus": None, "consumedUnits": None,
        "id": None, "skuId": None, "skuPartNumber": None, "subscriptionIds": [], "prepaidUnits": None,
        "servicePlans": [],
    },
)  # fmt: skip


def subscribed_skus(request: GraphRequest) -> Reply:
    if request.world.switches.subscribed_skus_options == "ignore":
        request = replace(request, options={name: it for name, it in request.options.items() if name == "$select"})
    return collection_reply(request, _SKU, _skus(request), "subscribedSkus")


def subscribed_sku(request: GraphRequest, key: str) -> Reply:
    sku = next((it for it in _skus(request) if it["id"] == key), None)
    if sku is None:
        raise not_found(key)
    return entity_reply(request, _SKU, sku, "subscribedSkus")


_SUBSCRIPTION = EntityType(
    "companySubscription",
    {
        "id": None, "commerceSubscriptionId": None, "createdDateTime": None, "isTrial": False,
        "nextLifecycleDateTime": None, "ownerId": None, "ownerTenantId": None, "ownerType": None,
        "serviceStatus": [], "skuId": None, "skuPartNumber": None, "status": None, "totalLicenses": None,
    },
)  # fmt: skip


def subscriptions(request: GraphRequest) -> Reply:
    return collection_reply(
        request, _SUBSCRIPTION, _subscriptions(request), "directory/subscriptions", "$filter", "$top", "$count"
    )


def subscription(request: GraphRequest, key: str) -> Reply:
    company_subscription = next((it for it in _subscriptions(request) if it["id"] == key), None)
    if company_subscription is None:
        raise not_found(key)
    return entity_reply(request, _SUBSCRIPTION, company_subscription, "directory/subscriptions")


def _subscriptions(request: GraphRequest) -> list[Object]:
    """One for each product; its id is among the product's ``subscriptionIds``."""
    return [
        {
            "id": _subscription_id(request, it),
            "commerceSubscriptionId": f"c{_subscription_id(request, it)[1:]}",
            "createdDateTime": "2024-01-05T00:00:00Z",
            "isTrial": it.is_trial,
            "nextLifecycleDateTime": None if part in FREE else it.renews_at,
            "ownerTenantId": request.tenant.id,
            "serviceStatus": _service_plans(it),
            "skuId": it.sku.id,
            "skuPartNumber": part,
            "status": it.status,
            "totalLicenses": it.enabled + it.suspended + it.warning + it.locked_out,
        }
        for part, it in request.tenant.licences.items()
    ]


def _subscription_id(request: GraphRequest, licence: Licence) -> str:
    return f"{licence.sku.id[:8]}-0000-4000-8000-{request.tenant.id[-12:]}"


def _service_plans(licence: Licence) -> list[Object]:
    status = "Success" if licence.status in {"Enabled", "Warning"} else "Disabled"
    return [
        {"servicePlanId": it.id, "servicePlanName": it.name, "provisioningStatus": status, "appliesTo": "User"}
        for it in licence.sku.plans
    ]


def _skus(request: GraphRequest) -> list[Object]:
    taken = request.tenant.seats_taken()
    return [_sku(request, part, it, taken[it.sku.id]) for part, it in request.tenant.licences.items()]


def _sku(request: GraphRequest, part: str, licence: Licence, taken: int) -> Object:
    tenant, sku = request.tenant, licence.sku
    return {
        "accountName": tenant.initial_domain.partition(".")[0],
        "accountId": tenant.id,
        "appliesTo": licence.applies_to,
        "capabilityStatus": licence.status,
        "consumedUnits": taken if licence.consumed is None else licence.consumed,
        "id": f"{tenant.id}_{sku.id}",
        "skuId": sku.id,
        "skuPartNumber": part,
        "subscriptionIds": [_subscription_id(request, licence)],
        "prepaidUnits": {
            "enabled": licence.enabled,
            "suspended": licence.suspended,
            "warning": licence.warning,
            "lockedOut": licence.locked_out,
        },
        "servicePlans": _service_plans(licence),
    }
