"""The details of one integration."""

from collections.abc import Sequence
from datetime import datetime

import msgspec

from integrations.domain.connect.failures import ADVICE, FlowFailure
from integrations.domain.csp.report import Report
from integrations.domain.integrations import Credential, Csp, FailedReauthorizationAttempt, Integration
from integrations.views.csp.checks import CheckView, StatusChangeView, check_view, history_view
from integrations.views.status import ReadTime, StatusView, status_view, to_second


class SharedTenant(msgspec.Struct, frozen=True, kw_only=True):
    """A customer that is already in the table, as a single tenant or through another CSP."""

    tenant_id: str
    name: str


class FailedReauthorization(msgspec.Struct, frozen=True, kw_only=True):
    """The last reauthorization that failed since one succeeded."""

    at: datetime
    reason: str
    detail: str


class CspDetails(msgspec.Struct, frozen=True, kw_only=True):
    """What only a CSP has: its status, the authorized account, and the prerequisites that were accepted."""

    sync_status: StatusView
    account: str
    prerequisites_version: str
    prerequisites_accepted_at: datetime
    prerequisites_accepted_by: str
    credential_renewed_at: datetime | None
    failed_reauthorization: FailedReauthorization | None
    already_integrated: list[SharedTenant]
    former_names: list[str]


class IntegrationDetails(msgspec.Struct, frozen=True, kw_only=True):
    """One integration. ``csp``, ``checks`` and ``history`` are a CSP's."""

    id: str
    kind: str
    name: str
    tenant_id: str
    connected_at: datetime
    last_authorized_at: datetime
    authorized_by: str
    version: int
    csp: CspDetails | None
    checks: list[CheckView]
    history: list[StatusChangeView]


def integration_details(integration: Integration, report: Report | None, csp: CspDetails | None) -> IntegrationDetails:
    """The details of an integration; ``report`` holds the checks of a CSP's last run."""
    return IntegrationDetails(
        id=integration.id,
        kind=integration.kind.value,
        name=integration.name,
        tenant_id=integration.tenant_id,
        connected_at=integration.created_at.replace(microsecond=0),
        last_authorized_at=integration.proof.proven_at.replace(microsecond=0),
        authorized_by=integration.proof.object_id,
        version=integration.version,
        csp=csp,
        checks=[check_view(it) for it in (report.checks if report else [])],
        history=history_view(report.history if report else []),
    )


def csp_details(
    integration: Integration,
    csp: Csp,
    credential: Credential | None,
    shared: Sequence[SharedTenant],
    read_time: ReadTime,
) -> CspDetails:
    """What only a CSP has; ``shared`` are its customers that are in the table another way."""
    return CspDetails(
        sync_status=status_view(csp.status, read_time, csp.running),
        account=csp.account,
        prerequisites_version=csp.acceptance.version,
        prerequisites_accepted_at=csp.acceptance.accepted_at.replace(microsecond=0),
        prerequisites_accepted_by=csp.acceptance.accepted_by,
        credential_renewed_at=to_second(credential.kept_at) if credential else None,
        failed_reauthorization=_failed_reauthorization(csp.failed_attempt),
        already_integrated=list(shared),
        former_names=[change.name for change in integration.former_names],
    )


def _failed_reauthorization(attempt: FailedReauthorizationAttempt | None) -> FailedReauthorization | None:
    if attempt is None:
        return None
    detail = ADVICE[FlowFailure(attempt.reason)].detail
    return FailedReauthorization(at=attempt.at.replace(microsecond=0), reason=attempt.reason, detail=detail)
