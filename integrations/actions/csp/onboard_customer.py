"""Onboard one customer of a CSP, one try per message: consent, application roles, and a first call to Graph.

Everything requested of Microsoft may have been done already, so a try that is repeated after a crash changes nothing.
The customer's progress is written after each try (product rules B18-B20).
"""

from collections.abc import Callable
from datetime import datetime

import msgspec

from integrations.actions.account import Account
from integrations.actions.account_settings import settings_of
from integrations.actions.audit.entries import audit_status
from integrations.actions.conflicts import retry_on_conflict
from integrations.actions.csp.partner import NoCredential, Partner, open_partner
from integrations.actions.csp.reconcile_context import ReconcileContext, reconcile_context
from integrations.actions.csp.steps import order_step, plan_step, send_step
from integrations.actions.lookup import find_to_change
from integrations.domain.causes import (
    CONSENT_NOT_VISIBLE_IN_CUSTOMER,
    csp_cause_of,
    evidence_of,
    hindrance_of,
    is_unexplained,
)
from integrations.domain.csp import onboarding
from integrations.domain.csp.customers import advance, child_of, judge
from integrations.domain.csp.onboarding import Onboarding, Stage
from integrations.domain.ids import ClientId
from integrations.domain.integrations import Integration, Tenant
from integrations.domain.jobs.orders import CustomerOrder
from integrations.domain.refusals import Hindrance
from integrations.domain.retry_delays import ONBOARDING_TRANSIENT
from integrations.domain.statuses import SyncCause
from integrations.domain.sync.schedule import UNMAPPED_EVERY
from integrations.domain.sync_status import move, wait_in_queue
from integrations.microsoft.app_roles import NotYetKnown, grant_missing_roles
from integrations.microsoft.permissions import (
    APPLICATION_PERMISSIONS,
    CUSTOMER_SCOPES,
    GRAPH_APP,
    granted_in_customers,
    version_of_permissions,
)
from integrations.microsoft.readers.organization import read_tenant_name
from integrations.services import Services
from integrations.storage.control import Control
from integrations.storage.documents import Stored
from integrations.storage.due import Due, Work
from shared.crypto.envelopes import SealBroken
from shared.microsoft.graph import Denied, MicrosoftError, TokenRejected, Transient, UnexpectedAnswer
from shared.microsoft.partner_center import MfaRequired
from shared.microsoft.sign_in import OperatorFault, SignInRefused, token_roles
from shared.telemetry.log import log

# Refusals that neither the consent nor the relationship explains.
_UNCLEAR = frozenset({Hindrance.MFA_NEEDED, Hindrance.CSP_SIGN_IN, Hindrance.TENANT_NOT_FOUND, Hindrance.WRONG_CLOUD})

ProgressUpdate = Callable[[Onboarding], Onboarding]


def onboard_customer(services: Services, order: CustomerOrder) -> None:
    """Try the customer's onboarding once, if that is due.

    Raises:
        Unavailable: storage, the vault or the queue does not answer; the message retries.
        VersionConflict: the tenant kept changing.
    """
    account = Account(services, order.account_id)
    control = account.control
    stored = control.tenants.find(order.tenant_id)
    integration = control.integrations.find(stored.value.integration_id) if stored else None
    if stored is None or stored.value.csp is None or _is_leaving(stored.value, integration):
        services.due.drop(Work.CUSTOMER, order.account_id, order.tenant_id)
        return
    tenant, progress = stored.value, stored.value.csp.progress
    if tenant.paused is not None:
        services.due.complete(
            Due(Work.CUSTOMER, order.account_id, order.tenant_id, progress.next_at or services.clock())
        )
        return
    if integration is None or not progress.is_due(services.clock()):
        order_step(account, tenant)
        return
    if integration.value.csp is None or integration.value.csp.status.is_auth_failed:
        return  # the CSP's run orders it again once the CSP is authorized
    update, name = _try(account, integration.value, tenant)
    retry_on_conflict(lambda: _save(account, stored.value, update, name))


