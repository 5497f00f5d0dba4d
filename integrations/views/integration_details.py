"""The details of one integration."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated

import msgspec

from integrations.domain.connect.failures import ADVICE, FlowFailure
from integrations.domain.csp.report import Report
from integrations.domain.ids import IntegrationId, TenantId
from integrations.domain.integrations import Credential, Csp, FailedReauthorizationAttempt, Integration, Kind
from integrations.views.csp.checks import CheckView, StatusChangeView, check_view, history_view
from integrations.views.status import ReadTime, StatusView, status_view, to_second
from shared.http.schemas import one_of


class SharedTenant(msgspec.Struct, frozen=True, kw_only=True):
    """A customer that is already in the table, as a single tenant or through another CSP.

    Attributes:
        tenant_id: The customer's tenant.
        name: The customer's name at Microsoft.
    """

    tenant_id: TenantId
    name: str


class FailedReauthorization(msgspec.Struct, frozen=True, kw_only=True):
    """The last reauthorization that failed since one succeeded.

    Attributes:
        at: When it failed.
        reason: Why, as a code.
        detail: Why, for people.
    """

    at: datetime
    reason: str
    detail: str


class CspDetails(msgspec.Struct, frozen=True, kw_only=True):
    """What only a CSP has: its status, the authorized account, and the prerequisites that were accepted.

    Attributes:
        sync_status: The Sync Status of the CSP itself.
        account: The username of the service account that is signed in.
        prerequisites_version: The version of the text that was accepted.
        prerequisites_accepted_at: When it was accepted.
        prerequisites_accepted_by: The portal user id of whoever accepted it.
        credential_renewed_at: When Microsoft last renewed the stored sign-in. Null if none is stored.
        failed_reauthorization: The last attempt that failed since one succeeded. Null if there was none.
        already_integrated: Customers that the table shows as single tenants or under another CSP.
        former_names: Names that the CSP had before, the oldest first.
    """

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
    """One integration. ``csp``, ``checks`` and ``history`` are a CSP's.

    Attributes:
        id: The integration.
        kind: Whether it is a single tenant or a CSP.
        name: The tenant's name at Microsoft.
        tenant_id: The tenant that was integrated.
        connected_at: When it was integrated.
        last_authorized_at: When somebody last signed in and consented.
        authorized_by: The object id at Microsoft of whoever did so.
        version: Grows with every reauthorization, from 1.
        csp: What only a CSP has. Null for a single tenant.
        checks: The checks of the CSP's last run. Empty for a single tenant.
        history: The CSP's statuses. Empty for a single tenant.
    """

    id: IntegrationId
    kind: Annotated[str, one_of(Kind)]
    name: str
    tenant_id: TenantId
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
