"""A consent flow: one portal user signs in and consents at Microsoft and comes back.

    WAITING ──sign-in──► WAITING ──consent──► RETURNED ──app token works──► PROVEN ──COMPLETE──► BOUND
       └───────────────────┴─────────────────────┴──────────► FAILED ◄──────────┘

A CSP's flow has the sign-in only, since Microsoft asks for consent on the same page. Once PROVEN it may carry a
``verdict``: the status that keeps the CSP from working until somebody fixes it.

It only moves forward. The tenant comes from the validated ID token of the sign-in and from nowhere else
(reliability.md T01); nothing is bound before the same portal user confirms (T03).
"""

import hashlib
from datetime import datetime, timedelta
from enum import Enum

import msgspec

from integrations.domain.ids import AccountId, FlowId, IntegrationId, TenantId, UserId
from integrations.domain.integrations import Kind
from integrations.domain.jobs.given_up import GivenUp
from integrations.domain.refusals import OF_JOURNEY, Words
from integrations.domain.statuses import SyncCause
from shared.errors import Conflict

PROVING_LIMIT = timedelta(minutes=15)  # Microsoft's propagation takes seconds to minutes
CONFIRM_LIMIT = timedelta(minutes=30)
LOST_AFTER = timedelta(minutes=1)


class FlowState(Enum):
    WAITING = "waiting"
    RETURNED = "returned"
    PROVEN = "proven"
    BOUND = "bound"
    FAILED = "failed"


class Leg(Enum):
    """Which response of Microsoft's the flow waits for."""

    SIGN_IN = "sign_in"
    CONSENT = "consent"
    NONE = "none"


class FlowFailure(Enum):
    DECLINED = "declined"
    EXPIRED = "expired"
    GUEST = "guest"
    NOT_TENANT_ADMIN = "not_tenant_admin"
    ADMIN_UNKNOWN = "admin_unknown"
    IDENTITY_INVALID = "identity_invalid"
    OTHER_TENANT = "other_tenant"
    CONSENT_ELSEWHERE = "consent_elsewhere"
    ALREADY_INTEGRATED = "already_integrated"
    PARTNER_TENANT = "partner_tenant"
    CONSENT_NOT_VISIBLE = "consent_not_visible"
    PERMISSION_MISSING = "permission_missing"
    SIGN_IN_REFUSED = "sign_in_refused"
    MICROSOFT_UNAVAILABLE = "microsoft_unavailable"
    REMOVED_MEANWHILE = "removed_meanwhile"
    REMOVING = "removing"
    CSP_CHILD = "csp_child"
    NO_MFA_PROMPT = "no_mfa_prompt"
    NOT_IN_ADMIN_AGENTS = "not_in_admin_agents"
    POLICY_BLOCKING = "policy_blocking"
    ADMINISTRATOR_NEEDED = "administrator_needed"
    CROSS_TENANT_BLOCKED = "cross_tenant_blocked"
    ACCOUNT_AT_RISK = "account_at_risk"
    ACCOUNT_NOT_ASSIGNED = "account_not_assigned"
    ACCOUNT_UNUSABLE = "account_unusable"
    WRONG_ACCOUNT = "wrong_account"
    MFA_NOT_DONE = "mfa_not_done"
    IDENTITY_PROVIDER = "identity_provider"
    SIGN_IN_TOO_OLD = "sign_in_too_old"
    APP_DISABLED = "app_disabled"
    SERVICE_MISSING = "service_missing"
    TENANT_NOT_FOUND = "tenant_not_found"
    WRONG_CLOUD = "wrong_cloud"
    OUR_APPLICATION = "our_application"
    OUR_FAILURE = "our_failure"


_AGAIN = "Start again from the Integrate button."

