"""Policies that exist once in a tenant: security defaults, authorization, authentication methods, consent requests.

Sources: https://learn.microsoft.com/graph/api/identitysecuritydefaultsenforcementpolicy-get,
https://learn.microsoft.com/graph/api/authorizationpolicy-get,
https://learn.microsoft.com/graph/api/authenticationmethodspolicy-get,
https://learn.microsoft.com/graph/api/adminconsentrequestpolicy-get
"""

import msgspec

from integrations.domain.sync.cadence import Cadence
from integrations.domain.sync.datasets import Reading, Record
from integrations.domain.sync.security_records import (
    AdminConsentRequests,
    AuthenticationMethods,
    AuthorizationPolicy,
    SecurityDefaults,
)
from integrations.domain.text import clean, clean_or_none
from integrations.microsoft.dataset import Dataset, FirstRequest, ReadContext

POLICY = "policy"  # the one row of each of these data sets
_GUEST_ROLES = {
    "a0b1b346-4d3e-4e8b-98f8-753987be4970": "as members",
    "10dae51f-b6af-4016-8d66-8c2a99b929b3": "limited",
    "2af84b1e-32c8-42b7-82bc-daa82404023b": "restricted",
}


class _Defaults(msgspec.Struct, rename="camel"):
    is_enabled: bool


class _UserRights(msgspec.Struct, rename="camel"):
    allowed_to_create_apps: bool | None = None
    allowed_to_create_security_groups: bool | None = None
    allowed_to_create_tenants: bool | None = None
    permission_grant_policies_assigned: list[str] = []


class _Authorization(msgspec.Struct, rename="camel"):
    id: str  # required: an object without it is no policy
    allow_invites_from: str | None = None
    guest_user_role_id: str | None = None
    allowed_to_use_sspr: bool | None = msgspec.field(name="allowedToUseSSPR", default=None)
    allow_email_verified_users_to_join_organization: bool | None = None
    allowed_to_sign_up_email_based_subscriptions: bool | None = None
    block_msol_power_shell: bool | None = None
    allow_user_consent_for_risky_apps: bool | None = None
    default_user_role_permissions: _UserRights | None = None


class _Method(msgspec.Struct, rename="camel"):
    id: str
    state: str | None = None


class _Campaign(msgspec.Struct, rename="camel"):
    state: str | None = None


class _Enforcement(msgspec.Struct, rename="camel"):
    authentication_methods_registration_campaign: _Campaign | None = None


class _Methods(msgspec.Struct, rename="camel"):
    id: str
    authentication_method_configurations: list[_Method] = []
    policy_migration_state: str | None = None
    registration_enforcement: _Enforcement | None = None


class _Requests(msgspec.Struct, rename="camel"):
    is_enabled: bool
    notify_reviewers: bool | None = None
    reminders_enabled: bool | None = None
    request_duration_in_days: int | None = None
    reviewers: list[dict[str, object]] = []


def _read_defaults(context: ReadContext) -> Reading:
    defaults: _Defaults = context.page.items[0]
    return _single(SecurityDefaults(is_enabled=defaults.is_enabled))


def _read_authorization(context: ReadContext) -> Reading:
    authorization: _Authorization = context.page.items[0]
    rights = authorization.default_user_role_permissions or _UserRights()
    guests = authorization.guest_user_role_id
    return _single(
        AuthorizationPolicy(
            invites_from=clean_or_none(authorization.allow_invites_from),
            guest_access=_GUEST_ROLES.get(guests, "unknown") if guests else None,
            may_reset_password=authorization.allowed_to_use_sspr,
            may_join_by_mail=authorization.allow_email_verified_users_to_join_organization,
            may_sign_up_for_trials=authorization.allowed_to_sign_up_email_based_subscriptions,
            blocks_old_powershell=authorization.block_msol_power_shell,
            users_may_create_apps=rights.allowed_to_create_apps,
            users_may_create_groups=rights.allowed_to_create_security_groups,
            users_may_create_tenants=rights.allowed_to_create_tenants,
            users_may_consent=sorted(clean(name) for name in rights.permission_grant_policies_assigned),
            users_may_consent_to_risky_apps=authorization.allow_user_consent_for_risky_apps,
        )
    )


def _read_methods(context: ReadContext) -> Reading:
    methods: _Methods = context.page.items[0]
    campaign = (
        methods.registration_enforcement
        and methods.registration_enforcement.authentication_methods_registration_campaign
    )
    return _single(
        AuthenticationMethods(
            enabled=sorted(clean(m.id) for m in methods.authentication_method_configurations if m.state == "enabled"),
            disabled=sorted(clean(m.id) for m in methods.authentication_method_configurations if m.state == "disabled"),
            migration=clean_or_none(methods.policy_migration_state),
            campaign=clean_or_none(campaign.state) if campaign else None,
        )
    )


def _read_requests(context: ReadContext) -> Reading:
    requests: _Requests = context.page.items[0]
    return _single(
        AdminConsentRequests(
            is_enabled=requests.is_enabled,
            notifies_reviewers=requests.notify_reviewers,
            reminds_reviewers=requests.reminders_enabled,
            reviewers=len(requests.reviewers),
            days=requests.request_duration_in_days,
        )
    )


def _single(body: msgspec.Struct) -> Reading:
    return Reading(records=[Record(key=POLICY, body=body)], is_complete=True)


SECURITY_DEFAULTS = Dataset(
    name="security_defaults",
    permission="Policy.Read.All",
    record=SecurityDefaults,
    first_request=FirstRequest(
        path="/policies/identitySecurityDefaultsEnforcementPolicy",
        query={"select": "id,isEnabled"},
        page=_Defaults,
        is_single=True,
    ),
    read=_read_defaults,
    cadence=Cadence.SIX_HOURS,
)
AUTHORIZATION_POLICY = Dataset(
    name="authorization_policy",
    permission="Policy.Read.All",
    record=AuthorizationPolicy,
    first_request=FirstRequest(
        path="/policies/authorizationPolicy",
        query={
            "select": "id,allowInvitesFrom,guestUserRoleId,allowedToUseSSPR,"
            "allowEmailVerifiedUsersToJoinOrganization,allowedToSignUpEmailBasedSubscriptions,blockMsolPowerShell,"
            "allowUserConsentForRiskyApps,defaultUserRolePermissions"
        },
        page=_Authorization,
        is_single=True,
    ),
    read=_read_authorization,
    cadence=Cadence.SIX_HOURS,
)
AUTHENTICATION_METHODS = Dataset(
    name="authentication_methods",
    permission="Policy.Read.All",
    record=AuthenticationMethods,
    first_request=FirstRequest(path="/policies/authenticationMethodsPolicy", page=_Methods, is_single=True),
    read=_read_methods,
    cadence=Cadence.SIX_HOURS,
)
ADMIN_CONSENT_REQUESTS = Dataset(
    name="admin_consent_requests",
    permission="Policy.Read.All",
    record=AdminConsentRequests,
    first_request=FirstRequest(path="/policies/adminConsentRequestPolicy", page=_Requests, is_single=True),
    read=_read_requests,
    cadence=Cadence.SIX_HOURS,
)
