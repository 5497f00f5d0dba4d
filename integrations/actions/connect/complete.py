"""COMPLETE: the portal user who started a flow confirms the verified tenant; only now it becomes an integration."""

import msgspec

from integrations.actions.account import Account
from integrations.actions.actors import Actor
from integrations.actions.connect.complete_csp import bind_csp, renew_csp
from integrations.actions.connect.flows import find_flow
from integrations.actions.lookup import is_leaving, refuse_while_removing_all, removing
from integrations.actions.sync.sync_now import sync_order
from integrations.domain.connect.failures import ADVICE, FlowFailure
from integrations.domain.connect.flow import Flow, FlowState, bind, fail
from integrations.domain.ids import FlowId, IntegrationId, UserId, new_epoch, new_id
from integrations.domain.integrations import Integration, Kind, Proof, Tenant
from integrations.domain.retention import HOUSEKEEPING_EVERY
from integrations.domain.retry_delays import RETRY_REMOVAL_S, RETRY_VERIFICATION_S
from integrations.domain.statuses import SyncCause
from integrations.domain.sync.schedule import UNMAPPED_EVERY
from integrations.domain.sync_status import begin, move, wait_in_queue
from integrations.services import Services
from integrations.storage.control import VersionConflict
from integrations.storage.documents import Stored
from integrations.storage.due import ALL, Work
from shared.errors import Conflict


def complete(services: Services, actor: Actor, flow_id: FlowId) -> IntegrationId:
    """Bind the verified tenant to the account; completing a flow twice binds it once.

    Raises:
        NotFound: not this user's flow.
        Conflict: ``not_proven`` or ``removing`` (with Retry-After), the flow's failure, or ``already_integrated``.
        SealBroken: a CSP's refresh token cannot be decrypted.
        Unavailable: storage or the vault does not answer.
    """
    account = Account(services, actor.account_id)
    stored = find_flow(account.control, actor, flow_id)
    flow = stored.value.current_at(services.clock())
    if flow.state is FlowState.BOUND and flow.integration_id:
        return flow.integration_id
    _refuse_unproven(flow)
    refuse_while_removing_all(account.control)
    if flow.integration_id:
        return _renew(account, actor, stored.now(flow), flow.integration_id)
    try:
        return _bind_new(account, actor, stored.now(flow))
    except VersionConflict:
        return _after_conflict(account, actor, stored.now(flow))


def _refuse_unproven(flow: Flow) -> None:
    if flow.failure:
        advice = ADVICE[flow.failure]
        wait_s = RETRY_REMOVAL_S if flow.failure is FlowFailure.REMOVING else None
        raise Conflict(advice.detail, code=flow.failure.value, remedy=advice.remedy, wait_s=wait_s)
    if flow.state is not FlowState.PROVEN:
        raise Conflict(
            "The tenant has not been verified yet.",
            code="not_proven",
            remedy="Wait until the flow's state is 'proven', then complete it.",
            wait_s=RETRY_VERIFICATION_S,
        )


def _bind_new(account: Account, actor: Actor, stored: Stored[Flow]) -> IntegrationId:
    """Bind the tenant as a new integration.

    Raises:
        VersionConflict: the flow was completed twice at once, or the tenant was integrated by another flow.
    """
    services, control = account.services, account.control
    now = services.clock()
    proof, name = _proof(services, stored.value), stored.value.tenant_name or ""
    if stored.value.kind is Kind.CSP:
        return bind_csp(account, actor, stored, proof)
    integration = Integration(
        id=IntegrationId(new_id("int")),
        kind=Kind.SINGLE,
        name=name,
        tenant_id=proof.tenant_id,
        proof=proof,
        version=1,
        created_at=now,
        created_by=UserId(actor.name),
        client_id=stored.value.client_id,
    )
    tenant = Tenant(
        tenant_id=proof.tenant_id,
        integration_id=integration.id,
        kind=Kind.SINGLE,
        name=name,
        epoch=new_epoch(),
        status=move(begin(SyncCause.NAME_READ, now), SyncCause.NAME_READ, now, next_check_at=now + UNMAPPED_EVERY),
        added_at=now,
        client_id=integration.client_id,
    )
    services.holders_of(integration.client_id).add(proof.tenant_id, actor.account_id, integration.id, now)
    with account.change(actor, "integrated tenant", _subject(integration, stored.value)) as change:
        change.due(Work.SYNC, proof.tenant_id, now + UNMAPPED_EVERY)
        change.due(Work.HOUSEKEEPING, ALL, now + HOUSEKEEPING_EVERY)
        change.write(
            control.flows.saved(stored.now(bind(stored.value, integration.id))),
            control.integrations.added(integration),
            control.tenants.added(tenant),
        )
    return integration.id


