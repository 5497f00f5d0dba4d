"""Controls about settings: authentication methods, consent, applications and domains."""

from typing import Any

from tests.baselines.cases.case import (
    MET,
    NARROWED,
    NOT_APPLICABLE,
    NOT_MET,
    UNKNOWN,
    Case,
    case,
)
from tests.baselines.changing import add, answer, drop, method, policies, put, setting_is, unrecorded
from tests.baselines.tenants import (
    APIS,
    APPS,
    AUTHORIZATION,
    CA,
    CLASSIFICATIONS,
    CONSENT,
    CUSTOM_APPS,
    DOMAINS,
    METHODS,
    SETTINGS,
    STRONG,
    Change,
    domain,
    policy,
    restriction,
    strength,
)


def _methods() -> list[Case]:
    shown, migration, weak = "MS.AAD.3.3v2", "MS.AAD.3.4v1", "MS.AAD.3.5v2"
    app = "MicrosoftAuthenticator"
    plain = policies()  # without phishing-resistant MFA for everybody
    application = ("featureSettings", "displayAppInformationRequiredState")
    location = ("featureSettings", "displayLocationInformationRequiredState")
    return [
        case(shown, "phishing-resistant MFA for everybody", is_=NOT_APPLICABLE),
        case(shown, "Authenticator is off", plain, method(app, "state", to="disabled"), is_=NOT_APPLICABLE),
        case(shown, "Authenticator is not there", plain, drop(METHODS, "authenticationMethodConfigurations", app),
             is_=NOT_APPLICABLE),
        case(shown, "no methods", plain, drop(METHODS, "authenticationMethodConfigurations"), is_=UNKNOWN),
        case(shown, "as it should be", plain, is_=MET),
        case(shown, "as it should be, and policies are not known", unrecorded(CA), is_=UNKNOWN, scuba=MET),
        case(shown, "codes are allowed", plain, method(app, "isSoftwareOathEnabled", to=True), is_=NOT_MET),
        case(shown, "codes are not known", plain, drop(METHODS, "authenticationMethodConfigurations", app,
             "isSoftwareOathEnabled"), is_=UNKNOWN),
        *(case(shown, f"{keys[1]} is {it}", plain, method(app, *keys, "state", to=it), is_=NOT_MET)
          for keys in (application, location) for it in ("disabled", "default")),
        *(case(shown, f"{keys[1]} for a group", plain, method(app, *keys, "includeTarget", "id", to="g"), is_=NOT_MET)
          for keys in (application, location)),
        case(shown, "narrowed phishing-resistant MFA, and wrong", method(app, "isSoftwareOathEnabled", to=True),
             policies(policy("Narrow", grant=strength(*STRONG), userRiskLevels=["high"])),
             is_=NARROWED, scuba=NOT_APPLICABLE),
        case(shown, "narrowed phishing-resistant MFA, and right",
             policies(policy("Narrow", grant=strength(*STRONG), userRiskLevels=["high"])),
             is_=MET, scuba=NOT_APPLICABLE),
        *(case(migration, f"{it}", put(METHODS, "policyMigrationState", to=it), is_=NOT_MET)
          for it in ("preMigration", "migrationInProgress", "")),
        case(migration, "a new tenant", put(METHODS, "policyMigrationState", to=None), is_=MET),
        case(migration, "not sent", drop(METHODS, "policyMigrationState"), is_=UNKNOWN),
        *(case(weak, f"{it} is on", method(it, "state", to="enabled"), is_=NOT_MET)
             for it in ("Sms", "Voice", "Email")),
        *(case(weak, f"{it} is not there", drop(METHODS, "authenticationMethodConfigurations", it), is_=MET)
          for it in ("Sms", "Voice", "Email")),
        case(weak, "no methods", drop(METHODS, "authenticationMethodConfigurations"), is_=UNKNOWN),
    ]  # fmt: skip


