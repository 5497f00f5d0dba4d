"""A client for Microsoft Graph: paging, batching, retries, throttling, and checks of every link and response."""

from shared.microsoft.graph.batch import BatchRequest, BatchResponse
from shared.microsoft.graph.checkpoint import Checkpoint
from shared.microsoft.graph.client import Graph
from shared.microsoft.graph.errors import (
    Denied,
    HostileLink,
    MicrosoftError,
    MissingInMicrosoft,
    NotLicensed,
    OutOfTime,
    RequestRefused,
    ResyncRequired,
    ServiceDown,
    Throttled,
    TokenRejected,
    Transient,
    UnexpectedAnswer,
    WriteNotAllowed,
)
from shared.microsoft.graph.responses import Page
from shared.microsoft.graph.retry_policy import RetryPolicy
from shared.microsoft.graph.throttle import Throttle

__all__ = [
    "BatchRequest",
    "BatchResponse",
    "Checkpoint",
    "Denied",
    "Graph",
    "HostileLink",
    "MicrosoftError",
    "MissingInMicrosoft",
    "NotLicensed",
    "OutOfTime",
    "Page",
    "RequestRefused",
    "ResyncRequired",
    "RetryPolicy",
    "ServiceDown",
    "Throttle",
    "Throttled",
    "TokenRejected",
    "Transient",
    "UnexpectedAnswer",
    "WriteNotAllowed",
]  # fmt: skip
