"""Examine a CSP's service account after its sign-in: its rights, and what will keep the CSP from working."""

from datetime import datetime
from typing import NamedTuple

import msgspec

from integrations.actions.csp.partner import Partner
from integrations.domain.causes import csp_cause_of, evidence_of
from integrations.domain.connect.flow import Flow, FlowState, SignedInUser
from integrations.domain.ids import ClientId
from integrations.domain.integrations import FailedReauthorizationAttempt, Kind
from integrations.domain.statuses import SyncCause
from integrations.microsoft.memberships import read_memberships
from integrations.microsoft.readers.organization import read_tenant_name
from integrations.microsoft.relationships import read_customers
from integrations.services import Services
from integrations.storage.control import Control
from shared.microsoft.graph import Graph, MicrosoftError, Transient
from shared.microsoft.sign_in import OperatorFault
from shared.storage.tables import Write
from shared.telemetry.log import log

# With these verdicts the refresh token is not stored: the account must not, or cannot, be used.
_NOT_STORED = frozenset({SyncCause.CSP_NO_MFA_PROMPT, SyncCause.CSP_NOT_IN_ADMIN_AGENTS})


class PartnerSignIn(NamedTuple):
    """What was found about a fresh sign-in. ``refresh_token`` is empty when it must not be stored."""

    name: str
    is_administrator: bool | None
    verdict: SyncCause | None
    evidence: dict[str, str]
    refresh_token: str


def examine_partner(services: Services, signer: SignedInUser, refresh_token: str, client_id: ClientId) -> PartnerSignIn:
    """Check that the account is an administrator, in AdminAgents, used MFA, and has customers.

    Raises:
        Transient, OperatorFault: Microsoft, or our own application, cannot answer at present.
    """
    newest = [refresh_token]  # every use of a refresh token brings a new one
    partner = Partner(services, signer.tenant_id, refresh_token, client_id, newest.append)
    name, is_administrator, evidence = _domain_of(signer), None, {}
    try:
        graph = partner.graph()
        name = read_tenant_name(graph).name
        memberships = read_memberships(graph)
        is_administrator = memberships.is_administrator
        verdict = _verdict(partner, graph) if memberships.is_admin_agent else SyncCause.CSP_NOT_IN_ADMIN_AGENTS
    except (Transient, OperatorFault):
        raise
    except MicrosoftError as error:
        verdict, evidence = csp_cause_of(error), evidence_of(error)
    stored_token = "" if verdict in _NOT_STORED else newest[-1]
    return PartnerSignIn(name, is_administrator, verdict, evidence, stored_token)


def _verdict(partner: Partner, graph: Graph) -> SyncCause | None:
    center = partner.partner_center()
    if center.check_mfa() is False:
        return SyncCause.CSP_NO_MFA_PROMPT
    has_customers = any(True for _ in center.customers()) or bool(read_customers(graph))
    return None if has_customers else SyncCause.CSP_NO_CHILD_TENANTS


def name_of_partner(services: Services, signer: SignedInUser, refresh_token: str, client_id: ClientId) -> str:
    """The name of the partner's tenant, or the account's domain when it cannot be read."""
    try:
        partner = Partner(services, signer.tenant_id, refresh_token, client_id, lambda _: None)
        return read_tenant_name(partner.graph()).name
    except MicrosoftError as error:
        log("could not read the partner's name", tenant_id=signer.tenant_id, error=type(error).__name__)
        return _domain_of(signer)


def writes_of_failed_attempt(control: Control, flow: Flow, at: datetime) -> list[Write]:
    """The writes that record a failed reauthorization on its CSP, whose credential stays in use."""
    if flow.kind is not Kind.CSP or flow.integration_id is None or flow.state is not FlowState.FAILED:
        return []
    stored = control.integrations.find(flow.integration_id)
    if stored is None or stored.value.csp is None or flow.failure is None:
        return []
    attempt = FailedReauthorizationAttempt(at=at, reason=flow.failure.value)
    csp = msgspec.structs.replace(stored.value.csp, failed_attempt=attempt)
    return [control.integrations.saved(stored.now(msgspec.structs.replace(stored.value, csp=csp)))]


def _domain_of(signer: SignedInUser) -> str:
    return signer.username.rpartition("@")[2] or signer.tenant_id
