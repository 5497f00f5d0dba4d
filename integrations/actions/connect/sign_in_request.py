"""What our requests to Microsoft's sign-in page have in common: redirect addresses, scopes, and the state value.

Source: https://learn.microsoft.com/entra/identity-platform/v2-oauth2-auth-code-flow
"""

import secrets

from integrations.domain.integrations import Kind
from integrations.microsoft.permissions import PARTNER_CENTER_SCOPE, PARTNER_SCOPES, SIGN_IN_SCOPES
from integrations.services import Services


def new_state() -> str:
    """256 random bits, as 43 characters that need no escaping."""
    return secrets.token_urlsafe(32)


def redirect_uri(services: Services, kind: Kind) -> str:
    """Where Microsoft redirects to; one address per kind, so that responses cannot be mixed up."""
    return f"{services.settings.public_url}/api/consent/callback/{kind.value}"


def token_scopes(services: Services, kind: Kind) -> tuple[str, ...]:
    """The scopes for which the code is redeemed: one resource, and for a CSP a refresh token."""
    if kind is Kind.SINGLE:
        return SIGN_IN_SCOPES
    return ("offline_access", f"{services.endpoints.partner}/{PARTNER_CENTER_SCOPE}")


def sign_in_scopes(services: Services, kind: Kind) -> tuple[str, ...]:
    """The scopes that the sign-in page asks consent for; for a CSP, scopes of Partner Center and of Graph at once."""
    if kind is Kind.SINGLE:
        return SIGN_IN_SCOPES
    in_graph = (f"{services.endpoints.graph}/{name}" for name in PARTNER_SCOPES)
    return (*token_scopes(services, kind), *in_graph)
