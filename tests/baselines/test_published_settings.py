"""What CISA publishes for controls about settings of a tenant: methods, consent, applications, domains, guests.

The profile scuba agrees with each verdict of ScubaGear; strict does not, where ScubaGear takes silence for good.
"""

from collections.abc import Iterator
from itertools import product
from typing import Any

import pytest

from tests.baselines.published import Published, disagreements
from tests.baselines.recorded import Answers
from tests.baselines.tenants import (
    APIS,
    APPS,
    AUTHORIZATION,
    CA,
    CLASSIFICATIONS,
    CUSTOM_APPS,
    DOMAINS,
    GRAPH_API,
    METHODS,
    SETTINGS,
    STRONG,
    domain,
    policy,
    restriction,
    setting,
    strength,
)


def told(passes: bool) -> str:
    return "met" if passes else "not_met"


def _authenticator(*, state: str, gives_codes: bool, shown: tuple[str, str, str, str]) -> Answers:
    """``shown``: state and target of the application's name, and of the location."""
    application, location = shown[:2], shown[2:]
    features = {
        key: {"state": it[0], "includeTarget": {"id": it[1]}}
        for key, it in zip(
            ("displayAppInformationRequiredState", "displayLocationInformationRequiredState"),
            (application, location),
            strict=True,
        )
    }
    method = {"id": "MicrosoftAuthenticator", "state": state, "isSoftwareOathEnabled": gives_codes}
    return {
        METHODS: {"id": "m", "authenticationMethodConfigurations": [{**method, "featureSettings": features}]},
        CA: {"value": []},
    }


def authenticator() -> Iterator[Published]:
    control, good = "MS.AAD.3.3v2", ("enabled", "all_users", "enabled", "all_users")
    targets = ("all_users", "some-group")
    for gives_codes, *shown in product(
        (False, True), ("enabled", "disabled"), targets, ("enabled", "default"), targets
    ):
        made = _authenticator(state="enabled", gives_codes=gives_codes, shown=tuple(shown))  # type: ignore[arg-type]
        passes = not gives_codes and tuple(shown) == good
        yield Published(f"codes {gives_codes}, {shown}", control, made, passes, told(passes))
    lax = _authenticator(state="disabled", gives_codes=True, shown=good)
    yield Published("it is not allowed", control, lax, passes=True, strict="not_applicable")
    lax = _authenticator(state="enabled", gives_codes=True, shown=good)
    strong = {CA: {"value": [policy("Strong", grant=strength(*STRONG))]}}
    yield Published("nobody may use it", control, {**lax, **strong}, passes=True, strict="not_applicable")


def methods() -> Iterator[Published]:
    for state, passes in {"migrationComplete": True, None: True, "preMigration": False,
                          "migrationInProgress": False}.items():  # fmt: skip
        made = {METHODS: {"id": "m", "policyMigrationState": state, "authenticationMethodConfigurations": []}}
        yield Published(f"migration {state}", "MS.AAD.3.4v1", made, passes, told(passes))
    for states in product(("disabled", "enabled"), repeat=3):
        found = [{"id": key, "state": it} for key, it in zip(("Sms", "Voice", "Email"), states, strict=True)]
        made = {METHODS: {"id": "m", "authenticationMethodConfigurations": found}}
        passes = set(states) == {"disabled"}
        yield Published(f"SMS, Voice, Email {states}", "MS.AAD.3.5v2", made, passes, told(passes))


def _authorized(**more: Any) -> Answers:
    return {AUTHORIZATION: {"id": "authorizationPolicy", "defaultUserRolePermissions": {}, **more}}


def _consenting(*names: str, low: tuple[str, ...] = ()) -> Answers:
    own = {"permissionGrantPoliciesAssigned": list(names)}
    classified = [{"id": it, "permissionName": it, "classification": "low"} for it in low]
    return {
        **_authorized(defaultUserRolePermissions=own),
        APIS: {"value": [{"id": GRAPH_API, "appId": "00000003-0000-0000-c000-000000000000"}]},
        CLASSIFICATIONS: {"value": classified},
    }


