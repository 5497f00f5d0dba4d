"""Admin consent: an administrator accepts everything the registration asks for, for the whole tenant.

Source: https://learn.microsoft.com/entra/identity-platform/v2-admin-consent
"""

from local.microsoft.entra.errors import EntraError
from local.microsoft.entra.scopes import Resources, parse_scopes
from local.microsoft.entra.sign_in import pages
from local.microsoft.entra.sign_in.sessions import SignInSession
from local.microsoft.server import Reply, html_reply
from local.microsoft.world.roles import MAY_CONSENT
from local.microsoft.world.state import WorldState

LEG = "admin-consent"


class AdminConsent:
    """The rules of /v2.0/adminconsent."""

    def __init__(self, world: WorldState, resources: Resources) -> None:
        self._world = world
        self._resources = resources

    def check(self, session: SignInSession) -> None:
        if session.segment in {"common", "consumers"}:
            raise EntraError("invalid_request", 90023, "Admin consent takes a tenant, or 'organizations'.")
        if not session.parameters.get("scope"):
            raise EntraError("invalid_request", 900144, "The request must contain the following parameter: 'scope'.")
        session.scopes = parse_scopes(session.parameters["scope"], session.app, self._resources)

    def proceed(self, session: SignInSession, key: str) -> Reply:
        tenant, person = session.account()
        action, username = f"/{session.segment}/consent", person["userPrincipalName"]
        restart_url = session.restart_url("v2.0/adminconsent")
        if MAY_CONSENT.isdisjoint(tenant.roles_of(person["id"])):
            return html_reply(pages.admin_approval(action, key, username, session.app.name, restart_url))
        roles = session.app.app_roles if self._asks_default_scope(session) else []
        return html_reply(
            pages.consent(action, key, username, session.app.name, [*roles, *session.scopes], restart_url)
        )

    def complete(self, session: SignInSession, *, accepted: bool) -> Reply:
        tenant, person = session.account()
        if MAY_CONSENT.isdisjoint(tenant.roles_of(person["id"])):
            raise EntraError("access_denied", 90094, "An administrator of the directory must grant this permission.")
        if not accepted:
            word = self._world.switches.declined_consent
            raise EntraError(word, 65004, "User declined to consent to access the app.")
        self._world.consent(tenant, session.app.client_id, () if self._asks_default_scope(session) else session.scopes)
        return session.reply_to_app(
            {"admin_consent": "True", "tenant": tenant.id, "scope": session.parameters["scope"]}
        )

    def refusal_fields(self, session: SignInSession) -> dict[str, str]:
        """What a refusal carries beside the error; Microsoft is said to send both at times."""
        if session.tenant is None or not self._world.switches.error_with_admin_consent:
            return {}
        return {"admin_consent": "True", "tenant": session.tenant.id}

    def _asks_default_scope(self, session: SignInSession) -> bool:
        """Application permissions are only requested by ``.default``."""
        return f"{self._resources.graph}/.default" in session.parameters["scope"].split()
