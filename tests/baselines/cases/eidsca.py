"""Controls of EIDSCA, one setting at a time."""

from typing import Any

from tests.baselines.cases.case import (
    MET,
    NOT_APPLICABLE,
    NOT_MET,
    UNKNOWN,
    Case,
    case,
)
from tests.baselines.changing import drop, method, put, setting_is, unrecorded
from tests.baselines.tenants import (
    AUTHORIZATION,
    BETA_METHODS,
    CONSENT,
    METHODS,
    Change,
)


def _flags() -> list[Case]:
    rights = "defaultUserRolePermissions"
    flags = {  # control: where, and what is right
        "AP01": (AUTHORIZATION, ("allowedToUseSSPR",), False),
        "AP05": (AUTHORIZATION, ("allowedToSignUpEmailBasedSubscriptions",), False),
        "AP06": (AUTHORIZATION, ("allowEmailVerifiedUsersToJoinOrganization",), False),
        "AP09": (AUTHORIZATION, ("allowUserConsentForRiskyApps",), False),
        "AP10": (AUTHORIZATION, (rights, "allowedToCreateApps"), False),
        "AP14": (AUTHORIZATION, (rights, "allowedToReadOtherUsers"), True),
        "CR02": (CONSENT, ("notifyReviewers",), True),
        "CR03": (CONSENT, ("remindersEnabled",), True),
    }
    methods: dict[str, tuple[str, tuple[str, ...], Any, Any]] = {  # control: method, where, right, wrong
        "AM01": ("MicrosoftAuthenticator", ("state",), "enabled", "disabled"),
        "AM02": ("MicrosoftAuthenticator", ("isSoftwareOathEnabled",), False, True),
        "AF01": ("Fido2", ("state",), "enabled", "disabled"),
        "AF02": ("Fido2", ("isSelfServiceRegistrationAllowed",), True, False),
        "AF03": ("Fido2", ("isAttestationEnforced",), True, False),
        "AF04": ("Fido2", ("keyRestrictions", "isEnforced"), True, False),
        "AF06": ("Fido2", ("keyRestrictions", "enforcementType"), "block", "unknown"),
        "AT01": ("TemporaryAccessPass", ("state",), "enabled", "disabled"),
        "AT02": ("TemporaryAccessPass", ("isUsableOnce",), True, False),
        "AV01": ("Voice", ("state",), "disabled", "enabled"),
    }
    made = []
    for name, (path, keys, right) in flags.items():
        control = f"EIDSCA.{name}"
        made += [
            case(control, "right", put(path, *keys, to=right), is_=MET),
            case(control, "wrong", put(path, *keys, to=not right), is_=NOT_MET),
            case(control, "null", put(path, *keys, to=None), is_=NOT_MET),
            case(control, "not sent", drop(path, *keys), is_=UNKNOWN),
        ]
    for name, (which, keys, right, wrong) in methods.items():
        control = f"EIDSCA.{name}"
        made += [
            case(control, "right", method(which, *keys, to=right), is_=MET),
            case(control, "wrong", method(which, *keys, to=wrong), is_=NOT_MET),
            case(control, "not sent", drop(METHODS, "authenticationMethodConfigurations", which, *keys), is_=UNKNOWN),
            case(control, "no such method", drop(METHODS, "authenticationMethodConfigurations", which), is_=UNKNOWN),
        ]
    return made


def _eidsca_settings() -> list[Case]:
    settings = {  # control: setting, right, wrong, and the verdict where it is absent
        "CP01": ("EnableGroupSpecificConsent", ("false", "False"), ("true", "TRUE"), NOT_APPLICABLE),
        "CP03": ("BlockUserConsentForRiskyApps", ("True",), ("false",), MET),
        "CP04": ("EnableAdminConsentRequests", ("true", "TRUE"), ("false",), NOT_MET),
        "PR01": ("BannedPasswordCheckOnPremisesMode", ("Enforce", "enforce", "Enforced"), ("Audit", ""), NOT_MET),
        "PR02": ("EnableBannedPasswordCheckOnPremises", ("true",), ("False",), NOT_MET),
        "PR03": ("EnableBannedPasswordCheck", ("True",), ("false",), NOT_MET),
        "PR05": ("LockoutDurationInSeconds", ("60", "300"), ("59", "5"), MET),
        "PR06": ("LockoutThreshold", ("10", "9"), ("11", "100"), MET),
        "ST08": ("AllowGuestsToBeGroupOwner", ("False",), ("true",), MET),
        "ST09": ("AllowGuestsToAccessGroups", ("true",), ("False",), MET),
    }
    odd = [case(f"EIDSCA.{it}", f"is {value!r}", setting_is(settings[it][0], value), is_=UNKNOWN)
           for it in settings if it != "PR01" for value in ("", "perhaps")]  # fmt: skip
    made = [case(f"EIDSCA.{it}", f"is {value!r}", setting_is(name, value), is_=verdict)
            for it, (name, right, wrong, _) in settings.items()
            for values, verdict in ((right, MET), (wrong, NOT_MET)) for value in values]  # fmt: skip
    absent = [
        case(f"EIDSCA.{it}", "is absent", setting_is(name, None), is_=verdict)
        for it, (name, _, _, verdict) in settings.items()
    ]
    return made + odd + absent


