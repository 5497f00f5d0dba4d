"""Read the state of a tenant's evaluations."""

from integrations.actions.read.tenant_data import TenantData
from integrations.domain.evaluations import registry
from integrations.services import Services
from integrations.views.evaluations import EvaluationView, evaluation_view


def evaluation_views(services: Services, data: TenantData) -> list[EvaluationView]:
    """The state of every evaluation; none of a tenant that is not mapped."""
    if not data.is_mapped:
        return []
    now, waiting = services.clock(), {name: it.since for name, it in data.pending.items()}
    off = services.settings.evaluations_off
    return [
        evaluation_view(it, data.evaluations.get(it.name), waiting, now, is_off=it.name in off)
        for it in registry.EVALUATIONS
    ]
