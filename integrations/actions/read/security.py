"""Reads of a tenant's security and licences, put together from several data sets."""

from functools import cached_property
from typing import TypeVar

import msgspec

from integrations.actions.lookup import find_tenant
from integrations.domain.evaluations.administrators import ADMINISTRATORS
from integrations.domain.evaluations.evaluation import Evaluation
from integrations.domain.evaluations.people_without_mfa import PEOPLE_WITHOUT_MFA, PeoplePage
from integrations.domain.ids import AccountId, TenantId
from integrations.domain.integrations import Tenant
from integrations.domain.security.mfa import demanded_by
from integrations.domain.security.posture import (
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
    first_people,
    improvements,
    in_order,
    license_figures,
    mfa_figures,
    secure_score_view,
    state_of,
    without_mfa,
)
from integrations.domain.sync.datasets import Cursor, has_rows
from integrations.domain.sync.groups import join
from integrations.domain.sync.records import Group, GroupSettings, License
from integrations.domain.sync.security_records import (
    AdminConsentRequests,
    AuthenticationMethods,
    AuthorizationPolicy,
    ConditionalAccess,
    CrossTenantAccess,
    NamedLocation,
    RegistrationPage,
    RoleMember,
    SecureScore,
    SecureScoreControl,
    SecurityDefaults,
)
from integrations.services import Services
from integrations.storage.data.pending import Pending

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
    people, admins = _people(held, roles.items)
    return Security(
        secure_score=held.secure_score(scores),
        improvements=improvements(newest, held.rows("secure_score_controls", SecureScoreControl)),
        mfa=Mfa(
            state=figures.state,
            as_of=figures.as_of,
            people=figures.people,
            demanded_by=demanded_by(policies.items, security_defaults=any(it.is_enabled for it in defaults.items)),
            without=people,
        ),
        administrators=admins,
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


def _people(held: "Held", roles: list[RoleMember]) -> tuple[list[Person], list[Administrator]]:
    """Who lacks MFA and who administers, as evaluated; of a tenant whose rows were not, by the rows themselves."""
    lacking = held.derived(PEOPLE_WITHOUT_MFA, PeoplePage)
    admins = held.derived(ADMINISTRATORS, Administrator)
    if lacking is not None and admins is not None:
        return first_people(it for page in lacking for it in page.people), in_order(admins)
    registrations = [it for page in held.rows("registrations", RegistrationPage) for it in page.people]
    groups = join(held.rows("groups", Group)) if any(it.kind == "group" for it in roles) else {}
    return without_mfa(registrations), administrators(roles, groups, {it.user_id: it for it in registrations})


class Held:
    """What we hold of a tenant under its present mapping; of an unmapped one, nothing."""

    def __init__(self, services: Services, account_id: AccountId, tenant: Tenant) -> None:
        where = account_id, tenant.tenant_id, tenant.epoch
        is_mapped = tenant.mapping is not None
        self._off = services.settings.evaluations_off
        self._data = services.data(*where) if is_mapped else None
        self._derived = services.derived(*where) if is_mapped else None
        standing = self._data.state(tenant.confirmed) if self._data else None
        self.cursors: dict[str, Cursor] = standing.cursors if standing else {}
        self.pending: dict[str, Pending] = standing.pending if standing else {}

    @property
    def is_mapped(self) -> bool:
        return self._data is not None

    @cached_property
    def evaluations(self) -> dict[str, Cursor]:
        """Where every evaluation stands that was ever looked at."""
        return self._derived.cursors() if self._derived else {}

    def derived(self, evaluation: Evaluation, model: type[T]) -> list[T] | None:
        """All derived rows; None when they were never evaluated, or are not kept up to date."""
        cursor = self.evaluations.get(evaluation.name)
        if self._derived is None or evaluation.name in self._off or not has_rows(cursor):
            return None
        return [body for _, body in self._derived.list(evaluation.name, model, limit=_EVERY_ROW)]

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
