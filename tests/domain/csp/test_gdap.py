"""CSP Auth: a table of cases, and thousands of situations beside a second, slow and obvious judge."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from integrations.domain.csp.gdap import (
    GLOBAL_ADMINISTRATOR,
    Assignment,
    Consent,
    CspAuth,
    GdapInput,
    GroupFault,
    GroupId,
    Relationship,
    RoleId,
    evaluate,
)
from tests.exhaustive import IS_FULL

NOW = datetime(2026, 11, 23, 7, 30, tzinfo=UTC)
USERS, INTUNE, EXTRA = RoleId("user-admin"), RoleId("intune-admin"), RoleId("extra")
REQUIRED = frozenset({USERS, INTUNE})
GROUP, OTHER = GroupId("group"), GroupId("other")


def relationship(key: str = "r", *roles: RoleId, days: float = 100, **told: Any) -> Relationship:
    return Relationship(
        id=key, roles=frozenset(roles or REQUIRED), ends_at=NOW + timedelta(days=days), **{"is_active": True, **told}
    )


def assignment(key: str = "r", *roles: RoleId, group: GroupId = GROUP, is_active: bool = True) -> Assignment:
    return Assignment(relationship_id=key, group_id=group, roles=frozenset(roles or REQUIRED), is_active=is_active)


def gdap_input(*relationships: Relationship, assigned: list[Assignment] | None = None, **told: Any) -> GdapInput:
    given_ = [assignment(it.id, *it.roles) for it in relationships] if assigned is None else assigned
    return GdapInput(
        relationships=relationships,
        assignments=given_,
        **{"groups": frozenset({GROUP}), "required": REQUIRED, "consent": Consent.DONE, **told},
    )


GONE = {"is_active": False, "was_terminated": True}
UNAPPROVED = Relationship(id="r", roles=REQUIRED, is_active=False, ends_at=None)
ENDED_ADMIN = relationship("b", GLOBAL_ADMINISTRATOR, days=-1)
CASES = [
    ("nothing could be read", None, CspAuth.UNKNOWN),
    ("no relationship ever", gdap_input(), CspAuth.MISSING_RELATIONSHIP),
    ("terminated", gdap_input(relationship(**GONE)), CspAuth.MISSING_RELATIONSHIP),
    ("being activated", gdap_input(relationship(is_active=False)), CspAuth.MISSING_RELATIONSHIP),
    (
        "past due by Microsoft's word",
        gdap_input(relationship(is_active=False, status="expiring")),
        CspAuth.EXPIRED,
    ),
    ("awaiting approval", gdap_input(UNAPPROVED), CspAuth.MISSING_RELATIONSHIP),
    ("ended by its date", gdap_input(relationship(days=-1)), CspAuth.EXPIRED),
    ("ended this moment", gdap_input(relationship(days=0)), CspAuth.EXPIRED),
    ("past due at Microsoft", gdap_input(relationship(days=-1, is_active=False)), CspAuth.EXPIRED),
    ("one role ended", gdap_input(relationship("a", USERS), relationship("b", INTUNE, days=-1)), CspAuth.EXPIRED),
    ("an ended administrator", gdap_input(relationship("a", USERS), ENDED_ADMIN), CspAuth.EXPIRED),
    ("one role never granted", gdap_input(relationship("a", USERS)), CspAuth.MISSING_ROLES),
    (
        "one role terminated",
        gdap_input(relationship("a", USERS), relationship("b", INTUNE, **GONE)),
        CspAuth.MISSING_ROLES,
    ),
    ("roles over two relationships", gdap_input(relationship("a", USERS), relationship("b", INTUNE)), CspAuth.ACTIVE),
    ("Global Administrator", gdap_input(relationship("r", GLOBAL_ADMINISTRATOR)), CspAuth.ACTIVE),
    ("no group", gdap_input(relationship(), assigned=[]), CspAuth.MISSING_GROUP),
    (
        "a group being assigned",
        gdap_input(relationship(), assigned=[assignment(is_active=False)]),
        CspAuth.MISSING_GROUP,
    ),
    ("a group that lacks a role", gdap_input(relationship(), assigned=[assignment("r", USERS)]), CspAuth.MISSING_GROUP),
    ("an account in no group", gdap_input(relationship(), groups=frozenset({OTHER})), CspAuth.MISSING_GROUP),
    ("a group of another relationship", gdap_input(relationship(), assigned=[assignment("x")]), CspAuth.MISSING_GROUP),
    ("consent refused", gdap_input(relationship(), consent=Consent.REFUSED), CspAuth.CONSENT_FAILURE),
    ("consent in flight", gdap_input(relationship(), consent=Consent.IN_FLIGHT), CspAuth.CONSENT_PENDING),
    ("refused for another reason", gdap_input(relationship(), consent=Consent.UNCLEAR), CspAuth.UNKNOWN),
    (
        "unclear, but roles are missing first",
        gdap_input(relationship("a", USERS), consent=Consent.UNCLEAR),
        CspAuth.MISSING_ROLES,
    ),
    ("roles not visible", gdap_input(relationship(), consent=Consent.ROLES_NOT_VISIBLE), CspAuth.GRANTING_ROLES),
    ("ends in seven days", gdap_input(relationship(days=7)), CspAuth.EXPIRING),
    ("ends in a little more", gdap_input(relationship(days=7.001)), CspAuth.ACTIVE),
    ("ends soon but extends itself", gdap_input(relationship(days=1, auto_extends=True)), CspAuth.ACTIVE),
    ("one of two ends soon", gdap_input(relationship("a", days=1), relationship("b", days=90)), CspAuth.ACTIVE),
    ("expiring before consent", gdap_input(relationship(days=1), consent=Consent.IN_FLIGHT), CspAuth.CONSENT_PENDING),
    (
        "expired before missing",
        gdap_input(relationship("a", EXTRA), relationship("b", USERS, days=-1)),
        CspAuth.EXPIRED,
    ),
    ("all is right", gdap_input(relationship()), CspAuth.ACTIVE),
]


@pytest.mark.parametrize(("told", "expected"), [pytest.param(told, auth, id=name) for name, told, auth in CASES])
def test_csp_auth_names_the_first_thing_in_the_way(told: GdapInput | None, expected: CspAuth) -> None:
    assert evaluate(told, NOW).auth is expected


def test_every_status_has_its_case() -> None:
    assert {auth for _, _, auth in CASES} == set(CspAuth)


def test_all_findings_are_told_with_their_roles_and_dates() -> None:
    told = gdap_input(
        relationship("a", USERS, days=3),
        relationship("b", INTUNE, days=-2),
        consent=Consent.REFUSED,
        required=REQUIRED | {EXTRA},
    )

    findings = evaluate(told, NOW).findings

    assert [(it.auth, it.roles) for it in findings] == [
        (CspAuth.EXPIRED, {INTUNE}),
        (CspAuth.MISSING_ROLES, {EXTRA}),
        (CspAuth.CONSENT_FAILURE, frozenset()),
        (CspAuth.EXPIRING, {USERS}),
    ]
    assert (findings[0].at, findings[3].at) == (NOW - timedelta(days=2), NOW + timedelta(days=3))


@pytest.mark.parametrize(
    ("assigned", "groups", "fault"),
    [
        ([], {GROUP}, GroupFault.NO_GROUP),
        ([assignment("r", EXTRA)], {GROUP}, GroupFault.GROUP_LACKS_ROLES),
        ([assignment("r")], {OTHER}, GroupFault.ACCOUNT_NOT_IN_GROUP),
    ],
)
def test_a_missing_group_says_what_is_at_fault(
    assigned: list[Assignment], groups: set[GroupId], fault: GroupFault
) -> None:
    verdict = evaluate(gdap_input(relationship(), assigned=assigned, groups=frozenset(groups)), NOW)

    assert [(it.fault, it.roles) for it in verdict.findings] == [(fault, REQUIRED)]


def test_a_verdict_says_when_time_alone_changes_it() -> None:
    verdict = evaluate(gdap_input(relationship("a", days=10), relationship("b", days=100)), NOW)

    assert verdict.changes_at == NOW + timedelta(days=3)
    assert evaluate(gdap_input(relationship(days=3)), NOW).changes_at == NOW + timedelta(days=3)
    assert evaluate(gdap_input(relationship(days=-3)), NOW).changes_at is None


ROLES = st.frozensets(st.sampled_from([USERS, INTUNE, EXTRA, GLOBAL_ADMINISTRATOR]), max_size=3)
DAYS = st.sampled_from([-400, -1, 0, 1, 7, 8, 300])
RELATIONSHIPS = st.builds(
    lambda key, roles, days, active, extends, terminated: Relationship(
        id=key,
        roles=roles,
        ends_at=None if days is None else NOW + timedelta(days=days),
        is_active=active and not terminated,
        auto_extends=extends,
        was_terminated=terminated,
    ),
    st.sampled_from(["a", "b", "c"]),
    ROLES,
    st.one_of(DAYS, st.none()),
    st.booleans(),
    st.booleans(),
    st.booleans(),
)
ASSIGNMENTS = st.builds(
    Assignment,
    relationship_id=st.sampled_from(["a", "b", "c"]),
    group_id=st.sampled_from([GROUP, OTHER]),
    roles=ROLES,
    is_active=st.booleans(),
)
SITUATIONS = st.builds(
    GdapInput,
    relationships=st.lists(RELATIONSHIPS, max_size=3, unique_by=lambda it: it.id),
    assignments=st.lists(ASSIGNMENTS, max_size=4),
    groups=st.frozensets(st.sampled_from([GROUP, OTHER])),
    required=st.frozensets(st.sampled_from([USERS, INTUNE]), min_size=1),
    consent=st.sampled_from(Consent),
)


def slow_judge(told: GdapInput, now: datetime) -> CspAuth:
    """The rules once more, spelled out one role and one relationship at a time."""
    live, run_out = [], []
    for it in told.relationships:
        if it.is_active and it.ends_at is not None and it.ends_at > now:
            live.append(it)
        elif not it.was_terminated and it.ends_at is not None and it.ends_at <= now:
            run_out.append(it)
    if not live:
        return CspAuth.EXPIRED if run_out else CspAuth.MISSING_RELATIONSHIP
    states = {slow_role(role, live, run_out, told, now) for role in told.required}
    if told.consent is Consent.UNCLEAR and states <= {CspAuth.ACTIVE, CspAuth.EXPIRING}:
        return CspAuth.UNKNOWN
    states.add(
        {
            Consent.REFUSED: CspAuth.CONSENT_FAILURE,
            Consent.IN_FLIGHT: CspAuth.CONSENT_PENDING,
            Consent.ROLES_NOT_VISIBLE: CspAuth.GRANTING_ROLES,
            Consent.DONE: CspAuth.ACTIVE,
            Consent.UNCLEAR: CspAuth.ACTIVE,
        }[told.consent]
    )
    return next(auth for auth in CspAuth if auth in states)


def slow_role(
    role: RoleId, live: list[Relationship], run_out: list[Relationship], told: GdapInput, now: datetime
) -> CspAuth:
    any_of = {role, GLOBAL_ADMINISTRATOR}
    holding = [it for it in live if it.roles & any_of]
    if not holding:
        return CspAuth.EXPIRED if any(it.roles & any_of for it in run_out) else CspAuth.MISSING_ROLES
    working = [it for it in holding if any(slow_reach(it, given_, any_of, told) for given_ in told.assignments)]
    if not working:
        return CspAuth.MISSING_GROUP
    lasting = [it for it in working if it.auto_extends or (it.ends_at and it.ends_at - now > timedelta(days=7))]
    return CspAuth.ACTIVE if lasting else CspAuth.EXPIRING


def slow_reach(it: Relationship, given_: Assignment, any_of: set[RoleId], told: GdapInput) -> bool:
    if given_.relationship_id != it.id or not given_.is_active:
        return False
    return bool(given_.roles & any_of) and given_.group_id in told.groups


@settings(max_examples=3000 if IS_FULL else 200)
@given(SITUATIONS)
def test_two_judges_say_the_same(told: GdapInput) -> None:
    assert evaluate(told, NOW).auth is slow_judge(told, NOW)


@settings(max_examples=500 if IS_FULL else 200)
@given(SITUATIONS)
def test_nothing_changes_before_the_moment_that_is_named(told: GdapInput) -> None:
    verdict = evaluate(told, NOW)
    until = (verdict.changes_at or NOW + timedelta(days=999)) - timedelta(seconds=1)

    assert evaluate(told, until).auth is verdict.auth


def test_access_ends_with_the_first_required_role_that_nothing_extends() -> None:
    lasting = relationship("a", USERS, days=20, auto_extends=True)

    assert evaluate(gdap_input(lasting, relationship("b", INTUNE, days=40)), NOW).ends_at == NOW + timedelta(days=40)
    assert evaluate(gdap_input(relationship("a", USERS, days=20), relationship("b", INTUNE)), NOW).ends_at == (
        NOW + timedelta(days=20)
    )
    assert evaluate(gdap_input(lasting, relationship("b", INTUNE, auto_extends=True)), NOW).ends_at is None
