"""What a removal will do, the list of removals, and the state of one, as long as its records are kept."""

from collections.abc import Iterable

from integrations.actions.actors import Actor
from integrations.actions.lookup import find_integration, steps_left
from integrations.actions.read_time import read_time
from integrations.domain.ids import IntegrationId, RemovalId
from integrations.domain.integrations import Integration, Kind
from integrations.domain.removal import ALL
from integrations.services import Services
from integrations.storage.control import Control, newest_first
from integrations.views.removal import effects as views
from integrations.views.removal.effects import Effects
from integrations.views.removal.leftovers import ManualStep, partner_step
from integrations.views.removal.listing import RemovalPage, removal_item
from integrations.views.removal.status import RemovalView, removal_view
from shared.errors import NotFound


def read_effects(services: Services, actor: Actor, integration_id: IntegrationId) -> Effects:
    """What the removal of one integration will do; its name confirms it.

    Raises:
        NotFound: there is no such integration, or it is being removed.
    """
    control = services.control(actor.account_id)
    integration = find_integration(control, integration_id).value
    effects = effects_of(services, control, integration)
    return Effects(confirm=integration.name, effects=effects, by_hand=_by_hand(services, [integration]))


def read_effects_of_all(services: Services, actor: Actor) -> Effects:
    """What Remove All Integrations will do; the word "all" confirms it."""
    control = services.control(actor.account_id)
    integrations = [it.value for it in control.integrations.list() if it.value.removal is None]
    present = {it.id for it in integrations}
    tenants = [it.value for it in control.tenants.list() if it.value.integration_id in present]
    mapped = sum(it.mapping is not None for it in tenants)
    csps = [it.name for it in integrations if it.kind is Kind.CSP]
    product = services.settings.product_name
    effects = views.effects_of_all(len(integrations), csps, len(tenants), mapped, product)
    return Effects(confirm=ALL, effects=effects, by_hand=_by_hand(services, integrations))


def effects_of(services: Services, control: Control, integration: Integration) -> list[str]:
    """The effects of removing one integration, in sentences."""
    tenants = [it.value for it in control.tenants.list() if it.value.integration_id == integration.id]
    mapped = sum(it.mapping is not None for it in tenants)
    return views.effects(integration, len(tenants), mapped, services.settings.product_name)


def _by_hand(services: Services, integrations: Iterable[Integration]) -> list[ManualStep]:
    return [
        partner_step(it, services.app_id(client_id))
        for it in integrations
        if it.kind is Kind.CSP
        for client_id in (it.client_id, *it.former_client_ids)
    ]


def read_removals(services: Services, actor: Actor, *, after: str, limit: int) -> RemovalPage:
    """A page of removals, the latest request first, after the one with the key ``after``."""
    control = services.control(actor.account_id)
    removals = {newest_first(it.requested_at, it.id): it for it in (stored.value for stored in control.removals.list())}
    keys = sorted(key for key in removals if key > after)
    left = steps_left(control, removals.values())
    return RemovalPage(
        items=[removal_item(removals[key], left.get(removals[key].id, 0)) for key in keys[:limit]],
        next_cursor=keys[limit - 1] if len(keys) > limit else None,
        steps_left=sum(left.values()),
    )


def read_removal(services: Services, actor: Actor, removal_id: RemovalId) -> RemovalView:
    """The state of a removal.

    Raises:
        NotFound: there is none, or it ended long ago.
    """
    control = services.control(actor.account_id)
    stored = control.removals.find(removal_id)
    if stored is None:
        raise NotFound("There is no such removal in your account.")
    return removal_view(
        stored.value,
        [it.value for it in control.tenant_removals.list(f"{removal_id}:")],
        read_time(services),
        quiet=services.settings.removal_quiet,
        app_id=services.app_id,
    )
