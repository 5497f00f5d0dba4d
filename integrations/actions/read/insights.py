"""Read what is known across all mapped tenants, each from one query of their summaries; and a tenant's history."""

from datetime import date

from integrations.actions.account_settings import exceptions_of, settings_of
from integrations.actions.lookup import find_tenant
from integrations.domain.account_settings import excepted, time_zone
from integrations.domain.baselines.catalogue import catalogue
from integrations.domain.ids import AccountId, TenantId
from integrations.domain.insights.history import HistoryDay, month_of, months_of, of_measure
from integrations.domain.insights.summary import TenantSummary
from integrations.domain.integrations import Tenant
from integrations.services import Services
from integrations.storage.control import Control
from integrations.views.insights.assets import AssetInsights, asset_insights
from integrations.views.insights.baselines import BaselineInsights, baseline_insights
from integrations.views.insights.history import History
from integrations.views.insights.mfa import MfaInsights, mfa_insights
from integrations.views.insights.rows import InsightFilter
from integrations.views.insights.secure_score import SecureScoreInsights, secure_score_insights
from integrations.views.status import to_second


def read_secure_scores(services: Services, account_id: AccountId, chosen: InsightFilter) -> SecureScoreInsights:
    """The Secure Score of mapped tenants.

    Raises:
        Invalid: the filter's cursor is not one of ours.
    """
    control = services.control(account_id)
    return secure_score_insights(_summaries(control), settings_of(control).thresholds, chosen)


def read_mfa(services: Services, account_id: AccountId, chosen: InsightFilter) -> MfaInsights:
    """The people of mapped tenants by their MFA; exceptions of the account that are valid now are applied.

    Raises:
        Invalid: the filter's cursor is not one of ours.
    """
    control = services.control(account_id)
    exceptions = excepted(exceptions_of(control), services.clock())
    return mfa_insights(_summaries(control), exceptions, settings_of(control).thresholds, chosen)


def read_baselines(services: Services, account_id: AccountId, chosen: InsightFilter) -> BaselineInsights:
    """How mapped tenants are judged by the controls of the baselines.

    Raises:
        Invalid: the filter's cursor is not one of ours.
    """
    return baseline_insights(_summaries(services.control(account_id)), catalogue().controls, chosen)


def read_assets(services: Services, account_id: AccountId, chosen: InsightFilter) -> AssetInsights:
    """The assets of mapped tenants by their devices.

    Raises:
        Invalid: the filter's cursor is not one of ours.
    """
    return asset_insights(_summaries(services.control(account_id)), chosen)


def read_history(services: Services, account_id: AccountId, tenant_id: TenantId, measure: str, days: int) -> History:
    """The last ``days`` days of a tenant, of one measure or of all; none while it is not mapped.

    Raises:
        NotFound: there is no such tenant.
    """
    control = services.control(account_id)
    tenant, settings = find_tenant(control, tenant_id).value, settings_of(control)
    today = services.clock().astimezone(time_zone(settings.time_zone)).date()
    first = date.fromordinal(today.toordinal() - days + 1)
    known = _days(control, tenant, month_of(first)) if tenant.mapping else []
    return History(
        tenant_id=tenant_id,
        mapped_at=to_second(tenant.mapping.mapped_at) if tenant.mapping else None,
        time_zone=settings.time_zone,
        first_day=first,
        items=[of_measure(it, measure) for it in known if it.day >= first],
    )


def _days(control: Control, tenant: Tenant, first_month: str) -> list[HistoryDay]:
    months = control.history.list(months_of(tenant.tenant_id, tenant.epoch))
    return [day for it in months if it.value.month >= first_month for day in it.value.days]


def _summaries(control: Control) -> list[TenantSummary]:
    return [control.summaries.read(text) for text in control.summaries.texts().values()]
