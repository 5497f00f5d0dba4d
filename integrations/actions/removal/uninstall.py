"""Uninstall our application from one Microsoft tenant, unless another integration holds it there.

Every try may be repeated: Microsoft answers that what is gone is missing (reliability.md 5.3). In a customer's tenant
our permissions are removed before the partner's consent, never the other way around: the consent is what lets us
remove them, and deleting it is reported to leave them in place.
"""

from collections.abc import Callable
from typing import NamedTuple

from integrations.actions.csp.partner import NoCredential, Partner
from integrations.domain.causes import CONSENT_WITHDRAWN, UNINSTALL_LATER, UNINSTALLED, evidence_of
from integrations.domain.ids import AccountId
from integrations.domain.removal import AccessPath, Presence, Removal, TenantRemoval, UninstallOutcome
from integrations.microsoft.app_roles import revoke_roles
from integrations.services import Services
from integrations.storage.holders import ReleaseResult
from shared.crypto.envelopes import SealBroken
from shared.microsoft.graph import Graph, MicrosoftError, MissingInMicrosoft
from shared.microsoft.sign_in import SignInRefused, token_roles

# Partner Center's answer while something else changes the same customer; it may pass, or never.
_CONFLICT = 409
_TRIES_OF_CONFLICT = 3


class UninstallResult(NamedTuple):
    """The outcome in one tenant, with Microsoft's codes as evidence.

    ``is_stripped`` says that our application is still there, without any permission of its own.
    """

    outcome: UninstallOutcome
    evidence: dict[str, str]
    is_stripped: bool = False


class RetryLater(Exception):
    """Microsoft, or our own application, cannot do it at present. ``wait_s`` is how long Microsoft asks us to wait."""

    def __init__(self, evidence: dict[str, str], wait_s: float | None = None) -> None:
        super().__init__("Microsoft cannot do it now")
        self.evidence = evidence
        self.wait_s = wait_s


class _StepResult(NamedTuple):
    """One step: ``is_done`` when nothing is left to remove, ``has_removed`` when this try removed something."""

    is_done: bool
    has_removed: bool
    evidence: dict[str, str]


def uninstall(
    services: Services,
    account_id: AccountId,
    removal: Removal,
    tenant_removal: TenantRemoval,
    partner: Callable[[], Partner],
) -> UninstallResult:
    """Uninstall our application from the tenant; ``partner`` decrypts the CSP's credential when it is needed.

    Raises:
        RetryLater: Microsoft cannot do it at present.
        BeingRemoved: another account's removal is uninstalling it.
    """
    tenant_id, now = tenant_removal.tenant_id, services.clock()
    holders = services.holders_of(tenant_removal.client_id)
    claim = holders.release(tenant_id, account_id, removal.integration_id, now)
    if claim is ReleaseResult.NOT_LAST:
        return UninstallResult(UninstallOutcome.KEPT, {})
    if claim is ReleaseResult.NEVER_HELD and holders.is_held(tenant_id):
        return UninstallResult(UninstallOutcome.KEPT, {})
    if claim is ReleaseResult.NEVER_HELD:
        return UninstallResult(UninstallOutcome.ABSENT, {"reason": "our application was never installed in the tenant"})
    try:
        result = _UNINSTALL_BY_PATH[tenant_removal.access_path](services, tenant_removal, partner)
    except UNINSTALL_LATER as error:
        raise RetryLater(evidence_of(error), getattr(error, "wait_s", None)) from error
    holders.finish_removal(tenant_id)
    services.sign_in_of(tenant_removal.client_id).forget(tenant_id)
    return result


def read_presence(services: Services, tenant_removal: TenantRemoval) -> Presence:
    """Whether the registration is in the tenant, and with which permissions, by a token requested for this check.

    Raises:
        OperatorFault, Transient, UnexpectedAnswer: Microsoft cannot tell at present.
    """
    try:
        sign_in = services.sign_in_of(tenant_removal.client_id)
        roles = token_roles(sign_in.app_token(tenant_removal.tenant_id, fresh=True))
    except UNINSTALL_LATER:
        raise
    except SignInRefused as error:
        return Presence.GONE if error.refusal.kind in UNINSTALLED else Presence.UNKNOWN
    except MicrosoftError:
        return Presence.UNKNOWN
    return Presence.WITH_ROLES if roles else Presence.EMPTY


def check_presence(services: Services, tenant_removal: TenantRemoval) -> Presence:
    """The same, UNKNOWN where Microsoft cannot tell at present: for callers that check again later anyway."""
    try:
        return read_presence(services, tenant_removal)
    except MicrosoftError:
        return Presence.UNKNOWN


def _from_single_tenant(
    services: Services, tenant_removal: TenantRemoval, _partner: Callable[[], Partner]
) -> UninstallResult:
    """In a single tenant the application deletes itself, if Microsoft lets it."""
    try:
        _graph_to_uninstall(services, tenant_removal).delete(_own_principal(services, tenant_removal))
    except MissingInMicrosoft as error:
        return UninstallResult(UninstallOutcome.ABSENT, evidence_of(error))
    except UNINSTALL_LATER:
        raise
    except MicrosoftError as error:
        # Microsoft has been seen to refuse a deletion and to carry it out nevertheless.
        is_gone = read_presence(services, tenant_removal) is Presence.GONE or _is_missing(services, tenant_removal)
        return UninstallResult(UninstallOutcome.ABSENT if is_gone else UninstallOutcome.IMPOSSIBLE, evidence_of(error))
    return UninstallResult(UninstallOutcome.REMOVED, {})


