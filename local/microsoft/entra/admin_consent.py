"""Admin consent: an administrator accepts everything the registration asks for, for the whole tenant.

Source: https://learn.microsoft.com/entra/identity-platform/v2-admin-consent
"""

from local.microsoft.entra import pages
from local.microsoft.entra.journeys import Journey
from local.microsoft.entra.refusals import Refused
from local.microsoft.entra.scopes import Resources, asked_for
from local.microsoft.http import Reply, page
from local.microsoft.roles import MAY_CONSENT
from local.microsoft.world import World

LEG = "admin-consent"


class AdminConsent:
    """The rules of /v2.0/adminconsent."""

    def __init__(self, world: World, resources: Resources) -> None:
        self._world = world
        self._resources = resources

    def check(self, journey: Journey) -> None:
        if journey.segment in {"common", "consumers"}:
            raise Refused("invalid_request", 90023, "Admin consent takes a tenant, or 'organizations'.")
        if not journey.asked.get("scope"):
            raise Refused("invalid_request", 900144, "The request must contain the following parameter: 'scope'.")
        journey.scopes = asked_for(journey.asked["scope"], journey.app, self._resources)

    def proceed(self, journey: Journey, key: str) -> Reply:
        tenant, person = journey.who()
        action, who = f"/{journey.segment}/consent", person["userPrincipalName"]
        again = journey.again("v2.0/adminconsent")
        if MAY_CONSENT.isdisjoint(tenant.roles_of(person["id"])):
            return page(pages.need_admin(action, key, who, journey.app.name, again))
        roles = journey.app.app_roles if self._is_whole(journey) else []
        return page(pages.consent(action, key, who, journey.app.name, [*roles, *journey.scopes], again))

    def answered(self, journey: Journey, *, accepted: bool) -> Reply:
        tenant, person = journey.who()
        if MAY_CONSENT.isdisjoint(tenant.roles_of(person["id"])):
            raise Refused("access_denied", 90094, "An administrator of the directory must grant this permission.")
        if not accepted:
            word = self._world.switches.declined_consent
            raise Refused(word, 65004, "User declined to consent to access the app.")
        self._world.consent(tenant, journey.app.client_id, () if self._is_whole(journey) else journey.scopes)
        return journey.back({"admin_consent": "True", "tenant": tenant.id, "scope": journey.asked["scope"]})

    def refusal_fields(self, journey: Journey) -> dict[str, str]:
        """What a refusal carries beside the error; Microsoft is said to send both at times."""
        if journey.tenant is None or not self._world.switches.error_with_admin_consent:
            return {}
        return {"admin_consent": "True", "tenant": journey.tenant.id}

    def _is_whole(self, journey: Journey) -> bool:
        """Application permissions are only asked for by ``.default``."""
        return f"{self._resources.graph}/.default" in journey.asked["scope"].split()
