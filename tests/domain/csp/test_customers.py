"""A CSP's customers beside tenants of other kinds: neither is taken for the other."""

from datetime import UTC, datetime, timedelta

import pytest

from integrations.domain.csp.customers import (
    AccessState,
    Customer,
    access_to_judge,
    children,
    discovered,
    ignore,
    judge,
)
from integrations.domain.csp.gdap import Relationship
from integrations.domain.ids import FlowId, IntegrationId, TenantId, UserId
from integrations.domain.integrations import Integration, Kind, Proof, Tenant
from integrations.domain.plan import paused
from integrations.domain.statuses import SyncCause
from integrations.domain.sync_status import begin
from integrations.views.status import ReadTime
from integrations.views.table.csp_row import csp_row

NOW = datetime(2026, 11, 23, 7, 30, tzinfo=UTC)
TENANT = TenantId("9f1c0e3a-0000-4000-8000-00000000aa01")
SINGLE = Tenant(
    tenant_id=TENANT,
    integration_id=IntegrationId("int_1"),
    kind=Kind.SINGLE,
    name="Contoso",
    epoch=1,
    status=begin(SyncCause.NAME_READ, NOW),
    added_at=NOW,
)


def test_a_single_tenant_is_nobodys_customer() -> None:
    assert children([SINGLE], SINGLE.integration_id) == []
    with pytest.raises(AssertionError):
        ignore(SINGLE, is_ignored=True)


def test_a_single_integration_has_no_row_above_the_table() -> None:
    integration = Integration(
        id=SINGLE.integration_id,
        kind=Kind.SINGLE,
        name="Contoso",
        tenant_id=TENANT,
        proof=Proof(tenant_id=TENANT, object_id="somebody", flow_id=FlowId("flow_1"), proven_at=NOW),
        version=1,
        created_at=NOW,
        created_by=UserId("alice"),
    )

    assert csp_row(integration, [SINGLE], ReadTime(NOW, timedelta(minutes=30))) is None


def test_while_the_plan_is_lost_csp_auth_leaves_the_sync_status_alone() -> None:
    customer = Customer(tenant_id=TENANT, name="Contoso", domain="contoso.example")
    child = discovered(customer, IntegrationId("int_2"), NOW, epoch=1)
    waiting = paused(child, NOW)

    judged = judge(waiting, None, frozenset(), "1", NOW)

    assert judged.status == waiting.status
    assert judge(child, None, frozenset(), "1", NOW).status.cause is not SyncCause.PLAN_LOST


def facts(*relationships: str) -> AccessState:
    held = [Relationship(id=it, roles=frozenset(), is_active=True, ends_at=None) for it in relationships]
    return AccessState(tenant_id=TENANT, read_at=NOW, account="ana", relationships=held)


@pytest.mark.parametrize(
    ("found", "known", "is_complete", "are_all_listed", "expected"),
    [
        pytest.param(facts("a"), facts("b"), True, True, facts("a"), id="everything could be read"),
        pytest.param(facts("a"), facts("a", "b"), False, True, facts("a", "b"), id="its own could not"),
        pytest.param(facts("a"), None, False, True, None, id="its own could not, and nothing was known"),
        pytest.param(facts("a"), facts("a", "b"), True, False, facts("a", "b"), id="one is missed, and one was lost"),
        pytest.param(facts("a", "b"), facts("a"), True, False, facts("a", "b"), id="one is new, and another was lost"),
        pytest.param(facts(), None, True, False, facts(), id="one was lost, and nothing was known"),
    ],
)
def test_what_cannot_be_read_leaves_what_was_known(
    found: AccessState, known: AccessState | None, is_complete: bool, are_all_listed: bool, expected: AccessState | None
) -> None:
    assert access_to_judge(found, known, is_complete=is_complete, are_all_listed=are_all_listed) == expected
