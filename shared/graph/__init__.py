"""A client for Microsoft Graph that is careful with links, limits and half answers."""

from shared.graph.answers import Page
from shared.graph.batch import Answer, Ask
from shared.graph.book import Book
from shared.graph.client import Graph
from shared.graph.errors import (
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
from shared.graph.gate import Gate
from shared.graph.patience import Limits

__all__ = [
    "Answer", "Ask", "Book", "Denied", "Gate", "Graph", "HostileLink", "Limits", "MicrosoftError",
    "MissingInMicrosoft", "NotLicensed", "OutOfTime", "Page", "RequestRefused", "ResyncRequired", "ServiceDown",
    "Throttled", "TokenRejected", "Transient", "UnexpectedAnswer", "WriteNotAllowed",
]  # fmt: skip
