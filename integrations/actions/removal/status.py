"""What a removal does, told beforehand, and how it stands until 30 days after its end."""

from datetime import datetime

import msgspec

from integrations.actions.actors import Actor
from integrations.actions.lookup import find_integration
from integrations.actions.moment import moment_of
from integrations.actions.removal.receipts import SignedReceipt, read_receipt
from integrations.domain.ids import IntegrationId, RemovalId
from integrations.domain.integrations import Integration, Kind
from integrations.domain.removal import ALL, Removal, TenantRemoval
from integrations.services import Services
from integrations.storage.control import Control
from integrations.views import removal as report
from integrations.views.page import StatusView, given_up_view
from integrations.views.removal import Step
from shared.errors import NotFound


class Effects(msgspec.Struct, frozen=True, kw_only=True):
    """What a removal will do, and the word that confirms it."""

    confirm: str
    effects: list[str]


class StepView(msgspec.Struct, frozen=True, kw_only=True):
    name: str
    label: str
    state: str
    detail: str
    at: datetime | None


class LeftoverView(msgspec.Struct, frozen=True, kw_only=True):
    tenant_id: str
    what: str
    how: str
    evidence: dict[str, str]


class RemovalView(msgspec.Struct, frozen=True, kw_only=True):
    """How a removal stands: ``state`` is removing, removed or verified; ``receipt`` is there from removed on.

    ``given_up`` is there while our own service fails to carry it on.
    """

    id: str
    integration_id: str
    kind: str
    name: str
    state: str
    requested_at: datetime
    requested_by: str
    next_at: datetime | None
    overdue_since: datetime | None
    given_up: StatusView | None
    steps: list[StepView]
    leftovers: list[LeftoverView]
    receipt: SignedReceipt | None


def removal_effects(services: Services, actor: Actor, integration_id: IntegrationId) -> Effects:
    """What the removal of one integration does, told before it is confirmed."""
    control = services.control(actor.account_id)
    integration = find_integration(control, integration_id).value
    return Effects(confirm=integration.name, effects=effects_of(services, control, integration))


def effects_of_all(services: Services, actor: Actor) -> Effects:
    """What Remove All Integrations does."""
    control = services.control(actor.account_id)
    integrations = [it.value for it in control.integrations.list() if it.value.removal is None]
    known = {it.id for it in integrations}
    tenants = [it.value for it in control.tenants.list() if it.value.integration_id in known]
    mapped = sum(it.mapping is not None for it in tenants)
    csps = [it.name for it in integrations if it.kind is Kind.CSP]
    told = report.effects_of_all(len(integrations), csps, len(tenants), mapped, services.settings.product_name)
    return Effects(confirm=ALL, effects=told)


def read_removal(services: Services, actor: Actor, removal_id: RemovalId) -> RemovalView:
    """How a removal stands, for 30 days after it has ended."""
    control = services.control(actor.account_id)
    stored = control.removals.find(removal_id)
    if stored is None:
        raise NotFound("There is no such removal in your account.")
    it = stored.value
    moment = moment_of(services)
    tenant_removals = [one.value for one in control.tenant_removals.list(f"{it.id}:")]
    return RemovalView(
        id=it.id,
        integration_id=it.integration_id,
        kind=it.kind.value,
        name=it.name,
        state=_state(it),
        requested_at=it.requested_at.replace(microsecond=0),
        requested_by=it.requested_by,
        next_at=it.next_at.replace(microsecond=0) if not it.verified_at else None,
        overdue_since=moment.overdue_since(it.next_at, it.running) if not it.verified_at else None,
        given_up=given_up_view(it.given_up, moment),
        steps=[_step_view(step) for step in report.steps(it, tenant_removals, services.settings.removal_quiet)],
        leftovers=[_leftover_view(services, one) for one in tenant_removals if one.is_left_over],
        receipt=read_receipt(it.receipt) if it.receipt else None,
    )


def effects_of(services: Services, control: Control, integration: Integration) -> list[str]:
    """The effects of removing one integration, in sentences."""
    tenants = [it.value for it in control.tenants.list() if it.value.integration_id == integration.id]
    mapped = sum(it.mapping is not None for it in tenants)
    return report.effects(integration, len(tenants), mapped, services.settings.product_name)


def _state(removal: Removal) -> str:
    if removal.is_under_way:
        return "removing"
    return "verified" if removal.verified_at else "removed"


def _step_view(step: Step) -> StepView:
    at = step.at.replace(microsecond=0) if step.at else None
    return StepView(name=step.name, label=step.label, state=step.state, detail=step.detail, at=at)


def _leftover_view(services: Services, tenant_removal: TenantRemoval) -> LeftoverView:
    told = report.leftover(tenant_removal, services.settings.client_id)
    return LeftoverView(tenant_id=told.tenant_id, what=told.what, how=told.how, evidence=tenant_removal.evidence)
