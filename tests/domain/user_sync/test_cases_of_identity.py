"""Awkward users, one by one: which End User each of them is."""

import pytest

from integrations.domain.user_sync.changes import ChangeKind
from integrations.domain.user_sync.guard import approval_of, is_approved
from integrations.domain.user_sync.links import LinkedBy, QueueKey, QueueKind
from integrations.domain.user_sync.scope.reasons import LeftOutReason, SkipReason
from integrations.domain.user_sync.settings import (
    UserFilter,
    UserType,
)
from tests.domain.user_sync.worlds import (
    ACME,
    BRANCH,
    World,
    department,
    end_user,
    into,
    sync,
    user,
    world,
)

EXTERNAL = {"username": "ines_partner.example#EXT#@contoso.onmicrosoft.com", "mail": "ines@partner.example"}
BOTH = into(sync(ACME, department("Sales")), sync(BRANCH))


def only_question(made: World) -> QueueKind:
    (key,) = made.queue
    return key.kind


def skipped(made: World) -> dict:
    return dict(made.plan().skipped)


def test_01_a_user_renamed_on_marriage_keeps_its_end_user() -> None:
    made = world(user("jane"))
    made.run()

    made.changes_user("jane", name="Jane Doe", mail="doe@contoso.example", username="doe@contoso.example")
    made.run()

    assert list(made.end_users) == ["eu_jane"]
    assert made.value("eu_jane", "name") == "Jane Doe"
    assert made.value("eu_jane", "mail") == "doe@contoso.example"


def test_02_an_address_of_another_end_user_is_not_written_and_the_other_fields_are() -> None:
    made = world(user("jane"), end_user("bob", mail="bob@contoso.example"))
    made.run()

    made.changes_user("jane", mail="bob@contoso.example", job_title="Chief")
    made.run()

    assert made.value("eu_jane", "mail") == "jane@contoso.example"
    assert made.value("eu_jane", "job_title") == "Chief"
    item = made.queue[QueueKey("jane", QueueKind.MAIL_TAKEN)]
    assert item.mail == "bob@contoso.example"
    assert [it.end_user_id for it in item.candidates] == ["bob"]


def test_03_two_users_with_one_shared_address_are_asked_about() -> None:
    made = world(
        user("jane", mail="desk@contoso.example"),
        user("john", mail="desk@contoso.example"),
        end_user("desk", mail="desk@contoso.example"),
    )
    made.run()

    assert {key.subject: key.kind for key in made.queue} == {
        "jane": QueueKind.SEVERAL_USERS,
        "john": QueueKind.SEVERAL_USERS,
    }
    assert made.queue[QueueKey("jane", QueueKind.SEVERAL_USERS)].rivals == ["john"]
    assert not made.links


def test_04_a_user_with_two_end_users_in_one_organization_is_asked_about() -> None:
    made = world(
        user("jane"), end_user("one", mail="jane@contoso.example"), end_user("two", mail="jane@contoso.example")
    )
    made.run()

    assert only_question(made) is QueueKind.SEVERAL_END_USERS
    assert not made.links


def test_05_of_two_end_users_in_two_organizations_the_one_where_the_user_belongs_is_linked() -> None:
    made = world(
        user("jane", department="Sales"),
        end_user("here", ACME, mail="jane@contoso.example"),
        end_user("there", BRANCH, mail="jane@contoso.example"),
        settings=BOTH,
    )
    plan = made.run()

    assert made.linked("jane").id == "here"
    assert plan.changes[0].others == ["there"]
    assert not made.queue


def test_06_two_people_of_one_name_are_two_end_users() -> None:
    made = world(
        user("ann1", "Ann Lee"),
        user("ann2", "Ann Lee"),
        end_user("first", name="Ann Lee", mail="ann1@contoso.example"),
    )
    made.run()

    assert made.linked("ann1").id == "first"
    assert made.linked("ann2").id == "eu_ann2"


def test_07_the_same_name_alone_is_proposed_and_never_links() -> None:
    made = world(
        user("jane", "J. Doe", given_name="Jane", surname="Doe"),
        end_user("manual", given_name="JANE", surname="doe "),
    )
    made.run()

    item = made.queue[QueueKey("jane", QueueKind.NAME_ONLY)]
    assert [(it.end_user_id, it.because) for it in item.candidates] == [("manual", ["name"])]
    assert not made.links


def test_08_an_end_user_with_an_old_alias_is_linked_and_gets_the_address() -> None:
    made = world(user("jane", aliases=["old@contoso.example"]), end_user("manual", mail="old@contoso.example"))
    made.run()

    assert made.links["jane"].linked_by is LinkedBy.ALIAS
    assert made.value("manual", "mail") == "jane@contoso.example"


def test_09_a_user_principal_name_at_a_verified_domain_is_the_mail_address() -> None:
    made = world(user("jane", mail=None))
    made.run()

    assert made.value("eu_jane", "mail") == "jane@contoso.example"


