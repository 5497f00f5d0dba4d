"""Every control, met and not met and unknown, from Graph's answers through the readers."""

from collections import defaultdict
from typing import Any

import pytest

from integrations.domain.baselines.catalogue import catalogue
from integrations.domain.baselines.tenant import BaselineProfile, Exclusions, Inputs
from integrations.domain.baselines.verdicts import ControlVerdict
from tests.baselines.cases import CASES
from tests.baselines.cases.case import Case
from tests.baselines.changing import unrecorded
from tests.baselines.recorded import Recorded, judged, read
from tests.baselines.tenants import AGENT_CA, CA, ORGANIZATION, P1, P2, SKUS, changed, good

CONTROLS = catalogue().controls
NOT_CHECKED = {"MS.AAD.2.2v1", "MS.AAD.4.1v1", "MS.AAD.8.3v1"}
NOT_IN_USE = {"MS.AAD.3.3v2", "EIDSCA.AS04"}  # phishing-resistant MFA for everybody; text messages are off
STRICT, SCUBA = BaselineProfile.STRICT, BaselineProfile.SCUBA
PATHS = {
    "conditional_access": "/v1.0/identity/conditionalAccess/policies",
    "agent_conditional_access": AGENT_CA,
    "authorization_policy": "/v1.0/policies/authorizationPolicy",
    "authentication_methods": "/v1.0/policies/authenticationMethodsPolicy",
    "beta_authentication_methods": "/beta/policies/authenticationMethodsPolicy",
    "admin_consent_requests": "/v1.0/policies/adminConsentRequestPolicy",
    "default_app_management_policy": "/v1.0/policies/defaultAppManagementPolicy",
    "group_settings": "/v1.0/groupSettings",
    "domains": "/v1.0/domains",
    "users": "/v1.0/users/delta",
    "roles": "/v1.0/directoryRoles",
    "role_assignments": "/v1.0/roleManagement/directory/roleAssignmentScheduleInstances",
    "role_policies": "/v1.0/policies/roleManagementPolicyAssignments",
}


def by_control() -> dict[str, list[Case]]:
    cases = defaultdict(list)
    for it in CASES:
        cases[it.control].append(it)
    return cases


def verdict_of(case: Case, recorded: Recorded, profile: BaselineProfile) -> ControlVerdict:
    exclusions = {case.control: case.exclusions} if case.exclusions else {}
    inputs = Inputs(profile=profile, exclusions=exclusions, cloud=case.cloud, privileged_roles=case.privileged_roles)
    return judged(recorded, inputs, {case.control})[case.control].verdict


@pytest.mark.parametrize(("control", "cases"), by_control().items(), ids=list(by_control()))
def test_a_control_is_judged_by_what_microsoft_answers(control: str, cases: list[Case]) -> None:
    wrong = {
        (case.name, profile.value): verdict.value
        for case in cases
        for recorded in [read(changed(*case.changes))]
        for profile, expected in ((STRICT, case.strict), (SCUBA, case.scuba or case.strict))
        if (verdict := verdict_of(case, recorded, profile)) is not expected
    }

    assert wrong == {}


@pytest.mark.parametrize("profile", list(BaselineProfile))
def test_a_tenant_that_is_as_it_should_be_meets_every_control(profile: BaselineProfile) -> None:
    findings = judged(read(good()), Inputs(profile=profile))

    assert {key for key, it in findings.items() if it.verdict is ControlVerdict.NOT_CHECKED} == NOT_CHECKED
    assert {key for key, it in findings.items() if it.verdict is ControlVerdict.NOT_APPLICABLE} == NOT_IN_USE
    assert {it.verdict for key, it in findings.items() if key not in NOT_CHECKED | NOT_IN_USE} == {ControlVerdict.MET}
    assert all(it.reason for it in findings.values())


def test_every_control_has_a_case_in_which_it_is_not_met_and_one_in_which_it_is_met() -> None:
    seen = {(it.control, it.strict) for it in CASES} | {(it, ControlVerdict.MET) for it in CONTROLS}

    for control in CONTROLS.keys() - NOT_CHECKED:
        assert (control, ControlVerdict.NOT_MET) in seen, control


