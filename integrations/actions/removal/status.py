"""The state of a removal, which can be read until 30 days after its verification."""

from integrations.actions.actors import Actor
from integrations.actions.read_time import read_time
from integrations.domain.ids import RemovalId
from integrations.services import Services
from integrations.views.removal.status import RemovalView, removal_view
from shared.errors import NotFound


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
