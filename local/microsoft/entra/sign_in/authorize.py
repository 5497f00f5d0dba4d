"""Signing in: pick an account, consent to the requested scopes, and return with an authorization code.

Source: https://learn.microsoft.com/entra/identity-platform/v2-oauth2-auth-code-flow
"""

import uuid

from local.microsoft.entra.errors import EntraError
from local.microsoft.entra.scopes import Resources, needs_admin_consent, parse_scopes
from local.microsoft.entra.sign_in import pages
from local.microsoft.entra.sign_in.sessions import SignInSession
from local.microsoft.entra.tokens.grants import GrantStore
from local.microsoft.server import Reply, html_reply
from local.microsoft.world.permissions import OPENID_SCOPES
from local.microsoft.world.roles import MAY_CONSENT
from local.microsoft.world.state import WorldState

LEG = "sign-in"
_PROMPTS = frozenset({"", "none", "login", "consent", "select_account"})


class SignIn:
    """The rules of /authorize, from the request to the code."""

    def __init__(self, world: WorldState, grants: GrantStore, resources: Resources) -> None:
        self._world = world
        self._grants = grants
        self._resources = resources

    def check(self, session: SignInSession) -> None:
        """Check the request. An error goes back to the application, whose redirect URI is already validated."""
        parameters = session.parameters
        prompt = parameters.get("prompt", "")
        if parameters.get("response_type") != "code":
            raise EntraError("unsupported_response_type", 70005, "The response type is not supported.")
        if not parameters.get("scope"):
            raise EntraError("invalid_request", 900144, "The request must contain the following parameter: 'scope'.")
        if prompt not in _PROMPTS or (prompt == "select_account" and "login_hint" in parameters):
            raise EntraError("invalid_request", 90023, "Unsupported 'prompt' value.")
        if parameters.get("code_challenge_method", "S256") not in {"S256", "plain"}:
            raise EntraError("invalid_request", 90023, "Unsupported 'code_challenge_method' value.")
        session.scopes = parse_scopes(parameters["scope"], session.app, self._resources)

    def proceed(self, session: SignInSession, key: str) -> Reply:
        """The user is signed in: on to the application, or first to the consent page."""
        tenant, person = session.account()
        principal = tenant.principals.get(session.app.client_id)
        if principal is not None and not principal.enabled:
            raise EntraError("unauthorized_client", 7000112, f"Application '{session.app.client_id}' is disabled.")
        granted = principal.granted(person["id"]) if principal else set()
        missing = [it for it in session.scopes if it not in granted | OPENID_SCOPES]
        prompt = session.parameters.get("prompt", "")
        if principal is not None and not missing and prompt != "consent":
            return self._code_reply(session)
        if prompt == "none":
            raise EntraError("consent_required", 65001, _NO_CONSENT.format(session.app.client_id))
        return self._consent_page(session, key, missing)

    def _consent_page(self, session: SignInSession, key: str, missing: list[str]) -> Reply:
        tenant, person = session.account()
        action, username = f"/{session.segment}/consent", person["userPrincipalName"]
        restart_url = session.restart_url("oauth2/v2.0/authorize")
        if needs_admin_consent(missing) and MAY_CONSENT.isdisjoint(tenant.roles_of(person["id"])):
            return html_reply(pages.admin_approval(action, key, username, session.app.name, restart_url))
        return html_reply(
            pages.consent(
                action, key, username, session.app.name, [*session.scopes, "View your basic profile"], restart_url
            )
        )

    def complete(self, session: SignInSession, *, accepted: bool) -> Reply:
        tenant, person = session.account()
        if needs_admin_consent(session.scopes) and MAY_CONSENT.isdisjoint(tenant.roles_of(person["id"])):
            raise EntraError("access_denied", 90094, "An administrator of the directory must grant this permission.")
        if not accepted:
            raise EntraError("access_denied", 65004, "User declined to consent to access the app.")
        principal = self._world.ensure_service_principal(tenant, session.app.client_id)
        principal.scopes_of.setdefault(person["id"], set()).update(session.scopes, OPENID_SCOPES)
        return self._code_reply(session)

    def _code_reply(self, session: SignInSession) -> Reply:
        return session.reply_to_app({"code": self._grants.issue(session), "session_state": str(uuid.uuid4())})


_NO_CONSENT = "The user or administrator has not consented to use the application with ID '{}'."