def _eidsca_features() -> list[Case]:
    features = {  # control: path, feature, whether it is about the target
        "AG02": (BETA_METHODS, "", False), "AG03": (BETA_METHODS, "", True),
        "AM03": (BETA_METHODS, "numberMatchingRequiredState", False),
        "AM04": (BETA_METHODS, "numberMatchingRequiredState", True),
        "AM06": (METHODS, "displayAppInformationRequiredState", False),
        "AM07": (METHODS, "displayAppInformationRequiredState", True),
        "AM09": (METHODS, "displayLocationInformationRequiredState", False),
        "AM10": (METHODS, "displayLocationInformationRequiredState", True),
    }  # fmt: skip
    app = "MicrosoftAuthenticator"
    made = []
    for name, (path, feature, is_target) in features.items():
        control = f"EIDSCA.{name}"
        base = ("authenticationMethodConfigurations", app, "featureSettings", feature)
        keys = (base if feature else ("reportSuspiciousActivitySettings",)) + (
            ("includeTarget", "id") if is_target else ("state",)
        )
        made += [
            case(control, "wrong", put(path, *keys, to="group-1" if is_target else "default"), is_=NOT_MET),
            case(control, "off", put(path, *keys, to="" if is_target else "disabled"), is_=NOT_MET),
            case(control, "not sent", drop(path, *keys[:-1]), is_=UNKNOWN),
        ]
        if feature:
            off = put(path, "authenticationMethodConfigurations", app, "state", to="disabled")
            made.append(case(control, "Authenticator is off", off, is_=NOT_APPLICABLE))
        if path == BETA_METHODS:
            made.append(case(control, "beta is not read", unrecorded(BETA_METHODS), is_=UNKNOWN))
    off = method(app, "state", to="disabled")
    return [*made, case("EIDSCA.AM02", "Authenticator is off", off, is_=NOT_APPLICABLE)]


def _eidsca_rest() -> list[Case]:
    own = "ManagePermissionGrantsForSelf"

    def consents(*names: str) -> Change:
        return put(AUTHORIZATION, "defaultUserRolePermissions", "permissionGrantPoliciesAssigned", to=list(names))

    def sms(*may_sign_in: bool | None) -> tuple[Change, ...]:
        targets = [{"id": "g", "isUsableForSignIn": it} for it in may_sign_in]
        return method("Sms", "state", to="enabled"), method("Sms", "includeTargets", to=targets)

    invites, guests, low, migration = "EIDSCA.AP04", "EIDSCA.AP07", "EIDSCA.AP08", "EIDSCA.AG01"
    off = put(CONSENT, "isEnabled", to=False)
    free = method("Fido2", "keyRestrictions", "isEnforced", to=False)
    keys = "keyRestrictions"
    return [
        case(invites, "everybody", put(AUTHORIZATION, "allowInvitesFrom", to="everyone"), is_=NOT_MET),
        case(invites, "nobody", put(AUTHORIZATION, "allowInvitesFrom", to="none"), is_=MET),
        case(invites, "members", put(AUTHORIZATION, "allowInvitesFrom", to="adminsGuestInvitersAndAllMembers"),
             is_=NOT_MET),
        case(guests, "limited", put(AUTHORIZATION, "guestUserRoleId", to="10dae51f-b6af-4016-8d66-8c2a99b929b3"),
             is_=NOT_MET),
        case(low, "nothing", consents(), is_=MET),
        case(low, "low only", consents(f"{own}.microsoft-user-default-low"), is_=MET),
        case(low, "everything", consents(f"{own}.microsoft-user-default-legacy"), is_=NOT_MET),
        case(low, "low and more", consents(f"{own}.microsoft-user-default-low", f"{own}.ours"), is_=NOT_MET),
        *(case(migration, f"is {it!r}", put(METHODS, "policyMigrationState", to=it), is_=verdict)
          for it, verdict in ((None, MET), ("", MET), ("migrationInProgress", NOT_MET), ("preMigration", NOT_MET))),
        case(migration, "not sent", drop(METHODS, "policyMigrationState"), is_=UNKNOWN),
        case("EIDSCA.CR01", "off", off, is_=NOT_MET),
        *(case(f"EIDSCA.{it}", "requests are off", off, is_=NOT_APPLICABLE) for it in ("CR02", "CR03", "CR04")),
        *(case("EIDSCA.CR04", f"{it} days", put(CONSENT, "requestDurationInDays", to=it), is_=verdict)
          for it, verdict in ((29, MET), (31, NOT_MET), (60, NOT_MET), (None, UNKNOWN))),
        case("EIDSCA.AF05", "no keys", method("Fido2", keys, "aaGuids", to=[]), is_=MET),
        case("EIDSCA.AF05", "an empty key", method("Fido2", keys, "aaGuids", to=["a", None]), is_=NOT_MET),
        case("EIDSCA.AF05", "null", method("Fido2", keys, "aaGuids", to=None), is_=UNKNOWN),
        *(case(f"EIDSCA.{it}", "keys are not restricted", free, is_=NOT_APPLICABLE) for it in ("AF05", "AF06")),
        case("EIDSCA.AF06", "allow", method("Fido2", keys, "enforcementType", to="allow"), is_=MET),
        case("EIDSCA.AS04", "off", is_=NOT_APPLICABLE),
        case("EIDSCA.AS04", "nobody signs in with it", *sms(False, False), is_=MET),
        case("EIDSCA.AS04", "a group signs in with it", *sms(False, True), is_=NOT_MET),
        case("EIDSCA.AS04", "for nobody", *sms(), is_=MET),
        case("EIDSCA.AS04", "not sent", method("Sms", "state", to="enabled"),
             method("Sms", "includeTargets", to=[{"id": "g"}]), is_=UNKNOWN),
    ]  # fmt: skip


CASES = [*_flags(), *_eidsca_settings(), *_eidsca_features(), *_eidsca_rest()]
