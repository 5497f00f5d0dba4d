"""Recordings that tests make, and what is read from them."""

from collections.abc import Mapping
from typing import Any

import msgspec

from integrations.assess.assessment import Assessment, assess
from integrations.assess.recording import Recording, read_recordings
from integrations.assess.rows import RecordedRows
from integrations.domain.baselines.tenant import BaselineProfile
from integrations.microsoft.registry import BY_NAME
from tests.baselines.recorded import Answers


def told(answers: Answers, statuses: Mapping[str, int] | None = None, **more: Any) -> dict[str, Any]:
    """A recording as its file says it."""
    about = {"format": "graph-answers/1", "tenant": {"id": "t", "name": "Contoso"}, "as_of": "2026-11-28T09:00:00Z"}
    return {**about, "answers": answers, "statuses": statuses or {}, **more}


def recording(answers: Answers, statuses: Mapping[str, int] | None = None, **more: Any) -> Recording:
    found = next(read_recordings(msgspec.json.encode(told(answers, statuses, **more)), is_lines=False))
    assert isinstance(found, Recording), found
    return found


def rows(answers: Answers, dataset: str, statuses: Mapping[str, int] | None = None) -> dict[str, Any]:
    """The rows of a data set, by their keys."""
    return dict(RecordedRows(recording(answers, statuses)).rows(dataset, BY_NAME[dataset].record))


def state(answers: Answers, dataset: str, statuses: Mapping[str, int] | None = None) -> tuple[str, int]:
    """A data set's state, and how many rows it has."""
    line = next(
        it for it in assess(recording(answers, statuses), BaselineProfile.STRICT, ()).datasets if it.name == dataset
    )
    return line.state, line.rows


def error(answers: Answers, dataset: str, statuses: Mapping[str, int] | None = None) -> str:
    lines = assess(recording(answers, statuses), BaselineProfile.STRICT, ()).datasets
    return next(it.error for it in lines if it.name == dataset)


def verdicts(made: Assessment) -> dict[str, str]:
    assert isinstance(made.controls, list)
    return {it.id: it.verdict.value for it in made.controls}
