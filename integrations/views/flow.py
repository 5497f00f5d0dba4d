"""A consent flow as the API shows it to the user who started it."""

from datetime import datetime
from typing import NamedTuple

import msgspec

from integrations.domain.connect.failures import ADVICE
from integrations.domain.connect.flow import Flow
from integrations.domain.jobs.given_up import DETAILS, OUR_FAILURE, REMEDY
from integrations.domain.statuses import EXPLANATIONS
from integrations.views.status import ReadTime, StatusView, given_up_view


class JourneyStarted(msgspec.Struct, kw_only=True):
    """A flow that has just begun; the browser goes on to ``authorize_url``."""

    flow_id: str
    authorize_url: str
    expires_at: str


class Completed(msgspec.Struct, kw_only=True):
    """The integration that a flow ended in."""

    integration_id: str


class FlowTenant(msgspec.Struct, frozen=True):
    """The tenant somebody signed in to; ``name`` is None until it has been read."""

    id: str
    name: str | None


class FlowView(msgspec.Struct, frozen=True, kw_only=True):
    """The state of a consent flow. ``continue_url`` is Microsoft's consent page, once the sign-in was accepted.

    ``given_up`` is set while our own service fails to verify the sign-in.
    """

    flow_id: str
    state: str
    kind: str
    tenant: FlowTenant | None
    signed_in_as: str | None
    continue_url: str | None
    integration_id: str | None
    reason: str | None
    detail: str | None
    remedy: str | None
    evidence: dict[str, str]
    expires_at: datetime
    given_up: StatusView | None


def journey_started(flow: Flow, authorize_url: str) -> JourneyStarted:
    """The answer to a start: where the browser goes next, and until when the flow waits for Microsoft."""
    expires_at = flow.expires_at.replace(microsecond=0).isoformat().replace("+00:00", "Z")
    return JourneyStarted(flow_id=flow.id, authorize_url=authorize_url, expires_at=expires_at)


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
