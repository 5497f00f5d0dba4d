"""Take our application out of one Microsoft tenant, if no other connection holds it; say how that ended.

Every try may be repeated: what is gone already answers that it is missing (reliability.md 5.3).
"""

from collections.abc import Callable
from typing import NamedTuple

from integrations.actions.partner import NoCredential, Partner
from integrations.actions.refusals import evidence_of
from integrations.domain.ids import AccountId, TenantId
from integrations.domain.removal import Outcome, Parting, Removal, Way
from integrations.services import Services
from integrations.storage.holders import Claim
from shared.graph import MicrosoftError, MissingInMicrosoft, Transient, UnexpectedAnswer
from shared.secrets import SealBroken
from shared.sign_in import OperatorFault, RefusalKind, SignInRefused


class Left(NamedTuple):
    """How Microsoft's side of one tenant ended, with codes that help to look the matter up."""

    outcome: Outcome
    evidence: dict[str, str]


class NotNow(Exception):
    """Microsoft, or our own application, cannot do it at present; it is tried again. ``wait_s`` is Microsoft's word."""

    def __init__(self, evidence: dict[str, str], wait_s: float | None) -> None:
        super().__init__("Microsoft cannot do it now")
        self.evidence = evidence
        self.wait_s = wait_s


def leave(
    services: Services, account_id: AccountId, removal: Removal, parting: Parting, partner: Callable[[], Partner]
) -> Left:
    """Take our application out of the tenant; ``partner`` opens the CSP's credential.

    Raises:
        NotNow: to be tried again.
        BeingRemoved: another account's removal is at it.
    """
    tenant_id, now = parting.tenant_id, services.clock()
    claim = services.holders.let_go(tenant_id, account_id, removal.integration_id, now)
    if claim is Claim.NOT_LAST:
        return Left(Outcome.KEPT, {})
    if claim is Claim.NEVER_HELD and services.holders.is_held(tenant_id):
        return Left(Outcome.KEPT, {})
    if claim is Claim.NEVER_HELD:
        return Left(Outcome.ABSENT, {"reason": "our application was never brought into the tenant"})
    left = _left(services, parting, partner)
    services.holders.gone(tenant_id)
    services.sign_in.forget(tenant_id)
    return left


def is_still_there(services: Services, tenant_id: TenantId) -> bool | None:
    """Whether our application still gets tokens in the tenant; None when Microsoft does not tell."""
    try:
        services.sign_in.app_token(tenant_id, fresh=True)
    except SignInRefused as error:
        return False if error.refusal.kind is RefusalKind.APP_NOT_FOUND else None
    except MicrosoftError:
        return None
    return True


def _left(services: Services, parting: Parting, partner: Callable[[], Partner]) -> Left:
    try:
        if parting.way is Way.THROUGH_PARTNER:
            return _withdrawn(services, parting.tenant_id, partner)
        services.graph_to_leave(parting.tenant_id).delete(f"/servicePrincipals(appId='{services.settings.client_id}')")
    except MissingInMicrosoft as error:
        return Left(Outcome.ABSENT, evidence_of(error))
    except (OperatorFault, Transient, UnexpectedAnswer) as error:
        raise NotNow(evidence_of(error), getattr(error, "wait_s", None)) from error
    except SignInRefused as error:
        is_gone = error.refusal.kind is RefusalKind.APP_NOT_FOUND
        return Left(Outcome.ABSENT if is_gone else Outcome.IMPOSSIBLE, error.evidence())
    except MicrosoftError as error:
        return Left(Outcome.IMPOSSIBLE, evidence_of(error))
    return Left(Outcome.REMOVED, {})


def _withdrawn(services: Services, tenant_id: TenantId, partner: Callable[[], Partner]) -> Left:
    """Withdraw the consent that the partner gave. Whether a refusal matters, the application's own sign-in tells."""
    try:
        if partner().partner_center().withdraw(tenant_id, client_id=services.settings.client_id):
            return Left(Outcome.REMOVED, {})
        evidence = {"reason": "Partner Center knows of no consent for our application"}
    except (OperatorFault, Transient, UnexpectedAnswer):
        raise
    except (NoCredential, SealBroken):
        evidence = {"error": "the CSP's credential cannot be used"}
    except MicrosoftError as error:
        evidence = evidence_of(error)
    is_there = is_still_there(services, tenant_id)
    return Left(Outcome.ABSENT if is_there is False else Outcome.IMPOSSIBLE, evidence)