def _is_leaving(tenant: Tenant, integration: Stored[Integration] | None) -> bool:
    return tenant.removal is not None or (integration is not None and integration.value.removal is not None)


def _try(account: Account, integration: Integration, tenant: Tenant) -> tuple[ProgressUpdate, str]:
    """The result of one try: how the progress changes, and the tenant's name once it has been read."""
    services, now = account.services, account.services.clock()
    try:
        partner = open_partner(account, integration)
        return _consented(account, partner, tenant)
    except (NoCredential, SealBroken) as error:
        log("could not act for a CSP", tenant_id=tenant.tenant_id, error=type(error).__name__)
        evidence = {"error": "the CSP's credential cannot be used"}
        return (lambda it: _csp_refused(it, now, evidence)), ""
    except MfaRequired as error:
        # Partner Center refuses the partner, not this customer: a run of the CSP will show it on the CSP's row.
        services.due.put(Due(Work.CSP, account.id, integration.id, now))
        evidence = evidence_of(error)
        return (lambda it: _csp_refused(it, now, evidence)), ""
    except (Transient, OperatorFault, UnexpectedAnswer) as error:
        evidence = evidence_of(error)
        return (lambda it: _postponed(it, services, evidence)), ""
    except MicrosoftError as error:
        evidence, hindrance, is_unclear = _refusal(error), hindrance_of(error), _is_unclear(error)
        if hindrance is Hindrance.CSP_SIGN_IN:
            services.due.put(Due(Work.CSP, account.id, integration.id, now))
        return (lambda it: onboarding.refuse(it, now, evidence, is_unclear=is_unclear, hindrance=hindrance)), ""


def _consented(account: Account, partner: Partner, tenant: Tenant) -> tuple[ProgressUpdate, str]:
    """Request the consent if it is due, and grant missing roles; what is not visible yet is checked again soon."""
    services, customer_id = account.services, tenant.tenant_id
    now, app_id = services.clock(), services.app_id(partner.client_id)
    if onboarding.must_request_consent(child_of(tenant).progress, now):
        services.holders_of(partner.client_id).add(customer_id, account.id, tenant.integration_id, now)
        # After we are a holder: the integration's removal reads the holders last.
        find_to_change(account.control, tenant.integration_id)
        scopes = sorted(CUSTOMER_SCOPES)
        partner.partner_center().consent(customer_id, client_id=app_id, resource_id=GRAPH_APP, scopes=scopes)
    try:
        features = settings_of(account.control).features
        grant_missing_roles(partner.graph_to_onboard(customer_id), app_id, granted_in_customers(features))
    except NotYetKnown as error:
        evidence = evidence_of(error)
        return (lambda it: onboarding.wait(it, Stage.REQUESTED, now, evidence)), ""
    except SignInRefused as error:
        if isinstance(error, OperatorFault) or error.refusal.kind not in CONSENT_NOT_VISIBLE_IN_CUSTOMER:
            raise
        evidence, hindrance = error.evidence(), hindrance_of(error)
        return (lambda it: onboarding.wait(it, Stage.REQUESTED, now, evidence, hindrance)), ""
    return _granted(services, tenant, partner.client_id, version_of_permissions(partner.client_id, features))


def _granted(services: Services, tenant: Tenant, client_id: ClientId, permissions: str) -> tuple[ProgressUpdate, str]:
    """The roles are granted: check that a new token has those that every tenant needs, and that Graph answers."""
    now = services.clock()
    try:
        token = services.sign_in_of(client_id).app_token(tenant.tenant_id, fresh=True)
        missing = APPLICATION_PERMISSIONS.keys() - token_roles(token)
        if missing:
            evidence = {"missing_permissions": ", ".join(sorted(missing))}
            return (lambda it: onboarding.wait(it, Stage.GRANTED, now, evidence)), ""
        name = read_tenant_name(services.graph(tenant.tenant_id, client_id=client_id)).name
    except SignInRefused as error:
        if isinstance(error, OperatorFault) or error.refusal.kind not in CONSENT_NOT_VISIBLE_IN_CUSTOMER:
            raise
        evidence, hindrance = error.evidence(), hindrance_of(error)
        return (lambda it: onboarding.wait(it, Stage.GRANTED, now, evidence, hindrance)), ""
    except (Denied, TokenRejected) as error:
        evidence = evidence_of(error)
        return (lambda it: onboarding.wait(it, Stage.GRANTED, now, evidence)), ""
    return (lambda _: onboarding.finish(now, permissions)), name


