"""A client for Microsoft Graph that is careful with links, limits and half answers."""

from shared.microsoft.graph.answers import Page
from shared.microsoft.graph.batch import Answer, Ask
from shared.microsoft.graph.checkpoint import Book
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
from shared.microsoft.graph.retry_policy import Limits
from shared.microsoft.graph.throttle import Gate

__all__ = [
    "Answer", "Ask", "Book", "Denied", "Gate", "Graph", "HostileLink", "Limits", "MicrosoftError",
    "MissingInMicrosoft", "NotLicensed", "OutOfTime", "Page", "RequestRefused", "ResyncRequired", "ServiceDown",
    "Throttled", "TokenRejected", "Transient", "UnexpectedAnswer", "WriteNotAllowed",
]  # fmt: skip
