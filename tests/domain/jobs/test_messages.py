"""What a queue message may hold: every field of every order has its check."""

from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, ClassVar

import msgspec
import pytest

from integrations.domain.jobs.messages import NotAnOrder, checks_of, read
from integrations.domain.jobs.orders import AccountOrder, PurgeOrder, ShardOrder, SyncOrder

NOW = datetime(2026, 11, 28, 13, 0, tzinfo=UTC)
SYNC = SyncOrder(
    account_id="acct_northwind",  # type: ignore[arg-type]
    tenant_id="9f1c0e3a-0000-4000-8000-00000000aa01",  # type: ignore[arg-type]
    run_id="000000000000001-schedul0",  # type: ignore[arg-type]
    due_at=NOW,
    reason="schedule",
    epoch=1,
    then_at=NOW + timedelta(minutes=30),
)


class Unbounded(AccountOrder, frozen=True, kw_only=True, forbid_unknown_fields=True):
    queue: ClassVar[str] = "unbounded"

    remark: str


class Remarked(AccountOrder, frozen=True, kw_only=True, forbid_unknown_fields=True):
    queue: ClassVar[str] = "remarked"

    remark: Annotated[str, "in plain words"]


@pytest.mark.parametrize("order", [Unbounded, Remarked])
def test_a_field_that_may_hold_anything_is_no_field_of_an_order(order: type[AccountOrder]) -> None:
    with pytest.raises(TypeError, match=rf"{order.__name__}\.remark may hold anything"):
        checks_of(order)


def test_what_a_field_may_hold_follows_from_its_type() -> None:
    assert checks_of(SyncOrder).keys() == set(SyncOrder.__struct_fields__)


def test_an_order_of_ours_comes_back_as_it_was() -> None:
    assert read(msgspec.json.encode(SYNC), SyncOrder, NOW) == SYNC
    assert read(msgspec.json.encode(SYNC), SyncOrder, None) == SYNC


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("account_id", "acct/../x"),
        ("account_id", ""),
        ("tenant_id", "contoso.example"),
        ("tenant_id", SYNC.tenant_id.upper()),
        ("run_id", "r"),
        ("due_at", NOW + timedelta(minutes=6)),
        ("due_at", datetime(2019, 12, 31, tzinfo=UTC)),
        ("due_at", datetime(2026, 11, 28, 13, 0)),  # noqa: DTZ001 - what is refused
        ("then_at", NOW + timedelta(days=32)),
        ("reason", "Schedule!"),
        ("epoch", 0),
        ("epoch", 2**63),
    ],
)
def test_what_no_order_of_ours_holds_is_refused(name: str, value: Any) -> None:
    forged = msgspec.structs.replace(SYNC, **{name: value})

    with pytest.raises(NotAnOrder):
        read(msgspec.json.encode(forged), SyncOrder, NOW)


@pytest.mark.parametrize("shard", ["16", "0", "000", "a0", "", "\u0661\u0661"])
def test_a_shard_that_is_none_is_refused(shard: str) -> None:
    with pytest.raises(NotAnOrder):
        read(msgspec.json.encode(ShardOrder(shard=shard, until=NOW)), ShardOrder, NOW)


def test_times_that_lie_ahead_are_told_to_whoever_does_not_act_upon_them() -> None:
    ahead = ShardOrder(shard="15", until=NOW + timedelta(days=9))

    assert read(msgspec.json.encode(ahead), ShardOrder, None) == ahead
    with pytest.raises(NotAnOrder):
        read(msgspec.json.encode(ahead), ShardOrder, NOW)


@pytest.mark.parametrize(
    "body", [b"", b"{}", b"\xff", "{}".encode("utf-16"), b'{"epoch":' + b"[" * 50_000, msgspec.json.encode(SYNC)]
)
def test_what_is_no_such_order_is_refused(body: bytes) -> None:
    with pytest.raises(NotAnOrder):
        read(body, PurgeOrder, NOW)