def _renew(account: Account, actor: Actor, stored: Stored[Flow], integration_id: IntegrationId) -> IntegrationId:
    """Complete a reauthorization: the same tenant with a new proof and version; a mapped tenant is synced at once."""
    services, control = account.services, account.control
    now = services.clock()
    integration = control.integrations.find(integration_id)
    if integration is not None and integration.value.removal:
        integration = None
    if integration is not None and integration.value.kind is Kind.CSP:
        return renew_csp(account, actor, stored, integration, proof=_proof(services, stored.value))
    tenant = control.tenants.find(integration.value.tenant_id) if integration else None
    if integration is None or tenant is None:
        _refuse_unproven(_fail(account, actor, stored, FlowFailure.REMOVED_MEANWHILE))
        raise AssertionError  # a failed flow is always refused
    renewed = msgspec.structs.replace(
        integration.value, proof=_proof(services, stored.value), version=integration.value.version + 1
    )
    is_mapped = tenant.value.mapping is not None
    before = tenant.value.status
    status = (
        wait_in_queue(before, now)
        if is_mapped
        else move(before, SyncCause.NAME_READ, now, next_check_at=before.next_check_at)
    )
    refreshed = msgspec.structs.replace(tenant.value, status=status, not_before=None)
    services.sign_in_of(refreshed.client_id).forget(refreshed.tenant_id)
    with account.change(actor, "reauthorized tenant", _subject(renewed, stored.value)) as change:
        change.write(
            control.flows.saved(stored.now(bind(stored.value, integration_id))),
            control.integrations.saved(integration.now(renewed)),
            control.tenants.saved(tenant.now(refreshed)),
        )
        if is_mapped:
            change.due(Work.SYNC, refreshed.tenant_id, now)
            change.send(sync_order(actor.account_id, refreshed, "reauthorized", now))
    return integration_id


def _after_conflict(account: Account, actor: Actor, stored: Stored[Flow]) -> IntegrationId:
    """The result after a version conflict.

    Either the user completed the flow twice at once, or the tenant was integrated by another flow.
    """
    control = account.control
    latest = find_flow(control, actor, stored.value.id)
    if latest.value.state is FlowState.BOUND and latest.value.integration_id:
        return latest.value.integration_id
    tenant_id = latest.value.signer.tenant_id if latest.value.signer else None
    known = control.tenants.find(tenant_id) if tenant_id else None
    if known is not None and is_leaving(control, known.value):
        raise removing(f"The previous integration of {known.value.name!r} is still being removed.")
    _fail(account, actor, latest, FlowFailure.ALREADY_INTEGRATED)
    advice = ADVICE[FlowFailure.ALREADY_INTEGRATED]
    raise Conflict(advice.detail, code=FlowFailure.ALREADY_INTEGRATED.value, remedy=advice.remedy)


def _fail(account: Account, actor: Actor, stored: Stored[Flow], failure: FlowFailure) -> Flow:
    failed, subject = fail(stored.value, failure), {"flow_id": str(stored.value.id)}
    with account.change(actor, "refused consent", subject, outcome="refused", reason=failure.value) as change:
        change.write(account.control.flows.saved(stored.now(failed)))
    return failed


def _proof(services: Services, flow: Flow) -> Proof:
    if flow.signer is None:
        raise AssertionError  # PROVEN is only reached with a signer
    return Proof(
        tenant_id=flow.signer.tenant_id,
        object_id=flow.signer.object_id,
        flow_id=flow.id,
        proven_at=services.clock(),
    )


def _subject(integration: Integration, flow: Flow) -> dict[str, str]:
    return {
        "integration_id": integration.id,
        "tenant_id": integration.tenant_id,
        "flow_id": flow.id,
        "consented_by": integration.proof.object_id,
    }
