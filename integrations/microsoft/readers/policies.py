"""Policies that exist once in a tenant: security defaults, authorization, consent requests.

Sources: https://learn.microsoft.com/graph/api/identitysecuritydefaultsenforcementpolicy-get,
https://learn.microsoft.com/graph/api/authorizationpolicy-get,
https://learn.microsoft.com/graph/api/adminconsentrequestpolicy-get
"""

import msgspec
from msgspec import UNSET, UnsetType

from integrations.domain.sync.cadence import Cadence
from integrations.domain.sync.datasets import Reading, Record
from integrations.domain.sync.security_records import (
    AdminConsentRequests,
    AuthorizationPolicy,
    SecurityDefaults,
)
from integrations.microsoft.dataset import Dataset, FirstRequest, ReadContext
from integrations.microsoft.fillers import Flag, in_order, text_if_sent

POLICY = "policy"  # the one row of each of these data sets
_GUEST_ROLES = {
    "a0b1b346-4d3e-4e8b-98f8-753987be4970": "as members",
    "10dae51f-b6af-4016-8d66-8c2a99b929b3": "limited",
    "2af84b1e-32c8-42b7-82bc-daa82404023b": "restricted",
}


class _Defaults(msgspec.Struct, rename="camel"):
    is_enabled: bool


class _UserRights(msgspec.Struct, rename="camel"):
    allowed_to_create_apps: Flag = UNSET
    allowed_to_create_security_groups: Flag = UNSET
    allowed_to_create_tenants: Flag = UNSET
    allowed_to_read_other_users: Flag = UNSET
    permission_grant_policies_assigned: list[str] | UnsetType | None = UNSET


class _Authorization(msgspec.Struct, rename="camel"):
    id: str  # required: an object without it is no policy
    allow_invites_from: str | UnsetType | None = UNSET
    guest_user_role_id: str | UnsetType | None = UNSET
    allowed_to_use_sspr: Flag = msgspec.field(name="allowedToUseSSPR", default=UNSET)
    allow_email_verified_users_to_join_organization: Flag = UNSET
    allowed_to_sign_up_email_based_subscriptions: Flag = UNSET
    block_msol_power_shell: Flag = UNSET
    allow_user_consent_for_risky_apps: Flag = UNSET
    default_user_role_permissions: _UserRights | None = None


class _Requests(msgspec.Struct, rename="camel"):
    is_enabled: bool
    notify_reviewers: Flag = UNSET
    reminders_enabled: Flag = UNSET
    request_duration_in_days: int | UnsetType | None = UNSET
    reviewers: list[dict[str, object]] = []


def _read_defaults(context: ReadContext) -> Reading:
    defaults: _Defaults = context.page.items[0]
    return _single(SecurityDefaults(is_enabled=defaults.is_enabled))


def _read_authorization(context: ReadContext) -> Reading:
    authorization: _Authorization = context.page.items[0]
    rights = authorization.default_user_role_permissions or _UserRights()
    consent = rights.permission_grant_policies_assigned
    return _single(
        AuthorizationPolicy(
            invites_from=text_if_sent(authorization.allow_invites_from),
            guest_access=_guest_access(authorization.guest_user_role_id),
            may_reset_password=authorization.allowed_to_use_sspr,
            may_join_by_mail=authorization.allow_email_verified_users_to_join_organization,
            may_sign_up_for_trials=authorization.allowed_to_sign_up_email_based_subscriptions,
            blocks_old_powershell=authorization.block_msol_power_shell,
            users_may_create_apps=rights.allowed_to_create_apps,
            users_may_create_groups=rights.allowed_to_create_security_groups,
            users_may_create_tenants=rights.allowed_to_create_tenants,
            users_may_read_others=rights.allowed_to_read_other_users,
            users_may_consent=in_order(consent) if isinstance(consent, list) else consent,
            users_may_consent_to_risky_apps=authorization.allow_user_consent_for_risky_apps,
        )
    )


def _guest_access(role_id: str | UnsetType | None) -> str | UnsetType | None:
    return _GUEST_ROLES.get(role_id.lower(), "unknown") if isinstance(role_id, str) else role_id


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
    version=2,
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
ADMIN_CONSENT_REQUESTS = Dataset(
    name="admin_consent_requests",
    permission="Policy.Read.All",
    record=AdminConsentRequests,
    version=2,
    first_request=FirstRequest(path="/policies/adminConsentRequestPolicy", page=_Requests, is_single=True),
    read=_read_requests,
    cadence=Cadence.SIX_HOURS,
)
