"""End Users before and after a change of the user sync, and the state of a user sync."""

import re
from datetime import timedelta
from typing import Any

import msgspec
import pytest

from integrations.domain.ids import SCHEMAS, EndUserId, OrganizationId, end_user_id_for, organization_of
from integrations.domain.jobs.given_up import Failed, give_up
from integrations.domain.people.end_user import EndUser, InactiveReason
from integrations.domain.user_sync.changes import UserChange
from integrations.domain.user_sync.fields import FieldChange
from integrations.domain.user_sync.guard import HoldReason
from integrations.domain.user_sync.links import QueueItem, QueueKind
from integrations.domain.user_sync.scope.reasons import LeftOutReason
from integrations.domain.user_sync.settings import Authority, OrganizationSync, SyncedField, UserSyncSettings
from integrations.domain.user_sync.stored.end_users import known_end_user, synced_end_user
from integrations.domain.user_sync.stored.state import OpenQuestion, PlanHold, UserSyncHead, UserSyncState, within
from tests.domain.user_sync.worlds import ACME, BRANCH, NOW, end_user, into, sync, user, world

LATER = NOW + timedelta(days=1)
ID = EndUserId("eu_jane")
JANE = EndUser(
    id=ID, organization_id=ACME, sequence=7, created_at=NOW, changed_at=NOW, name="Jane", mail="jane@contoso.example",
    username="j@contoso.example", aliases=["doe@contoso.example"], notes="Rings back.",
)  # fmt: skip
INACTIVE = {"is_active": False, "inactive_since": NOW}


def person(**fields: Any) -> EndUser:
    return msgspec.structs.replace(JANE, **fields)


def change(**fields: Any) -> UserChange:
    return UserChange(object_id="jane", end_user_id=ID, **fields)


def title(after: str) -> FieldChange:
    return FieldChange(field=SyncedField.JOB_TITLE, before=None, after=after)


def test_the_sync_knows_what_it_may_write_and_every_address() -> None:
    known = known_end_user(person(keep_active=True))

    assert known.values == {SyncedField.NAME: "Jane", SyncedField.MAIL: "jane@contoso.example"}
    assert known.other_addresses == ["j@contoso.example", "doe@contoso.example"]
    assert (known.id, known.organization_id, known.is_active, known.keep_active) == (ID, ACME, True, True)


@pytest.mark.parametrize("reason", LeftOutReason)
def test_every_reason_of_the_sync_is_one_of_an_end_user(reason: LeftOutReason) -> None:
    after = synced_end_user(change(is_active=False, inactive_because=reason), (), JANE, LATER)

    assert (after.is_active, after.inactive_since) == (False, LATER)
    assert known_end_user(after).inactive_because is reason


def test_who_was_made_inactive_by_somebody_else_is_not_kept_so_by_the_sync() -> None:
    assert known_end_user(person(**INACTIVE, inactive_reason=InactiveReason.PORTAL)).inactive_because is None
    assert known_end_user(person(**INACTIVE)).inactive_because is None
    assert known_end_user(JANE).inactive_because is None


def test_another_reason_keeps_the_time_and_an_end_of_it_makes_active() -> None:
    before = person(**INACTIVE, inactive_reason=InactiveReason.DISABLED)

    after = synced_end_user(change(inactive_because=LeftOutReason.DELETED), (), before, LATER)
    back = synced_end_user(change(is_active=True), (), after, LATER)

    assert (after.inactive_reason, after.inactive_since) == (InactiveReason.DELETED, NOW)
    assert (back.is_active, back.inactive_reason, back.inactive_since) == (True, None, None)


def test_fields_are_written_and_everything_else_stays() -> None:
    after = synced_end_user(change(fields=[title("Chief")]), [SyncedField.JOB_TITLE], JANE, LATER)

    assert after == person(job_title="Chief", managed_fields=["job_title"], changed_at=LATER)
    assert synced_end_user(change(fields=[title("Chief")]), [SyncedField.JOB_TITLE], after, LATER) is after


