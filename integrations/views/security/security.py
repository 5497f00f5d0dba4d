"""The security page of a tenant."""

import msgspec

from integrations.domain.policies.authentication_methods import AuthenticationMethods
from integrations.domain.security.posture import Administrator
from integrations.domain.sync.records import GroupSettings
from integrations.domain.sync.security_records import (
    AdminConsentRequests,
    AuthorizationPolicy,
    CrossTenantAccess,
    NamedLocation,
    RoleMember,
    SecurityDefaults,
)
from integrations.views.datasets import Part
from integrations.views.security.conditional_access import ConditionalAccessView
from integrations.views.security.mfa import Mfa
from integrations.views.security.secure_score import Improvement, SecureScoreView


class Security(msgspec.Struct, frozen=True, kw_only=True):
    """A tenant's security as last read; every part has its own state and time.

    Attributes:
        secure_score: The newest score and its trend.
        improvements: What would raise the score, in the order that Microsoft recommends.
        mfa: Who has registered for MFA.
        administrators: Everybody who has directory roles.
        roles: Members of directory roles, as Microsoft lists them.
        conditional_access: Conditional Access policies.
        named_locations: Places that policies name.
        security_defaults: Microsoft's security defaults.
        authorization_policy: What users and guests may do by themselves.
        authentication_methods: Which authentication methods are enabled.
        admin_consent_requests: Whether users may request admin consent.
        cross_tenant_access: How the tenant works with other organizations.
        group_settings: Directory settings that differ from their template.
    """

    secure_score: SecureScoreView
    improvements: list[Improvement]
    mfa: Mfa
    administrators: list[Administrator]
    roles: Part[RoleMember]
    conditional_access: Part[ConditionalAccessView]
    named_locations: Part[NamedLocation]
    security_defaults: Part[SecurityDefaults]
    authorization_policy: Part[AuthorizationPolicy]
    authentication_methods: Part[AuthenticationMethods]
    admin_consent_requests: Part[AdminConsentRequests]
    cross_tenant_access: Part[CrossTenantAccess]
    group_settings: Part[GroupSettings]
