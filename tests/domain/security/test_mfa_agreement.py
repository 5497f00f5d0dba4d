"""The decision about MFA is that of a slow and obvious one, on tenants made up by chance; faults show there."""

import pytest

from tests.domain.security.mfa_agreement import assert_worlds_agree, disagreements, worlds
from tests.domain.security.mfa_mutations import MUTATIONS, Mutate

WORLDS = worlds(seed=1, count=400)


def test_the_decision_agrees_with_a_slow_and_obvious_one() -> None:
    assert_worlds_agree(WORLDS)


@pytest.mark.parametrize("mutate", [pytest.param(it, id=it.__name__) for it in MUTATIONS])
def test_worlds_alone_catch_a_fault_of_the_decision(mutate: Mutate, monkeypatch: pytest.MonkeyPatch) -> None:
    mutate(monkeypatch)

    assert disagreements(WORLDS) > 0