def _authorization() -> list[Case]:
    rights = "defaultUserRolePermissions"
    apps, consent, guests, invites = "MS.AAD.5.1v1", "MS.AAD.5.2v1", "MS.AAD.8.1v1", "MS.AAD.8.2v1"

    def consents(*names: str) -> Change:
        return put(AUTHORIZATION, rights, "permissionGrantPoliciesAssigned", to=list(names))

    own = "ManagePermissionGrantsForSelf"
    mail = {"id": "c", "permissionName": "Mail.Read", "classification": "low"}
    return [
        case(apps, "users register applications", put(AUTHORIZATION, rights, "allowedToCreateApps", to=True),
             is_=NOT_MET),
        case(apps, "not sent", drop(AUTHORIZATION, rights, "allowedToCreateApps"), is_=UNKNOWN, scuba=MET),
        case(consent, "none", consents(), is_=MET),
        case(consent, "of owned resources only", consents("ManagePermissionGrantsForOwnedResource.some"), is_=MET),
        case(consent, "Microsoft decides", consents(f"{own}.microsoft-user-default-recommended"), is_=NOT_MET),
        case(consent, "everything", consents(f"{own}.microsoft-user-default-legacy"), is_=NOT_MET, scuba=MET),
        case(consent, "low with a risky permission", add(CLASSIFICATIONS, mail), is_=NOT_MET),
        case(consent, "low alone, with a risky permission", consents(f"{own}.microsoft-user-default-low"),
             add(CLASSIFICATIONS, mail), is_=NOT_MET),
        case(consent, "a risky permission called medium", add(CLASSIFICATIONS, {**mail, "classification": "medium"}),
             is_=MET),
        case(consent, "low with harmless permissions", add(CLASSIFICATIONS, {**mail, "permissionName": "openid"}),
             is_=MET),
        case(consent, "low, and the classifications are not known", unrecorded(APIS), is_=UNKNOWN, scuba=MET),
        case(consent, "none, though a risky permission is called low", consents(), add(CLASSIFICATIONS, mail), is_=MET),
        case(consent, "no low, and the classifications are not known", consents(), unrecorded(APIS), is_=MET),
        case(consent, "a policy of their own", consents(f"{own}.ours"), is_=UNKNOWN, scuba=MET),
        case(consent, "a policy of their own and Microsoft's", consents(f"{own}.ours",
             f"{own}.microsoft-user-default-recommended"), is_=NOT_MET),
        case(consent, "not sent", drop(AUTHORIZATION, rights, "permissionGrantPoliciesAssigned"), is_=UNKNOWN,
             scuba=MET),
        case(consent, "not sent, with a risky permission", add(CLASSIFICATIONS, mail),
             drop(AUTHORIZATION, rights, "permissionGrantPoliciesAssigned"), is_=UNKNOWN, scuba=MET),
        case(consent, "null", put(AUTHORIZATION, rights, "permissionGrantPoliciesAssigned", to=None), is_=UNKNOWN),
        case(guests, "limited", put(AUTHORIZATION, "guestUserRoleId", to="10dae51f-b6af-4016-8d66-8c2a99b929b3"),
             is_=MET),
        case(guests, "as members", put(AUTHORIZATION, "guestUserRoleId", to="a0b1b346-4d3e-4e8b-98f8-753987be4970"),
             is_=NOT_MET),
        case(guests, "something else", put(AUTHORIZATION, "guestUserRoleId", to="00000000-0000-4000-8000-000000000001"),
             is_=NOT_MET),
        case(guests, "not sent", drop(AUTHORIZATION, "guestUserRoleId"), is_=UNKNOWN),
        case(invites, "everybody", put(AUTHORIZATION, "allowInvitesFrom", to="everyone"), is_=NOT_MET),
        case(invites, "members", put(AUTHORIZATION, "allowInvitesFrom", to="adminsGuestInvitersAndAllMembers"),
             is_=NOT_MET),
        case(invites, "nobody", put(AUTHORIZATION, "allowInvitesFrom", to="none"), is_=MET, scuba=NOT_MET),
        case(invites, "not sent", drop(AUTHORIZATION, "allowInvitesFrom"), is_=UNKNOWN, scuba=MET),
        case(invites, "null", put(AUTHORIZATION, "allowInvitesFrom", to=None), is_=NOT_MET),
    ]  # fmt: skip


