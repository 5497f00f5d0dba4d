"""What was read, how, and how a control is judged where something was not."""

from typing import Any

import pytest

from integrations.domain.baselines.tenant import BaselineProfile, Inputs, JudgedTenant, Unknown
from integrations.domain.baselines.verdicts import ControlVerdict
from integrations.domain.evaluations.dataset_state import DatasetState
from integrations.domain.policies.conditional_access import AuthenticationStrength, ConditionalAccess, Grant
from integrations.domain.policies.role_management import RolePolicy, RoleRule
from integrations.domain.sync.datasets import DatasetOutcome
from integrations.domain.sync.records import User
from tests.baselines.recorded import NOW, judged, read
from tests.baselines.tenants import APPS, DIRECTORY_ROLES, GLOBAL, changed, good, member

APPROVAL = "Approval_EndUser_Assignment"
SCUBA = BaselineProfile.SCUBA


@pytest.mark.parametrize(
    ("state", "reason"),
    [
        (DatasetState(DatasetOutcome.NOT_LICENSED), "no licence"),
        (DatasetState(DatasetOutcome.STALE, error="throttled"), "did not deliver it: throttled"),
        (DatasetState(DatasetOutcome.FAILED), "did not deliver it: failed"),
        (DatasetState(DatasetOutcome.NOT_OFFERED), "does not offer it in this tenant"),
        (DatasetState(), "never read"),
    ],
)
def test_why_something_is_not_known_is_told(state: DatasetState, reason: str) -> None:
    recorded = read(good())
    recorded.states["domains"] = state

    with pytest.raises(Unknown, match=reason):
        JudgedTenant(recorded, Inputs()).require("domains")


def test_paths_begin_with_the_only_record_or_with_the_list() -> None:
    recorded = read(good())
    recorded.data["authorization_policy"] = {}
    tenant = JudgedTenant(recorded, Inputs())

    assert isinstance(tenant.root("domains"), list)
    with pytest.raises(Unknown, match="returned nothing"):
        tenant.root("authorization_policy")


def test_the_scuba_profile_takes_unread_people_for_none() -> None:
    recorded = read(good())
    recorded.states.pop("users")

    assert JudgedTenant(recorded, Inputs(profile=SCUBA)).find("users", ["u"], User) == {}


def test_a_strength_stays_without_combinations_where_strengths_were_not_read() -> None:
    recorded = read(good())
    recorded.states.pop("authentication_strengths")
    bare = ConditionalAccess(id="p", name="P", state="enabled", grant=Grant(strength=AuthenticationStrength(id="s")))
    recorded.data["conditional_access"] = {"p": bare}

    assert JudgedTenant(recorded, Inputs()).policies("conditional_access") == [bare]


def test_what_a_cloud_does_not_offer_is_unlicensed_where_the_license_is_missing_anyway() -> None:
    recorded = read(good())
    recorded.states.pop("agent_conditional_access")
    recorded.data["organization"] = {
        key: type(it)(name=it.name, plans=[]) for key, it in recorded.data["organization"].items()
    }
    recorded.data["licenses"] = {}

    findings = judged(recorded, Inputs(cloud="gcchigh"), {"MS.AAD.9.1v1"})

    assert findings["MS.AAD.9.1v1"].verdict is ControlVerdict.UNLICENSED


def test_restrictions_that_microsoft_did_not_send_leave_their_control_unknown() -> None:
    def without(answers: dict[str, object]) -> None:
        answers[APPS] = {"id": "default", "isEnabled": True}

    assert judged(read(changed(without)), ids={"MS.AAD.5.5v1"})["MS.AAD.5.5v1"].verdict is ControlVerdict.UNKNOWN


@pytest.mark.parametrize("field", ["state", "restrictForAppsCreatedAfterDateTime"])
def test_a_restriction_of_which_microsoft_does_not_say_for_whom_it_holds_leaves_its_control_unknown(field: str) -> None:
    def without(answers: dict[str, Any]) -> None:
        for scope in ("applicationRestrictions", "servicePrincipalRestrictions"):
            for restriction in answers[APPS][scope]["passwordCredentials"]:
                restriction.pop(field, None)

    assert judged(read(changed(without)), ids={"MS.AAD.5.5v1"})["MS.AAD.5.5v1"].verdict is ControlVerdict.UNKNOWN


@pytest.mark.parametrize("profile", list(BaselineProfile))
@pytest.mark.parametrize("unread", ["role_assignments", "roles", "group_role_policies"])
def test_rules_of_roles_are_judged_as_far_as_holders_are_known(profile: BaselineProfile, unread: str) -> None:
    def with_group(answers: dict[str, object]) -> None:
        answers[f"{DIRECTORY_ROLES}/{GLOBAL}/members"] = {"value": [member("g-admins", "group")]}

    lax = RolePolicy(id="x", role_id="member", group_id="g-admins", rules={APPROVAL: RoleRule(needs_approval=False)})
    for recorded in (read(good()), read(changed(with_group))):
        recorded.data["group_role_policies"] = {"x": lax}
        recorded.states["group_role_policies"] = DatasetState(DatasetOutcome.FRESH, NOW)
        recorded.states.pop(unread, None)
        findings = judged(recorded, Inputs(profile=profile), {"MS.AAD.7.6v1", "MS.AAD.7.8v1"})
        assert all(it.reason for it in findings.values())
        assert {it.verdict for it in findings.values()} <= {
            ControlVerdict.MET, ControlVerdict.NOT_MET, ControlVerdict.UNKNOWN
        }  # fmt: skip
