"""Signing in: pick an account, agree to what the application asks of it, and go back with a code.

Source: https://learn.microsoft.com/entra/identity-platform/v2-oauth2-auth-code-flow
"""

import uuid

from local.microsoft.entra import pages
from local.microsoft.entra.codes import Codes
from local.microsoft.entra.journeys import Journey
from local.microsoft.entra.refusals import Refused
from local.microsoft.entra.scopes import Resources, asked_for, needs_admin
from local.microsoft.http import Reply, page
from local.microsoft.permissions import OPENID_SCOPES
from local.microsoft.roles import MAY_CONSENT
from local.microsoft.world import World

LEG = "sign-in"
_PROMPTS = frozenset({"", "none", "login", "consent", "select_account"})


class SignIn:
    """The rules of /authorize, from what was asked to the code."""

    def __init__(self, world: World, codes: Codes, resources: Resources) -> None:
        self._world = world
        self._codes = codes
        self._resources = resources

    def check(self, journey: Journey) -> None:
        """Read what is asked for. A refusal goes back to the application, whose address is known good."""
        asked = journey.asked
        prompt = asked.get("prompt", "")
        if asked.get("response_type") != "code":
            raise Refused("unsupported_response_type", 70005, "The response type is not supported.")
        if not asked.get("scope"):
            raise Refused("invalid_request", 900144, "The request must contain the following parameter: 'scope'.")
        if prompt not in _PROMPTS or (prompt == "select_account" and "login_hint" in asked):
            raise Refused("invalid_request", 90023, "Unsupported 'prompt' value.")
        if asked.get("code_challenge_method", "S256") not in {"S256", "plain"}:
            raise Refused("invalid_request", 90023, "Unsupported 'code_challenge_method' value.")
        journey.scopes = asked_for(asked["scope"], journey.app, self._resources)

    def proceed(self, journey: Journey, key: str) -> Reply:
        """Somebody is signed in: on to the application, or first to the page that asks for consent."""
        tenant, person = journey.who()
        principal = tenant.principals.get(journey.app.client_id)
        if principal is not None and not principal.enabled:
            raise Refused("unauthorized_client", 7000112, f"Application '{journey.app.client_id}' is disabled.")
        granted = principal.granted(person["id"]) if principal else set()
        missing = [it for it in journey.scopes if it not in granted | OPENID_SCOPES]
        prompt = journey.asked.get("prompt", "")
        if principal is not None and not missing and prompt != "consent":
            return self._with_code(journey)
        if prompt == "none":
            raise Refused("consent_required", 65001, _NO_CONSENT.format(journey.app.client_id))
        return self._ask(journey, key, missing)

    def _ask(self, journey: Journey, key: str, missing: list[str]) -> Reply:
        tenant, person = journey.who()
        action, who = f"/{journey.segment}/consent", person["userPrincipalName"]
        again = journey.again("oauth2/v2.0/authorize")
        if needs_admin(missing) and MAY_CONSENT.isdisjoint(tenant.roles_of(person["id"])):
            return page(pages.need_admin(action, key, who, journey.app.name, again))
        return page(
            pages.consent(action, key, who, journey.app.name, [*journey.scopes, "View your basic profile"], again)
        )

    def answered(self, journey: Journey, *, accepted: bool) -> Reply:
        tenant, person = journey.who()
        if needs_admin(journey.scopes) and MAY_CONSENT.isdisjoint(tenant.roles_of(person["id"])):
            raise Refused("access_denied", 90094, "An administrator of the directory must grant this permission.")
        if not accepted:
            raise Refused("access_denied", 65004, "User declined to consent to access the app.")
        principal = self._world.admit(tenant, journey.app.client_id)
        principal.scopes_of.setdefault(person["id"], set()).update(journey.scopes, OPENID_SCOPES)
        return self._with_code(journey)

    def _with_code(self, journey: Journey) -> Reply:
        return journey.back({"code": self._codes.issue(journey), "session_state": str(uuid.uuid4())})


_NO_CONSENT = "The user or administrator has not consented to use the application with ID '{}'."
