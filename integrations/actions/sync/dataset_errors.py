"""Errors of readers: unexpected ones of our own, and rejected tokens that are only a transient fault."""

import logging
import traceback
from pathlib import Path

from integrations.domain.sync.datasets import ReaderFailed
from integrations.microsoft.dataset import Dataset
from shared.microsoft.graph import TokenRejected, Transient
from shared.telemetry.log import log


def reader_failed(fault: Exception, dataset: Dataset) -> ReaderFailed:
    """The failure of a reader that raised an unexpected error; logged without Microsoft's text."""
    place = traceback.extract_tb(fault.__traceback__)[-1]
    error = f"{type(fault).__name__} at {Path(place.filename).name}:{place.lineno}"
    log("a reader failed", level=logging.ERROR, dataset=dataset.name, error=error)
    return ReaderFailed(f"reading {dataset.name} failed")


def transient(rejected: TokenRejected) -> Transient:
    """A rejected token as a transient fault, when the same token was accepted for other data."""
    return Transient(
        "Microsoft rejected a token that it took for other data",
        status=rejected.status,
        graph_code=rejected.graph_code,
        request_id=rejected.request_id,
    )
