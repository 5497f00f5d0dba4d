"""What a finding tells: the reason, the values that decided, and the policies that came nearest."""

import msgspec

from integrations.domain.baselines.tenant import BaselineProfile, Inputs
from integrations.domain.baselines.verdicts import ControlFinding, ControlVerdict
from tests.baselines.changing import answer, drop, policies, put
from tests.baselines.recorded import judged, read
from tests.baselines.tenants import AUTHORIZATION, DOMAINS, Change, changed, domain, policy

MFA = "MS.AAD.3.2v2"


def finding(control: str, *changes: Change, profile: BaselineProfile = BaselineProfile.STRICT) -> ControlFinding:
    return judged(read(changed(*changes)), Inputs(profile=profile), {control})[control]


def mfa(name: str, **conditions: object) -> dict[str, object]:
    return policy(name, grant={"builtInControls": ["mfa"]}, **conditions)


def test_the_nearest_policies_come_first_and_say_what_keeps_them_from_meeting_it() -> None:
    some = {"includeUsers": ["x"], "excludeUsers": ["y"]}
    off = {**mfa("Off", users=some), "state": "disabled"}
    near = mfa("Near", users={"includeUsers": ["All"], "excludeGroups": ["pilots"]})

    found = finding(MFA, policies(policy("Blocks"), off, near))

    assert found.verdict is ControlVerdict.NOT_MET
    assert found.reason == "No Conditional Access policy meets it."
    assert [(it.name, it.why) for it in found.nearest] == [
        ("Blocks", "It does not require MFA."),
        ("Near", "It leaves out groups that are not named as exceptions."),
        ("Off", "It is not switched on."),
    ]


def test_only_the_three_nearest_are_named() -> None:
    made = [mfa(f"P{number}", users={"includeUsers": ["x"]}) for number in range(9)]

    assert [it.name for it in finding(MFA, policies(*made)).nearest] == ["P0", "P1", "P2"]


def test_a_narrowed_policy_says_what_narrows_it() -> None:
    android = {"includePlatforms": ["android"], "excludePlatforms": []}

    found = finding(MFA, policies(mfa("Phones", platforms=android, userRiskLevels=["high"])))

    assert found.verdict is ControlVerdict.NARROWED
    assert found.reason == (
        "Phones: It only applies at certain risks of the user. It only applies on certain kinds of devices."
    )
    assert found.nearest[0].why == found.reason.removeprefix("Phones: ")


def test_a_policy_that_meets_it_is_named() -> None:
    found = finding(MFA, policies(mfa("Everybody")))

    assert (found.nearest[0].name, found.nearest[0].why) == ("Everybody", "")
    assert msgspec.to_builtins(found.actual) == [{"name": "policies that meet it", "value": ["Everybody"], "count": 1}]


def test_the_value_that_decided_is_shown() -> None:
    found = finding("EIDSCA.AP04", put(AUTHORIZATION, "allowInvitesFrom", to="everyone"))

    assert msgspec.to_builtins(found.actual) == [{"name": "authorization_policy.invites_from", "value": "everyone"}]
    assert found.reason.startswith("Required: Only administrators")


def test_the_first_thing_that_is_wrong_is_the_reason() -> None:
    found = finding(
        "MS.AAD.5.2v1",
        put(
            AUTHORIZATION,
            "defaultUserRolePermissions",
            "permissionGrantPoliciesAssigned",
            to=["ManagePermissionGrantsForSelf.microsoft-user-default-legacy"],
        ),
    )

    assert found.reason == "Users may consent to all applications."


def test_twenty_values_are_shown_and_all_are_counted() -> None:
    many = [domain(f"d{number:02}.example", passwordValidityPeriodInDays=90) for number in range(30)]

    found = finding("MS.AAD.6.1v1", answer(DOMAINS, {"value": many}))

    assert found.actual[0].count == 30
    assert len(found.actual[0].value) == 20


def test_a_value_that_was_not_sent_is_unknown_and_says_so() -> None:
    found = finding("EIDSCA.AP04", drop(AUTHORIZATION, "allowInvitesFrom"))

    assert found.verdict is ControlVerdict.UNKNOWN
    assert found.reason == "Microsoft did not send a value that decides about it."


def test_policies_that_cannot_be_judged_are_named() -> None:
    found = finding(MFA, policies(mfa("Odd", applications="what?")))

    assert found.verdict is ControlVerdict.UNKNOWN
    assert found.reason == "It is not known what these policies do: Odd."


def test_two_sources_that_disagree_are_both_named() -> None:
    found = finding("MS.AAD.5.3v1", put("/v1.0/policies/adminConsentRequestPolicy", "isEnabled", to=False))

    assert found.reason == "The policy says False, the directory's setting True."


def test_a_hostile_name_is_stored_as_plain_text() -> None:
    hostile = mfa("<img src=x>\u202e\x00" + "n" * 900)

    found = finding(MFA, policies(hostile))

    assert len(found.nearest[0].name) <= 256
    assert "\u202e" not in msgspec.json.encode(found).decode()


def test_two_hundred_policies_are_judged_at_once() -> None:
    made = [mfa(f"P{number}", users={"includeUsers": ["x"]}) for number in range(200)]

    found = finding(MFA, policies(*made, mfa("Last")))

    assert [it.name for it in found.nearest] == ["Last", "P0", "P1"]
