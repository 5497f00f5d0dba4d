"""Read a tenant's security, put together from several data sets."""

from integrations.actions.lookup import find_tenant
from integrations.actions.read.tenant_data import TenantData
from integrations.domain.evaluations.administrators import ADMINISTRATORS
from integrations.domain.evaluations.people_without_mfa import PEOPLE_WITHOUT_MFA, PeoplePage
from integrations.domain.ids import AccountId, TenantId
from integrations.domain.policies.authentication_methods import AuthenticationMethods
from integrations.domain.policies.conditional_access import AuthenticationStrength, ConditionalAccess
from integrations.domain.security.mfa import demanded_by
from integrations.domain.security.posture import (
    Administrator,
    Person,
    administrators,
    first_people,
    in_order,
    without_mfa,
)
from integrations.domain.sync.groups import join
from integrations.domain.sync.records import Group, GroupSettings
from integrations.domain.sync.security_records import (
    AdminConsentRequests,
    AuthorizationPolicy,
    CrossTenantAccess,
    NamedLocation,
    RegistrationPage,
    RoleMember,
    SecureScore,
    SecureScoreControl,
    SecurityDefaults,
)
from integrations.services import Services
from integrations.views.datasets import Part
from integrations.views.security.conditional_access import conditional_access_view
from integrations.views.security.mfa import Mfa
from integrations.views.security.secure_score import improvements
from integrations.views.security.security import Security


def read_security(services: Services, account_id: AccountId, tenant_id: TenantId) -> Security:
    """The security page of a tenant.

    Raises:
        NotFound: there is no such tenant.
    """
    data = TenantData(services, account_id, find_tenant(services.control(account_id), tenant_id).value)
    scores = data.rows("secure_score", SecureScore)
    newest = max(scores, key=lambda it: (it.as_of, bool(it.controls)), default=None)
    policies = data.part("conditional_access", ConditionalAccess)
    defaults = data.part("security_defaults", SecurityDefaults)
    locations = data.part("named_locations", NamedLocation)
    figures, roles = data.mfa(), data.part("roles", RoleMember)
    without, admins = _people(data, roles.items)
    return Security(
        secure_score=data.secure_score(scores),
        improvements=improvements(newest, data.rows("secure_score_controls", SecureScoreControl)),
        mfa=Mfa(
            state=figures.state,
            as_of=figures.as_of,
            people=figures.people,
            demanded_by=demanded_by(
                policies.items,
                security_defaults=any(it.is_enabled for it in defaults.items),
                strengths={it.id: it for it in data.rows("authentication_strengths", AuthenticationStrength)},
                locations={it.id: it for it in locations.items},
            ),
            without=without,
        ),
        administrators=admins,
        roles=roles,
        conditional_access=Part(
            items=[conditional_access_view(it) for it in policies.items], state=policies.state, as_of=policies.as_of
        ),
        named_locations=locations,
        security_defaults=defaults,
        authorization_policy=data.part("authorization_policy", AuthorizationPolicy),
        authentication_methods=data.part("authentication_methods", AuthenticationMethods),
        admin_consent_requests=data.part("admin_consent_requests", AdminConsentRequests),
        cross_tenant_access=data.part("cross_tenant_access", CrossTenantAccess),
        group_settings=data.part("group_settings", GroupSettings),
    )


def _people(data: TenantData, roles: list[RoleMember]) -> tuple[list[Person], list[Administrator]]:
    """People without MFA, and administrators: from the evaluations, or from synced rows while those never ran."""
    pages = data.derived(PEOPLE_WITHOUT_MFA, PeoplePage)
    admins = data.derived(ADMINISTRATORS, Administrator)
    if pages is not None and admins is not None:
        return first_people(it for page in pages for it in page.people), in_order(admins)
    registrations = [it for page in data.rows("registrations", RegistrationPage) for it in page.people]
    groups = join(data.rows("groups", Group)) if any(it.kind == "group" for it in roles) else {}
    return without_mfa(registrations), administrators(roles, groups, {it.user_id: it for it in registrations})
