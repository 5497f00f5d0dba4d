"""How a data set was last read, as evaluations see it: rows of an earlier version do not count, refusals always do."""

from datetime import UTC, datetime

import pytest

from integrations.domain.evaluations.dataset_state import DatasetState
from integrations.domain.sync.datasets import Cursor, DatasetOutcome
from integrations.microsoft.dataset import state_of
from integrations.microsoft.readers.conditional_access import CONDITIONAL_ACCESS

NOW = datetime(2026, 11, 28, 9, 0, tzinfo=UTC)
READS = "Policy.Read.All"


def cursor(outcome: DatasetOutcome, version: int, error: str = "") -> Cursor:
    return Cursor(
        dataset="conditional_access",
        outcome=outcome,
        attempted_at=NOW,
        complete_at=NOW,
        version=version,
        error=error,
    )


@pytest.mark.parametrize(
    ("stored", "expected"),
    [
        pytest.param(None, DatasetState(permission=READS), id="never read"),
        pytest.param(
            cursor(DatasetOutcome.FRESH, CONDITIONAL_ACCESS.version),
            DatasetState(DatasetOutcome.FRESH, NOW, "", READS),
            id="read",
        ),
        pytest.param(cursor(DatasetOutcome.FRESH, 1), DatasetState(permission=READS), id="read by an earlier version"),
        pytest.param(
            cursor(DatasetOutcome.NOT_LICENSED, 1),
            DatasetState(DatasetOutcome.NOT_LICENSED, None, "", READS),
            id="no licence",
        ),
        pytest.param(
            cursor(DatasetOutcome.DENIED, 1, "Forbidden"),
            DatasetState(DatasetOutcome.DENIED, None, "Forbidden", READS),
            id="denied",
        ),
    ],
)
def test_what_was_refused_is_known_whatever_the_version(stored: Cursor | None, expected: DatasetState) -> None:
    assert state_of(CONDITIONAL_ACCESS, stored) == expected