def _consent_workflow() -> list[Case]:
    control, name = "MS.AAD.5.3v1", "EnableAdminConsentRequests"
    off, setting_off = put(CONSENT, "isEnabled", to=False), setting_is(name, "false")
    return [
        case(control, "both are off", off, setting_off, is_=NOT_MET),
        case(control, "the policy is off, the setting is on", off, is_=UNKNOWN, scuba=MET),
        case(control, "the policy is on, the setting is off", setting_off, is_=UNKNOWN, scuba=NOT_MET),
        case(control, "only the policy, and on", setting_is(name, None), is_=MET, scuba=NOT_MET),
        case(control, "only the policy, and off", setting_is(name, None), off, is_=NOT_MET),
        case(control, "only the setting, and on", unrecorded(CONSENT), is_=MET),
        case(control, "only the setting, and off", unrecorded(CONSENT), setting_off, is_=NOT_MET),
        case(control, "neither", unrecorded(CONSENT), unrecorded(SETTINGS), is_=UNKNOWN),
    ]


_SCOPES = ("applicationRestrictions", "servicePrincipalRestrictions")


def _credentials() -> list[Case]:
    controls = {
        "MS.AAD.5.5v1": ("passwordCredentials", "passwordAddition"),
        "MS.AAD.5.6v1": ("passwordCredentials", "passwordLifetime"),
        "MS.AAD.5.7v1": ("keyCredentials", "asymmetricKeyLifetime"),
    }
    return [it for control, (of, kind) in controls.items() for it in _restricted(control, of, kind)] + [
        *(case("MS.AAD.5.6v1", f"no new secrets, which only {scope} say", put(APPS, scope, "passwordCredentials",
               "passwordLifetime", "maxLifetime", to="P999D"), drop(APPS, scope, "passwordCredentials",
               "passwordAddition"), is_=NOT_MET, scuba=MET) for scope in _SCOPES),
        case("MS.AAD.5.6v1", "nothing about new secrets, and long lives", *(drop(APPS, scope, "passwordCredentials",
             "passwordAddition") for scope in _SCOPES), put(APPS, _SCOPES[0], "passwordCredentials",
             "passwordLifetime", "maxLifetime", to="P999D"), is_=NOT_MET),
        case("MS.AAD.5.6v1", "no new secrets at all", put(APPS, _SCOPES[0], "passwordCredentials", "passwordLifetime",
             "maxLifetime", to="P999D"), is_=MET),
        *_lifetimes("MS.AAD.5.6v1", "passwordCredentials", "passwordLifetime", 181),
        *_lifetimes("MS.AAD.5.7v1", "keyCredentials", "asymmetricKeyLifetime", 366),
    ]  # fmt: skip


def _with_new_secrets(control: str) -> tuple[Change, ...]:
    """New secrets are allowed, so that their life matters."""
    off = put(APPS, _SCOPES[0], "passwordCredentials", "passwordAddition", "state", to="disabled")
    return (off,) if control == "MS.AAD.5.6v1" else ()


def _restricted(control: str, of: str, kind: str) -> list[Case]:
    before = _with_new_secrets(control)
    since = "2024-01-01T00:00:00Z"
    custom = {"id": "c", "displayName": "Custom", "isEnabled": True, "appliesTo": [{"id": "app"}]}
    off = restriction(kind, state="disabled")
    newer = restriction(kind, "P30D", restrictForAppsCreatedAfterDateTime=since)
    missing_passes = MET if control == "MS.AAD.5.5v1" else None
    made = []
    for scope in _SCOPES:
        made += [
            case(control, f"{scope}: off", *before, put(APPS, scope, of, kind, "state", to="disabled"), is_=NOT_MET),
            case(control, f"{scope}: older ones are exempt", *before,
                 put(APPS, scope, of, kind, "restrictForAppsCreatedAfterDateTime", to=since), is_=NOT_MET),
            case(control, f"{scope}: no such restriction", *before, drop(APPS, scope, of, kind), is_=NOT_MET,
                 scuba=missing_passes),
            case(control, f"{scope}: since the beginning of time", *before,
                 put(APPS, scope, of, kind, "restrictForAppsCreatedAfterDateTime", to="0001-01-01T00:00:00Z"), is_=MET),
            case(control, f"{scope}: null", *before, put(APPS, scope, to=None), is_=NOT_MET,
                 scuba=MET if control == "MS.AAD.5.6v1" and scope == _SCOPES[0] else missing_passes),
        ]  # fmt: skip
    return [
        *made,
        case(control, "as it should be", *before, is_=MET),
        case(control, "the policy is off", *before, put(APPS, "isEnabled", to=False), is_=NOT_MET, scuba=MET),
        case(control, "whether it is on was not sent", *before, drop(APPS, "isEnabled"), is_=UNKNOWN, scuba=MET),
        case(control, "applications with a lax policy", *before,
             add(CUSTOM_APPS, {**custom, "restrictions": {of: [off]}}), is_=NOT_MET),
        case(control, "a lax policy that is off", *before,
             add(CUSTOM_APPS, {**custom, "isEnabled": False, "restrictions": {of: [off]}}), is_=MET),
        case(control, "a lax policy for no application", *before,
             add(CUSTOM_APPS, {**custom, "appliesTo": [], "restrictions": {of: [off]}}), is_=MET),
        case(control, "a lax policy for unknown applications", *before,
             add(CUSTOM_APPS, {**custom, "appliesTo": None, "restrictions": {of: [off]}}), is_=UNKNOWN, scuba=MET),
        case(control, "applications with a policy that exempts older ones", *before,
             add(CUSTOM_APPS, {**custom, "restrictions": {of: [newer]}}), is_=NOT_MET, scuba=MET),
        case(control, "a policy about something else", *before,
             add(CUSTOM_APPS, {**custom, "restrictions": {of: [restriction("other", state="disabled")]}}), is_=MET),
        case(control, "policies for single applications are not known", *before, unrecorded(CUSTOM_APPS), is_=UNKNOWN,
             scuba=MET),
    ]  # fmt: skip


