"""Take our application out of one Microsoft tenant, if no other connection holds it; say how that ended.

Every try may be repeated: what is gone already answers that it is missing (reliability.md 5.3). In a customer's
tenant our permissions go first and the partner's consent after them, never the other way: the consent is what lets
us take them away, and its deletion is reported to leave them where they are.
"""

from collections.abc import Callable
from typing import NamedTuple

from integrations.actions.csp.partner import NoCredential, Partner
from integrations.domain.causes import CONSENT_WITHDRAWN, UNINSTALL_LATER, UNINSTALLED, evidence_of
from integrations.domain.ids import AccountId, TenantId
from integrations.domain.removal import AccessPath, Presence, Removal, TenantRemoval, UninstallOutcome
from integrations.microsoft.app_roles import revoke_roles
from integrations.services import Services
from integrations.storage.holders import ReleaseResult
from shared.crypto.envelopes import SealBroken
from shared.microsoft.graph import MicrosoftError, MissingInMicrosoft
from shared.microsoft.sign_in import SignInRefused, token_roles

# Partner Center's word for something else being done there at the same time: it passes, or it stays.
_CONFLICT = 409
_TRIES_OF_CONFLICT = 3


class UninstallResult(NamedTuple):
    """How Microsoft's side of one tenant ended, with codes that help to look the matter up.

    ``is_stripped`` says that our application is there still, and holds no permission of its own.
    """

    outcome: UninstallOutcome
    evidence: dict[str, str]
    is_stripped: bool = False


class RetryLater(Exception):
    """Microsoft, or our own application, cannot do it at present; it is tried again. ``wait_s`` is Microsoft's word."""

    def __init__(self, evidence: dict[str, str], wait_s: float | None = None) -> None:
        super().__init__("Microsoft cannot do it now")
        self.evidence = evidence
        self.wait_s = wait_s


class _Tried(NamedTuple):
    """One thing that was tried: ``is_done`` when nothing is left of it, ``did`` when there was something to do."""

    is_done: bool
    did: bool
    evidence: dict[str, str]


def uninstall(
    services: Services,
    account_id: AccountId,
    removal: Removal,
    tenant_removal: TenantRemoval,
    partner: Callable[[], Partner],
) -> UninstallResult:
    """Take our application out of the tenant; ``partner`` opens the CSP's credential.

    Raises:
        NotNow: to be tried again.
        BeingRemoved: another account's removal is at it.
    """
    tenant_id, now = tenant_removal.tenant_id, services.clock()
    claim = services.holders.release(tenant_id, account_id, removal.integration_id, now)
    if claim is ReleaseResult.NOT_LAST:
        return UninstallResult(UninstallOutcome.KEPT, {})
    if claim is ReleaseResult.NEVER_HELD and services.holders.is_held(tenant_id):
        return UninstallResult(UninstallOutcome.KEPT, {})
    if claim is ReleaseResult.NEVER_HELD:
        return UninstallResult(UninstallOutcome.ABSENT, {"reason": "our application was never installed in the tenant"})
    try:
        left = _WAYS[tenant_removal.access_path](services, tenant_removal, partner)
    except UNINSTALL_LATER as error:
        raise RetryLater(evidence_of(error), getattr(error, "wait_s", None)) from error
    services.holders.finish_removal(tenant_id)
    services.sign_in.forget(tenant_id)
    return left


def look(services: Services, tenant_id: TenantId) -> Presence:
    """What our application is in a tenant, by a token that is made for this look.

    Raises:
        OperatorFault, Transient, UnexpectedAnswer: it cannot be told now.
    """
    try:
        roles = token_roles(services.sign_in.app_token(tenant_id, fresh=True))
    except UNINSTALL_LATER:
        raise
    except SignInRefused as error:
        return Presence.GONE if error.refusal.kind in UNINSTALLED else Presence.UNKNOWN
    except MicrosoftError:
        return Presence.UNKNOWN
    return Presence.WITH_ROLES if roles else Presence.EMPTY


def check_presence(services: Services, tenant_id: TenantId) -> Presence:
    """The same for whoever looks again later anyway."""
    try:
        return look(services, tenant_id)
    except MicrosoftError:
        return Presence.UNKNOWN


def _out_of_own_consent(
    services: Services, tenant_removal: TenantRemoval, _partner: Callable[[], Partner]
) -> UninstallResult:
    """A single tenant: the application deletes itself, where Microsoft lets it."""
    try:
        services.graph_to_leave(tenant_removal.tenant_id).delete(_own(services))
    except MissingInMicrosoft as error:
        return UninstallResult(UninstallOutcome.ABSENT, evidence_of(error))
    except UNINSTALL_LATER:
        raise
    except MicrosoftError as error:
        # A refusal has been seen of what was carried out all the same.
        is_gone = look(services, tenant_removal.tenant_id) is Presence.GONE or _is_missing(
            services, tenant_removal.tenant_id
        )
        return UninstallResult(UninstallOutcome.ABSENT if is_gone else UninstallOutcome.IMPOSSIBLE, evidence_of(error))
    return UninstallResult(UninstallOutcome.REMOVED, {})