ADVICE: dict[FlowFailure, Words] = {
    **{FlowFailure(name): words for name, words in OF_JOURNEY.items()},
    FlowFailure.DECLINED: Words(
        "The permissions were not accepted at Microsoft. Nothing was stored.",
        "Start again, and select Accept on Microsoft's page.",
    ),
    FlowFailure.EXPIRED: Words("The sign-in at Microsoft took too long and has expired.", _AGAIN),
    FlowFailure.GUEST: Words(
        "The account that signed in is a guest in this tenant.",
        "Sign in with a Global Administrator account that belongs to the tenant itself.",
    ),
    FlowFailure.NOT_TENANT_ADMIN: Words(
        "The account that signed in is not a Global Administrator of its tenant.",
        "Sign in as a Global Administrator of that tenant. If the role must be activated first, activate it.",
    ),
    FlowFailure.ADMIN_UNKNOWN: Words(
        "Microsoft did not tell us whether the account is a Global Administrator, so we did not continue.",
        "Start again in a few minutes.",
    ),
    FlowFailure.IDENTITY_INVALID: Words(
        "The sign-in from Microsoft did not pass our checks, so we did not use it.",
        "Start again. If this persists, send the evidence to the operator of this service.",
    ),
    FlowFailure.OTHER_TENANT: Words(
        "The account that signed in belongs to a different tenant from the one to reauthorize. Nothing changed.",
        "Select Reauthorize again and sign in as a Global Administrator of the tenant in that row.",
    ),
    FlowFailure.CONSENT_ELSEWHERE: Words(
        "The permissions were accepted for a different tenant from the one that was signed in to.",
        "Start again, and use the same Global Administrator account on both of Microsoft's pages.",
    ),
    FlowFailure.ALREADY_INTEGRATED: Words(
        "This tenant is already integrated in your account.",
        "Find its row in the table, and select Reauthorize there to renew the integration.",
    ),
    FlowFailure.PARTNER_TENANT: Words(
        "This is a Cloud Solution Provider (CSP) tenant. It cannot be integrated as a single tenant.",
        "Select Integrate, then Cloud Solution Provider (CSP) Tenants.",
    ),
    FlowFailure.CONSENT_NOT_VISIBLE: Words(
        "The permissions were accepted, but they did not take effect at Microsoft within 15 minutes.",
        "Start again. The second attempt usually works immediately.",
    ),
    FlowFailure.PERMISSION_MISSING: Words(
        "Not all permissions were granted. The missing ones are in the evidence.",
        "Start again, and accept all permissions as a Global Administrator.",
    ),
    FlowFailure.SIGN_IN_REFUSED: Words(
        "Microsoft refused the sign-in. The error code is in the evidence.",
        "Look up the code at https://login.microsoftonline.com/error, then start again.",
    ),
    FlowFailure.MICROSOFT_UNAVAILABLE: Words(
        "Microsoft did not answer while we were checking the sign-in. Nothing was stored.",
        "Start again in a few minutes.",
    ),
    FlowFailure.CSP_CHILD: Words(
        "This tenant is already integrated through your CSP.",
        "Find its row in the table. A tenant can be integrated in one way only.",
    ),
    FlowFailure.NO_MFA_PROMPT: Words(
        "The account that signed in was not prompted for Entra ID MFA. Nothing changed.",
        "Change the account so that Entra ID prompts it for MFA on every sign-in, then select Reauthorize CSP again.",
    ),
    FlowFailure.NOT_IN_ADMIN_AGENTS: Words(
        "The account that signed in is not a member of the AdminAgents group. Nothing changed.",
        "Add the account to the AdminAgents group, then select Reauthorize CSP again.",
    ),
    FlowFailure.REMOVING: Words(
        "The previous integration of this tenant is still being removed.",
        "Wait until the removal has finished, usually a few minutes, then start again from the Integrate button.",
    ),
    FlowFailure.OUR_FAILURE: Words(
        "Our service failed several times while checking the sign-in, until it expired. Nothing was integrated.",
        "The operator of this service has been alerted. Start again later from the Integrate button.",
    ),
    FlowFailure.REMOVED_MEANWHILE: Words("The integration was removed in the meantime.", _AGAIN),
}


class SignedInUser(msgspec.Struct, frozen=True, kw_only=True):
    """Who signed in at Microsoft. ``admin_proven`` is None while it is not known whether they are an administrator."""

    tenant_id: TenantId
    object_id: str
    username: str
    admin_proven: bool | None


