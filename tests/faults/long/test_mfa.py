"""The decision about MFA agrees with a slow and obvious one on ten thousand tenants."""

from tests.domain.security.mfa_agreement import assert_worlds_agree, worlds
from tests.faults.lab.report import SEED


def test_the_decision_agrees_on_ten_thousand_worlds() -> None:
    assert_worlds_agree(worlds(seed=SEED, count=10_000))