def authorization() -> Iterator[Published]:
    for may, passes in {True: False, False: True}.items():
        made = _authorized(defaultUserRolePermissions={"allowedToCreateApps": may})
        yield Published(f"users register applications: {may}", "MS.AAD.5.1v1", made, passes, told(passes))
    roles = {"2af84b1e-32c8-42b7-82bc-daa82404023b": True, "10dae51f-b6af-4016-8d66-8c2a99b929b3": True,
             "a0b1b346-4d3e-4e8b-98f8-753987be4970": False, "Hello": False}  # fmt: skip
    for role, passes in roles.items():
        made = _authorized(guestUserRoleId=role)
        yield Published(f"guests have the role {role}", "MS.AAD.8.1v1", made, passes, told(passes))
    invites = {"adminsAndGuestInviters": True, "everyone": False, "adminsGuestInvitersAndAllMembers": False, "x": False}
    for who, passes in invites.items():
        yield Published(f"{who} invite", "MS.AAD.8.2v1", _authorized(allowInvitesFrom=who), passes, told(passes))
    nobody = _authorized(allowInvitesFrom="none")
    yield Published("nobody invites", "MS.AAD.8.2v1", nobody, passes=False, strict="met")


def consent() -> Iterator[Published]:
    control, own = "MS.AAD.5.2v1", "ManagePermissionGrantsForSelf.microsoft-user-default"
    owned = tuple(f"ManagePermissionGrantsForOwnedResource.microsoft-dynamically-managed-permissions-for-{it}"
                  for it in ("chat", "team"))  # fmt: skip
    for names in ((), owned):
        yield Published(f"by {names}", control, _consenting(*names), passes=True, strict="met")
    low = _consenting(*owned, f"{own}-low")
    yield Published("low, none is risky", control, low, passes=True, strict="met")
    for risky in ("Mail.Read", "Mail.Send", "Files.ReadWrite.All", "Directory.ReadWrite.All"):
        risked = _consenting(*owned, f"{own}-low", low=("openid", risky))
        yield Published(f"low with {risky}", control, risked, passes=False, strict="not_met")
    by_microsoft = _consenting(*owned, f"{own}-recommended")
    yield Published("Microsoft decides", control, by_microsoft, passes=False, strict="not_met")
    everything = _consenting(*owned, f"{own}-legacy")
    yield Published("everything", control, everything, passes=True, strict="not_met")
    control, name = "MS.AAD.5.3v1", "EnableAdminConsentRequests"
    for value, passes in {"true": True, "True": True, "false": False, "False": False}.items():
        made = {SETTINGS: {"value": [{"id": "s", "displayName": "S", "values": [setting(name, value)]}]}}
        yield Published(f"requests: {value}", control, made, passes, told(passes))
    without = {SETTINGS: {"value": [{"id": "s", "displayName": "S", "values": [setting("Another", "true")]}]}}
    yield Published("requests: not named", control, without, passes=False, strict="unknown")


_SCOPES = ("applicationRestrictions", "servicePrincipalRestrictions")
_ALL, _SOME = "0001-01-01T00:00:00Z", "2023-11-14T22:13:20Z"
_LIVES = {"passwordLifetime": ("passwordCredentials", "P181D", "P182D"),
          "asymmetricKeyLifetime": ("keyCredentials", "P366D", "P367D")}  # fmt: skip
_APP = {"id": "app-1", "displayName": "App"}


def _restricted(*, of: str, first: list[Any], second: list[Any], custom: list[Any] | None = None) -> Answers:
    scopes = {scope: {of: found} for scope, found in zip(_SCOPES, (first, second), strict=True)}
    lax = [{"id": "c", "displayName": "Custom", "isEnabled": True, "restrictions": {of: custom}, "appliesTo": [_APP]}]
    return {APPS: {"id": "d", "isEnabled": True, **scopes}, CUSTOM_APPS: {"value": lax if custom else []}}


def _for_all(kind: str, longest: str | None = None, **more: Any) -> dict[str, Any]:
    return restriction(kind, longest, **{"restrictForAppsCreatedAfterDateTime": _ALL, **more})


