"""What a tenant has bought, and how much of it is in use.

Source: https://learn.microsoft.com/graph/api/subscribedsku-list
"""

from dataclasses import replace

from local.microsoft.graph.ask import Ask
from local.microsoft.graph.errors import missing
from local.microsoft.graph.kinds import Kind, every, one
from local.microsoft.http import Reply
from local.microsoft.objects import Object
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


def _skus(ask: Ask) -> list[Object]:
    taken = ask.tenant.seats_taken()
    return [_sku(ask, part, it, taken[it.sku.id]) for part, it in ask.tenant.licences.items()]


def _sku(ask: Ask, part: str, licence: Licence, taken: int) -> Object:
    tenant, sku = ask.tenant, licence.sku
    status = "Success" if licence.status in {"Enabled", "Warning"} else "Disabled"
    return {
        "accountName": tenant.initial_domain.partition(".")[0],
        "accountId": tenant.id,
        "appliesTo": licence.applies_to,
        "capabilityStatus": licence.status,
        "consumedUnits": taken if licence.consumed is None else licence.consumed,
        "id": f"{tenant.id}_{sku.id}",
        "skuId": sku.id,
        "skuPartNumber": part,
        "subscriptionIds": [f"{sku.id[:8]}-0000-4000-8000-{tenant.id[-12:]}"],
        "prepaidUnits": {
            "enabled": licence.enabled,
            "suspended": licence.suspended,
            "warning": licence.warning,
            "lockedOut": licence.locked_out,
        },
        "servicePlans": [
            {"servicePlanId": it.id, "servicePlanName": it.name, "provisioningStatus": status, "appliesTo": "User"}
            for it in sku.plans
        ],
    }