def _is_missing(services: Services, tenant_removal: TenantRemoval) -> bool:
    try:
        own_principal = _own_principal(services, tenant_removal)
        _graph_to_uninstall(services, tenant_removal).get(own_principal, type=dict, select="id")
    except MissingInMicrosoft:
        return True
    except MicrosoftError:
        return False
    return False


def _from_customer(
    services: Services, tenant_removal: TenantRemoval, partner: Callable[[], Partner]
) -> UninstallResult:
    """From a CSP's customer: remove the roles, then the consent, then check with a token of our own."""
    try:
        acting = partner()
    except (NoCredential, SealBroken):
        evidence = {"error": "the CSP's credential cannot be used"}
        not_tried = _StepResult(is_done=False, has_removed=False, evidence=evidence)
        return _result(services, tenant_removal, not_tried, not_tried)
    roles = _remove_roles(services, acting, tenant_removal)
    consent = _remove_consent(services, acting, tenant_removal)
    return _result(services, tenant_removal, roles, consent)


def _remove_roles(services: Services, partner: Partner, tenant_removal: TenantRemoval) -> _StepResult:
    graph = partner.graph_to_uninstall(tenant_removal.tenant_id)
    try:
        removed = revoke_roles(graph, services.app_id(tenant_removal.client_id))
    except MissingInMicrosoft as error:
        return _StepResult(is_done=True, has_removed=False, evidence=evidence_of(error))
    except UNINSTALL_LATER:
        raise
    except SignInRefused as error:
        return _StepResult(
            is_done=error.refusal.kind in CONSENT_WITHDRAWN, has_removed=False, evidence=error.evidence()
        )
    except MicrosoftError as error:
        return _StepResult(is_done=False, has_removed=False, evidence=evidence_of(error))
    return _StepResult(is_done=True, has_removed=removed > 0, evidence={})


def _remove_consent(services: Services, partner: Partner, tenant_removal: TenantRemoval) -> _StepResult:
    """Remove the partner's consent; also where the roles cannot be removed, as it has no further use then."""
    try:
        has_removed = partner.partner_center().remove_consent(
            tenant_removal.tenant_id, client_id=services.app_id(tenant_removal.client_id)
        )
    except UNINSTALL_LATER:
        raise
    except MicrosoftError as error:
        if error.status == _CONFLICT and tenant_removal.tries < _TRIES_OF_CONFLICT:
            raise RetryLater(evidence_of(error)) from error
        return _StepResult(is_done=False, has_removed=False, evidence=evidence_of(error))
    evidence = {} if has_removed else {"reason": "Partner Center has no consent for our application"}
    return _StepResult(is_done=True, has_removed=has_removed, evidence=evidence)


def _result(
    services: Services, tenant_removal: TenantRemoval, roles: _StepResult, consent: _StepResult
) -> UninstallResult:
    """The outcome by a fresh token; one that still shows roles is UNCONFIRMED, and is checked again later."""
    presence = read_presence(services, tenant_removal)
    evidence = {**consent.evidence, **roles.evidence}
    if presence is Presence.GONE:
        return UninstallResult(
            UninstallOutcome.REMOVED if roles.has_removed or consent.has_removed else UninstallOutcome.ABSENT, evidence
        )
    is_stripped = roles.is_done or presence is Presence.EMPTY
    if not consent.is_done or not is_stripped:
        return UninstallResult(UninstallOutcome.IMPOSSIBLE, evidence, is_stripped)
    outcome = UninstallOutcome.NO_RIGHTS if presence is Presence.EMPTY else UninstallOutcome.UNCONFIRMED
    return UninstallResult(outcome, evidence, is_stripped)


def _from_partner(
    services: Services, tenant_removal: TenantRemoval, _partner: Callable[[], Partner]
) -> UninstallResult:
    """From the partner's own tenant: nothing is tried, since none of our permissions there would allow it."""
    if check_presence(services, tenant_removal) is Presence.GONE:
        return UninstallResult(UninstallOutcome.ABSENT, {})
    return UninstallResult(
        UninstallOutcome.BY_HAND,
        {"reason": "Microsoft does not let an application delete itself in a partner's own tenant"},
    )


def _graph_to_uninstall(services: Services, tenant_removal: TenantRemoval) -> Graph:
    return services.graph_to_uninstall(tenant_removal.tenant_id, tenant_removal.client_id)


def _own_principal(services: Services, tenant_removal: TenantRemoval) -> str:
    return f"/servicePrincipals(appId='{services.app_id(tenant_removal.client_id)}')"


_UNINSTALL_BY_PATH: dict[AccessPath, Callable[[Services, TenantRemoval, Callable[[], Partner]], UninstallResult]] = {
    AccessPath.OWN_CONSENT: _from_single_tenant,
    AccessPath.THROUGH_PARTNER: _from_customer,
    AccessPath.PARTNER_ITSELF: _from_partner,
}
