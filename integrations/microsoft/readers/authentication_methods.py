"""The authentication methods policy: which methods are allowed, to whom, and how.

What v1.0 leaves out (number matching, reporting suspicious requests) is read from /beta into a data set of its own.
Source: https://learn.microsoft.com/graph/api/authenticationmethodspolicy-get
"""

import msgspec
from msgspec import UNSET, UnsetType

from integrations.domain.policies.authentication_methods import (
    AuthenticationMethod,
    AuthenticationMethods,
    KeyRestrictions,
    MethodFeature,
    MethodTarget,
)
from integrations.domain.sync.cadence import Cadence
from integrations.domain.sync.datasets import Reading, Record
from integrations.domain.text import clean, clean_or_none
from integrations.microsoft.dataset import Dataset, FirstRequest, ReadContext
from integrations.microsoft.fillers import Flag, text_if_sent
from integrations.microsoft.limits import Service
from integrations.microsoft.readers.policies import POLICY

_PATH = "/policies/authenticationMethodsPolicy"


class _GraphTarget(msgspec.Struct, rename="camel"):
    id: str
    target_type: str | None = None
    is_usable_for_sign_in: Flag = UNSET


class _GraphFeature(msgspec.Struct, rename="camel"):
    state: str | UnsetType | None = UNSET
    include_target: _GraphTarget | UnsetType | None = UNSET
    exclude_target: _GraphTarget | UnsetType | None = UNSET


class _GraphFeatures(msgspec.Struct, rename="camel"):
    number_matching_required_state: _GraphFeature | UnsetType | None = UNSET
    display_app_information_required_state: _GraphFeature | UnsetType | None = UNSET
    display_location_information_required_state: _GraphFeature | UnsetType | None = UNSET


class _GraphKeyRestrictions(msgspec.Struct, rename="camel"):
    is_enforced: Flag = UNSET
    enforcement_type: str | UnsetType | None = UNSET
    aa_guids: list[str | None] | UnsetType | None = UNSET


class _GraphMethod(msgspec.Struct, rename="camel"):
    id: str
    state: str | UnsetType | None = UNSET
    include_targets: list[_GraphTarget] | UnsetType | None = UNSET
    exclude_targets: list[_GraphTarget] | UnsetType | None = UNSET
    is_software_oath_enabled: Flag = UNSET
    feature_settings: _GraphFeatures | None = None
    is_self_service_registration_allowed: Flag = UNSET
    is_attestation_enforced: Flag = UNSET
    key_restrictions: _GraphKeyRestrictions | UnsetType | None = UNSET
    is_usable_once: Flag = UNSET


class _GraphCampaign(msgspec.Struct, rename="camel"):
    state: str | None = None


class _GraphEnforcement(msgspec.Struct, rename="camel"):
    authentication_methods_registration_campaign: _GraphCampaign | None = None


class _GraphMethods(msgspec.Struct, rename="camel"):
    id: str
    authentication_method_configurations: list[_GraphMethod] | UnsetType | None = UNSET
    policy_migration_state: str | UnsetType | None = UNSET
    registration_enforcement: _GraphEnforcement | None = None
    report_suspicious_activity_settings: _GraphFeature | UnsetType | None = UNSET


def _read(context: ReadContext) -> Reading:
    methods: _GraphMethods = context.page.items[0]
    configured = methods.authentication_method_configurations
    known = configured if isinstance(configured, list) else []
    enforcement = methods.registration_enforcement
    campaign = enforcement and enforcement.authentication_methods_registration_campaign
    body = AuthenticationMethods(
        enabled=sorted(clean(it.id) for it in known if it.state == "enabled"),
        disabled=sorted(clean(it.id) for it in known if it.state == "disabled"),
        methods={clean(it.id): _to_method(it) for it in known} if isinstance(configured, list) else UNSET,
        migration=text_if_sent(methods.policy_migration_state),
        campaign=clean_or_none(campaign.state) if campaign else None,
        suspicious_reports=_to_feature(methods.report_suspicious_activity_settings),
    )
    return Reading(records=[Record(key=POLICY, body=body)], is_complete=True)


def _to_method(source: _GraphMethod) -> AuthenticationMethod:
    features = source.feature_settings or _GraphFeatures()
    return AuthenticationMethod(
        state=text_if_sent(source.state),
        included=_to_targets(source.include_targets),
        excluded=_to_targets(source.exclude_targets),
        software_codes=source.is_software_oath_enabled,
        number_matching=_to_feature(features.number_matching_required_state),
        application_shown=_to_feature(features.display_app_information_required_state),
        location_shown=_to_feature(features.display_location_information_required_state),
        self_service=source.is_self_service_registration_allowed,
        attestation=source.is_attestation_enforced,
        key_restrictions=_to_restrictions(source.key_restrictions),
        used_once=source.is_usable_once,
    )


def _to_targets(source: list[_GraphTarget] | UnsetType | None) -> list[MethodTarget] | UnsetType | None:
    return [_to_target(it) for it in source] if isinstance(source, list) else source


def _to_target(source: _GraphTarget) -> MethodTarget:
    return MethodTarget(
        id=clean(source.id), kind=clean_or_none(source.target_type), may_sign_in=source.is_usable_for_sign_in
    )


def _to_feature(source: _GraphFeature | UnsetType | None) -> MethodFeature | UnsetType | None:
    if not isinstance(source, _GraphFeature):
        return source
    return MethodFeature(
        state=text_if_sent(source.state),
        included=_to_one(source.include_target),
        excluded=_to_one(source.exclude_target),
    )


def _to_one(source: _GraphTarget | UnsetType | None) -> MethodTarget | UnsetType | None:
    return _to_target(source) if isinstance(source, _GraphTarget) else source


def _to_restrictions(source: _GraphKeyRestrictions | UnsetType | None) -> KeyRestrictions | UnsetType | None:
    if not isinstance(source, _GraphKeyRestrictions):
        return source
    keys = source.aa_guids
    return KeyRestrictions(
        is_enforced=source.is_enforced,
        enforcement=text_if_sent(source.enforcement_type),
        keys=[clean_or_none(it) for it in keys] if isinstance(keys, list) else keys,
    )


AUTHENTICATION_METHODS = Dataset(
    name="authentication_methods",
    permission="Policy.Read.All",
    record=AuthenticationMethods,
    version=2,
    first_request=FirstRequest(path=_PATH, page=_GraphMethods, is_single=True),
    read=_read,
    cadence=Cadence.SIX_HOURS,
)
BETA_AUTHENTICATION_METHODS = Dataset(
    name="beta_authentication_methods",
    permission="Policy.Read.All",
    record=AuthenticationMethods,
    first_request=FirstRequest(path=_PATH, page=_GraphMethods, is_single=True),
    read=_read,
    service=Service.BETA,
    cadence=Cadence.SIX_HOURS,
)
