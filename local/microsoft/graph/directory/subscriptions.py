"""Change notifications: subscriptions, the validation of their URLs, and sending notifications.

Sources: https://learn.microsoft.com/graph/api/subscription-post-subscriptions,
https://learn.microsoft.com/graph/change-notifications-delivery-webhooks
"""

import json
import urllib.error
import urllib.request
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote

import msgspec

from local.microsoft.graph.protocol.entity_types import EntityType, collection_reply, entity_reply
from local.microsoft.graph.protocol.errors import GraphError, bad_request, forbidden, not_found
from local.microsoft.graph.protocol.request import GraphRequest
from local.microsoft.server import Reply
from local.microsoft.world.collection import Object
from local.microsoft.world.permissions import GROUP_CHANGES, USERS
from local.microsoft.world.tenants import TenantState

_SUBSCRIPTION = EntityType(
    "subscription",
    dict.fromkeys(
        (
            "id", "applicationId", "changeType", "clientState", "creatorId", "encryptionCertificate",
            "encryptionCertificateId", "expirationDateTime", "includeResourceData", "latestSupportedTlsVersion",
            "lifecycleNotificationUrl", "notificationQueryOptions", "notificationUrl", "notificationUrlAppId",
            "resource",
        )
    ),
)  # fmt: skip
_MAX_LIFETIME = timedelta(minutes=41_760)
_MAX_SUBSCRIPTIONS = 100  # of one application in one tenant
_TIMEOUT_S = 10.0
_NEEDS = {"users": USERS, "groups": GROUP_CHANGES}
_VALIDATION = "Validation: Testing client application reachability for change notifications."


class _NewSubscription(msgspec.Struct, rename="camel"):
    change_type: str
    notification_url: str
    resource: str
    expiration_date_time: datetime
    lifecycle_notification_url: str | None = None
    client_state: str | None = None


def subscribe(request: GraphRequest) -> Reply:
    try:
        new = msgspec.json.decode(request.body, type=_NewSubscription)
    except msgspec.MsgspecError as error:
        raise bad_request("The request body is not a subscription.", "InvalidRequest") from error
    resource = new.resource.strip("/")
    _check(request, new, resource)
    for url in filter(None, (new.notification_url, new.lifecycle_notification_url)):
        _validate(url)
    subscription: Object = {
        "id": request.world.new_id("5b5c"),
        "applicationId": request.caller.client_id,
        "changeType": new.change_type,
        "clientState": new.client_state,
        "expirationDateTime": new.expiration_date_time.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "latestSupportedTlsVersion": "v1_2",
        "lifecycleNotificationUrl": new.lifecycle_notification_url,
        "notificationUrl": new.notification_url,
        "resource": resource,
    }
    request.tenant.subscriptions[subscription["id"]] = subscription
    reply = entity_reply(request, _SUBSCRIPTION, {**subscription, "clientState": None}, "subscriptions")
    return Reply(201, reply.body, reply.headers)


def subscriptions(request: GraphRequest) -> Reply:
    mine = [it for it in request.tenant.subscriptions.values() if it["applicationId"] == request.caller.client_id]
    return collection_reply(request, _SUBSCRIPTION, [{**it, "clientState": None} for it in mine], "subscriptions")


def unsubscribe(request: GraphRequest, key: str) -> Reply:
    if request.tenant.subscriptions.pop(key, None) is None:
        raise not_found("The object was not found.")
    return Reply(204)


def send_notifications(tenant: TenantState, resource: str, changes: dict[str, Any]) -> list[int]:
    """Send a change notification to every subscriber; ``changes`` replace its fields. Returns their statuses."""
    return [
        _post(it["notificationUrl"], {"value": [{**_notification(tenant, it), **changes}]})
        for it in list(tenant.subscriptions.values())
        if it["resource"] == resource
    ]


def _check(request: GraphRequest, new: _NewSubscription, resource: str) -> None:
    if resource not in _NEEDS or not set(new.change_type.split(",")) <= {"updated", "deleted"}:
        raise bad_request("The subscription's resource or change type is not supported.", "InvalidRequest")
    if not request.caller.may(_NEEDS[resource]):
        raise forbidden()
    now = datetime.now(UTC) + timedelta(seconds=request.world.switches.clock_offset_s)
    if not now < new.expiration_date_time <= now + _MAX_LIFETIME:
        raise bad_request("Subscription expiration can only be 41760 minutes in the future.", "InvalidRequest")
    if len(new.client_state or "") > 128:
        raise bad_request("clientState is longer than 128 characters.", "InvalidRequest")
    mine = [it for it in request.tenant.subscriptions.values() if it["applicationId"] == request.caller.client_id]
    if len(mine) >= _MAX_SUBSCRIPTIONS:
        raise GraphError(403, "Forbidden", "The application has reached its quota of subscriptions.")
    if any(it["resource"] == resource and it["notificationUrl"] == new.notification_url for it in mine):
        raise GraphError(409, "ConflictingObjects", "A subscription for this resource and address exists.")


def _validate(url: str) -> None:
    """The URL must answer with the validation token."""
    token = "Validation: Testing reachability + <b>&"  # noqa: S105 - no secret
    request = urllib.request.Request(f"{url}?validationToken={quote(token)}", data=b"", method="POST")  # noqa: S310 - loopback
    try:
        with urllib.request.urlopen(request, timeout=_TIMEOUT_S) as answer:  # noqa: S310 - as above
            content_type, body = answer.headers.get_content_type(), answer.read(1024)
    except OSError as error:
        raise bad_request(f"Subscription validation request failed. {_VALIDATION}", "ValidationError") from error
    if (answer.status, content_type, body) != (200, "text/plain", token.encode()):
        raise bad_request(
            f"Subscription validation request must answer with the token. {_VALIDATION}", "ValidationError"
        )


def _notification(tenant: TenantState, subscription: Object) -> Object:
    return {
        "subscriptionId": subscription["id"],
        "subscriptionExpirationDateTime": subscription["expirationDateTime"],
        "changeType": "updated",
        "resource": f"{subscription['resource'].capitalize()}/{tenant.id}",
        "clientState": subscription["clientState"],
        "tenantId": tenant.id,
        "resourceData": {
            "@odata.type": f"#Microsoft.Graph.{subscription['resource'][:-1].capitalize()}",
            "id": tenant.id,
        },
    }


def _post(url: str, body: Object) -> int:
    request = urllib.request.Request(  # noqa: S310 - loopback
        url, data=json.dumps(body).encode(), method="POST", headers={"Content-Type": "application/json"}
    )
    try:
        with urllib.request.urlopen(request, timeout=_TIMEOUT_S) as answer:  # noqa: S310 - as above
            return int(answer.status)
    except urllib.error.HTTPError as error:
        return error.code
