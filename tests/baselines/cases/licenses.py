"""Controls that need a licence which the tenant does not have."""

from integrations.domain.baselines.catalogue import catalogue
from tests.baselines.cases.case import MET, UNLICENSED, Case, case
from tests.baselines.changing import answer
from tests.baselines.tenants import INTUNE, ORGANIZATION, P1, P2, Change

_ENOUGH = {"entra_id_p1": (P1, P2), "entra_id_p2": (P2,), "intune": (INTUNE,)}


def _without(license_name: str) -> Change:
    plans = [it for it in (P1, P2, INTUNE) if it not in _ENOUGH[license_name]]
    made = [{"servicePlanId": it, "capabilityStatus": "Enabled"} for it in plans]
    return answer(ORGANIZATION, {"value": [{"id": "t", "displayName": "Contoso", "assignedPlans": made}]})


def _cases() -> list[Case]:
    needing = [(it.id, it.license) for it in catalogue().controls.values() if it.license]
    made = [
        case(key, "without the licence", _without(name), is_=UNLICENSED, scuba=None if name == "entra_id_p2" else MET)
        for key, name in needing
    ]
    about_policies = [it.id for it in catalogue().controls.values() if "conditional_access" in it.reads]
    return made + [
        case(it, "without Conditional Access", _without("entra_id_p1"), is_=UNLICENSED) for it in about_policies
    ]


CASES = _cases()
