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

from integrations.domain.connect.failures import FlowFailure
from integrations.domain.ids import FIRST_REGISTRATION, AccountId, ClientId, FlowId, IntegrationId, TenantId, UserId
from integrations.domain.integrations import Kind
from integrations.domain.jobs.given_up import GivenUp
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
    Microsoft's propagation keeps the flow waiting: it fails with that when it expires. ``client_id`` is the app
    registration at which it was started, and at which it goes on.
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
    client_id: ClientId = FIRST_REGISTRATION

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
