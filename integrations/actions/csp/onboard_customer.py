"""Bring our application into one CSP customer's tenant, a step a message: consent, application roles, a first call.

Every step asks Microsoft for something it may have done already, so a step that is repeated after a crash
changes nothing; where the customer stands is written after each (product rules B18-B20).
"""

from collections.abc import Callable
from datetime import datetime

import msgspec

from integrations.actions.account import Account
from integrations.actions.audit.entries import audit_status
from integrations.actions.conflicts import retry_on_conflict
from integrations.actions.csp.partner import NoCredential, Partner, open_partner
from integrations.actions.csp.reconcile import ReconcileContext, order_step, plan_step, reconcile_context, send_step
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

# Refusals whose reason is neither the consent nor the relationship.
_UNCLEAR = frozenset({Hindrance.MFA_NEEDED, Hindrance.CSP_SIGN_IN, Hindrance.TENANT_NOT_FOUND, Hindrance.WRONG_CLOUD})

Step = Callable[[Onboarding], Onboarding]


def onboard_customer(services: Services, order: CustomerOrder) -> None:
    """Take the customer's next step, if one is due."""
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
    step, name = _step(account, integration.value, tenant)
    retry_on_conflict(lambda: _settle(account, stored.value, step, name))


def _is_leaving(tenant: Tenant, integration: Stored[Integration] | None) -> bool:
    return tenant.removal is not None or (integration is not None and integration.value.removal is not None)


def _step(account: Account, integration: Integration, tenant: Tenant) -> tuple[Step, str]:
    """What one try amounts to: how the progress changes, and the tenant's name once it is read."""
    services, now = account.services, account.services.clock()
    try:
        partner = open_partner(account, integration)
        return _asked(services, account.control, partner, tenant)
    except (NoCredential, SealBroken) as error:
        log("could not act for a CSP", tenant_id=tenant.tenant_id, error=type(error).__name__)
        told = {"error": "the CSP's credential cannot be used"}
        return (lambda it: _refused_csp(it, now, told)), ""
    except MfaRequired as error:
        # Partner Center stops the partner, not this customer: a run of the CSP says so on its row.
        services.due.put(Due(Work.CSP, account.id, integration.id, now))
        told = evidence_of(error)
        return (lambda it: _refused_csp(it, now, told)), ""
    except (Transient, OperatorFault, UnexpectedAnswer) as error:
        told = evidence_of(error)
        return (lambda it: _put_off(it, services, told)), ""
    except MicrosoftError as error:
        told, hindrance, is_unclear = _refusal(error), hindrance_of(error), _is_unclear(error)
        if hindrance is Hindrance.CSP_SIGN_IN:
            services.due.put(Due(Work.CSP, account.id, integration.id, now))
        return (lambda it: onboarding.refuse(it, now, told, is_unclear=is_unclear, hindrance=hindrance)), ""


def _asked(services: Services, control: Control, partner: Partner, tenant: Tenant) -> tuple[Step, str]:
    """Consent, read back; grant, read back; then call. Whatever does not show yet is looked at again soon."""
    now, customer_id, client_id = services.clock(), tenant.tenant_id, services.settings.client_id
    if onboarding.must_request_consent(child_of(tenant).progress, now):
        services.holders.add(customer_id, control.account_id, tenant.integration_id, now)
        find_to_change(control, tenant.integration_id)  # once we are a holder: its removal looks at the holders last
        scopes = sorted(CUSTOMER_SCOPES)
        partner.partner_center().consent(customer_id, client_id=client_id, resource_id=GRAPH_APP, scopes=scopes)
    try:
        grant_missing_roles(partner.graph_of(customer_id), client_id)
    except NotYetKnown as error:
        told = evidence_of(error)
        return (lambda it: onboarding.wait(it, Stage.REQUESTED, now, told)), ""
    except SignInRefused as error:
        if isinstance(error, OperatorFault) or error.refusal.kind not in CONSENT_NOT_VISIBLE_IN_CUSTOMER:
            raise
        told, hindrance = error.evidence(), hindrance_of(error)
        return (lambda it: onboarding.wait(it, Stage.REQUESTED, now, told, hindrance)), ""
    return _granted(services, tenant)


