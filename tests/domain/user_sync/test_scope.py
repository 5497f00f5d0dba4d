"""Whom a filter takes, where a user belongs, and what a mailbox is."""

from dataclasses import replace
from typing import Any

import pytest

from integrations.domain.sync.mailboxes import MailboxPage, MailboxPurpose, Room
from integrations.domain.sync.records import License, SignIns
from integrations.domain.user_sync.changes import ChangeKind
from integrations.domain.user_sync.links import QueueKey, QueueKind
from integrations.domain.user_sync.scope.mailbox_kinds import (
    MailboxData,
    MailboxEvidence,
    MailboxKind,
    mailbox_data,
    mailbox_of,
    paid_licenses_of,
    part_numbers_of,
)
from integrations.domain.user_sync.scope.reasons import LeftOutReason, SkipReason
from integrations.domain.user_sync.scope.routing import DirectoryData, Route, Router
from integrations.domain.user_sync.scope.service_accounts import is_named_like_service, service_accounts
from integrations.domain.user_sync.settings import (
    BlankRule,
    DomainFilter,
    OrganizationSync,
    TextCondition,
    TextFilter,
    TextOperator,
    UserFilter,
    UserSyncSettings,
    UserType,
)
from integrations.domain.user_sync.validation import problems_of
from tests.domain.user_sync.worlds import ACME, BRANCH, NOW, department, equal, group, in_group, into, sync, user, world

SALES = TextFilter(include=[*equal("Sales"), TextCondition(value="field", operator=TextOperator.STARTS_WITH)])
DOMAIN = DomainFilter(include=["Fabrikam.example"], exclude=["old.fabrikam.example"])
BELOW = DomainFilter(include=["fabrikam.example"], exclude=["old.fabrikam.example"], also_subdomains=True)


def is_taken(user_filter: UserFilter, **fields: object) -> bool:
    groups = {"a": group("a", "b", "jane"), "b": group("b", "john")}
    directory = DirectoryData(users={}, groups=groups)
    return Router(into(sync(user_filter=user_filter)), directory).route(user("jane", **fields)).organization_id == ACME


@pytest.mark.parametrize(
    ("text_filter", "text", "expected"),
    [
        (SALES, "sales", True),
        (SALES, "\uff33ales", True),  # a wide letter
        (SALES, "Sales East", False),
        (SALES, "Field  Service", True),
        (SALES, "Post", False),
        (SALES, None, False),
        (TextFilter(exclude=equal("Post")), "post", False),
        (TextFilter(exclude=equal("Post")), "Sales", True),
        (TextFilter(exclude=equal("Post")), None, True),
        (TextFilter(exclude=equal("Post"), blank=BlankRule.EXCLUDE), " ", False),
        (TextFilter(include=equal("Post"), exclude=equal("post ")), "Post", False),
        (TextFilter(include=equal("Post"), blank=BlankRule.INCLUDE), "", True),
        (TextFilter(blank=BlankRule.EXCLUDE), "", False),
        (TextFilter(blank=BlankRule.EXCLUDE), "Post", True),
    ],
)
def test_a_department_or_an_office_is_compared_without_case_width_and_spaces(text_filter, text, expected) -> None:
    assert is_taken(UserFilter(department=text_filter), department=text) is expected
    assert is_taken(UserFilter(office=text_filter), office=text) is expected


