"""What the routes of the user sync have in common."""

from integrations.domain import ids
from integrations.triggers.http.routes import RequestContext


def tenant_in_path(call: RequestContext) -> ids.TenantId:
    return ids.tenant_id(call.param("tenant_id"))