def test_an_end_user_is_made_in_its_organization() -> None:
    name = FieldChange(field=SyncedField.NAME, before=None, after="Jane")

    made = synced_end_user(change(created_in=BRANCH, fields=[name]), [SyncedField.NAME], None, NOW)

    assert (made.name, made.organization_id, made.managed_fields, made.created_at) == ("Jane", BRANCH, ["name"], NOW)
    with pytest.raises(ValueError, match=ID):
        synced_end_user(change(fields=[name]), (), None, NOW)


def test_the_id_of_an_end_user_follows_from_the_user_and_the_organization() -> None:
    organization = OrganizationId("org_" + "a" * 20)
    ids = {end_user_id_for(organization, "tenant", f"user {number}", "0") for number in range(1000)}

    assert len(ids) == 1000
    assert all(re.fullmatch(SCHEMAS[EndUserId]["pattern"], it) and organization_of(it) == organization for it in ids)
    assert end_user_id_for(organization, "tenant", "user 1", "0") in ids
    assert end_user_id_for(organization, "tenant", "user 1", "1") not in ids
    stays = "eu_aaaaaaaaaaaaaaaaaaaavbnyqtqpq63t"  # from version to version: by it a run finds whom a dead one has made
    assert end_user_id_for(organization, "tenant", "user 1", "0") == stays


def test_fields_that_microsoft_decides_are_managed_as_long_as_the_user_is_kept_up() -> None:
    settings = into(sync(ACME), authority={SyncedField.JOB_TITLE: Authority.PORTAL})
    jane = user("jane", given_name="Jane", job_title="Chief")
    made = world(jane, user("bob"), end_user("taken", mail="shared@contoso.example"), settings=settings)
    plan = made.run()

    assert plan.managed["eu_jane"] == [SyncedField.NAME, SyncedField.GIVEN_NAME, SyncedField.MAIL]
    made.changes_user("bob", mail="shared@contoso.example")
    assert made.plan().managed["eu_bob"] == [SyncedField.NAME]  # somebody else keeps the address
    made.settings = into(sync(ACME, is_on=False))
    assert made.plan().managed == {}


FAILURE = give_up(None, Failed("evaluate-tenant", 1, "KeyError"), NOW, timedelta(hours=6))
HOLD = PlanHold(since=NOW, reasons=[HoldReason.TOO_MANY], plan_hash="")


@pytest.mark.parametrize(
    ("changes", "paused", "state"),
    [
        pytest.param({"is_on": False}, False, UserSyncState.OFF, id="off"),
        pytest.param({"is_closed": True}, False, UserSyncState.OFF, id="being deleted"),
        pytest.param({}, True, UserSyncState.RESTING, id="no plan"),
        pytest.param({"epoch": 1}, False, UserSyncState.WAITING, id="of another mapping"),
        pytest.param({"failure": FAILURE, "hold": HOLD}, False, UserSyncState.FAILED, id="failed while held"),
        pytest.param({"hold": HOLD}, False, UserSyncState.HELD, id="held"),
        pytest.param({"version": 4}, False, UserSyncState.WAITING, id="new settings"),
        pytest.param({}, False, UserSyncState.SYNCED, id="applied"),
    ],
)
def test_the_state_is_the_first_that_holds(changes: dict[str, Any], paused: bool, state: UserSyncState) -> None:
    head = UserSyncHead(is_on=True, epoch=2, version=3, applied_version=3)

    assert msgspec.structs.replace(head, **changes).state_at(2, is_paused=paused) is state


def test_links_are_in_use_under_their_own_mapping_alone() -> None:
    head = UserSyncHead(epoch=2)

    assert [head.is_in_use(it) for it in (1, 2, 3)] == [False, True, False]
    assert not msgspec.structs.replace(head, is_closed=True).is_in_use(2)


def test_settings_name_only_organizations_that_are_there() -> None:
    settings = UserSyncSettings(organizations=[OrganizationSync(organization_id=it) for it in (ACME, BRANCH)])

    assert within(settings, {BRANCH}).organizations == settings.organizations[1:]


def test_a_question_is_known_by_its_kind_and_user() -> None:
    assert OpenQuestion(item=QueueItem(kind=QueueKind.NAME_ONLY, subject="jane"), since=NOW).id == "name_only.jane"