@pytest.mark.parametrize(
    ("domain_filter", "fields", "expected"),
    [
        (DOMAIN, {"mail": "Jane@FABRIKAM.example"}, True),
        (DOMAIN, {"mail": "jane@contoso.example", "username": "jane@fabrikam.example"}, False),
        (DOMAIN, {"mail": None, "username": "jane@fabrikam.example"}, True),
        (DOMAIN, {"mail": "jane@sub.fabrikam.example"}, False),
        (DOMAIN, {"mail": None, "username": ""}, False),
        (BELOW, {"mail": "jane@sub.fabrikam.example"}, True),
        (BELOW, {"mail": "jane@notfabrikam.example"}, False),
        (BELOW, {"mail": "jane@old.fabrikam.example"}, False),
        (BELOW, {"mail": "jane@very.old.fabrikam.example"}, False),
        (DomainFilter(include=["b\u00fccher.example"]), {"mail": "jane@xn--bcher-kva.example"}, True),
        (DomainFilter(exclude=["fabrikam.example"]), {"mail": None, "username": "none"}, True),
        (DomainFilter(blank=BlankRule.EXCLUDE), {"mail": None, "username": "none"}, False),
    ],
)
def test_a_domain_is_that_of_the_main_address(domain_filter, fields, expected) -> None:
    assert is_taken(UserFilter(domain=domain_filter), **fields) is expected


@pytest.mark.parametrize(
    ("user_filter", "expected"),
    [
        (in_group("a"), True),
        (in_group("b"), False),
        (in_group("b", "a"), True),
        (in_group("a", exclude=("b",)), True),
        (in_group("a", exclude=("a",)), False),
        (in_group(exclude=("a",)), False),
        (in_group(exclude=("b",)), True),
        (in_group("a", "gone"), True),
        (in_group("b", "gone"), False),
        (in_group("a", exclude=("gone",)), False),
    ],
)
def test_a_member_of_one_included_group_and_of_no_excluded_one_is_taken(user_filter, expected) -> None:
    assert is_taken(user_filter) is expected


def test_parts_of_a_filter_must_all_hold() -> None:
    both = UserFilter(department=SALES, office=TextFilter(include=equal("Berlin")))

    assert is_taken(both, department="Sales", office="Berlin")
    assert not is_taken(both, department="Sales", office="Bonn")
    assert not is_taken(both, department="Post", office="Berlin")


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({}, UserType.MEMBER),
        ({"username": "x#EXT#@contoso.example"}, UserType.EXTERNAL_MEMBER),
        ({"username": "x#EXT#@contoso.example", "is_guest": True}, UserType.GUEST),
        ({"is_guest": True}, UserType.GUEST),
    ],
)
def test_a_user_has_one_type(fields, expected) -> None:
    assert [it for it in UserType if is_taken(UserFilter(user_types=[it]), **fields)] == [expected]


def test_later_organizations_that_would_take_a_user_are_named() -> None:
    settings = into(sync(ACME, department("Sales")), sync(BRANCH))
    router = Router(settings, DirectoryData(users={}))

    assert router.route(user("jane", department="Sales")) == Route(ACME, also_matches=(BRANCH,))
    assert router.route(user("john")) == Route(BRANCH)


def test_nobody_goes_to_a_later_organization_while_an_earlier_one_may_take_them() -> None:
    made = world(user("jane"), groups=None, settings=into(sync(ACME, in_group("a")), sync(BRANCH)))

    assert made.run().skipped == {SkipReason.FILTER_BROKEN: 1}
    assert made.queue[QueueKey(ACME, QueueKind.FILTER_BROKEN)].missing_groups == ["a"]


def test_nobody_moves_because_of_groups_that_were_not_read_lately() -> None:
    settings = into(sync(ACME, in_group("a")), sync(BRANCH), moves_by_itself=True)
    made = world(user("jane"), groups={"a": group("a", "jane")}, settings=settings)
    made.run()

    made.directory |= {"groups": {"a": group("a")}, "groups_are_current": False}
    assert not made.run().changes

    made.directory["groups_are_current"] = True
    made.run()
    assert made.linked("jane").organization_id == BRANCH


