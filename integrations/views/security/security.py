"""The security page of a tenant."""

import msgspec

from integrations.domain.security.posture import Administrator
from integrations.domain.sync.records import GroupSettings
from integrations.domain.sync.security_records import (
    AdminConsentRequests,
    AuthenticationMethods,
    AuthorizationPolicy,
    ConditionalAccess,
    CrossTenantAccess,
    NamedLocation,
    RoleMember,
    SecurityDefaults,
)
from integrations.views.datasets import Part
from integrations.views.security.mfa import Mfa
from integrations.views.security.secure_score import Improvement, SecureScoreView


class Security(msgspec.Struct, frozen=True, kw_only=True):
    """A tenant's security as last read; every part has its own state and time."""

    secure_score: SecureScoreView
    improvements: list[Improvement]
    mfa: Mfa
    administrators: list[Administrator]
    roles: Part[RoleMember]
    conditional_access: Part[ConditionalAccess]
    named_locations: Part[NamedLocation]
    security_defaults: Part[SecurityDefaults]
    authorization_policy: Part[AuthorizationPolicy]
    authentication_methods: Part[AuthenticationMethods]
    admin_consent_requests: Part[AdminConsentRequests]
    cross_tenant_access: Part[CrossTenantAccess]
    group_settings: Part[GroupSettings]
