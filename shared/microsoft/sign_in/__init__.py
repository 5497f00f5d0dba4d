"""Sign-in at Microsoft Entra: users by the authorization code flow, our application by client credentials."""

from shared.microsoft.sign_in.client import Renewed, SignedIn, SignIn, WrongTenantToken, token_methods, token_roles
from shared.microsoft.sign_in.codes import RefusalKind
from shared.microsoft.sign_in.credential import AppCredential
from shared.microsoft.sign_in.endpoints import Endpoints
from shared.microsoft.sign_in.identity import Identity, IdentityTokenInvalid
from shared.microsoft.sign_in.refusals import (
    OperatorFault,
    Refusal,
    SignInRefused,
    error_of_refusal,
    refusal_from_redirect,
    refusal_from_response,
)

__all__ = [
    "AppCredential", "Endpoints", "Identity", "IdentityTokenInvalid", "OperatorFault", "Refusal", "RefusalKind",
    "Renewed", "SignIn", "SignInRefused", "SignedIn", "WrongTenantToken", "error_of_refusal",
    "refusal_from_redirect", "refusal_from_response", "token_methods", "token_roles",
]  # fmt: skip
