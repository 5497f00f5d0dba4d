"""Which authentication methods a tenant allows, to whom, and how. A value that Microsoft did not send is absent.

Source: https://learn.microsoft.com/graph/api/resources/authenticationmethodspolicy
"""

import msgspec
from msgspec import UNSET, UnsetType

Flag = bool | UnsetType | None  # absent: Microsoft did not say; null: it said null


class MethodTarget(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Whom a method or a feature is for.

    Attributes:
        id: The id of a group or a user, or "all_users".
        kind: "group", "user" or another word of Microsoft's. Null if it does not say.
        may_sign_in: Whether the method alone is enough to sign in (text messages only). Absent for other methods.
    """

    id: str
    kind: str | None = None
    may_sign_in: Flag = UNSET


class MethodFeature(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A feature of a method.

    Attributes:
        state: "enabled", "disabled" or "default". Null if Microsoft does not say.
        included: Whom it is for. Null if Microsoft does not say.
        excluded: Whom it is not for. Null if Microsoft does not say.
    """

    state: str | UnsetType | None = UNSET
    included: MethodTarget | UnsetType | None = UNSET
    excluded: MethodTarget | UnsetType | None = UNSET


class KeyRestrictions(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Which security keys may be registered.

    Attributes:
        is_enforced: Whether keys are restricted at all.
        enforcement: "allow" if only these keys may be used, "block" if these may not.
        keys: The models of keys (AAGUIDs).
    """

    is_enforced: Flag = UNSET
    enforcement: str | UnsetType | None = UNSET
    keys: list[str | None] | UnsetType | None = UNSET


class AuthenticationMethod(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One authentication method; only the fields of its own kind are there.

    Attributes:
        state: "enabled" or "disabled". Null if Microsoft does not say.
        included: Whom it is for.
        excluded: Whom it is not for.
        software_codes: Authenticator: whether the application's one-time codes are allowed.
        number_matching: Authenticator: whether a number has to be typed (beta only).
        application_shown: Authenticator: whether the application that asks is shown.
        location_shown: Authenticator: whether the place that asks is shown.
        self_service: Security keys: whether people may register them by themselves.
        attestation: Security keys: whether their maker must prove what they are.
        key_restrictions: Security keys: which of them may be registered.
        used_once: Temporary Access Pass: whether it can be used only once.
    """

    state: str | UnsetType | None = UNSET
    included: list[MethodTarget] | UnsetType | None = UNSET
    excluded: list[MethodTarget] | UnsetType | None = UNSET
    software_codes: Flag = UNSET
    number_matching: MethodFeature | UnsetType | None = UNSET
    application_shown: MethodFeature | UnsetType | None = UNSET
    location_shown: MethodFeature | UnsetType | None = UNSET
    self_service: Flag = UNSET
    attestation: Flag = UNSET
    key_restrictions: KeyRestrictions | UnsetType | None = UNSET
    used_once: Flag = UNSET


class AuthenticationMethods(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Which authentication methods are enabled.

    Attributes:
        enabled: Methods that are enabled.
        disabled: Methods that are disabled.
        methods: Every method by its name, such as Fido2.
        migration: The state of the migration from the legacy policies. Null in newer tenants, absent if not sent.
        campaign: The state of the registration campaign. Null if Microsoft does not say.
        suspicious_reports: Whether people can report suspicious requests (beta only).
    """

    enabled: list[str] = []
    disabled: list[str] = []
    methods: dict[str, AuthenticationMethod] | UnsetType = UNSET
    migration: str | UnsetType | None = UNSET
    campaign: str | None = None
    suspicious_reports: MethodFeature | UnsetType | None = UNSET