def _is_missing(services: Services, tenant_id: TenantId) -> bool:
    try:
        services.graph_to_leave(tenant_id).get(_own(services), type=dict, select="id")
    except MissingInMicrosoft:
        return True
    except MicrosoftError:
        return False
    return False


def _out_of_customer(
    services: Services, tenant_removal: TenantRemoval, partner: Callable[[], Partner]
) -> UninstallResult:
    """A CSP's customer: roles, then consent, then the proof by a token of our own."""
    try:
        acting = partner()
    except (NoCredential, SealBroken):
        nothing = _Tried(is_done=False, did=False, evidence={"error": "the CSP's credential cannot be used"})
        return _proven(services, tenant_removal.tenant_id, nothing, nothing)
    roles = _roles_taken(services, acting, tenant_removal.tenant_id)
    consent = _consent_withdrawn(services, acting, tenant_removal)
    return _proven(services, tenant_removal.tenant_id, roles, consent)


def _roles_taken(services: Services, partner: Partner, customer_id: TenantId) -> _Tried:
    try:
        taken = revoke_roles(partner.graph_to_leave(customer_id), services.settings.client_id)
    except MissingInMicrosoft as error:
        return _Tried(is_done=True, did=False, evidence=evidence_of(error))
    except UNINSTALL_LATER:
        raise
    except SignInRefused as error:
        return _Tried(is_done=error.refusal.kind in CONSENT_WITHDRAWN, did=False, evidence=error.evidence())
    except MicrosoftError as error:
        return _Tried(is_done=False, did=False, evidence=evidence_of(error))
    return _Tried(is_done=True, did=taken > 0, evidence={})


def _consent_withdrawn(services: Services, partner: Partner, tenant_removal: TenantRemoval) -> _Tried:
    """Also tried where the roles were refused for good: then there is nothing the consent could still be good for."""
    try:
        did = partner.partner_center().remove_consent(tenant_removal.tenant_id, client_id=services.settings.client_id)
    except UNINSTALL_LATER:
        raise
    except MicrosoftError as error:
        if error.status == _CONFLICT and tenant_removal.tries < _TRIES_OF_CONFLICT:
            raise RetryLater(evidence_of(error)) from error
        return _Tried(is_done=False, did=False, evidence=evidence_of(error))
    told = {} if did else {"reason": "Partner Center has no consent for our application"}
    return _Tried(is_done=True, did=did, evidence=told)


def _proven(services: Services, tenant_id: TenantId, roles: _Tried, consent: _Tried) -> UninstallResult:
    """How it ended, as a fresh token tells it. One that shows roles for a while yet is looked at again later."""
    seen = look(services, tenant_id)
    evidence = {**consent.evidence, **roles.evidence}
    if seen is Presence.GONE:
        return UninstallResult(
            UninstallOutcome.REMOVED if roles.did or consent.did else UninstallOutcome.ABSENT, evidence
        )
    is_stripped = roles.is_done or seen is Presence.EMPTY
    if not consent.is_done or not is_stripped:
        return UninstallResult(UninstallOutcome.IMPOSSIBLE, evidence, is_stripped)
    return UninstallResult(
        UninstallOutcome.NO_RIGHTS if seen is Presence.EMPTY else UninstallOutcome.UNCONFIRMED, evidence, is_stripped
    )


def _out_of_partner(
    services: Services, tenant_removal: TenantRemoval, _partner: Callable[[], Partner]
) -> UninstallResult:
    """The partner's own tenant: nothing is tried, since no permission of ours there could do it."""
    if check_presence(services, tenant_removal.tenant_id) is Presence.GONE:
        return UninstallResult(UninstallOutcome.ABSENT, {})
    return UninstallResult(
        UninstallOutcome.BY_HAND,
        {"reason": "Microsoft does not let an application delete itself in a partner's own tenant"},
    )


def _own(services: Services) -> str:
    return f"/servicePrincipals(appId='{services.settings.client_id}')"


_WAYS: dict[AccessPath, Callable[[Services, TenantRemoval, Callable[[], Partner]], UninstallResult]] = {
    AccessPath.OWN_CONSENT: _out_of_own_consent,
    AccessPath.THROUGH_PARTNER: _out_of_customer,
    AccessPath.PARTNER_ITSELF: _out_of_partner,
}
