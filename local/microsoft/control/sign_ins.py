"""How people and applications sign in: methods, refusals, and tokens that are not as they should be."""

from collections.abc import Sequence
from typing import Any

from local.microsoft.control.call import TenantRef, call
from local.microsoft.control.people import PeopleCalls
from local.microsoft.entra.errors import error_by_code
from local.microsoft.entra.tokens.challenges import ClaimsDemand
from local.microsoft.entra.tokens.forgeries import FORGERIES
from local.microsoft.world.collection import Object
from local.microsoft.world.state import RedirectRefusal, TokenRefusal


class SignInCalls(PeopleCalls):
    """Codes are the numbers behind AADSTS."""

    @call
    def set_methods(self, tenant: TenantRef, username: str, methods: Sequence[str]) -> None:
        """How somebody signs in from now on, in words of the ``amr`` claim: ["pwd"], ["pwd", "mfa"]."""
        home = self._world.tenant(tenant["id"])
        home.methods_of[self._user_id(home, username)] = list(methods)

    @call
    def refuse_tokens(self, code: int, *, tenant_id: str | None = None, grant: str | None = None) -> None:
        """Refuse token requests, of one tenant and grant type or of all, until ``accept_tokens``."""
        error_by_code(code)
        self._world.token_refusals.append(TokenRefusal(code, tenant_id, grant))

    @call
    def accept_tokens(self) -> None:
        """End every refusal of tokens that was set."""
        self._world.token_refusals.clear()

    @call
    def refuse_redirects(
        self, code: int, *, leg: str | None = None, error: str | None = None, subcode: str = ""
    ) -> None:
        """Send people back from a leg, "sign-in" or "admin-consent", with an error until ``accept_redirects``.

        ``error`` is another OAuth error word than the usual one, ``subcode`` an ``error_subcode`` beside it.
        """
        error_by_code(code)
        self._world.redirect_refusals.append(RedirectRefusal(code, leg, error, subcode))

    @call
    def accept_redirects(self) -> None:
        """End every refusal of people that was set."""
        self._world.redirect_refusals.clear()

    @call
    def forge_id_token(self, how: str | None = None, **claims: Any) -> None:
        """The next ID token is wrong: in a way of ``FORGERIES``, or with these claims replaced (None removes)."""
        if how is not None and how not in FORGERIES:
            raise KeyError(f"there is no forgery {how}")
        self._world.id_token_forgery = {"how": how, "claim_overrides": claims}

    @call
    def answer_with_token_of(self, tenant_id: str, other: str | None) -> None:
        """App-only token requests for a tenant are answered with a token for another one; None ends it."""
        self._world.tenant(tenant_id).token_of = other

    @call
    def demand_claims(
        self, tenant_id: str, path: str = "", *, claims: Object | None = None, stubborn: bool = False
    ) -> None:
        """Requests whose path fits need a token that was asked for with these claims; see ``challenges``."""
        demanded = claims or {"access_token": {"nbf": {"essential": True, "value": str(int(self._world.now()))}}}
        self._world.tenant(tenant_id).demands.append(ClaimsDemand(path, demanded, stubborn))

    @call
    def rotate_signing_key(self) -> None:
        """Tokens are signed with a new key from now on; the old one leaves the key set."""
        self._world.key_number += 1
