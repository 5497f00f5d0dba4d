"""Of all small mistakes in the rules of the baselines, the cases notice every one that changes a verdict."""

import re

from tests.baselines.mutants import EXPLAINED, survivors


def test_a_mistake_in_a_rule_is_noticed_by_some_case() -> None:
    unnoticed, count = survivors()

    assert [it for it in unnoticed if not any(re.search(pattern, it) for pattern in EXPLAINED)] == []
    assert len(unnoticed) < count / 20
