"""Who holds our application in a tenant: of many that come and go at once, exactly one is the last."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest

from integrations.domain.ids import AccountId, ClientId, IntegrationId, TenantId
from integrations.storage.holders import BeingRemoved, Holders, ReleaseResult
from shared.storage.tables import Tables

TENANT = TenantId("11111111-1111-4111-8111-111111111111")
NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
A, B = AccountId("acct_a"), AccountId("acct_b")
ONE, TWO = IntegrationId("int_one"), IntegrationId("int_two")


@pytest.fixture
def holders(storage: str) -> Holders:
    return Holders(Tables.connect(storage, "", lambda: None))  # type: ignore[arg-type, return-value]


def test_the_first_of_two_that_goes_is_not_the_last(holders: Holders) -> None:
    holders.add(TENANT, A, ONE, NOW)
    holders.add(TENANT, B, TWO, NOW)

    assert holders.release(TENANT, A, ONE, NOW) is ReleaseResult.NOT_LAST
    assert holders.release(TENANT, B, TWO, NOW) is ReleaseResult.LAST


def test_who_never_held_it_is_told_so(holders: Holders) -> None:
    holders.add(TENANT, A, ONE, NOW)

    assert holders.release(TENANT, B, TWO, NOW) is ReleaseResult.NEVER_HELD
    assert holders.is_held_by(TENANT, A, ONE)


def test_the_last_is_the_last_until_the_application_is_gone_and_then_no_row_is_left(holders: Holders) -> None:
    holders.add(TENANT, A, ONE, NOW)

    assert [holders.release(TENANT, A, ONE, NOW) for _ in range(2)] == [ReleaseResult.LAST, ReleaseResult.LAST]
    holders.finish_removal(TENANT)
    holders.finish_removal(TENANT)
    assert not holders.is_held(TENANT)
    assert holders.release(TENANT, A, ONE, NOW) is ReleaseResult.NEVER_HELD
    assert holders._rows(TENANT) == {}


def test_nobody_comes_in_while_the_last_one_is_leaving(holders: Holders) -> None:
    holders.add(TENANT, A, ONE, NOW)
    holders.release(TENANT, A, ONE, NOW)

    with pytest.raises(BeingRemoved) as refused:
        holders.add(TENANT, B, TWO, NOW + timedelta(seconds=30))
    assert refused.value.wait_s == 90

    holders.add(TENANT, B, TWO, NOW + timedelta(minutes=3))
    assert holders.release(TENANT, A, ONE, NOW + timedelta(minutes=3)) is ReleaseResult.NEVER_HELD
    assert holders.is_held_by(TENANT, B, TWO)


def test_saying_it_twice_makes_one_holder(holders: Holders) -> None:
    for _ in range(3):
        holders.add(TENANT, A, ONE, NOW)

    assert holders.release(TENANT, A, ONE, NOW) is ReleaseResult.LAST


def test_of_many_holders_that_go_at_once_exactly_one_is_the_last(holders: Holders) -> None:
    several = [IntegrationId(f"int_{number}") for number in range(4)]
    for _ in range(5):
        for it in several:
            holders.add(TENANT, A, it, NOW)
        with ThreadPoolExecutor(4) as threads:
            claims = list(threads.map(lambda it: holders.release(TENANT, A, it, NOW), several))
        assert sorted(it.value for it in claims) == ["last", "not last", "not last", "not last"]
        holders.finish_removal(TENANT)


def test_of_one_that_goes_and_one_that_comes_neither_is_overlooked(holders: Holders) -> None:
    for number in range(10):
        comer = IntegrationId(f"int_{number}")
        holders.add(TENANT, A, ONE, NOW)

        def come(who: IntegrationId = comer) -> bool:
            try:
                holders.add(TENANT, B, who, NOW)
            except BeingRemoved:
                return False
            return True

        with ThreadPoolExecutor(2) as threads:
            came, claim = threads.submit(come), threads.submit(holders.release, TENANT, A, ONE, NOW)
        assert claim.result() is (ReleaseResult.NOT_LAST if came.result() else ReleaseResult.LAST)
        holders.release(TENANT, B, comer, NOW)
        holders.finish_removal(TENANT)


def test_holders_of_two_registrations_know_nothing_of_each_other(storage: str) -> None:
    tables = Tables.connect(storage, "", lambda: None)  # type: ignore[arg-type, return-value]
    first, for_csps = Holders(tables), Holders(tables, ClientId("c0ffee00-0000-4000-8000-0000000000c5"))
    first.add(TENANT, A, ONE, NOW)
    for_csps.add(TENANT, B, TWO, NOW)

    assert (first.of(TENANT, B), for_csps.of(TENANT, A)) == ([], [])
    assert first.release(TENANT, B, TWO, NOW) is ReleaseResult.NEVER_HELD
    assert first.release(TENANT, A, ONE, NOW) is ReleaseResult.LAST
    for_csps.add(TENANT, A, ONE, NOW)  # not held up by the other one's removal
    first.finish_removal(TENANT)
    assert for_csps.is_held_by(TENANT, B, TWO)