class Flow(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A flow as stored.

    ``state_hash`` is the hash of the only OAuth state it accepts now, ``states`` are those of all states it has used.
    ``sealed`` is encrypted: nonce, code verifier or tokens. ``prerequisites`` is the version accepted for a CSP.
    ``given_up`` is set while our own service fails to verify the sign-in, ``held_up_by`` while something other than
    Microsoft's propagation keeps the flow waiting: it fails with that when it expires.
    """

    id: FlowId
    account_id: AccountId
    user_id: UserId
    kind: Kind
    state: FlowState
    leg: Leg
    state_hash: str
    states: list[str]
    sealed: str
    created_at: datetime
    expires_at: datetime
    integration_id: IntegrationId | None = None
    expected_tenant_id: TenantId | None = None
    signer: SignedInUser | None = None
    tenant_name: str | None = None
    failure: FlowFailure | None = None
    evidence: dict[str, str] = {}
    attempts: int = 0
    prerequisites: str = ""
    verdict: SyncCause | None = None
    given_up: GivenUp | None = None
    held_up_by: FlowFailure | None = None

    def check_at(self, now: datetime) -> datetime:
        """When the reconciler checks the flow, in case every message about it is lost."""
        return now + LOST_AFTER if self.state is FlowState.RETURNED else self.expires_at

    @property
    def is_open(self) -> bool:
        return self.state not in {FlowState.BOUND, FlowState.FAILED}

    def current_at(self, now: datetime) -> "Flow":
        """The flow as of ``now``: an open flow that has expired has failed."""
        if not self.is_open or now < self.expires_at:
            return self
        if self.given_up is not None:
            return fail(self, FlowFailure.OUR_FAILURE, self.given_up.evidence())
        if self.state is FlowState.RETURNED:
            return fail(self, self.held_up_by or FlowFailure.CONSENT_NOT_VISIBLE, self.evidence)
        return fail(self, FlowFailure.EXPIRED)


def state_hash(state: str) -> str:
    """SHA-256 of an OAuth state value, which is what we store; the value itself is only in the browser."""
    return hashlib.sha256(state.encode()).hexdigest()


def consume_state(flow: Flow, onward: str) -> Flow:
    """The flow after its callback was received: the same state cannot be used twice.

    ``onward`` is the hash of the state it may wait for next, stored before any callback can arrive for it.
    """
    return msgspec.structs.replace(flow, state_hash="", states=[*flow.states, onward])


def sign_in(flow: Flow, signer: SignedInUser, *, state_hash: str, sealed: str, expires_at: datetime) -> Flow:
    """The user has signed in; now the same tenant's consent is expected under a new state value."""
    _must_be(flow, FlowState.WAITING)
    return msgspec.structs.replace(
        flow,
        leg=Leg.CONSENT,
        signer=signer,
        state_hash=state_hash,
        states=[*flow.states, state_hash],
        sealed=sealed,
        expires_at=expires_at,
    )


def consent_returned(flow: Flow, now: datetime) -> Flow:
    """The callback says that the permissions were accepted; that is not verified yet."""
    _must_be(flow, FlowState.WAITING)
    return msgspec.structs.replace(
        flow, state=FlowState.RETURNED, state_hash="", sealed="", expires_at=now + PROVING_LIMIT
    )


def csp_signed_in(flow: Flow, signer: SignedInUser, *, sealed: str, now: datetime) -> Flow:
    """A CSP's service account has signed in and consented; its tokens are kept encrypted until they are verified."""
    _must_be(flow, FlowState.WAITING)
    return msgspec.structs.replace(
        flow,
        state=FlowState.RETURNED,
        leg=Leg.NONE,
        signer=signer,
        state_hash="",
        sealed=sealed,
        expires_at=now + PROVING_LIMIT,
    )


def prove(
    flow: Flow,
    tenant_name: str,
    now: datetime,
    *,
    sealed: str = "",
    verdict: SyncCause | None = None,
    evidence: dict[str, str] | None = None,
) -> Flow:
    """It is verified that the user administers the tenant and, for a single tenant, that an app-only token works."""
    _must_be(flow, FlowState.RETURNED)
    return msgspec.structs.replace(
        flow,
        state=FlowState.PROVEN,
        tenant_name=tenant_name,
        expires_at=now + CONFIRM_LIMIT,
        sealed=sealed,
        verdict=verdict,
        evidence=evidence or {},
        given_up=None,
    )


def bind(flow: Flow, integration_id: IntegrationId) -> Flow:
    """The portal user has confirmed: the flow belongs to an integration now."""
    _must_be(flow, FlowState.PROVEN)
    return msgspec.structs.replace(flow, state=FlowState.BOUND, integration_id=integration_id, sealed="")


def fail(flow: Flow, failure: FlowFailure, evidence: dict[str, str] | None = None) -> Flow:
    return msgspec.structs.replace(
        flow,
        state=FlowState.FAILED,
        failure=failure,
        evidence=evidence or {},
        state_hash="",
        sealed="",
        given_up=None,
    )


def _must_be(flow: Flow, state: FlowState) -> None:
    if flow.state is not state:
        raise Conflict(
            f"The flow is {flow.state.value}, not {state.value}.",
            code="flow_state",
            remedy="Get the current state of the flow and continue from there.",
        )
