"""Being told of changes: whose word counts, and when it is looked at again."""

from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from integrations.domain.ids import IntegrationId, OrganizationId, SyncroTenantId, TenantId, UserId
from integrations.domain.integrations import Kind, Mapping, Tenant
from integrations.domain.statuses import SyncCause
from integrations.domain.sync.change_notifications import Watch, hash_of, is_watch_due, parse_client_state
from integrations.domain.sync_status import begin

NOW = datetime(2026, 11, 23, 7, 30, tzinfo=UTC)
SECRET = "s" * 43
TENANT = TenantId("8d1f0c3a-0000-4000-8000-000000000001")
MAPPED = Mapping(
    organization_id=OrganizationId("org_a"),
    syncro_tenant_id=SyncroTenantId("st_a"),
    mapped_at=NOW,
    mapped_by=UserId("user_alice"),
)


def tenant(mapping: Mapping | None = MAPPED, watch_at: datetime | None = None) -> Tenant:
    return Tenant(
        tenant_id=TENANT,
        integration_id=IntegrationId("int_a"),
        kind=Kind.SINGLE,
        name="Contoso",
        epoch=1,
        status=begin(SyncCause.QUEUED, NOW),
        added_at=NOW,
        mapping=mapping,
        watch_at=watch_at,
    )


@pytest.mark.parametrize(
    "state", ["", "acct_a", f".{SECRET}", f"acct_a.{SECRET}x", f"acct a.{SECRET}", "a" * 65 + "." + SECRET]
)
def test_what_has_not_our_form_is_no_word_of_ours(state: str) -> None:
    assert parse_client_state(state) is None


def test_a_word_counts_with_its_secret_and_one_of_its_subscriptions() -> None:
    word = parse_client_state(f"acct_a.{SECRET}")
    watch = Watch(tenant_id=TENANT, epoch=1, secret_hash=hash_of(SECRET), subscriptions={"users": "sub"}, until=NOW)

    assert word == ("acct_a", SECRET)
    assert watch.knows("sub", SECRET)
    assert not watch.knows("other", SECRET)
    assert not watch.knows("sub", "t" * 43)
    assert SECRET not in msgspec.json.encode(watch).decode()


@pytest.mark.parametrize(
    ("it", "is_on", "expected"),
    [
        (tenant(), True, True),
        (tenant(watch_at=NOW), True, True),
        (tenant(watch_at=NOW + timedelta(seconds=1)), True, False),
        (tenant(), False, False),
        (tenant(watch_at=NOW + timedelta(days=9)), False, True),
        (tenant(mapping=None), True, False),
        (tenant(mapping=None, watch_at=NOW + timedelta(days=9)), True, True),
    ],
    ids=["begun", "renewed", "not yet", "off", "switched off", "not mapped", "unmapped"],
)
def test_notifications_are_begun_renewed_and_ended(it: Tenant, is_on: bool, expected: bool) -> None:
    assert is_watch_due(it, NOW, is_on=is_on) is expected
