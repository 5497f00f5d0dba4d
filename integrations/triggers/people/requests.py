"""What the routes of people have in common."""

from dataclasses import replace

from integrations.domain import ids
from integrations.triggers.http.routes import RequestContext
from shared.http.responses import ApiResponse


def organization_in_path(call: RequestContext) -> ids.OrganizationId:
    return ids.organization_id(call.param("organization_id"))


def personal(response: ApiResponse) -> ApiResponse:
    """A response with personal data: if it is stored for its Idempotency-Key, it is encrypted."""
    return replace(response, is_secret=True)
