"""Ask Microsoft to tell us of changes, and take that back.

Sources: https://learn.microsoft.com/graph/api/subscription-post-subscriptions,
https://learn.microsoft.com/graph/api/subscription-delete
"""

from contextlib import suppress
from datetime import datetime

import msgspec

from shared.microsoft.graph import BatchRequest, Graph, MissingInMicrosoft

_PATH = "/subscriptions"
_CHANGES = "updated,deleted"  # of people and groups; what is new comes as updated


class _Subscription(msgspec.Struct):
    id: str


def subscribe(graph: Graph, resource: str, *, url: str, client_state: str, until: datetime) -> str:
    """Have changes of "users" or "groups" told to ``url``; returns the subscription's id.

    Microsoft asks that address for a token of its own before it agrees.

    Raises:
        MicrosoftError: it does not agree, or does not answer.
    """
    body = {
        "changeType": _CHANGES,
        "notificationUrl": url,
        "lifecycleNotificationUrl": url,
        "resource": resource,
        "expirationDateTime": until.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "clientState": client_state,
    }
    answer = graph.batch([BatchRequest(id=resource, path=_PATH, body=body)])[resource]
    return answer.value(_Subscription).id


def unsubscribe(graph: Graph, subscription_id: str) -> None:
    """Take it back; one that is gone already is fine. Raises MicrosoftError otherwise."""
    with suppress(MissingInMicrosoft):
        graph.delete(f"{_PATH}/{subscription_id}")
