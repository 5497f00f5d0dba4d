"""Subscribe to Microsoft's change notifications, and unsubscribe.

Sources: https://learn.microsoft.com/graph/api/subscription-post-subscriptions,
https://learn.microsoft.com/graph/api/subscription-delete
"""

from contextlib import suppress
from datetime import datetime

import msgspec

from shared.microsoft.graph import BatchRequest, Graph, MissingInMicrosoft

_PATH = "/subscriptions"
_CHANGES = "updated,deleted"  # of users and groups; new ones are notified as updated


class _ChangeSubscription(msgspec.Struct):
    id: str


def subscribe(graph: Graph, resource: str, *, url: str, client_state: str, until: datetime) -> str:
    """Subscribe to changes of "users" or "groups"; returns the subscription's id.

    Before Microsoft responds, it sends a validation token to ``url`` and expects it back.

    Raises:
        MicrosoftError: Microsoft refuses, or does not answer.
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
    return answer.value(_ChangeSubscription).id


def unsubscribe(graph: Graph, subscription_id: str) -> None:
    """Delete a subscription, if it still exists. Raises MicrosoftError."""
    with suppress(MissingInMicrosoft):
        graph.delete(f"{_PATH}/{subscription_id}")
