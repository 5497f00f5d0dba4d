"""What an assessment says of people and their MFA, from recorded answers alone."""

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest

from integrations.assess.assessment import assess
from integrations.domain.baselines.tenant import BaselineProfile
from tests.assess.recordings import recording
from tests.baselines.recorded import Answers

USERS, CA = "/v1.0/users", "/v1.0/identity/conditionalAccess/policies"
GROUPS, REPORT = "/v1.0/groups", "/v1.0/reports/authenticationMethods/userRegistrationDetails"
PABLO, MARA, KOFI, TARA = (f"0000000{number}-0000-4000-8000-0000e21e1684" for number in (0, 3, 4, 5))
GUEST = {"id": "guest", "displayName": "Gina", "userType": "Guest", "userPrincipalName": "gina_x.com#EXT#@contoso.com"}


@pytest.fixture
def answers(root: Path) -> Answers:
    """Those of the example in the documents."""
    found: Answers = json.loads((root / "docs/examples/contoso-dental.json").read_text())["answers"]
    return found


def people(answers: Answers, **more: Any) -> dict[str, dict[str, Any]]:
    made = assess(recording(answers, **more), BaselineProfile.STRICT, ("mfa",))
    lines = msgspec.to_builtins(made.mfa)
    assert [it["user_id"] for it in lines] == sorted(it["user_id"] for it in lines)
    return {it["user_id"]: it for it in lines}


def excluding(answers: Answers, **users: list[str]) -> Answers:
    policies = json.loads(json.dumps(answers[CA]))
    policies["value"][0]["conditions"]["users"].update(users)
    return {**answers, CA: policies}


def test_whoever_is_excluded_through_a_group_in_a_group_is_told_so(answers: Answers) -> None:
    inside = {
        GROUPS: {
            "value": [*answers[GROUPS]["value"], *({"id": it, "displayName": f"Group {it}"} for it in ("g", "h"))]
        },
        f"{GROUPS}/g/members": {"value": [{"id": "h"}, {"id": KOFI}]},
        f"{GROUPS}/h/members": {"value": [{"id": TARA}]},
    }
    found = people({**excluding(answers, excludeGroups=["g"]), **inside})

    assert {key for key, it in found.items() if it["required"] == "no"} == {KOFI, TARA}
    cause = found[TARA]["causes"][0]
    assert (cause["name"], cause["effect"]) == ("Require MFA for all users", "excludes")
    assert cause["why"] == "excluded through the group Group g"
    assert (found[TARA]["coverage"], found[TARA]["protection"]) == ("conditional", "not_asked")


def test_administrators_guests_and_registrations_are_told(answers: Answers) -> None:
    with_guest = {**answers, USERS: {"value": [*answers[USERS]["value"], {**GUEST, "perUserMfaState": "disabled"}]}}
    found = people(with_guest)

    assert [key for key, it in found.items() if it["is_admin"]] == [
        f"0000000{number}-0000-4000-8000-0000e21e1684" for number in range(3)
    ]
    assert [key for key, it in found.items() if it["is_guest"]] == ["guest"]
    assert (found[MARA]["registered"], found[MARA]["protection"]) == ("no", "to_register")
    assert found["guest"]["registered"] == "unknown"


@pytest.mark.parametrize("missing", [CA, REPORT, "per-user states"])
def test_what_was_not_recorded_leaves_people_unknown(answers: Answers, missing: str) -> None:
    kept = {path: body for path, body in answers.items() if path != missing}
    if missing == "per-user states":
        users = [
            {name: it for name, it in user.items() if name != "perUserMfaState"} for user in answers[USERS]["value"]
        ]
        kept |= {USERS: {"value": users}, CA: {"value": []}}
    found = people(kept)

    assert {it["protection"] for it in found.values()} == {"unknown"}
    expected = ("yes", "unknown") if missing == REPORT else ("unknown", "yes")
    assert (found[PABLO]["required"], found[PABLO]["registered"]) == expected


def test_without_a_licence_there_are_no_policies_and_it_is_known_that_nothing_requires_mfa(answers: Answers) -> None:
    organization = {"value": [{**answers["/v1.0/organization"]["value"][0], "assignedPlans": []}]}
    left = {path: body for path, body in answers.items() if path not in {CA, REPORT, "/v1.0/subscribedSkus"}}
    found = people({**left, "/v1.0/organization": organization})

    assert {it["required"] for it in found.values()} == {"no"}
    assert {it["registered"] for it in found.values()} == {"unknown"}


def test_the_profile_changes_nothing_about_mfa(answers: Answers) -> None:
    made = [assess(recording(answers), it, ("mfa",)).mfa for it in BaselineProfile]

    assert made[0] == made[1]
