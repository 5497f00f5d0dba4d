"""An oracle for traffic with Microsoft Graph: hand it exchanges, it names what differs from Microsoft's contract."""

from tests.conformance.graph.description import Description, load
from tests.conformance.graph.exchange import Exchange, Granted, granted_by
from tests.conformance.graph.mismatch import Mismatch
from tests.conformance.graph.oracle import Oracle
from tests.conformance.graph.recording import Recording, record_calls, record_exchanges

__all__ = [
    "Description",
    "Exchange",
    "Granted",
    "Mismatch",
    "Oracle",
    "Recording",
    "granted_by",
    "load",
    "record_calls",
    "record_exchanges",
]
