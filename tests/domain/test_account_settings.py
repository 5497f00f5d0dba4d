"""Settings of an account: time zones, and exceptions as they are stored."""

from datetime import UTC, datetime, timedelta

from integrations.domain.account_settings import (
    AccountSettings,
    MfaException,
    excepted,
    is_time_zone,
    paged,
    problems_of,
    problems_of_exceptions,
    time_zone,
)
from integrations.domain.ids import TenantId

NOW = datetime(2026, 11, 29, tzinfo=UTC)
TENANT = TenantId("9f1c0e3a-0000-4000-8000-00000000aa01")
USER = "5c1d3f2a-0000-4000-8000-00000000bb01"


def exception(**changes: object) -> MfaException:
    return MfaException(**{"tenant_id": TENANT, "user_id": USER, "reason": "Break-glass account", **changes})  # type: ignore[arg-type]


def test_a_time_zone_that_is_unknown_today_counts_as_utc() -> None:
    assert time_zone("UTC") is UTC
    assert time_zone("Atlantis/Capital") is UTC
    assert NOW.astimezone(time_zone("Asia/Tokyo")).utcoffset() == timedelta(hours=9)
    assert not is_time_zone("../etc/passwd")


def test_good_settings_have_no_problems() -> None:
    assert list(problems_of(AccountSettings(time_zone="Europe/Berlin"))) == []
    assert list(problems_of_exceptions([exception(until=NOW + timedelta(days=1))], [], [TENANT], NOW)) == []


def test_a_time_without_its_zone_is_no_end() -> None:
    [problem] = problems_of_exceptions([exception(until=datetime(2030, 1, 1))], [], [TENANT], NOW)  # noqa: DTZ001

    assert problem.pointer == "/exceptions/0/until"


def test_an_exception_is_valid_up_to_its_end() -> None:
    ended, lasting = exception(until=NOW), exception(user_id="bob")

    assert excepted([ended, lasting], NOW) == {TENANT: {"bob"}}
    assert excepted([ended], NOW - timedelta(seconds=1)) == {TENANT: {USER}}


def test_exceptions_are_stored_fifty_in_a_row() -> None:
    pages = paged([exception(user_id=str(number)) for number in range(101)])

    assert [(it.number, len(it.items)) for it in pages] == [(0, 50), (50, 50), (100, 1)]
    assert paged([]) == []


def test_at_most_thirty_tenants_are_changed_at_once() -> None:
    many = [exception(tenant_id=TenantId(f"{number:08d}{TENANT[8:]}")) for number in range(31)]
    tenants = [it.tenant_id for it in many]

    [problem] = problems_of_exceptions(many, [], tenants, NOW)

    assert problem.pointer == "/exceptions"
    assert list(problems_of_exceptions(many, many[:1], tenants, NOW)) == []
