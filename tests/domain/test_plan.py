"""Losing the plan pauses, having it again goes on from there, and thirty days give the data up."""

from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from integrations.domain.ids import FlowId, IntegrationId, OrganizationId, RunId, SyncroTenantId, TenantId, UserId
from integrations.domain.integrations import Acceptance, Csp, Integration, Kind, Mapping, Proof, Running, Tenant
from integrations.domain.plan import (
    REREAD_EVERY,
    SECOND_PASS,
    KnownPlan,
    PlanRecord,
    must_purge,
    next_pass,
    paused,
    paused_csp,
    plan_after,
    purged,
    resumed,
    resumed_csp,
)
from integrations.domain.retention import DATA_WITHOUT_PLAN
from integrations.domain.statuses import SyncCause
from integrations.domain.sync_status import begin, move

NOW = datetime(2026, 11, 23, 7, 30, tzinfo=UTC)
SECOND = timedelta(seconds=1)
TENANT = TenantId("8d1f0c3a-0000-4000-8000-000000000001")
MAPPED = Mapping(
    organization_id=OrganizationId("org_a"),
    syncro_tenant_id=SyncroTenantId("st_a"),
    mapped_at=NOW,
    mapped_by=UserId("user_alice"),
)
ACCEPTED = Acceptance(version="1", accepted_at=NOW, accepted_by=UserId("user_alice"))


def belief(*, has_plan: bool = False, purged_at: datetime | None = None) -> PlanRecord:
    return PlanRecord(has_plan=has_plan, issued_at=NOW, since=NOW, purged_at=purged_at)


def tenant(cause: SyncCause = SyncCause.SYNCED, mapping: Mapping | None = MAPPED) -> Tenant:
    return Tenant(
        tenant_id=TENANT,
        integration_id=IntegrationId("int_a"),
        kind=Kind.SINGLE,
        name="Contoso",
        added_at=NOW,
        epoch=7,
        status=move(begin(SyncCause.QUEUED, NOW), cause, NOW),
        mapping=mapping,
        running=Running(run_id=RunId("run_a"), until=NOW),
    )


def csp() -> Integration:
    proof = Proof(tenant_id=TENANT, object_id="o", flow_id=FlowId("flow_a"), proven_at=NOW)
    return Integration(
        id=IntegrationId("int_c"),
        kind=Kind.CSP,
        name="Partner",
        tenant_id=TENANT,
        proof=proof,
        version=1,
        created_at=NOW,
        created_by=UserId("user_alice"),
        csp=Csp(
            status=move(begin(SyncCause.QUEUED, NOW), SyncCause.CSP_SYNCED, NOW),
            acceptance=ACCEPTED,
            account="a@b.example",
        ),
    )


def test_the_first_token_without_the_plan_tells_its_loss_and_later_ones_nothing_new() -> None:
    nothing_known = KnownPlan(NOW, None)
    lost = plan_after(nothing_known, has_plan=False, issued_at=NOW, now=NOW + SECOND)

    assert lost == PlanRecord(has_plan=False, issued_at=NOW, since=NOW + SECOND)
    assert plan_after(KnownPlan(NOW, lost), has_plan=False, issued_at=NOW + SECOND, now=NOW) is None
    assert plan_after(nothing_known, has_plan=True, issued_at=NOW, now=NOW) is None


@pytest.mark.parametrize("known", [KnownPlan(NOW, belief()), KnownPlan(NOW, belief(), NOW - SECOND)])
def test_an_older_token_changes_nothing_and_a_newer_one_brings_the_plan_back(known: KnownPlan) -> None:
    assert plan_after(known, has_plan=True, issued_at=NOW, now=NOW) is None
    back = plan_after(known, has_plan=True, issued_at=NOW + SECOND, now=NOW + SECOND)
    assert back is not None
    assert back.has_plan


def test_a_loss_told_by_a_token_older_than_one_that_had_the_plan_is_not_believed() -> None:
    known = KnownPlan(NOW, None).agreeing_with(NOW + SECOND).agreeing_with(NOW)

    assert known.has_plan
    assert plan_after(known, has_plan=False, issued_at=NOW, now=NOW) is None
    assert plan_after(known, has_plan=False, issued_at=NOW + 2 * SECOND, now=NOW) is not None


