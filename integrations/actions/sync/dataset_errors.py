"""What a fault in reading one data set means for that data set."""

import logging
import traceback
from pathlib import Path

from integrations.domain.sync.datasets import DatasetOutcome, ReaderFailed
from integrations.microsoft.dataset import Dataset
from shared.errors import AppError
from shared.microsoft.graph import (
    Denied,
    HostileLink,
    NotLicensed,
    OutOfTime,
    ResyncRequired,
    TokenRejected,
    Transient,
    UnexpectedAnswer,
)
from shared.telemetry.log import log

_OUTCOME_OF: tuple[tuple[type[AppError], DatasetOutcome], ...] = (
    (NotLicensed, DatasetOutcome.NOT_LICENSED),
    (Denied, DatasetOutcome.DENIED),
    (TokenRejected, DatasetOutcome.DENIED),  # Intune answers 401 where others answer 403 (microsoft.md 6.2)
    (Transient, DatasetOutcome.STALE),
    (UnexpectedAnswer, DatasetOutcome.STALE),
    (HostileLink, DatasetOutcome.STALE),
    (OutOfTime, DatasetOutcome.STALE),
    (ResyncRequired, DatasetOutcome.STALE),
)


def outcome_of(error: AppError | None) -> DatasetOutcome:
    """How a data set ended that this error kept from being read."""
    return next((it for kind, it in _OUTCOME_OF if isinstance(error, kind)), DatasetOutcome.FAILED)


def our_own(fault: Exception, dataset: Dataset) -> ReaderFailed:
    """What stopped a reader that did not expect it, in the log without Microsoft's words."""
    place = traceback.extract_tb(fault.__traceback__)[-1]
    told = f"{type(fault).__name__} at {Path(place.filename).name}:{place.lineno}"
    log("a reader failed", level=logging.ERROR, dataset=dataset.name, error=told)
    return ReaderFailed(f"reading {dataset.name} failed")


def passing(rejected: TokenRejected) -> Transient:
    """A rejected token as the passing fault that it is where others were let in with the same one."""
    return Transient(
        "Microsoft rejected a token that it took for other data",
        status=rejected.status,
        graph_code=rejected.graph_code,
        request_id=rejected.request_id,
    )
