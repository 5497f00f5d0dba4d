"""The tables of docs/statuses.md as the code has them, line by line."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from integrations.domain.connect.failures import ADVICE
from integrations.domain.csp.gdap import CspAuth, Finding, GroupFault
from integrations.domain.csp.onboarding import STALLED_AFTER as STAGE_STALLED_AFTER
from integrations.domain.csp.onboarding import Onboarding, Stage
from integrations.domain.ids import IntegrationId, TenantId
from integrations.domain.integrations import CspChild, Kind, Tenant
from integrations.domain.refusals import OF_CUSTOMER, REMEDY_OF_CUSTOMER
from integrations.domain.statuses import COLOUR_OF, EXPLANATIONS, SyncCause
from integrations.domain.sync_status import STALLED_AFTER, begin
from integrations.views.csp.auth import csp_auth_view
from integrations.views.status import ReadTime, StatusView

_NOW = datetime(2026, 11, 28, tzinfo=UTC)
_STAGE_OF = {CspAuth.CONSENT_PENDING: Stage.REQUESTED, CspAuth.GRANTING_ROLES: Stage.GRANTED}


def sync_statuses() -> Iterator[str]:
    """Sync Status, of tenants and of CSPs: label, colour, cause, meaning, what to do, stalled after."""
    for cause, said in EXPLANATIONS.items():
        label = f"{said.label.value} ({COLOUR_OF[said.label]})"
        yield _row(label, f"`{cause.value}`", said.detail, said.remedy, _minutes(STALLED_AFTER.get(cause)))


def remedies_of_customers() -> Iterator[str]:
    """What to do about a Sync Status of a CSP's customer, where it differs from a single tenant's."""
    for cause, remedy in REMEDY_OF_CUSTOMER.items():
        yield _row(f"`{cause}`", remedy)


def csp_auths() -> Iterator[str]:
    """CSP Auth: label, colour, reason, meaning, what to do, stalled after."""
    for auth in CspAuth:
        stalled = _minutes(STAGE_STALLED_AFTER.get(_STAGE_OF[auth])) if auth in _STAGE_OF else ""
        for fault in GroupFault if auth is CspAuth.MISSING_GROUP else (None,):
            said = _view(auth, fault)
            yield _row(f"{said.label} ({said.colour})", f"`{said.reason}`", said.detail, said.remedy, stalled)


def refusals_of_customers() -> Iterator[str]:
    """What lies behind Consent Failure and Unknown, where Microsoft's refusal says so."""
    for hindrance, said in OF_CUSTOMER.items():
        yield _row(f"`{hindrance.value}`", said.detail, said.remedy)


def failed_flows() -> Iterator[str]:
    """How a sign-in that was to integrate or reauthorize may fail."""
    for failure, said in ADVICE.items():
        yield _row(f"`{failure.value}`", said.detail, said.remedy)


def _view(auth: CspAuth, fault: GroupFault | None) -> StatusView:
    findings = [Finding(auth=auth, fault=fault)] if fault else []
    child = CspChild(auth=auth, since=_NOW, progress=Onboarding(stage=Stage.DONE, since=_NOW), findings=findings)
    tenant = Tenant(
        tenant_id=TenantId("9f1c0e3a-0000-4000-8000-00000000aa01"),
        integration_id=IntegrationId("int_1"),
        kind=Kind.CSP,
        name="Contoso",
        epoch=1,
        status=begin(SyncCause.NAME_READ, _NOW),
        added_at=_NOW,
        csp=child,
    )
    return csp_auth_view(tenant, None, ReadTime(_NOW, timedelta(minutes=30)))


def _row(*cells: str) -> str:
    return f"| {' | '.join(cells)} |".replace("|  |", "| |")


def _minutes(limit: timedelta | None) -> str:
    return f"{limit // timedelta(minutes=1)} minutes" if limit else ""