@pytest.mark.parametrize("dataset", PATHS)
def test_what_we_may_not_read_is_unknown_and_names_the_permission(dataset: str) -> None:
    recorded = read(good(), {PATHS[dataset]: 403})

    findings = judged(recorded)

    needing = {key for key, it in CONTROLS.items() if dataset in it.reads}
    assert needing or dataset == "admin_consent_requests"
    for key in needing:
        assert findings[key].verdict is ControlVerdict.UNKNOWN, key
        assert findings[key].dataset == dataset
        assert findings[key].permission
        assert findings[key].permission in findings[key].reason
    others = {key for key, it in CONTROLS.items() if dataset not in (*it.reads, *it.may_read)}
    assert all(findings[key].verdict is not ControlVerdict.UNKNOWN for key in others), "nothing else suffers"


def test_an_empty_recording_makes_everything_unknown() -> None:
    findings = judged(read({}))

    assert {it.verdict for key, it in findings.items() if key not in NOT_CHECKED} == {ControlVerdict.UNKNOWN}


@pytest.mark.parametrize("source", [ORGANIZATION, SKUS])
@pytest.mark.parametrize("profile", list(BaselineProfile))
def test_without_the_license_a_control_is_unlicensed(profile: BaselineProfile, source: str) -> None:
    """The organization's plans or those of its products: one of them is enough to know."""
    plans = [{"servicePlanId": it, "provisioningStatus": "Success", "appliesTo": "User"} for it in (P1,)]
    sku = {"id": "s", "skuId": "s", "skuPartNumber": "P1", "servicePlans": plans, "capabilityStatus": "Enabled"}
    organization = {
        "id": "t",
        "displayName": "T",
        "assignedPlans": [{"servicePlanId": P1, "capabilityStatus": "Enabled"}],
    }

    def change(answers: dict[str, object]) -> None:
        answers[ORGANIZATION] = {"value": [organization]}
        answers[SKUS] = {"value": [sku]}

    recorded = read(changed(change))
    other = {ORGANIZATION: "licenses", SKUS: "organization"}[source]
    recorded.states.pop(other)

    findings = judged(recorded, Inputs(profile=profile))

    unlicensed = {key for key, it in findings.items() if it.verdict is ControlVerdict.UNLICENSED}
    needed = {"entra_id_p2", "intune"} if profile is STRICT else {"entra_id_p2"}
    assert unlicensed == {key for key, it in CONTROLS.items() if it.license in needed}
    assert findings["MS.AAD.2.1v1"].reason == "It needs Microsoft Entra ID P2."


def test_whether_there_is_a_license_is_unknown_if_nothing_says_so() -> None:
    recorded = read(good())
    recorded.states.pop("organization")
    recorded.states.pop("licenses")

    findings = judged(recorded)

    unknown = {key for key, it in findings.items() if it.verdict is ControlVerdict.UNKNOWN}
    assert unknown == {key for key, it in CONTROLS.items() if it.license == "entra_id_p2"}
    optional = [it for key, it in findings.items() if CONTROLS[key].license in {"entra_id_p1", "intune"}]
    assert {it.verdict for it in optional} == {ControlVerdict.MET}, "these are judged by what is there"


@pytest.mark.parametrize("control", ["MS.AAD.1.1v1", "MS.AAD.2.1v1", "MS.AAD.3.9v1"])
def test_exceptions_of_one_control_do_not_hold_for_another(control: str) -> None:
    def change(answers: dict[str, Any]) -> None:
        for policy in answers[CA]["value"]:
            policy["conditions"]["users"]["excludeUsers"] = ["emergency"]

    findings = judged(read(changed(change)), Inputs(exclusions={control: Exclusions(users=["emergency"])}))

    everybody = {key for key, it in CONTROLS.items() if "users" in it.exclusions}
    assert {key for key in everybody if findings[key].verdict is ControlVerdict.MET} == {control}


def test_p2_includes_p1() -> None:
    def change(answers: dict[str, object]) -> None:
        plans = [{"servicePlanId": it, "capabilityStatus": "Enabled"} for it in (P1, P2)]
        answers[ORGANIZATION] = {"value": [{"id": "t", "displayName": "T", "assignedPlans": plans[1:]}]}

    findings = judged(read(changed(change)), ids={"EIDSCA.PR06"})

    assert findings["EIDSCA.PR06"].verdict is ControlVerdict.MET


def test_beta_controls_are_unknown_where_beta_is_not_read() -> None:
    beta = [unrecorded(AGENT_CA), unrecorded(PATHS["beta_authentication_methods"])]

    findings = judged(read(changed(*beta)))

    assert {key for key, it in findings.items() if it.verdict is ControlVerdict.UNKNOWN} == {
        key for key, it in CONTROLS.items() if it.beta
    }