def _granted(services: Services, tenant: Tenant) -> tuple[Step, str]:
    """The roles are granted: do they show in a new token, and does Graph answer?"""
    now = services.clock()
    try:
        token = services.sign_in.app_token(tenant.tenant_id, fresh=True)
        missing = APPLICATION_PERMISSIONS.keys() - token_roles(token)
        if missing:
            told = {"missing_permissions": ", ".join(sorted(missing))}
            return (lambda it: onboarding.wait(it, Stage.GRANTED, now, told)), ""
        found = read_tenant_name(services.graph(tenant.tenant_id))
    except SignInRefused as error:
        if isinstance(error, OperatorFault) or error.refusal.kind not in CONSENT_NOT_VISIBLE_IN_CUSTOMER:
            raise
        told, hindrance = error.evidence(), hindrance_of(error)
        return (lambda it: onboarding.wait(it, Stage.GRANTED, now, told, hindrance)), ""
    except (Denied, TokenRejected) as error:
        told = evidence_of(error)
        return (lambda it: onboarding.wait(it, Stage.GRANTED, now, told)), ""
    permissions = version_of_permissions()
    return (lambda _: onboarding.finish(now, permissions)), found.name


def _refused_csp(it: Onboarding, now: datetime, evidence: dict[str, str]) -> Onboarding:
    """Microsoft refused the partner, or was not asked: that says nothing about the customer either."""
    return onboarding.refuse(it, now, evidence, is_unclear=True, hindrance=Hindrance.CSP_SIGN_IN)


def _put_off(it: Onboarding, services: Services, evidence: dict[str, str]) -> Onboarding:
    """Microsoft could not answer: that says nothing about the customer."""
    now = services.clock()
    if it.stage in onboarding.STALLED_AFTER:
        return onboarding.wait(it, it.stage, now, evidence)
    return msgspec.structs.replace(it, next_at=now + ONBOARDING_TRANSIENT, evidence=evidence)


def _refusal(error: MicrosoftError) -> dict[str, str]:
    """Codes, and what they mean for a customer where the code alone does not say it."""
    told = evidence_of(error)
    if isinstance(error, SignInRefused) and csp_cause_of(error) is SyncCause.CSP_NO_MFA_PROMPT:
        return {**told, "meaning": "a policy of the customer requires MFA for the account"}
    if isinstance(error, Denied):
        return {
            **told,
            "meaning": "the account is not allowed to consent or grant here; it needs Privileged Role Administrator",
        }
    return told


def _is_unclear(error: MicrosoftError) -> bool:
    is_unknown = is_unexplained(error)
    return is_unknown or hindrance_of(error) in _UNCLEAR


def _settle(account: Account, began: Tenant, step: Step, name: str) -> None:
    """Write where the customer stands now, unless somebody else has moved it on meanwhile.

    Raises:
        VersionConflict: the tenant was changed meanwhile.
    """
    by, before = reconcile_context(account.services, began.integration_id), child_of(began).progress
    tenants = account.control.tenants
    stored = tenants.find(began.tenant_id)
    if stored is None or stored.value.csp is None or stored.value.csp.progress != before:
        return
    progress = step(msgspec.structs.replace(before, given_up=None))
    settled = _settled(account.control, stored.value, progress, by, name)
    with account.change() as change:
        if settled.status.cause is not stored.value.status.cause and child_of(settled).progress.stage is Stage.DONE:
            account.services.sign_in.forget(settled.tenant_id)
            change.due(Work.SYNC, settled.tenant_id, by.now if settled.mapping else by.now + UNMAPPED_EVERY)
        change.write(tenants.saved(stored.now(settled)))
        audit_status(change, "onboard_customer", stored.value, settled)
        plan_step(change, settled)
    send_step(account, settled)


def _settled(control: Control, tenant: Tenant, progress: Onboarding, by: ReconcileContext, name: str) -> Tenant:
    facts = control.access_states.find(tenant.tenant_id)
    advanced = advance(tenant.renamed(name, by.now), progress)
    judged = judge(advanced, facts.value if facts else None, by.required, by.permissions, by.now)
    is_done = progress.stage is Stage.DONE and child_of(tenant).progress.stage is not Stage.DONE
    if is_done and judged.status.is_auth_error:  # what was refused before works now
        status = judged.status
        read_at = by.now + UNMAPPED_EVERY
        again = (
            wait_in_queue(status, by.now)
            if judged.mapping
            else move(status, SyncCause.NAME_READ, by.now, next_check_at=read_at)
        )
        judged = msgspec.structs.replace(judged, status=again)
    return judged
