"""What a decision about MFA says besides yes and no, and what it makes of policies that cannot be read."""

import msgspec
import pytest

from integrations.domain.policies.conditional_access import (
    AuthenticationStrength,
    ConditionalAccess,
    Conditions,
    PolicyUsers,
)
from integrations.domain.security.certainty import Certainty
from integrations.domain.security.demand import demand_of
from integrations.domain.security.mfa_causes import MfaEffect
from integrations.domain.security.mfa_policies import MfaCoverage
from integrations.domain.security.policy_people import SignedInPerson
from integrations.domain.sync.security_records import NamedLocation
from tests.domain.security.mfa_worlds import (
    EVERYBODY,
    World,
    asks,
    decision,
    decisions,
    group,
    groups,
    guests,
    only,
    places,
    policy,
    role,
    roles,
    users,
)

ADELE = SignedInPerson("adele")
FULL, BROWSERS = policy(id="full"), policy(id="browsers", client_apps=["browser"])


def by(*policies: ConditionalAccess, **more: object) -> World:
    return World(policies=policies, **more)


@pytest.mark.parametrize(
    "unreadable",
    [
        pytest.param(msgspec.structs.replace(FULL, conditions=None), id="no conditions"),
        pytest.param(policy(applications=None, other={"applications": 7}), id="its applications"),
        pytest.param(policy(included=PolicyUsers(), other={"users": 7}), id="its people"),
        pytest.param(policy(state="unknown"), id="its state"),
        pytest.param(policy(grant=asks(other={"new": 1})), id="what it requires"),
        pytest.param(policy(grant=asks("newControl")), id="a control nobody knows"),
    ],
)
def test_a_policy_that_cannot_be_read_leaves_the_decision_open(unreadable: ConditionalAccess) -> None:
    decided = decision(by(unreadable), ADELE)

    assert decided.required is Certainty.UNKNOWN
    assert [it.effect for it in decided.causes] == [MfaEffect.MAY_REQUIRE]


def test_what_is_required_is_explained_by_what_requires_it_alone() -> None:
    decided = decision(by(BROWSERS, FULL, per_user={"adele": "enforced"}), ADELE)

    assert [(it.name, it.effect, it.why) for it in decided.causes] == [
        ("Per-user MFA", MfaEffect.REQUIRES, "the state is enforced"),
        ("Policy full", MfaEffect.REQUIRES, "at every sign-in"),
    ]
    assert (decided.coverage, decided.gap) == (MfaCoverage.FULL, None)


@pytest.mark.parametrize(
    ("excluded", "why"),
    [
        pytest.param(users("gina"), "excluded by name", id="by name"),
        pytest.param(groups("outer"), "excluded through the group Group outer", id="through nested groups"),
        pytest.param(roles("r"), "excluded by the role Role r", id="by role"),
        pytest.param(guests("b2bCollaborationGuest"), "excluded as a guest", id="as a guest"),
        pytest.param(users("GuestsOrExternalUsers"), "excluded as a guest", id="as a guest, by the old word"),
        pytest.param(EVERYBODY, "excluded with everybody", id="with everybody"),
    ],
)
def test_an_exclusion_is_named(excluded: PolicyUsers, why: str) -> None:
    world = by(
        policy(excluded=excluded),
        groups=[group("outer", "inner"), group("inner", "gina")],
        roles=[role("r", "gina")],
    )

    decided = decision(world, SignedInPerson("gina", "b2bCollaborationGuest"))

    assert [(it.effect, it.why) for it in decided.causes] == [(MfaEffect.EXCLUDES, why)]


