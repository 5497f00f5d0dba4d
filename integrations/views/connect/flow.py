"""A consent flow as the API shows it to the user who started it."""

from datetime import datetime
from typing import Annotated, NamedTuple

import msgspec

from integrations.domain.connect.failures import ADVICE
from integrations.domain.connect.flow import Flow, FlowState
from integrations.domain.ids import FlowId, IntegrationId, TenantId
from integrations.domain.integrations import Kind
from integrations.domain.jobs.given_up import DETAILS, OUR_FAILURE, REMEDY
from integrations.domain.statuses import EXPLANATIONS
from integrations.views.connect.consent_screens import ConsentScreen
from integrations.views.status import ReadTime, StatusView, given_up_view
from shared.http.schemas import one_of


class JourneyStarted(msgspec.Struct, kw_only=True):
    """A flow that has just begun; the browser goes on to ``authorize_url``.

    Attributes:
        flow_id: The flow, to be followed with GET /consent/{flow_id}.
        authorize_url: Where the browser goes next: Microsoft's sign-in. It is secret, and good for one sign-in.
        expires_at: Until when Microsoft's answer is awaited.
        consent_screens: What Microsoft will ask for, screen by screen. Tell it before the browser goes there.
    """

    flow_id: FlowId
    authorize_url: str
    expires_at: datetime
    consent_screens: list[ConsentScreen]


class Completed(msgspec.Struct, kw_only=True):
    """The integration that a flow ended in.

    Attributes:
        integration_id: The integration that was created or reauthorized.
    """

    integration_id: IntegrationId


class FlowTenant(msgspec.Struct, frozen=True):
    """The tenant somebody signed in to; ``name`` is None until it has been read.

    Attributes:
        id: The tenant in which somebody signed in.
        name: Its name. Null until it has been read.
    """

    id: TenantId
    name: str | None


class FlowView(msgspec.Struct, frozen=True, kw_only=True):
    """The state of a consent flow. ``continue_url`` is Microsoft's consent page, once the sign-in was accepted.

    ``given_up`` is set while our own service fails to verify the sign-in.

    Attributes:
        flow_id: The flow, as it was started.
        state: How far it is. In "proven" it waits for the confirmation.
        kind: Whether a single tenant or a CSP is integrated.
        tenant: The tenant that was verified. Null before somebody has signed in.
        signed_in_as: The username of whoever signed in at Microsoft. Null before that.
        continue_url: Microsoft's consent page, where the browser goes after the sign-in. Null in every other state.
        integration_id: The integration that the flow led to. Null before it is completed.
        reason: Why it failed, or what will keep the CSP from working, as a code. Null if nothing is wrong.
        detail: The same for people. Null if nothing is wrong.
        remedy: What to do about it, for people. Null if nothing is wrong.
        evidence: Microsoft's error codes and request ids. Empty if there are none.
        expires_at: Until when Microsoft's answer, or the confirmation, is awaited.
        given_up: Set while our own service fails to verify the sign-in.
    """

    flow_id: FlowId
    state: Annotated[str, one_of(FlowState)]
    kind: Annotated[str, one_of(Kind)]
    tenant: FlowTenant | None
    signed_in_as: str | None
    continue_url: str | None
    integration_id: IntegrationId | None
    reason: str | None
    detail: str | None
    remedy: str | None
    evidence: dict[str, str]
    expires_at: datetime
    given_up: StatusView | None


def journey_started(flow: Flow, authorize_url: str, screens: list[ConsentScreen]) -> JourneyStarted:
    """The answer to a start: where the browser goes next, and until when the flow waits for Microsoft."""
    return JourneyStarted(
        flow_id=flow.id,
        authorize_url=authorize_url,
        expires_at=flow.expires_at.replace(microsecond=0),
        consent_screens=screens,
    )


def flow_view(flow: Flow, continue_url: str | None, read_time: ReadTime) -> FlowView:
    """The state of a flow, with the reason why it failed or what will keep its CSP from working."""
    advice, signer = _advice(flow), flow.signer
    return FlowView(
        flow_id=flow.id,
        state=flow.state.value,
        kind=flow.kind.value,
        tenant=FlowTenant(signer.tenant_id, flow.tenant_name) if signer else None,
        signed_in_as=signer.username if signer else None,
        continue_url=continue_url,
        integration_id=flow.integration_id,
        reason=advice.reason if advice else None,
        detail=advice.detail if advice else None,
        remedy=advice.remedy if advice else None,
        evidence=flow.evidence,
        expires_at=flow.expires_at.replace(microsecond=0),
        given_up=given_up_view(flow.given_up, read_time),
    )


class _Advice(NamedTuple):
    reason: str
    detail: str
    remedy: str


def _advice(flow: Flow) -> _Advice | None:
    """Why a flow failed, or what will keep a verified CSP from working; None when nothing is wrong."""
    if flow.failure:
        return _Advice(flow.failure.value, *ADVICE[flow.failure])
    if flow.given_up:
        return _Advice(OUR_FAILURE, DETAILS[flow.given_up.job], REMEDY)
    if flow.verdict:
        explanation = EXPLANATIONS[flow.verdict]
        return _Advice(explanation.reason, explanation.detail, explanation.remedy)
    return None
