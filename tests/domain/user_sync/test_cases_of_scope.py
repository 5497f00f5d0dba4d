"""Awkward users, one by one: whom the sync takes, what it changes, and when it waits."""

import pytest

from integrations.domain.user_sync.changes import ChangeKind
from integrations.domain.user_sync.fields import FieldNote, managed_fields, values_of
from integrations.domain.user_sync.guard import HoldReason, approval_of, review
from integrations.domain.user_sync.links import Choice, QueueKey, QueueKind
from integrations.domain.user_sync.scope.mailbox_kinds import MailboxEvidence, MailboxKind, mailbox_of
from integrations.domain.user_sync.scope.reasons import LeftOutReason, SkipReason
from integrations.domain.user_sync.settings import (
    BlankRule,
    SyncedField,
    UserFilter,
)
from tests.domain.user_sync.worlds import (
    ACME,
    BRANCH,
    World,
    at_domain,
    department,
    end_user,
    group,
    in_group,
    into,
    mailboxes,
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


def test_20_whoever_a_technician_made_inactive_stays_so() -> None:
    made = world(user("jane"))
    made.run()

    made.changes_end_user("eu_jane", is_active=False)
    assert made.run().is_empty


def test_21_whoever_is_kept_active_stays_so_although_gone_at_microsoft() -> None:
    made = world(user("jane"))
    made.run()

    made.changes_end_user("eu_jane", keep_active=True)
    del made.users["jane"]

    assert made.run().counts() == {}
    assert made.end_users["eu_jane"].is_active
    assert made.run().is_empty


def test_22_a_shared_mailbox_with_license_is_out_if_exchange_says_so_and_in_if_nobody_does() -> None:
    shared = user("desk", license_ids=["e3"])
    made = world(shared, mailboxes=mailboxes(desk="shared"))
    assert skipped(made) == {LeftOutReason.SHARED_MAILBOX: 1}

    assert world(shared).run().counts() == {ChangeKind.CREATE: 1}
    assert mailbox_of(shared, mailboxes()) == (MailboxKind.UNKNOWN, MailboxEvidence.NONE)


def test_23_a_mailbox_that_is_shared_after_its_owner_left_makes_the_end_user_inactive_for_that() -> None:
    made = world(user("jane"), mailboxes=mailboxes(jane="user"))
    made.run()

    made.directory["mailboxes"] = mailboxes(jane="shared")
    made.changes_user("jane", is_enabled=False)
    made.run()

    assert made.linked("jane").inactive_because is LeftOutReason.SHARED_MAILBOX


def test_24_rooms_equipment_and_call_queues_are_out() -> None:
    people = [user("room", license_ids=["r"]), user("van"), user("calls", license_ids=["c"]), user("hall")]
    known = mailboxes(van="equipment").__class__(
        purposes={"van": "equipment"},
        rooms={"hall@contoso.example"},
        part_numbers={"r": "Microsoft_Teams_Rooms_Pro", "c": "PHONESYSTEM_VIRTUALUSER_GOV"},
    )

    assert skipped(world(*people, mailboxes=known)) == {
        LeftOutReason.ROOM: 2,
        LeftOutReason.EQUIPMENT: 1,
        LeftOutReason.CALL_QUEUE: 1,
    }
    everybody = world(*people, mailboxes=known, settings=into(sync(), people_only=False))
    assert everybody.run().counts() == {ChangeKind.CREATE: 4}


def test_25_a_service_account_is_in_unless_a_filter_names_it() -> None:
    made = world(user("backup", department="Service accounts", license_ids=["e3"]))
    assert made.plan().counts() == {ChangeKind.CREATE: 1}

    made.settings = into(
        sync(
            user_filter=UserFilter(
                department=department().department.__class__(exclude=department("Service accounts").department.include)
            )
        )
    )
    assert skipped(made) == {LeftOutReason.UNROUTED: 1}


def test_26_an_account_for_administration_without_mail_is_left_out() -> None:
    made = world(
        user("adm-jane", "Jane Doe", mail=None, username="adm-jane@contoso.onmicrosoft.com"),
        end_user("jane", name="Jane Doe"),
    )

    assert skipped(made) == {SkipReason.NO_MAIL: 1}
    assert not made.plan().queue


def test_27_case_and_spaces_of_a_department_make_no_difference() -> None:
    made = world(user("jane", department=" SALES  team"), settings=into(sync(user_filter=department("Sales Team "))))

    assert made.plan().counts() == {ChangeKind.CREATE: 1}


def test_28_a_blank_department_is_out_where_a_department_is_asked_for() -> None:
    made = world(user("jane", department=" "), settings=into(sync(user_filter=department("Sales"))))
    assert skipped(made) == {LeftOutReason.UNROUTED: 1}

    made.settings = into(sync(user_filter=department("Sales", blank=BlankRule.INCLUDE)))
    assert made.plan().counts() == {ChangeKind.CREATE: 1}


def test_29_a_member_of_a_group_in_a_group_in_the_group_is_in_it() -> None:
    groups = {"a": group("a", "b"), "b": group("b", "c"), "c": group("c", "a", "jane")}
    made = world(user("jane"), user("john"), groups=groups, settings=into(sync(user_filter=in_group("a"))))
    made.run()

    assert list(made.links) == ["jane"]
    assert skipped(made) == {LeftOutReason.UNROUTED: 1}


def test_30_nobody_becomes_inactive_because_a_group_of_the_filter_is_gone() -> None:
    made = world(user("jane"), groups={"a": group("a", "jane")}, settings=into(sync(user_filter=in_group("a"))))
    made.run()

    made.directory["groups"] = {}
    made.has(user("john"))
    plan = made.run()

    assert not plan.changes
    assert made.queue[QueueKey(ACME, QueueKind.FILTER_BROKEN)].missing_groups == ["a"]
    assert plan.skipped == {SkipReason.FILTER_BROKEN: 1}


def test_31_groups_that_were_not_read_lately_bring_people_in_and_make_nobody_inactive() -> None:
    made = world(user("jane"), groups={"a": group("a", "jane")}, settings=into(sync(user_filter=in_group("a"))))
    made.run()

    made.directory |= {"groups": {"a": group("a", "john")}, "groups_are_current": False}
    made.has(user("john"))
    assert made.run().counts() == {ChangeKind.CREATE: 1}
    assert only_question(made) is QueueKind.FILTER_BROKEN

    made.directory["groups_are_current"] = True
    assert made.run().inactivated() == {LeftOutReason.UNROUTED: 1}


def test_32_the_first_organization_takes_a_user_that_several_would() -> None:
    settings = into(sync(ACME, department("Sales")), sync(BRANCH, at_domain("contoso.example")))
    made = world(user("jane", department="Sales"), user("john"), settings=settings)
    made.run()

    assert made.linked("jane").organization_id == ACME
    assert made.linked("john").organization_id == BRANCH


def test_33_an_edited_filter_that_drops_many_is_held_until_its_plan_was_seen() -> None:
    made = world(*(user(f"u{it}", department="Sales" if it < 100 else "Post") for it in range(400)))
    made.run()

    made.settings = into(sync(user_filter=department("Sales")))
    plan = made.plan()
    held = review(plan)

    assert plan.inactivated() == {LeftOutReason.UNROUTED: 300}
    assert held.reasons == [HoldReason.TOO_MANY]
    assert (held.harmful, held.linked_active, held.not_approved) == (300, 400, 300)
    assert not review(plan, approval_of(plan)).is_held


def test_34_when_microsoft_answers_nobody_that_is_not_believed_and_then_held() -> None:
    made = world(*(user(f"u{it}") for it in range(400)))
    made.run()

    made.users.clear()
    made.directory["users_are_current"] = False
    assert made.run().is_empty

    made.directory["users_are_current"] = True
    assert review(made.plan()).is_held


def test_35_while_the_sync_is_off_nothing_changes() -> None:
    made = world(user("jane"), user("john", department="Sales"), settings=BOTH)
    made.run()

    made.settings = into(sync(ACME, department("Sales"), is_on=False), sync(BRANCH))
    made.changes_user("john", job_title="Chief", department=None)
    made.has(user("new", department="Sales"))
    assert not made.run().changes

    made.settings = into(sync(is_on=False))
    made.users.clear()
    assert made.run().is_empty


def test_36_after_mapping_to_another_organization_end_users_stay_and_the_first_plan_is_held() -> None:
    made = world(user("jane"))
    made.run()

    made.settings = into(sync(BRANCH))
    plan = made.plan()

    assert not plan.changes
    assert [it.kind for it in plan.opened] == [QueueKind.WOULD_MOVE]
    assert review(plan, is_first_after_mapping=True).reasons == [HoldReason.FIRST_AFTER_MAPPING]


@pytest.mark.parametrize("blank", [None, "", "   "])
def test_37_a_phone_number_cleared_at_microsoft_stays_and_is_told(blank: str | None) -> None:
    made = world(user("jane", mobile_phone="+49 30 1234567"))
    made.run()

    made.changes_user("jane", mobile_phone=blank)
    plan = made.run()

    assert not plan.changes
    assert plan.cleared == {"jane": [SyncedField.MOBILE_PHONE]}
    assert made.value("eu_jane", "mobile_phone") == "+49 30 1234567"


def test_38_an_edit_of_a_field_that_microsoft_manages_is_overwritten() -> None:
    made = world(user("jane", job_title="Chief"))
    made.run()

    made.changes_end_user("eu_jane", job_title="Boss", phone="1234567")
    made.run()

    assert made.value("eu_jane", "job_title") == "Chief"
    assert made.value("eu_jane", "phone") == "1234567"
    managed = managed_fields(made.settings, values_of(made.users["jane"], ["contoso.example"]))
    assert managed == [SyncedField.NAME, SyncedField.JOB_TITLE, SyncedField.MAIL]


def test_39_names_are_cleaned_and_cut_and_that_is_noted() -> None:
    made = world(user("jane", "\u202eJa\x00ne\u2066 " + "x" * 500))
    (change,) = made.run().changes

    name = next(it for it in change.fields if it.field is SyncedField.NAME)
    assert name.after.startswith("Ja ne x")
    assert len(name.after) == 256
    assert name.note is FieldNote.CUT


def test_40_a_link_that_was_undone_is_not_made_again() -> None:
    made = world(user("jane"), end_user("manual", mail="jane@contoso.example"))
    made.run()

    made.undoes("jane")

    assert made.run().is_empty
    assert skipped(made) == {SkipReason.IGNORED: 1}
    made.decides("jane", Choice.LINK, end_user_id="manual")
    made.run()
    assert made.linked("jane").id == "manual"


def test_41_an_end_user_may_have_users_in_two_tenants() -> None:
    first = world(user("jane-1"), end_user("manual", mail="jane@contoso.example"))
    second = world(user("jane-2"))
    first.run()

    second.end_users = first.end_users
    second.run()

    assert second.linked("jane-2").id == first.linked("jane-1").id == "manual"
    assert first.run().is_empty


def test_42_another_name_or_domain_of_the_tenant_changes_nothing() -> None:
    made = world(user("jane"), user("john", mail=None))
    made.run()

    made.directory["verified_domains"] = {"fabrikam.example"}

    assert made.run().is_empty