def secrets() -> Iterator[Published]:
    control, kind, of = "MS.AAD.5.5v1", "passwordAddition", "passwordCredentials"
    good, off = _for_all(kind), _for_all(kind, state="disabled")
    newer = _for_all(kind, restrictForAppsCreatedAfterDateTime=_SOME)
    for first, second in product((good, off, newer), repeat=2):
        made = _restricted(of=of, first=[first], second=[second])
        passes = first is second is good
        states = [(it["state"], it["restrictForAppsCreatedAfterDateTime"]) for it in (first, second)]
        yield Published(f"{states}", control, made, passes, told(passes))
    yield Published(
        "some applications are exempt",
        control,
        _restricted(of=of, first=[good], second=[good], custom=[off]),
        passes=False,
        strict="not_met",
    )
    for scope in ({"first": [good], "second": []}, {"first": [], "second": [good]}, {"first": [], "second": []}):
        yield Published(f"{scope}", control, _restricted(of=of, **scope), passes=True, strict="not_met")
    blocked = _restricted(of=of, first=[good], second=[good])
    yield Published("lives do not matter without new secrets", "MS.AAD.5.6v1", blocked, passes=True, strict="met")


def lives() -> Iterator[Published]:
    for control, kind in {"MS.AAD.5.6v1": "passwordLifetime", "MS.AAD.5.7v1": "asymmetricKeyLifetime"}.items():
        of, longest, too_long = _LIVES[kind]
        good = _for_all(kind, longest)
        bad = {
            "off": _for_all(kind, longest, state="disabled"),
            "older ones are exempt": _for_all(kind, longest, restrictForAppsCreatedAfterDateTime=_SOME),
            "too long": _for_all(kind, too_long),
        }
        yield Published(longest, control, _restricted(of=of, first=[good], second=[good]), passes=True, strict="met")
        for name, it in bad.items():
            for first, second in ((it, good), (good, it)):
                made = _restricted(of=of, first=[first], second=[second])
                yield Published(f"{name} ({first is it})", control, made, passes=False, strict="not_met")
        for first, second in (([good], []), ([], [good])):
            made = _restricted(of=of, first=first, second=second)
            yield Published(f"missing {bool(first)}", control, made, passes=False, strict="not_met")
        made = _restricted(of=of, first=[good], second=[good], custom=[bad["off"]])
        yield Published("some applications are exempt", control, made, passes=False, strict="not_met")


def domains() -> Iterator[Published]:
    control, days = "MS.AAD.6.1v1", "passwordValidityPeriodInDays"
    url, child = "url.example", {"isRoot": False}
    expiring = {days: 0}
    cases: dict[str, tuple[bool, list[dict[str, Any]]]] = {
        "never": (True, [domain(url)]),
        "null is never, too": (True, [domain(url, **{days: None})]),
        "several": (True, [domain(url), domain("b.example")]),
        "all expire": (False, [domain(url, **expiring), domain("b.example", **expiring)]),
        "one expires": (False, [domain(url), domain("b.example", **{days: 90})]),
        "those that expire are not verified": (True, [domain(url), domain("b.example", isVerified=False, **expiring)]),
        "whether it is verified is null": (True, [domain(url), domain("b.example", isVerified=None, **expiring)]),
        "a federated one beside": (True, [domain(url), domain("b.example", authenticationType="Federated")]),
        "a child of a root that never expires": (True, [domain(url), domain(f"a.{url}", **child, **{days: 90})]),
        "a child of a root that expires": (False, [domain(url, **expiring), domain(f"a.{url}", **child)]),
        "a child of a federated root": (
            False, [domain("b.example"), domain(url, authenticationType="Federated"), domain(f"a.{url}", **child)]),
        "a child of the nearest root": (
            True, [domain(url), domain(f"a.{url}"), domain(f"b.a.{url}", **child, **{days: None})]),
    }  # fmt: skip
    for name, (passes, made) in cases.items():
        yield Published(name, control, {DOMAINS: {"value": made}}, passes, told(passes))
    federated = [domain(it, authenticationType="Federated") for it in (url, "b.example")]
    yield Published("federated ones only", control, {DOMAINS: {"value": federated}}, passes=False, strict="unknown")


@pytest.mark.parametrize("cases", [authenticator, methods, authorization, consent, secrets, lives, domains])
def test_settings_meet_a_control_where_cisa_says_so(cases: Any) -> None:
    assert disagreements(cases()) == {}
