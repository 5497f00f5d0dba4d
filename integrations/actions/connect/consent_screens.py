"""What Microsoft's consent screens will ask for, and why: the permissions come from the lists that are requested."""

from collections.abc import Mapping

from integrations.domain.integrations import Kind
from integrations.microsoft.permissions import (
    APPLICATION_PERMISSIONS,
    CUSTOMER_SCOPES,
    MORE_PERMISSIONS,
    OWN_REMOVAL,
    PARTNER_CENTER_SCOPE,
    PARTNER_SCOPES,
    SIGN_IN_SCOPES,
)
from integrations.services import Services
from integrations.views.connect.consent_screens import ConsentScreen, ConsentScreens, RequestedPermission

_SIGN_IN = (
    "It shows who accepts, of which tenant, and that this person is its Global Administrator. Microsoft says so only "
    "after a sign-in, so this comes before the permissions."
)
_GRANT = (
    "It lets us read the tenant while nobody is signed in. Microsoft grants that for a whole tenant only, on a screen "
    "of its own, so you select Accept a second time."
)
_CSP = (
    "Your service account signs in once, with MFA, and accepts what it does for us in your own tenant. With that "
    "sign-in we then install our application in the tenants of your customers. Nobody there has to accept anything."
)
_OWN_REMOVAL = "removing our own application when you remove the integration"
_FOR_CSPS = "used with a CSP only; Microsoft lists everything that our application is registered for"


def consent_screens(services: Services) -> ConsentScreens:
    """The screens of both kinds, with the registrations of the settings."""
    return ConsentScreens(single=_of_single_tenant(services), csp=_of_csp())


def _of_single_tenant(services: Services) -> list[ConsentScreen]:
    who = dict.fromkeys(SIGN_IN_SCOPES, "who signed in")
    is_shared = services.registration_for(Kind.CSP) == services.registration_for(Kind.SINGLE)
    only_csps = dict.fromkeys([*PARTNER_SCOPES, *CUSTOMER_SCOPES], _FOR_CSPS)
    more = {name: f"{use.reason} ({use.feature.value})" for name, use in MORE_PERMISSIONS.items()}
    granted = {
        **APPLICATION_PERMISSIONS,
        **more,
        OWN_REMOVAL: "removing our own application when you remove the integration",
    }
    return [
        ConsentScreen(title="Sign in", why=_SIGN_IN, permissions=_requested(who)),
        ConsentScreen(
            title="Accept the permissions",
            why=_GRANT,
            permissions=_requested({**(only_csps if is_shared else {}), **who, **granted}),
        ),
    ]


def _of_csp() -> list[ConsentScreen]:
    requested = {
        **PARTNER_SCOPES,
        PARTNER_CENTER_SCOPE: "your customers in Partner Center, and consenting on their behalf",
    }
    return [ConsentScreen(title="Sign in and accept", why=_CSP, permissions=_requested(requested))]


def _requested(permissions: Mapping[str, str]) -> list[RequestedPermission]:
    return [RequestedPermission(name, why) for name, why in permissions.items()]
