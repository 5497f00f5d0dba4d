"""What a removal will do, and the state of a removal until 30 days after its verification."""

from integrations.actions.actors import Actor
from integrations.actions.lookup import find_integration
from integrations.actions.read_time import read_time
from integrations.domain.ids import IntegrationId, RemovalId
from integrations.domain.integrations import Integration, Kind
from integrations.domain.removal import ALL
from integrations.services import Services
from integrations.storage.control import Control
from integrations.views.removal import effects as views
from integrations.views.removal.effects import Effects
from integrations.views.removal.status import RemovalView, removal_view
from shared.errors import NotFound


def read_effects(services: Services, actor: Actor, integration_id: IntegrationId) -> Effects:
    """What the removal of one integration will do; its name confirms it.

    Raises:
        NotFound: there is no such integration, or it is being removed.
    """
    control = services.control(actor.account_id)
    integration = find_integration(control, integration_id).value
    return Effects(confirm=integration.name, effects=effects_of(services, control, integration))


def read_effects_of_all(services: Services, actor: Actor) -> Effects:
    """What Remove All Integrations will do; the word "all" confirms it."""
    control = services.control(actor.account_id)
    integrations = [it.value for it in control.integrations.list() if it.value.removal is None]
    present = {it.id for it in integrations}
    tenants = [it.value for it in control.tenants.list() if it.value.integration_id in present]
    mapped = sum(it.mapping is not None for it in tenants)
    csps = [it.name for it in integrations if it.kind is Kind.CSP]
    product = services.settings.product_name
    return Effects(confirm=ALL, effects=views.effects_of_all(len(integrations), csps, len(tenants), mapped, product))


def effects_of(services: Services, control: Control, integration: Integration) -> list[str]:
    """The effects of removing one integration, in sentences."""
    tenants = [it.value for it in control.tenants.list() if it.value.integration_id == integration.id]
    mapped = sum(it.mapping is not None for it in tenants)
    return views.effects(integration, len(tenants), mapped, services.settings.product_name)


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
        client_id=services.settings.client_id,
    )