@pytest.mark.parametrize(
    ("fields", "purposes", "expected"),
    [
        ({}, {"jane": "user"}, (MailboxKind.PERSON, MailboxEvidence.PURPOSE)),
        ({}, {"jane": "linked"}, (MailboxKind.PERSON, MailboxEvidence.PURPOSE)),
        ({}, {"jane": "shared"}, (MailboxKind.SHARED, MailboxEvidence.PURPOSE)),
        ({}, {"jane": "others"}, (MailboxKind.UNKNOWN, MailboxEvidence.NONE)),
        ({"mail": "Room@Contoso.example"}, {}, (MailboxKind.ROOM, MailboxEvidence.PLACE)),
        ({"mail": "Room@Contoso.example"}, {"jane": "user"}, (MailboxKind.PERSON, MailboxEvidence.PURPOSE)),
        ({"license_ids": ["teams", "e3"]}, {}, (MailboxKind.TEAMS_ROOM, MailboxEvidence.LICENSE)),
        ({"license_ids": ["calls"]}, {}, (MailboxKind.CALL_QUEUE, MailboxEvidence.LICENSE)),
        ({"is_enabled": False}, {}, (MailboxKind.LIKELY_SHARED, MailboxEvidence.GUESS)),
        ({"is_enabled": False, "license_ids": ["e3"]}, {}, (MailboxKind.UNKNOWN, MailboxEvidence.NONE)),
        ({"is_enabled": False, "mail": None}, {}, (MailboxKind.UNKNOWN, MailboxEvidence.NONE)),
        ({}, {}, (MailboxKind.UNKNOWN, MailboxEvidence.NONE)),
    ],
)
def test_the_kind_of_a_mailbox_says_how_it_is_known(fields, purposes, expected) -> None:
    licenses = [_license("teams", "Microsoft_Teams_Rooms_Basic"), _license("calls", "MCOEV_VIRTUALUSER")]
    known = MailboxData(purposes=purposes, rooms={"room@contoso.example"}, part_numbers=part_numbers_of(licenses))

    assert mailbox_of(user("jane", **fields), known) == expected


def test_what_is_known_of_mailboxes_comes_from_the_rows_of_three_data_sets() -> None:
    told = [
        MailboxPurpose(user_id=it, basis="", purpose=purpose) for it, purpose in {"desk": "shared", "new": None}.items()
    ]
    rooms = [
        Room(id="1", name="Hall", address="Hall@Contoso.example"),
        Room(id="2", name="Yard"),
        Room(id="3", name="", address="?"),
    ]

    known = mailbox_data([MailboxPage(people=told)], rooms, [_license("teams", "Microsoft_Teams_Rooms_Basic")])

    kinds = {
        "desk": mailbox_of(user("desk"), known).kind,
        "new": mailbox_of(user("new"), known).kind,
        "hall": mailbox_of(user("hall"), known).kind,
        "screen": mailbox_of(user("screen", license_ids=["teams"]), known).kind,
    }
    assert list(kinds.values()) == [
        MailboxKind.SHARED, MailboxKind.UNKNOWN, MailboxKind.ROOM, MailboxKind.TEAMS_ROOM,
    ]  # fmt: skip
    assert mailbox_data() == MailboxData()


def test_a_guess_keeps_nobody_out() -> None:
    made = world(user("desk", is_enabled=False), settings=into(sync(), enabled_only=False))

    assert made.plan().counts().total() == 1


def test_a_paid_license_is_one_for_users_that_costs_something() -> None:
    licenses = [
        _license("e3", "E3"),
        _license("flow", "FLOW_FREE", is_unlimited=True),
        _license("t", "T", is_per_user=False),
    ]
    made = world(user("paid", license_ids=["e3"]), user("free", license_ids=["flow"]), user("none"))
    made.has(user("shared", license_ids=["t"]))
    made.settings = into(sync(), licensed_only=True)

    made.directory["paid_licenses"] = paid_licenses_of(licenses)
    assert made.plan().skipped == {LeftOutReason.UNLICENSED: 3}

    assert list(made.plan().counts().elements()) == [ChangeKind.CREATE]
    assert made.plan().changes[0].object_id == "paid"

    made.directory["paid_licenses"] = None
    assert made.plan().skipped == {LeftOutReason.UNLICENSED: 1}


