"""Signing in at Microsoft Entra, as people and as our own application."""

from shared.microsoft.sign_in.client import Renewed, SignedIn, SignIn, WrongTenantToken, token_methods, token_roles
from shared.microsoft.sign_in.codes import RefusalKind
from shared.microsoft.sign_in.credential import AppCredential
from shared.microsoft.sign_in.endpoints import Endpoints
from shared.microsoft.sign_in.identity import Identity, IdentityTokenInvalid
from shared.microsoft.sign_in.refusals import OperatorFault, Refusal, SignInRefused, raised, redirected, refusal

__all__ = [
    "AppCredential", "Endpoints", "Identity", "IdentityTokenInvalid", "OperatorFault", "Refusal", "RefusalKind",
    "Renewed", "SignIn", "SignInRefused", "SignedIn", "WrongTenantToken", "raised", "redirected",
    "refusal", "token_methods", "token_roles",
]  # fmt: skip
