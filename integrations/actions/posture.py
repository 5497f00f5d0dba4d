"""Reads of a tenant's security and licences, put together from several data sets."""

from typing import TypeVar

import msgspec

from integrations.actions.tenants import find_tenant
from integrations.domain.connections import Tenant
from integrations.domain.datasets import Cursor
from integrations.domain.groups import join
from integrations.domain.ids import AccountId, TenantId
from integrations.domain.mfa import demanded_by
from integrations.domain.posture import (
    NOT_MAPPED,
    Administrator,
    Improvement,
    LicenseFigures,
    MfaFigures,
    Part,
    Person,
    SecureScoreView,
    administrators,
    as_of,
    improvements,
    license_figures,
    mfa_figures,
    secure_score_view,
    state_of,
    without_mfa,
)
from integrations.domain.records import (
    AdminConsentRequests,
    AuthenticationMethods,
    AuthorizationPolicy,
    ConditionalAccess,
    CrossTenantAccess,
    Group,
    GroupSettings,
    License,
    NamedLocation,
    RegistrationPage,
    RoleMember,
    SecureScore,
    SecureScoreControl,
    SecurityDefaults,
)
from integrations.services import Services

T = TypeVar("T", bound=msgspec.Struct)

_EVERY_ROW = 1_000_000


class Figures(msgspec.Struct, frozen=True, kw_only=True):
    """The figures of a tenant's details page."""

    secure_score: SecureScoreView
    mfa: MfaFigures
    licenses: LicenseFigures


class Mfa(MfaFigures, frozen=True, kw_only=True):
    """``demanded_by`` names what makes MFA a must for everybody; ``without`` is who has not registered."""

    demanded_by: list[str]
    without: list[Person]


class Security(msgspec.Struct, frozen=True, kw_only=True):
    """A tenant's security as last read; each part has a state and a time of its own."""

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


def read_security(services: Services, account_id: AccountId, tenant_id: TenantId) -> Security:
    held = Held(services, account_id, find_tenant(services.control(account_id), tenant_id).value)
    scores = held.rows("secure_score", SecureScore)
    newest = max(scores, key=lambda it: (it.as_of, bool(it.controls)), default=None)
    policies = held.part("conditional_access", ConditionalAccess)
    defaults = held.part("security_defaults", SecurityDefaults)
    figures, roles = held.mfa(), held.part("roles", RoleMember)
    registrations = [it for page in held.rows("registrations", RegistrationPage) for it in page.people]
    groups = join(held.rows("groups", Group)) if any(it.kind == "group" for it in roles.items) else {}
    return Security(
        secure_score=held.secure_score(scores),
        improvements=improvements(newest, held.rows("secure_score_controls", SecureScoreControl)),
        mfa=Mfa(
            state=figures.state,
            as_of=figures.as_of,
            people=figures.people,
            demanded_by=demanded_by(policies.items, security_defaults=any(it.is_enabled for it in defaults.items)),
            without=without_mfa(registrations),
        ),
        administrators=administrators(roles.items, groups, {it.user_id: it for it in registrations}),
        roles=roles,
        conditional_access=policies,
        named_locations=held.part("named_locations", NamedLocation),
        security_defaults=defaults,
        authorization_policy=held.part("authorization_policy", AuthorizationPolicy),
        authentication_methods=held.part("authentication_methods", AuthenticationMethods),
        admin_consent_requests=held.part("admin_consent_requests", AdminConsentRequests),
        cross_tenant_access=held.part("cross_tenant_access", CrossTenantAccess),
        group_settings=held.part("group_settings", GroupSettings),
    )


class Held:
    """What we hold of a tenant under its present mapping; of an unmapped one, nothing."""

    def __init__(self, services: Services, account_id: AccountId, tenant: Tenant) -> None:
        is_mapped = tenant.mapping is not None
        self._data = services.data(account_id, tenant.tenant_id, tenant.epoch) if is_mapped else None
        self.cursors: dict[str, Cursor] = self._data.cursors(tenant.confirmed) if self._data else {}

    def rows(self, dataset: str, model: type[T]) -> list[T]:
        """All rows; a data set that was never read is not asked for."""
        if self._data is None or dataset not in self.cursors:
            return []
        return [body for _, body in self._data.list(dataset, model, limit=_EVERY_ROW)]

    def part(self, dataset: str, model: type[T]) -> Part[T]:
        cursor = self.cursors.get(dataset)
        return Part(items=self.rows(dataset, model), state=self._state(cursor), as_of=as_of(cursor))

    def figures(self) -> Figures:
        licenses = license_figures(self.rows("licenses", License), self.cursors.get("licenses"))
        return Figures(
            secure_score=self.secure_score(self.rows("secure_score", SecureScore)),
            mfa=self.mfa(),
            licenses=msgspec.structs.replace(licenses, state=self._state(self.cursors.get("licenses"))),
        )

    def secure_score(self, scores: list[SecureScore]) -> SecureScoreView:
        cursor = self.cursors.get("secure_score")
        return msgspec.structs.replace(secure_score_view(scores, cursor), state=self._state(cursor))

    def mfa(self) -> MfaFigures:
        cursor = self.cursors.get("registrations")
        return msgspec.structs.replace(mfa_figures(cursor), state=self._state(cursor))

    def _state(self, cursor: Cursor | None) -> str:
        return NOT_MAPPED if self._data is None else state_of(cursor)