def _csp_refused(progress: Onboarding, now: datetime, evidence: dict[str, str]) -> Onboarding:
    """Microsoft refused the partner, or could not be asked: the customer's own state is unclear."""
    return onboarding.refuse(progress, now, evidence, is_unclear=True, hindrance=Hindrance.CSP_SIGN_IN)


def _postponed(progress: Onboarding, services: Services, evidence: dict[str, str]) -> Onboarding:
    """After a transient failure: the stage stays, and the try is repeated later."""
    now = services.clock()
    if progress.stage in onboarding.STALLED_AFTER:
        return onboarding.wait(progress, progress.stage, now, evidence)
    return msgspec.structs.replace(progress, next_at=now + ONBOARDING_TRANSIENT, evidence=evidence)


def _refusal(error: MicrosoftError) -> dict[str, str]:
    """Microsoft's codes, with what they mean for a customer where the code alone does not say it."""
    evidence = evidence_of(error)
    if isinstance(error, SignInRefused) and csp_cause_of(error) is SyncCause.CSP_NO_MFA_PROMPT:
        return {**evidence, "meaning": "a policy of the customer requires MFA for the account"}
    if isinstance(error, Denied):
        return {
            **evidence,
            "meaning": "the account is not allowed to consent or grant here; it needs Privileged Role Administrator",
        }
    return evidence


def _is_unclear(error: MicrosoftError) -> bool:
    return is_unexplained(error) or hindrance_of(error) in _UNCLEAR


def _save(account: Account, tried: Tenant, update: ProgressUpdate, name: str) -> None:
    """Write the customer's new progress, unless somebody else has changed it since ``tried`` was read.

    Raises:
        VersionConflict: the tenant was changed in the meantime.
    """
    tenants, before = account.control.tenants, child_of(tried).progress
    stored, integration = tenants.find(tried.tenant_id), account.control.integrations.find(tried.integration_id)
    if stored is None or stored.value.csp is None or stored.value.csp.progress != before or integration is None:
        return
    context = reconcile_context(account, integration.value)
    progress = update(msgspec.structs.replace(before, given_up=None))
    updated = _updated(account.control, stored.value, progress, context, name)
    with account.change() as change:
        if updated.status.cause is not stored.value.status.cause and child_of(updated).progress.stage is Stage.DONE:
            account.services.sign_in_of(updated.client_id).forget(updated.tenant_id)
            change.due(Work.SYNC, updated.tenant_id, context.now if updated.mapping else context.now + UNMAPPED_EVERY)
        change.write(tenants.saved(stored.now(updated)))
        audit_status(change, "onboard_customer", stored.value, updated)
        plan_step(change, updated)
    send_step(account, updated)


def _updated(control: Control, tenant: Tenant, progress: Onboarding, context: ReconcileContext, name: str) -> Tenant:
    """The tenant with its progress, its CSP Auth judged again, and ready to sync if onboarding is done."""
    access, now = control.access_states.find(tenant.tenant_id), context.now
    advanced = advance(tenant.renamed(name, now), progress)
    if progress.stage is Stage.DONE and progress.permissions == context.permissions:
        advanced = msgspec.structs.replace(advanced, client_id=context.integration.client_id)
    judged = judge(advanced, access.value if access else None, context.required, context.permissions, now)
    is_done = progress.stage is Stage.DONE and child_of(tenant).progress.stage is not Stage.DONE
    if is_done and judged.status.is_auth_error:  # what was refused before works now
        status = (
            wait_in_queue(judged.status, now)
            if judged.mapping
            else move(judged.status, SyncCause.NAME_READ, now, next_check_at=now + UNMAPPED_EVERY)
        )
        judged = msgspec.structs.replace(judged, status=status)
    return judged
