"""Licences: the products a tenant has bought, and how many seats of each are taken.

Source: https://learn.microsoft.com/graph/api/subscribedsku-list
"""

import msgspec

from integrations.domain.sync.datasets import Reading, Record
from integrations.domain.sync.records import License
from integrations.domain.text import clean
from integrations.microsoft.dataset import ENTRA_ID_P1, ENTRA_ID_P2, INTUNE, Dataset, FirstRequest, ReadContext
from integrations.microsoft.fillers import in_order
from integrations.microsoft.readers.sku_names import name_of

_FIELDS = "id,skuId,skuPartNumber,appliesTo,capabilityStatus,consumedUnits,prepaidUnits,servicePlans"
# Free products have a nominal number of seats, which do not count as unused.
_UNLIMITED = frozenset({10_000, 1_000_000})
_READY = "Success"
_ASSIGNABLE = frozenset({"Enabled", "Warning"})
_PLANS_BY_NAME = {  # P2 includes P1
    "AAD_PREMIUM": (ENTRA_ID_P1,),
    "AAD_PREMIUM_P2": (ENTRA_ID_P1, ENTRA_ID_P2),
    "INTUNE_A": (INTUNE,),
}


class _Units(msgspec.Struct, rename="camel"):
    enabled: int | None = None
    suspended: int | None = None
    warning: int | None = None
    locked_out: int | None = None


class _ServicePlan(msgspec.Struct, rename="camel"):
    service_plan_id: str | None = None
    service_plan_name: str | None = None
    provisioning_status: str | None = None


class _Sku(msgspec.Struct, rename="camel"):
    sku_id: str
    sku_part_number: str | None = None
    applies_to: str | None = None
    capability_status: str | None = None
    consumed_units: int | None = None
    prepaid_units: _Units | None = None
    service_plans: list[_ServicePlan] | msgspec.UnsetType | None = msgspec.UNSET


def _read(context: ReadContext) -> Reading:
    skus = {sku.sku_id: sku for part in context.graph.pages_from(context.page, type=_Sku) for sku in part.items}
    return Reading(records=[Record(key=sku.sku_id, body=_to_license(sku)) for sku in skus.values()], is_complete=True)


def _to_license(sku: _Sku) -> License:
    units = sku.prepaid_units or _Units()
    bought, warning = units.enabled or 0, units.warning or 0
    assigned = sku.consumed_units or 0
    part_number = clean(sku.sku_part_number or "") or sku.sku_id
    is_unlimited = bought in _UNLIMITED
    is_assignable = sku.capability_status in _ASSIGNABLE
    return License(
        sku_id=sku.sku_id,
        part_number=part_number,
        name=name_of(sku.sku_id) or part_number,
        is_assignable=is_assignable,
        is_per_user=sku.applies_to != "Company",
        bought=bought,
        assigned=assigned,
        suspended=units.suspended or 0,
        warning=warning,
        locked_out=units.locked_out or 0,
        unused=max(0, bought + warning - assigned) if is_assignable and not is_unlimited else 0,
        is_unlimited=is_unlimited,
        plans=_plans(sku),
    )


def _plans(sku: _Sku) -> list[str] | msgspec.UnsetType:
    """The service plans that are ready to be used; those that we ask for are known by their names, too."""
    if not isinstance(sku.service_plans, list):
        return msgspec.UNSET
    ready = [it for it in sku.service_plans if it.provisioning_status == _READY]
    named = (plan for it in ready for plan in _PLANS_BY_NAME.get(it.service_plan_name or "", ()))
    return in_order((*(it.service_plan_id for it in ready), *named))


LICENSES = Dataset(
    name="licenses",
    permission="LicenseAssignment.Read.All",
    record=License,
    version=2,
    first_request=FirstRequest(path="/subscribedSkus", query={"select": _FIELDS}, page=_Sku),
    read=_read,
)