def _lifetimes(control: str, of: str, kind: str, most: int) -> list[Case]:
    before = _with_new_secrets(control)
    months = {181: ("P5M", "P6M"), 366: ("P11M", "P2Y")}[most]
    lives = {f"P{most}D": MET, f"P{most + 1}D": NOT_MET, months[0]: MET, months[1]: NOT_MET, "P4W": MET,
             "a while": UNKNOWN, None: NOT_MET}  # fmt: skip
    only_days = {months[1], "a while", None}  # ScubaGear reads nothing else
    return [
        case(control, f"{scope}: {life}", *before, put(APPS, scope, of, kind, "maxLifetime", to=life), is_=verdict,
             scuba=MET if life in only_days else None)
        for scope in _SCOPES
        for life, verdict in lives.items()
    ]  # fmt: skip


def _domains() -> list[Case]:
    control, days = "MS.AAD.6.1v1", "passwordValidityPeriodInDays"
    child = {"isRoot": False, days: None}

    def domains(*items: dict[str, Any]) -> Change:
        return answer(DOMAINS, {"value": list(items)})

    root = domain("contoso.example")
    return [
        case(control, "never set", domains(domain("contoso.example", **{days: None})), is_=MET),
        case(control, "after 90 days", domains(domain("contoso.example", **{days: 90})), is_=NOT_MET),
        case(control, "a second domain expires", domains(root, domain("b.example", **{days: 90})), is_=NOT_MET),
        case(control, "a second domain that is not verified",
             domains(root, domain("b.example", isVerified=False, **{days: 90})), is_=MET),
        case(control, "a federated one beside", domains(root, domain("b.example", authenticationType="Federated",
             **{days: 90})), is_=MET),
        case(control, "federated ones only", domains(domain("b.example", authenticationType="Federated")), is_=UNKNOWN),
        case(control, "a child of one that expires", domains(domain("b.example", **{days: 90}),
             domain("a.b.example", isRoot=False, **{days: 2147483647})), is_=NOT_MET),
        case(control, "a child follows its root", domains(root, domain("a.contoso.example", isRoot=False,
             **{days: 90})),
             is_=MET),
        case(control, "a child follows its nearest root", domains(domain("b.example", **{days: 90}),
             domain("a.b.example"), domain("c.a.b.example", **child)), is_=NOT_MET),
        case(control, "a longer name is no child", domains(root, domain("evil-contoso.example", **child)), is_=NOT_MET,
             scuba=MET),
        case(control, "a child of a federated root", domains(root, domain("b.example", authenticationType="Federated"),
             domain("a.b.example", **child)), is_=NOT_MET),
        case(control, "not sent", drop(DOMAINS, "contoso.example", days), is_=UNKNOWN),
        case(control, "whether it is a root was not sent", drop(DOMAINS, "sub.contoso.example", "isRoot"), is_=UNKNOWN),
    ]  # fmt: skip


CASES = [*_methods(), *_authorization(), *_consent_workflow(), *_credentials(), *_domains()]
