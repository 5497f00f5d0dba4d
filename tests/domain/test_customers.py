"""A CSP's customers beside tenants of other kinds: neither is taken for the other."""

from datetime import UTC, datetime

import pytest

from integrations.domain.connections import Integration, Kind, Proof, Tenant
from integrations.domain.csp_page import csp_row
from integrations.domain.customers import Customer, children, discovered, ignore, judge
from integrations.domain.ids import FlowId, IntegrationId, TenantId, UserId
from integrations.domain.plan import paused
from integrations.domain.statuses import SyncCause, begin

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

    assert csp_row(integration, [SINGLE], NOW) is None


def test_while_the_plan_is_lost_csp_auth_leaves_the_sync_status_alone() -> None:
    customer = Customer(tenant_id=TENANT, name="Contoso", domain="contoso.example")
    child = discovered(customer, IntegrationId("int_2"), NOW, epoch=1)
    waiting = paused(child, NOW)

    judged = judge(waiting, None, frozenset(), "1", NOW)

    assert judged.status == waiting.status
    assert judge(child, None, frozenset(), "1", NOW).status.cause is not SyncCause.PLAN_LOST