@pytest.mark.parametrize(
    ("conditions", "gap"),
    [
        pytest.param({"client_apps": ["other"]}, "desktop and mobile apps and browsers", id="clients"),
        pytest.param(
            {"applications": only("All", excluding=["Office365"])}, "any sign-in to Office 365", id="an application"
        ),
        pytest.param({"locations": places("All", excluding=["hq"])}, "any sign-in in HQ", id="a known place"),
        pytest.param(
            {"locations": places("All", excluding=["x"])}, "any sign-in in the location x", id="a place by its id"
        ),
        pytest.param({"locations": places("AllTrusted")}, "any sign-in outside of named locations", id="elsewhere"),
        pytest.param({"platforms": places("all", excluding=["iOS"])}, "any sign-in on iOS", id="a platform"),
        pytest.param({"sign_in_risks": ["none", "low"]}, "any sign-in at medium and high sign-in risk", id="a risk"),
        pytest.param({"user_risks": ["high"]}, "any sign-in without user risk", id="no risk"),
        pytest.param({"flows": ["deviceCodeFlow"]}, "sign-ins that no condition names", id="what cannot be told"),
        pytest.param(
            {"platforms": places("windows", excluding=["all"])}, "sign-ins that no condition names", id="no platform"
        ),
        pytest.param(
            {"locations": places("office", excluding=["All"])}, "sign-ins that no condition names", id="no place"
        ),
        pytest.param({"client_apps": ["new"]}, "sign-ins that no condition names", id="a client nobody knows"),
        pytest.param({"platforms": places("all", excluding=["all"])}, "sign-ins that no condition names", id="nowhere"),
    ],
)
def test_the_gap_is_told_in_words(conditions: dict[str, object], gap: str) -> None:
    hq = NamedLocation(id="hq", name="HQ", kind="ip")

    decided = decision(by(policy(**conditions), locations=[hq]), ADELE)

    assert (decided.required, decided.coverage, decided.gap) == (Certainty.NO, MfaCoverage.CONDITIONAL, gap)


@pytest.mark.parametrize(
    ("combinations", "expected"),
    [
        pytest.param(["temporaryAccessPassOneTime", "password, sms"], Certainty.YES, id="two factors each"),
        pytest.param(["fido2", "qrCodePin"], Certainty.NO, id="one factor among them"),
        pytest.param(["fido2", "newMethod"], Certainty.UNKNOWN, id="a method nobody knows"),
        pytest.param(["password", "newMethod"], Certainty.NO, id="a method nobody knows, and a password"),
    ],
)
def test_a_strength_is_judged_by_each_of_its_combinations(combinations: list[str], expected: Certainty) -> None:
    strength = AuthenticationStrength(id="s", combinations=combinations, satisfies="mfa")

    assert demand_of(asks(strength=strength), {}).certainty is expected


def test_groups_that_do_not_exist_are_named_unless_groups_are_not_known() -> None:
    partly = policy(excluded=groups("gone", "here"))

    assert decisions(by(partly, groups=[group("here")])).missing_groups() == [(partly, "gone")]
    assert decisions(by(partly, groups=None)).missing_groups() == []


def test_a_guest_from_a_known_home_is_told_apart_by_it() -> None:
    world = by(policy(excluded=guests("b2bCollaborationGuest", tenants=["t1"])))

    verdicts = [decision(world, SignedInPerson("g", "b2bCollaborationGuest", home)).required for home in ("t1", "t2")]

    assert verdicts == [Certainty.NO, Certainty.YES]


def test_a_kind_of_guest_nobody_knows_may_be_any_guest() -> None:
    world = by(policy(excluded=guests("newKind")))

    people = (ADELE, SignedInPerson("g", "internalGuest"))

    assert [decision(world, it).required for it in people] == [Certainty.YES, Certainty.UNKNOWN]


def test_holders_of_a_role_through_a_group_are_not_known_without_groups() -> None:
    world = by(policy(excluded=roles("r")), roles=[role("r", "g", "group")], groups=None)

    assert decision(world, ADELE).required is Certainty.UNKNOWN


def test_a_state_that_microsoft_does_not_say_leaves_the_decision_open() -> None:
    assert decision(World(per_user={"adele": None}), ADELE).required is Certainty.UNKNOWN
    assert decision(World(per_user={"adele": None}), SignedInPerson("bob")).required is Certainty.NO


def test_people_with_the_same_policies_share_what_these_hold_together() -> None:
    made = decisions(by(BROWSERS, policy(id="some", included=groups("g")), groups=[group("g", "adele", "bob")]))

    decided = [made.decide(SignedInPerson(it)) for it in ("adele", "bob", "carl")]

    assert decided[0] == decided[1]
    assert [it.required for it in decided] == [Certainty.YES, Certainty.YES, Certainty.NO]


def test_a_policy_without_people_says_nothing() -> None:
    nobody = ConditionalAccess(id="n", name="N", state="enabled", conditions=Conditions(), grant=asks("mfa"))

    assert decision(by(nobody), ADELE).causes == []