@pytest.mark.parametrize("name", ["jane@contoso.onmicrosoft.com", "jane@elsewhere.example"])
def test_10_without_mail_address_an_end_user_is_made_only_where_none_is_required(name: str) -> None:
    made = world(user("jane", mail=None, username=name), verified_domains={"contoso.onmicrosoft.com"})
    assert skipped(made) == {SkipReason.NO_MAIL: 1}

    made.settings = into(sync(), mail_required=False)
    made.run()

    assert made.value("eu_jane", "name") == "Jane"
    assert made.value("eu_jane", "mail") is None


def test_10_without_mail_address_and_name_none_is_made() -> None:
    made = world(user("jane", " ", mail=None, username="x@other.example"), settings=into(sync(), mail_required=False))

    assert skipped(made) == {SkipReason.NO_NAME: 1}


def test_11_case_and_spaces_of_an_address_make_no_difference() -> None:
    made = world(user("jane", mail="Jane@Contoso.Example"), end_user("manual", mail=" jane@CONTOSO.example "))
    made.run()

    assert made.linked("jane").id == "manual"
    assert made.value("manual", "mail") == " jane@CONTOSO.example "


def test_12_an_external_member_is_taken_only_if_asked_for_and_never_by_a_made_up_name() -> None:
    made = world(
        user("ines", **EXTERNAL),
        end_user("made_up", mail="ines_partner.example#EXT#@contoso.onmicrosoft.com"),
        end_user("real", mail="ines@partner.example"),
    )
    assert skipped(made) == {LeftOutReason.UNROUTED: 1}

    made.settings = into(sync(user_filter=UserFilter(user_types=[UserType.EXTERNAL_MEMBER])))
    made.run()

    assert made.linked("ines").id == "real"


@pytest.mark.parametrize("name", ["tom@contoso.example", EXTERNAL["username"]])
def test_13_a_guest_is_left_out_even_with_a_known_address(name: str) -> None:
    made = world(user("tom", is_guest=True, username=name), end_user("technician", mail="tom@contoso.example"))
    assert skipped(made) == {LeftOutReason.UNROUTED: 1}

    made.settings = into(sync(user_filter=UserFilter(user_types=[UserType.GUEST])))
    assert made.run().counts() == {ChangeKind.LINK: 1, ChangeKind.UPDATE: 1}


def test_14_without_user_type_somebody_is_a_member() -> None:
    assert world(user("jane", is_guest=False)).run().counts() == {ChangeKind.CREATE: 1}


def test_15_a_disabled_user_is_linked_and_made_inactive_in_a_way_that_counts_as_harm() -> None:
    made = world(user("jane", is_enabled=False), end_user("manual", mail="jane@contoso.example"))
    plan = made.plan()

    assert plan.counts()[ChangeKind.INACTIVATE] == 1
    assert not is_approved(plan, approval_of(world(user("bob")).plan()))
    made.run()
    assert made.linked("jane").inactive_because is LeftOutReason.DISABLED


def test_16_a_disabled_user_without_end_user_gets_none() -> None:
    assert skipped(world(user("jane", is_enabled=False))) == {LeftOutReason.DISABLED: 1}


def test_17_a_deleted_user_that_is_restored_gets_its_end_user_back() -> None:
    made = world(user("jane"))
    made.run()
    before = dict(made.links)

    gone = made.users.pop("jane")
    made.run()
    assert made.end_users["eu_jane"].inactive_because is LeftOutReason.DELETED
    assert not made.end_users["eu_jane"].is_active

    made.has(gone)
    made.run()
    assert made.end_users["eu_jane"].is_active
    assert made.links == before


@pytest.mark.parametrize(
    ("first", "second", "is_same"),
    [
        ({}, {}, False),
        ({"employee_id": "7"}, {"employee_id": "8"}, False),
        ({"employee_id": "7"}, {"employee_id": "7"}, True),
        ({"immutable_id": "abc="}, {"immutable_id": "abc="}, True),
        ({"immutable_id": None}, {"immutable_id": None}, False),
    ],
)
def test_18_a_user_made_anew_is_the_same_person_only_by_employee_or_immutable_id(first, second, is_same) -> None:
    made = world(user("jane-1", **first))
    made.run()

    del made.users["jane-1"]
    made.has(user("jane-2", **second))
    made.run()

    if is_same:
        assert made.linked("jane-2").id == "eu_jane-1"
        assert made.linked("jane-2").is_active
        assert list(made.links) == ["jane-2"]
    else:
        assert only_question(made) is QueueKind.REHIRE
        assert list(made.links) == ["jane-1"]


def test_19_an_address_given_to_another_person_does_not_relink() -> None:
    made = world(user("info-1", employee_id="7"))
    made.run()

    del made.users["info-1"]
    made.has(user("info-2", "Somebody Else", employee_id="8"))
    made.run()

    assert made.queue[QueueKey("info-2", QueueKind.REHIRE)].rivals == ["info-1"]
    assert made.value("eu_info-1", "name") == "Info"
