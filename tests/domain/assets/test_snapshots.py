"""What a complete snapshot leaves out is gone, unless that is so much that somebody has to look."""

import pytest

from integrations.domain.assets.asset import Asset
from integrations.domain.assets.snapshot import gone, review_snapshot
from tests.domain.assets.fleets import NOW, ago, asset


def assets(count: int) -> list[Asset]:
    return [asset(f"a{it:03}") for it in range(count)]


def named(pushed: list[Asset]) -> set[str]:
    return {it.external_id for it in pushed}


@pytest.mark.parametrize(
    ("there", "absent", "is_held"),
    [(100, 20, False), (100, 21, True), (10, 10, False), (11, 11, True), (1000, 200, False), (0, 0, False)],
)
def test_more_than_a_fifth_and_more_than_ten_are_held(there: int, absent: int, *, is_held: bool) -> None:
    review = review_snapshot(assets(there), named(assets(there)[absent:]))

    assert (review.is_held, review.there, len(review.absent)) == (is_held, there, absent)
    assert len(review.gone) == (0 if is_held else absent)


def test_what_somebody_has_seen_may_be_gone_and_more_may_not() -> None:
    there = assets(30)
    first = review_snapshot(there, named(there[15:]))
    assert first.is_held

    assert not review_snapshot(there, named(there[15:]), first.absent).is_held
    assert not review_snapshot(there, named(there[14:]), first.absent).is_held
    more = review_snapshot(there, named(there[16:]), first.absent)
    assert (more.is_held, more.not_approved) == (True, 1)


def test_what_is_gone_already_is_not_counted_and_keeps_its_date() -> None:
    there = [gone(it, ago(5)) for it in assets(30)]

    assert review_snapshot(there, set()).absent == []
    assert gone(there[0], NOW).gone_at == ago(5)
    assert not there[0].is_living
