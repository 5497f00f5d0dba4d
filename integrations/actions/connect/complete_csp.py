"""COMPLETE of a CSP's flow: bind the partner's tenant or renew its authorization, and order its first run."""

from datetime import datetime

import msgspec

from integrations.actions.account import Account, Change
from integrations.actions.actors import Actor
from integrations.actions.connect.flow_secrets import unseal
from integrations.actions.csp.partner import new_credential
from integrations.domain.connect.flow import Flow, bind
from integrations.domain.csp.report import Report
from integrations.domain.ids import AccountId, IntegrationId, UserId, new_id
from integrations.domain.integrations import (
    Acceptance,
    Credential,
    Csp,
    Integration,
    Kind,
    Proof,
    csp_reservation,
)
from integrations.domain.jobs.orders import CspOrder
from integrations.domain.retention import HOUSEKEEPING_EVERY
from integrations.domain.statuses import SyncCause
from integrations.domain.sync_status import SyncStatus, begin, move
from integrations.services import Services
from integrations.storage.documents import Stored
from integrations.storage.due import ALL, Work


def bind_csp(account: Account, actor: Actor, stored: Stored[Flow], proof: Proof) -> IntegrationId:
    """Bind a new CSP. What was found to keep it from working is its status from the start.

    Raises:
        VersionConflict: the tenant was integrated by another flow.
    """
    services, control = account.services, account.control
    now, flow = services.clock(), stored.value
    integration = Integration(
        id=IntegrationId(new_id("int")),
        kind=Kind.CSP,
        name=flow.tenant_name or proof.tenant_id,
        tenant_id=proof.tenant_id,
        proof=proof,
        version=1,
        created_at=now,
        created_by=UserId(actor.name),
        csp=Csp(
            status=_status(flow, now),
            acceptance=Acceptance(version=flow.prerequisites, accepted_at=flow.created_at, accepted_by=flow.user_id),
            account=flow.signer.username if flow.signer else "",
        ),
        client_id=flow.client_id,
    )
    report = Report(integration_id=integration.id, at=now, checks=[])
    services.holders_of(flow.client_id).add(proof.tenant_id, actor.account_id, integration.id, now)
    credential = _credential(services, actor.account_id, integration, flow, version=1)
    with account.change(actor, "integrated CSP", _subject(integration, flow)) as change:
        change.due(Work.HOUSEKEEPING, ALL, now + HOUSEKEEPING_EVERY)
        change.write(
            control.flows.saved(stored.now(bind(flow, integration.id))),
            control.integrations.added(integration),
            control.reservations.added(csp_reservation(proof.tenant_id)),
            control.reports.added(report),
        )
        if credential:
            change.write(control.credentials.added(credential))
            _order_first_run(change, integration, now)
    return integration.id


def renew_csp(
    account: Account, actor: Actor, stored: Stored[Flow], integration: Stored[Integration], *, proof: Proof
) -> IntegrationId:
    """Renew a CSP's authorization; its old credential stays in use until this transaction.

    If the registration for CSPs was set meanwhile, the CSP goes over to it, and so do its customers one by one.

    Raises:
        BeingRemoved: another account's removal is uninstalling the application from the CSP's tenant.
        VersionConflict: the flow or the CSP was changed in the meantime.
    """
    services, control = account.services, account.control
    now, flow, before = services.clock(), stored.value, integration.value
    if before.csp is None:
        raise AssertionError  # a CSP's flow renews a CSP
    csp = msgspec.structs.replace(
        before.csp,
        status=_status(flow, now, before.csp.status),
        account=flow.signer.username if flow.signer else before.csp.account,
        running=None,
        failed_attempt=None,
    )
    renewed = msgspec.structs.replace(
        before.authorized_for(flow.client_id) if flow.sealed else before,
        proof=proof,
        version=before.version + 1,
        csp=csp,
    )
    services.holders_of(renewed.client_id).add(proof.tenant_id, actor.account_id, before.id, now)
    old = control.credentials.find(before.id)
    version = old.value.version + 1 if old else 1
    credential = _credential(services, actor.account_id, renewed, flow, version=version)
    with account.change(actor, "reauthorized CSP", _subject(renewed, flow)) as change:
        change.write(
            control.flows.saved(stored.now(bind(flow, before.id))), control.integrations.saved(integration.now(renewed))
        )
        if credential:
            change.write(
                control.credentials.saved(old.now(credential)) if old else control.credentials.added(credential)
            )
            _order_first_run(change, renewed, now)
    return before.id


def _status(flow: Flow, now: datetime, before: SyncStatus | None = None) -> SyncStatus:
    """Auth Pending while its customers are read for the first time, or at once the cause that prevents it."""
    if flow.verdict is None:
        waiting = before or begin(SyncCause.CSP_AUTHORIZING, now)
        return msgspec.structs.replace(
            waiting, cause=SyncCause.CSP_AUTHORIZING, since=now, evidence={}, next_check_at=now, failures=0
        )
    return move(before or begin(flow.verdict, now), flow.verdict, now, evidence=flow.evidence)


def _credential(
    services: Services, account_id: AccountId, integration: Integration, flow: Flow, *, version: int
) -> Credential | None:
    if not flow.sealed:
        return None
    token = unseal(services, flow).refresh_token
    return new_credential(services, account_id, integration, token, version=version)


def _order_first_run(change: Change, integration: Integration, now: datetime) -> None:
    """Order a run of the CSP at once."""
    change.due(Work.CSP, integration.id, now)
    account_id = change.account.id
    change.send(CspOrder(account_id=account_id, integration_id=integration.id, due_at=now, reason="authorized"))


def _subject(integration: Integration, flow: Flow) -> dict[str, str]:
    return {
        "integration_id": integration.id,
        "tenant_id": integration.tenant_id,
        "flow_id": flow.id,
        "consented_by": integration.proof.object_id,
        "prerequisites_version": flow.prerequisites,
    }