def test_what_is_known_is_looked_up_again_after_a_minute() -> None:
    assert KnownPlan(NOW, None).is_fresh(NOW + REREAD_EVERY - SECOND)
    assert not KnownPlan(NOW, None).is_fresh(NOW + REREAD_EVERY)
    assert not KnownPlan(NOW, None).is_fresh(NOW - SECOND)


def test_an_account_is_walked_twice_and_once_more_when_its_data_is_given_up() -> None:
    assert next_pass(belief(), NOW) == NOW + SECOND_PASS
    assert next_pass(belief(), NOW + SECOND_PASS) == NOW + DATA_WITHOUT_PLAN
    assert next_pass(belief(purged_at=NOW), NOW + DATA_WITHOUT_PLAN) is None
    assert next_pass(belief(has_plan=True), NOW + SECOND_PASS) is None
    assert [must_purge(belief(), NOW + DATA_WITHOUT_PLAN - SECOND), must_purge(belief(), NOW + DATA_WITHOUT_PLAN)] == [
        False,
        True,
    ]
    assert not must_purge(belief(purged_at=NOW), NOW + DATA_WITHOUT_PLAN)
    assert not must_purge(belief(has_plan=True), NOW + DATA_WITHOUT_PLAN)


def test_a_paused_tenant_says_so_and_pausing_it_again_changes_nothing() -> None:
    it = paused(tenant(), NOW + SECOND)

    assert (it.status.cause, it.status.next_check_at, it.running) == (SyncCause.PLAN_LOST, None, None)
    assert it.status.last_sync_at == tenant().status.last_sync_at
    assert paused(it, NOW) is it


def test_a_status_that_a_late_run_told_is_the_one_to_go_on_with() -> None:
    late = msgspec.structs.replace(
        paused(tenant(), NOW), status=move(begin(SyncCause.QUEUED, NOW), SyncCause.APP_REMOVED, NOW)
    )

    it = paused(late, NOW + SECOND)

    assert it.status.cause is SyncCause.PLAN_LOST
    assert resumed(it, NOW, NOW).status.cause is SyncCause.APP_REMOVED


@pytest.mark.parametrize(
    ("cause", "mapping", "expected"),
    [
        (SyncCause.SYNCED, MAPPED, SyncCause.QUEUED),
        (SyncCause.NAME_READ, None, SyncCause.NAME_READ),
        (SyncCause.APP_REMOVED, MAPPED, SyncCause.APP_REMOVED),
        (SyncCause.CSP_AUTH_BLOCKS, MAPPED, SyncCause.CSP_AUTH_BLOCKS),
    ],
)
def test_a_resumed_tenant_goes_on_from_where_it_was(
    cause: SyncCause, mapping: Mapping | None, expected: SyncCause
) -> None:
    it = resumed(paused(tenant(cause, mapping), NOW), NOW, NOW + SECOND)

    assert (it.status.cause, it.status.next_check_at, it.paused) == (expected, NOW + SECOND, None)
    assert resumed(it, NOW, NOW) is it


def test_data_is_given_up_once_and_only_of_paused_mapped_tenants() -> None:
    it = purged(paused(tenant(), NOW))

    assert (it.epoch, it.paused and it.paused.purged_epoch, it.mapping) == (8, 7, MAPPED)
    assert purged(it) is it
    assert purged(unmapped := paused(tenant(mapping=None), NOW)) is unmapped
    assert purged(going := tenant()) is going


def test_a_csp_pauses_and_goes_on_and_a_single_tenants_integration_is_left_alone() -> None:
    it = paused_csp(csp(), NOW)
    single = msgspec.structs.replace(csp(), csp=None)

    assert it.csp
    assert it.csp.status.cause is SyncCause.PLAN_LOST
    assert paused_csp(it, NOW) is it
    back = resumed_csp(it, NOW + SECOND).csp
    assert back
    assert (back.status.cause, back.status.next_check_at) == (SyncCause.CSP_SYNCED, NOW + SECOND)
    assert paused_csp(single, NOW) is resumed_csp(single, NOW) is single
    assert resumed_csp(going := csp(), NOW) is going
