"""Read what baselines say of a tenant."""

from integrations.actions.lookup import find_tenant
from integrations.actions.read.tenant_data import TenantData
from integrations.domain.baselines.catalogue import catalogue
from integrations.domain.evaluations.controls import CONTROLS, ControlRow
from integrations.domain.ids import AccountId, TenantId
from integrations.services import Services
from integrations.views.security.findings import FindingList, findings, no_findings


def read_findings(services: Services, account_id: AccountId, tenant_id: TenantId) -> FindingList:
    """The findings of a tenant; rows of controls that this version no longer has are left out.

    Raises:
        NotFound: there is no such tenant.
    """
    data = TenantData(services, account_id, find_tenant(services.control(account_id), tenant_id).value)
    rows = data.derived(CONTROLS, ControlRow)
    if rows is None:
        return no_findings(is_mapped=data.is_mapped)
    controls = catalogue().controls
    as_of = data.evaluations[CONTROLS.name].complete_at
    return findings(((it, controls[it.id]) for it in rows if it.id in controls), as_of)