def test_accounts_that_keep_directories_in_sync_are_never_taken() -> None:
    made = world(
        user("one", username="Sync_SRV01_ab12@contoso.onmicrosoft.com"),
        user("two"),
        user("three", username="sync_team@contoso.example"),
        sync_accounts={"two"},
    )

    assert made.plan().skipped == {LeftOutReason.DIRECTORY_SYNC: 2}


def test_disabled_accounts_may_be_kept() -> None:
    made = world(user("jane", is_enabled=False), settings=into(sync(), enabled_only=False))

    made.run()

    assert made.linked("jane").is_active


def _license(sku_id: str, part_number: str, **more: bool) -> License:
    numbers = {"bought": 1, "assigned": 0}
    defaults = {"is_assignable": True, "is_per_user": True}
    return License(sku_id=sku_id, part_number=part_number, name=part_number, **{**defaults, **more}, **numbers)


@pytest.mark.parametrize(
    ("names", "is_one"),
    [
        ({"name": "Backup Exec"}, True),
        ({"name": "Scanner2 Office"}, True),
        ({"username": "svc-sql01@contoso.example"}, True),
        ({"mail": "do.not-reply@contoso.example"}, True),
        ({"mail": "no_reply@contoso.example"}, True),
        ({"name": "Service Account Veeam"}, True),
        ({"name": "Sandra Scanlon", "mail": "sandra.scanlon@contoso.example"}, False),
        ({"mail": "jane@backup.example"}, False),
        ({"name": "Botha"}, False),
    ],
)
def test_names_of_services_and_devices_are_told_from_those_of_people(names: dict[str, str], *, is_one: bool) -> None:
    assert is_named_like_service(user("jane", **names)) is is_one


def test_new_end_users_that_look_like_services_are_suggested_unless_somebody_signs_in_with_them() -> None:
    made = world(*(user(it, name=f"Backup {it}") for it in ("never", "always", "silent")), user("jane"))
    known = {it: SignIns(user_id=it, last_at=NOW if it == "always" else None) for it in ("always", "silent")}
    plan, directory = made.plan(), made.inputs().directory

    assert service_accounts(plan.changes, directory) == ["always", "never", "silent"]
    assert service_accounts(plan.changes, replace(directory, sign_ins=known)) == ["never", "silent"]
    made.run()
    assert service_accounts(made.plan().changes, directory) == []


def test_a_license_that_is_not_known_counts_unless_all_are_known() -> None:
    made = world(user("paid", license_ids=["e3"]), user("free", license_ids=["flow"]), user("new", license_ids=["e5"]))
    made.settings = into(sync(), licensed_only=True)
    made.directory["paid_licenses"] = {"e3"}
    made.directory["mailboxes"] = MailboxData(part_numbers={"e3": "E3", "flow": "FLOW"})

    assert made.plan().skipped == {LeftOutReason.UNLICENSED: 2}
    made.directory["licenses_are_current"] = False
    assert made.plan().skipped == {LeftOutReason.UNLICENSED: 1}


@pytest.mark.parametrize(
    ("restricts", "is_everybody"),
    [
        ({}, True),
        ({"user_types": [UserType.MEMBER, UserType.GUEST]}, True),
        ({"domain": DomainFilter(also_subdomains=True)}, True),
        ({"department": TextFilter(blank=BlankRule.INCLUDE)}, True),
        ({"department": TextFilter(blank=BlankRule.EXCLUDE)}, False),
        ({"user_types": [UserType.GUEST]}, False),
        ({"domain": DomainFilter(exclude=["contoso.example"])}, False),
    ],
)
def test_a_filter_that_leaves_no_member_to_others_must_be_the_last(
    restricts: dict[str, Any], *, is_everybody: bool
) -> None:
    settings = UserSyncSettings(
        organizations=[OrganizationSync(organization_id=ACME, filter=UserFilter(**restricts)), sync(BRANCH)]
    )

    assert bool(problems_of(settings, {ACME, BRANCH})) is is_everybody
