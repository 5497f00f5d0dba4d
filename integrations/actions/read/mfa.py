"""Read whether MFA protects the people of a tenant."""

from integrations.actions.account_settings import exceptions_of
from integrations.actions.lookup import find_tenant
from integrations.actions.read.tenant_data import TenantData
from integrations.domain.account_settings import excepted
from integrations.domain.evaluations.mfa import MFA, MfaRow
from integrations.domain.ids import AccountId, TenantId
from integrations.domain.security.mfa_counts import mfa_counts
from integrations.services import Services
from integrations.views.security.mfa_people import MfaFilter, MfaPage, mfa_page, no_mfa_page


def read_mfa(services: Services, account_id: AccountId, tenant_id: TenantId, mfa_filter: MfaFilter) -> MfaPage:
    """The counts, and a page of the people that the filter selects.

    Raises:
        NotFound: there is no such tenant.
        Invalid: the cursor is not one of ours.
    """
    control = services.control(account_id)
    data = TenantData(services, account_id, find_tenant(control, tenant_id).value)
    rows = data.each_derived(MFA, MfaRow)
    if rows is None:
        return no_mfa_page(is_mapped=data.is_mapped)
    cursor = data.evaluations[MFA.name]
    exceptions = excepted(exceptions_of(control), services.clock()).get(tenant_id, frozenset())
    return mfa_page(rows, mfa_counts(cursor.counts_by_kind), cursor.complete_at, exceptions, mfa_filter)
